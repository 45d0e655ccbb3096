#include "libs/adapters/http/tls_certificates.h"

#include <utility>

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <spdlog/spdlog.h>

namespace pbfs {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

/// Of TLS 1.2, where a weak one could be chosen; those of 1.3 are all good.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

Status Failed(const std::string& file, const error_code& error) {
  return FailedPreconditionError(fmt::format("{}: {}", file, error.message()));
}

}  // namespace

TlsCertificates::TlsCertificates(std::string certificate_file, std::string key_file)
    : certificate_file_(std::move(certificate_file)), key_file_(std::move(key_file)) {}

Status TlsCertificates::Reload() {
  const Times times = FileTimes();  // before they are read: a change meanwhile is seen the next time
  auto loaded = Load();
  MutexLock lock(mutex_);
  times_ = times;
  if (!loaded.ok()) return loaded.status();
  context_ = *std::move(loaded);
  return OkStatus();
}

void TlsCertificates::ReloadIfChanged() {
  {
    MutexLock lock(mutex_);
    if (FileTimes() == times_) return;
  }
  const Status status = Reload();
  if (status.ok()) {
    spdlog::info("new certificate in {}", certificate_file_);
  } else {
    spdlog::error("the certificate stays as it was: {}", status.ToString());
  }
}

std::shared_ptr<ssl::context> TlsCertificates::current() const {
  MutexLock lock(mutex_);
  return context_;
}

TlsCertificates::Times TlsCertificates::FileTimes() const {
  std::error_code ignored;  // a file that is away has a time as well, and differs when it is back
  return {std::filesystem::last_write_time(certificate_file_, ignored),
          std::filesystem::last_write_time(key_file_, ignored)};
}

Result<std::shared_ptr<ssl::context>> TlsCertificates::Load() const {
  std::shared_ptr<ssl::context> context;
  try {
    context = std::make_shared<ssl::context>(ssl::context::tls_server);
  } catch (const boost::system::system_error& error) {
    return FailedPreconditionError(fmt::format("TLS: {}", error.what()));
  }
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(native, kCiphers);
  SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);  // idle connections keep none
  error_code error;
  context->use_certificate_chain_file(certificate_file_, error);
  if (error) return Failed(certificate_file_, error);
  context->use_private_key_file(key_file_, ssl::context::pem, error);  // checks that it fits the certificate
  if (error) return Failed(key_file_, error);
  return context;
}

}  // namespace pbfs
