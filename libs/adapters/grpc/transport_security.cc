#include "libs/adapters/grpc/transport_security.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include "libs/adapters/grpc/wire.h"
#include "libs/base/private_file.h"

namespace pbfs {
namespace {

constexpr unsigned kRefreshSeconds = 2;

using FilePtr = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

Status FileError(const std::string& role, const std::string& path, const std::string& why) {
  return FailedPreconditionError("tls." + role + ": " + path + ": " + why);
}

Result<std::unique_ptr<X509, void (*)(X509*)>> ReadCertificate(const std::string& role, const std::string& path) {
  const FilePtr file(std::fopen(path.c_str(), "r"), &std::fclose);
  if (file == nullptr) return FileError(role, path, std::strerror(errno));
  std::unique_ptr<X509, void (*)(X509*)> cert(PEM_read_X509(file.get(), nullptr, nullptr, nullptr), &X509_free);
  if (cert == nullptr) return FileError(role, path, "not a PEM certificate");
  return cert;
}

Status CheckOwn(const std::string& cert_path, const std::string& key_path) {
  PBFS_ASSIGN_OR_RETURN(const auto cert, ReadCertificate("cert", cert_path));
  struct stat info;
  const FilePtr file(std::fopen(key_path.c_str(), "r"), &std::fclose);
  if (file == nullptr) return FileError("key", key_path, std::strerror(errno));
  if (fstat(fileno(file.get()), &info) != 0) return FileError("key", key_path, std::strerror(errno));
  if (!IsPrivate(info)) return FileError("key", key_path, "is open to others; chmod 600 it");
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr),
                                                           &EVP_PKEY_free);
  if (key == nullptr) return FileError("key", key_path, "not a PEM private key");
  if (X509_check_private_key(cert.get(), key.get()) != 1)
    return FileError("key", key_path, "does not belong to " + cert_path);
  return OkStatus();
}

Status CheckFiles(const TlsFiles& files) {
  if (files.ca.empty() || files.cert.empty() || files.key.empty()) {
    return FailedPreconditionError("tls: ca, cert and key must all be set; every connection is mutual TLS");
  }
  PBFS_RETURN_IF_ERROR(ReadCertificate("ca", files.ca).status());
  return CheckOwn(files.cert, files.key);
}

}  // namespace

Result<TransportSecurity> TransportSecurity::MutualTls(const TlsFiles& files) {
  PBFS_RETURN_IF_ERROR(CheckFiles(files));
  namespace tls = grpc::experimental;
  const auto provider =
      std::make_shared<tls::FileWatcherCertificateProvider>(files.key, files.cert, files.ca, kRefreshSeconds);

  tls::TlsChannelCredentialsOptions client;
  client.set_certificate_provider(provider);
  client.watch_root_certs();
  client.watch_identity_key_cert_pairs();
  client.set_verify_server_certs(true);
  client.set_certificate_verifier(std::make_shared<tls::HostNameCertificateVerifier>());

  tls::TlsServerCredentialsOptions server(provider);
  server.watch_root_certs();
  server.watch_identity_key_cert_pairs();
  server.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);

  TransportSecurity security;
  security.credentials_ =
      std::make_shared<const Credentials>(Credentials{tls::TlsCredentials(client), tls::TlsServerCredentials(server)});
  return security;
}

Result<TransportSecurity> TransportSecurity::ServerTls(const std::string& cert, const std::string& key) {
  PBFS_RETURN_IF_ERROR(CheckOwn(cert, key));
  namespace tls = grpc::experimental;
  tls::TlsServerCredentialsOptions server(
      std::make_shared<tls::FileWatcherCertificateProvider>(key, cert, kRefreshSeconds));
  server.watch_identity_key_cert_pairs();
  server.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  TransportSecurity security;
  security.credentials_ = std::make_shared<const Credentials>(Credentials{nullptr, tls::TlsServerCredentials(server)});
  return security;
}

TransportSecurity TransportSecurity::Insecure() {
  TransportSecurity security;
  security.credentials_ = std::make_shared<const Credentials>(
      Credentials{grpc::InsecureChannelCredentials(), grpc::InsecureServerCredentials()});
  return security;
}

}  // namespace pbfs
