#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/base/sync.h"
#include "libs/crypto/certificates.h"
#include "services/operator/live_objects.h"
#include "services/operator/render.h"

/// Certificates that the operator issues: tls.mode Managed, and Disabled, where the processes of a cluster still prove themselves to each
/// other.
///
///   demo-ca          Secret, tls.crt and tls.key of the authority. Made once, mounted nowhere, without an owner
///   demo-ca-bundle   ConfigMap, ca.crt: whom the cluster's processes trust
///   demo-<part>-tls  Secret, tls.crt and tls.key of a part's pods; and demo-operator-tls, demo-s3-tls, demo-pg-tls
namespace pbfs::operators {

std::string AuthorityName(const std::string& cluster);
std::string BundleName(const std::string& cluster);
inline constexpr const char* kCertificateKey = "tls.crt";
inline constexpr const char* kPrivateKey = "tls.key";
inline constexpr const char* kBundleKey = "ca.crt";

/// A leaf that a cluster needs.
struct NeededCertificate {
  std::string secret;
  std::string common_name;  // the role that catalogs and stores know its bearer by
  std::vector<std::string> hosts;
};
std::vector<NeededCertificate> NeededCertificates(const ClusterIntent& intent);

/// Pairs that were found good. What they say never changes, and to check one takes longer than everything else in a look. Outlives
/// passes. Threads: any.
class CheckedPairs {
 public:
  /// What `pair` says. Errors: INVALID_ARGUMENT it is none, or not signed by the first of `authority`.
  Result<CertificateFacts> Check(const KeyedCertificate& pair, const std::string& authority);

 private:
  static constexpr size_t kMost = 10'000;
  Mutex mutex_;
  std::map<std::string, CertificateFacts> facts_
      PBFS_GUARDED_BY(mutex_);  // by the hash of the three texts; at most kMost
};

/// Whether another one has to be issued in place of one that says `now`, or that is none: it does not say what it should, or ends within
/// `renew_before` seconds of `now_seconds`.
bool MustIssue(const Result<CertificateFacts>& now, const NeededCertificate& needed, int64_t now_seconds,
               int64_t renew_before);

/// What a look at all of them found.
struct CertificateReport {
  std::vector<std::string> issued;  // Secrets
  int64_t nearest_end = 0;          // seconds since 1970
  std::string authority;            // fingerprint
};

/// Issues what is missing or due. Errors: FAILED_PRECONDITION with the reason SecretLost (site_identity.h): the authority is gone though
/// `made_before`; those of writes.
Result<CertificateReport> KeepCertificates(const Context& context, LiveObjects& live, const ClusterIntent& intent,
                                           CheckedPairs& checked, bool made_before, int64_t now_seconds);

}  // namespace pbfs::operators
