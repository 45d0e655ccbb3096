#include "libs/adapters/grpc/certificate_authority.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libs/base/bytes.h"

namespace pbfs {
namespace {

constexpr long kLifeSeconds = 10L * 365 * 86'400;
constexpr long kBackdateSeconds = 3'600;  // clocks differ

using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using Certificate = std::unique_ptr<X509, void (*)(X509*)>;
using Bio = std::unique_ptr<BIO, int (*)(BIO*)>;

Key NewKey() {
  Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  PBFS_CHECK(key != nullptr);  // only memory or a broken OpenSSL can fail it
  return key;
}

/// Adds the extension `id`, written as in openssl.cnf. Errors: INVALID_ARGUMENT, of a host name that OpenSSL refuses.
Status AddExtension(X509* cert, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  if (extension == nullptr) return InvalidArgumentError("certificate extension refused: " + value);
  const int added = X509_add_ext(cert, extension, -1);
  X509_EXTENSION_free(extension);
  PBFS_CHECK(added == 1);
  return OkStatus();
}

Certificate NewCertificate(const std::string& name, EVP_PKEY* key) {
  Certificate cert(X509_new(), &X509_free);
  PBFS_CHECK(cert != nullptr && X509_set_version(cert.get(), 2) == 1);
  uint8_t serial[16];
  PBFS_CHECK(RAND_bytes(serial, sizeof serial) == 1);
  serial[0] &= 0x7f;  // positive (RFC 5280, 4.1.2.2)
  const std::unique_ptr<BIGNUM, void (*)(BIGNUM*)> number(BN_bin2bn(serial, sizeof serial, nullptr), &BN_free);
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(cert.get()));
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -kBackdateSeconds);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), kLifeSeconds);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_pubkey(cert.get(), key);
  return cert;
}

Status WriteFile(const std::string& path, ByteSpan bytes, mode_t mode) {
  const std::string temporary = path + ".new";
  unlink(temporary.c_str());
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) return FailedPreconditionError(temporary + ": " + std::strerror(errno));
  const ssize_t written = write(file, bytes.data(), bytes.size());
  close(file);
  if (written != static_cast<ssize_t>(bytes.size()) || rename(temporary.c_str(), path.c_str()) != 0) {
    return FailedPreconditionError(path + ": " + std::strerror(errno));
  }
  return OkStatus();
}

template <typename Write>
Status WritePem(const std::string& path, mode_t mode, const Write& write) {
  const Bio memory(BIO_new(BIO_s_mem()), &BIO_free);
  PBFS_CHECK(memory != nullptr && write(memory.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return WriteFile(path, AsBytes(std::string_view(data, static_cast<size_t>(size))), mode);
}
Status WriteKey(const std::string& path, EVP_PKEY* key) {
  return WritePem(path, 0600,
                  [&](BIO* out) { return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
}
Status WriteCertificate(const std::string& path, X509* cert) {
  return WritePem(path, 0644, [&](BIO* out) { return PEM_write_bio_X509(out, cert); });
}

std::string AlternativeNames(const std::vector<std::string>& hosts) {
  std::string names;
  for (const std::string& host : hosts) {
    const bool address =
        host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos;
    names += (names.empty() ? "" : ",") + std::string(address ? "IP:" : "DNS:") + host;
  }
  return names;
}

}  // namespace

struct CertificateAuthority::Impl {
  std::string directory;
  Key key{nullptr, &EVP_PKEY_free};
  Certificate cert{nullptr, &X509_free};

  std::string Path(const std::string& file) const { return directory + "/" + file; }
};

CertificateAuthority::CertificateAuthority(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CertificateAuthority::~CertificateAuthority() = default;
CertificateAuthority::CertificateAuthority(CertificateAuthority&&) noexcept = default;
CertificateAuthority& CertificateAuthority::operator=(CertificateAuthority&&) noexcept = default;

Result<CertificateAuthority> CertificateAuthority::Create(const std::string& directory) {
  auto impl = std::make_unique<Impl>();
  impl->directory = directory;
  impl->key = NewKey();
  impl->cert = NewCertificate("PBFS cluster CA", impl->key.get());
  X509* cert = impl->cert.get();
  X509_set_issuer_name(cert, X509_get_subject_name(cert));
  PBFS_RETURN_IF_ERROR(AddExtension(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"));
  PBFS_RETURN_IF_ERROR(AddExtension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign"));
  PBFS_RETURN_IF_ERROR(AddExtension(cert, cert, NID_subject_key_identifier, "hash"));
  PBFS_CHECK(X509_sign(cert, impl->key.get(), EVP_sha256()) > 0);
  PBFS_RETURN_IF_ERROR(WriteKey(impl->Path("ca-key.pem"), impl->key.get()));
  PBFS_RETURN_IF_ERROR(WriteCertificate(impl->Path("ca.pem"), cert));
  return CertificateAuthority(std::move(impl));
}

Result<CertificateAuthority> CertificateAuthority::Load(const std::string& directory) {
  auto impl = std::make_unique<Impl>();
  impl->directory = directory;
  const Bio cert(BIO_new_file(impl->Path("ca.pem").c_str(), "r"), &BIO_free);
  const Bio key(BIO_new_file(impl->Path("ca-key.pem").c_str(), "r"), &BIO_free);
  if (cert != nullptr) impl->cert.reset(PEM_read_bio_X509(cert.get(), nullptr, nullptr, nullptr));
  if (key != nullptr) impl->key.reset(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr));
  if (impl->cert == nullptr || impl->key == nullptr) {
    return FailedPreconditionError(directory + ": no certificate authority (ca.pem, ca-key.pem) here");
  }
  return CertificateAuthority(std::move(impl));
}

Result<TlsFiles> CertificateAuthority::Issue(const std::string& name, const std::vector<std::string>& hosts) {
  const Key key = NewKey();
  const Certificate cert = NewCertificate(name, key.get());
  X509* issuer = impl_->cert.get();
  X509_set_issuer_name(cert.get(), X509_get_subject_name(issuer));
  PBFS_RETURN_IF_ERROR(AddExtension(cert.get(), issuer, NID_basic_constraints, "critical,CA:FALSE"));
  PBFS_RETURN_IF_ERROR(AddExtension(cert.get(), issuer, NID_key_usage, "critical,digitalSignature"));
  PBFS_RETURN_IF_ERROR(AddExtension(cert.get(), issuer, NID_ext_key_usage, "serverAuth,clientAuth"));
  PBFS_RETURN_IF_ERROR(AddExtension(cert.get(), issuer, NID_authority_key_identifier, "keyid"));
  if (!hosts.empty()) {
    PBFS_RETURN_IF_ERROR(AddExtension(cert.get(), issuer, NID_subject_alt_name, AlternativeNames(hosts)));
  }
  PBFS_CHECK(X509_sign(cert.get(), impl_->key.get(), EVP_sha256()) > 0);
  const TlsFiles files{impl_->Path("ca.pem"), impl_->Path(name + ".pem"), impl_->Path(name + "-key.pem")};
  PBFS_RETURN_IF_ERROR(WriteKey(files.key, key.get()));
  PBFS_RETURN_IF_ERROR(WriteCertificate(files.cert, cert.get()));
  return files;
}

}  // namespace pbfs
