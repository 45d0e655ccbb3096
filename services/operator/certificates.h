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
///   demo-ca          Secret, tls.crt and tls.key of the authority. Made once, mounted nowhere, without an owner. While another takes its
///                    place, both: next.crt and next.key, then previous.crt and previous.key
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

/// How far another authority has taken the place of the one before. Each follows when the one before is everywhere.
enum class Succession {
  kNone,
  kTrusted,  // there is another; whoever trusts one trusts both
  kIssues,   // leaves are the other's
  kAlone,    // it has taken the place; the one before is kept in the Secret, and trusted no more
};

/// What a look at all of them found.
struct CertificateReport {
  std::vector<std::string> issued;  // Secrets
  int64_t nearest_end = 0;          // seconds since 1970
  std::string authority;            // fingerprint of the one that issues
};

/// Issues what is missing or due, and what is of another authority than the one that issues. Errors: FAILED_PRECONDITION with the reason SecretLost (site_identity.h): the authority is gone though
/// `made_before`; those of writes.
Result<CertificateReport> KeepCertificates(const Context& context, LiveObjects& live, const ClusterIntent& intent,
                                           CheckedPairs& checked, bool made_before, Succession succession,
                                           int64_t now_seconds);

/// Whether the bundle that was put is what this step of the succession asks for. `live`: as they are after KeepCertificates.
bool IsBundlePut(const LiveObjects& live, const std::string& cluster, Succession succession);
/// The last step of a succession: the one before is forgotten. Errors: those of writes.
Status ForgetPreviousAuthority(const Context& context, LiveObjects& live, const ClusterIntent& intent);

}  // namespace pbfs::operators
