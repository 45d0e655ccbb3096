#pragma once

#include <string>

#include "services/operator/render_object.h"

/// Configurations of the services: messages of proto/pbfs/config/v1 as JSON. For the renderers.
namespace pbfs::operators {

/// How long the pods of a part may take to end, and how that time is spent: first nobody sends new requests any more, then those
/// under way end, then there is some left.
struct Ending {
  int64_t grace_seconds, wait_seconds, drain_seconds;
};
Ending EndingOf(const Part& part, const PodOverrides& pod);

Json GatewayConfig(const ClusterIntent& intent);
Json CatalogConfig(const ClusterIntent& intent);
/// What all stores of a pool share: their numbers and keys are on their volumes, addresses and domains follow from the variables of
/// their pods.
Json StoreConfig(const ClusterIntent& intent, const Pool& pool);
Json GarbageCollectorConfig(const ClusterIntent& intent);
Json RepairerConfig(const ClusterIntent& intent);

/// "demo-gc": a ConfigMap with `config` as the file config.json.
Json ConfigMap(const ClusterIntent& intent, const std::string& name, const Json& selector, const Json& config);

// Folders and files in pods.
inline constexpr const char* kConfigFolder = "/etc/pbfs/config";
inline constexpr const char* kConfigFile = "config.json";
inline constexpr const char* kTlsFolder = "/etc/pbfs/tls";
inline constexpr const char* kEtcdTlsFolder = "/etc/pbfs/etcd-tls";
inline constexpr const char* kS3TlsFolder = "/etc/pbfs/s3-tls";
inline constexpr const char* kKeysFolder = "/etc/pbfs/keys";
inline constexpr const char* kClientKeysFolder = "/etc/pbfs/client-keys";
/// A file for each node: its failure domain.
inline constexpr const char* kDomainsFolder = "/etc/pbfs/domains";
inline constexpr const char* kDatabaseFolder = "/etc/pbfs/database";
inline constexpr const char* kDsnFile = "dsn";
inline constexpr const char* kDataFolder = "/var/lib/pbfs";

// The key of the Secret "demo-gateway-keys", and the file in kClientKeysFolder.
inline constexpr const char* kIdentity = "identity";

// Variables of a store's pod.
inline constexpr const char* kPodVariable = "POD_NAME";
inline constexpr const char* kNodeVariable = "NODE_NAME";

// Keys of the Secret "demo-keyring", and files in kKeysFolder of those that are given them.
inline constexpr const char* kAdminKey = "admin-key";
inline constexpr const char* kSiteSecret = "site-secret";
inline constexpr const char* kTokenKey = "token-key";
inline constexpr const char* kTokenPublicKey = "token-key.pub";

}  // namespace pbfs::operators
