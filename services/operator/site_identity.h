#pragma once

#include <string>

#include "libs/base/random.h"
#include "services/operator/live_objects.h"
#include "services/operator/render.h"
#include "services/operator/site_door.h"

/// Who a site is: its id, and the keys that all its data depend on. They are made once and never again: what was written under keys that
/// are gone cannot be read. Their Secrets have no owner, and outlive the cluster's object.
///
///   demo-keyring        admin-key, site-secret, token-key, token-key.pub
///   demo-gateway-keys   identity: that of gateways, and of the operator
///   demo-identity       cluster-id, admin-public-key; made last: where it is, the others were
namespace pbfs::operators {

inline constexpr const char* kClusterIdKey = "cluster-id";
inline constexpr const char* kAdminPublicKey = "admin-public-key";
inline constexpr const char* kIdentityFile = "identity";

std::string IdentityName(const std::string& cluster);
std::string KeyringName(const std::string& cluster);
std::string GatewayKeysName(const std::string& cluster);

struct SiteIdentity {
  std::string cluster_id;        // a UUID
  std::string admin_public_key;  // hex
  friend bool operator==(const SiteIdentity&, const SiteIdentity&) = default;
};

/// Detail of the errors below: the reason of a condition, "SecretLost" or "IdentityMismatch".
inline constexpr const char* kReasonDetail = "reason";

/// What is known of a site's identity, from what its object says and from its Secrets. Makes no key where there may have been one.
/// `recorded`: of status, empty members where it has none. The answer's cluster_id is set always; with an empty admin_public_key nothing
/// was made yet. Errors: FAILED_PRECONDITION with a reason: a person has to bring back a Secret, or to take one away.
Result<SiteIdentity> KnownIdentity(const LiveObjects& live, const std::string& cluster, const SiteIdentity& recorded,
                                   Random& random);

/// Makes what is missing of a site whose id is written down. Repeated after a crash anywhere it ends with the same keys. Returns the identity
/// with its public key. Errors: as above; those of writes.
Result<SiteIdentity> MakeIdentity(const Context& context, LiveObjects& live, const ClusterIntent& intent,
                                  const SiteIdentity& known, Random& random);

/// What it takes to reach the site as its administrator, from its Secrets. Errors: NOT_FOUND naming the Secret that is not there yet.
Result<SiteKeys> KeysOfSite(const LiveObjects& live, const ClusterIntent& intent);

}  // namespace pbfs::operators
