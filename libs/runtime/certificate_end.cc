#include "libs/runtime/certificate_end.h"

#include <fstream>
#include <sstream>

#include "libs/crypto/certificates.h"

namespace pbfs {

Result<int64_t> CertificateEnd(const std::string& path) {
  std::stringstream text;
  const std::ifstream file(path);
  if (!file) return FailedPreconditionError("cannot read the certificate " + path);
  text << file.rdbuf();
  const Result<CertificateFacts> facts = ReadCertificate(text.str());
  if (!facts.ok()) return FailedPreconditionError("there is no certificate in " + path);
  return facts->not_after * 1000;
}

}  // namespace pbfs
