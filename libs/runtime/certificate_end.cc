#include "libs/runtime/certificate_end.h"

#include <fstream>
#include <optional>
#include <sstream>

#include "libs/crypto/certificates.h"
#include "libs/crypto/file_hash.h"

namespace pbfs {

namespace {

std::optional<std::string> TextOf(const std::string& path) {
  const std::ifstream file(path);
  if (!file) return std::nullopt;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

uint32_t HashOfFile(const std::string& path) {
  const std::optional<std::string> text = TextOf(path);
  return text ? FileHash(*text) : 0;
}

Result<int64_t> CertificateEnd(const std::string& path) {
  const std::optional<std::string> text = TextOf(path);
  if (!text) return FailedPreconditionError("cannot read the certificate " + path);
  const Result<CertificateFacts> facts = ReadCertificate(*text);
  if (!facts.ok()) return FailedPreconditionError("there is no certificate in " + path);
  return facts->not_after * 1000;
}

}  // namespace pbfs
