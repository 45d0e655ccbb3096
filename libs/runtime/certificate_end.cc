#include "libs/runtime/certificate_end.h"

#include <ctime>
#include <memory>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace pbfs {

Result<int64_t> CertificateEnd(const std::string& path) {
  const struct ErrorQueue {  // of this thread: others, gRPC among them, look for their own errors there
    ~ErrorQueue() { ERR_clear_error(); }
  } leave_it_clean;
  const std::unique_ptr<BIO, decltype(&BIO_free)> file(BIO_new_file(path.c_str(), "r"), &BIO_free);
  if (file == nullptr) return FailedPreconditionError("cannot read the certificate " + path);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr), &X509_free);
  tm end{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1)
    return FailedPreconditionError("there is no certificate in " + path);
  return static_cast<int64_t>(timegm(&end)) * 1000;
}

}  // namespace pbfs
