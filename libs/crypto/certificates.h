#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libs/base/result.h"

/// X.509 certificates of an authority of our own: ECDSA on P-256, one root that signs leaves for servers and clients alike
/// (RFC 5280). Text in, text out: where they are kept is the caller's. Times are seconds since 1970. Threads: any.
namespace pbfs {

/// A certificate and its private key, PEM. The key is a secret.
struct KeyedCertificate {
  std::string certificate, key;
};

struct CertificatePlan {
  std::string common_name;         // 1 to 64 bytes
  std::vector<std::string> hosts;  // names ("*.example.org" too) and IP addresses; an authority has none
  int64_t not_before = 0, not_after = 0;
};

/// A root with a fresh key. Errors: INVALID_ARGUMENT the plan.
Result<KeyedCertificate> MakeAuthority(const CertificatePlan& plan);
/// A leaf with a fresh key, for servers and clients. Errors: INVALID_ARGUMENT the plan, or an authority that is none.
Result<KeyedCertificate> MakeLeaf(const CertificatePlan& plan, const KeyedCertificate& authority);

struct CertificateFacts {
  std::string common_name;
  std::vector<std::string> hosts;  // in order
  int64_t not_before = 0, not_after = 0;
  std::string fingerprint;  // SHA-256 of its DER, hexadecimal
};
/// Of the first certificate in `pem`. Errors: INVALID_ARGUMENT there is none.
Result<CertificateFacts> ReadCertificate(const std::string& pem);

/// Whether the first certificate of `pem` is signed by the key of the first of `authority`, and `key` is its own. Says nothing of
/// time or names. False of what is no certificate.
bool IsPairOf(const KeyedCertificate& leaf, const std::string& authority);

}  // namespace pbfs
