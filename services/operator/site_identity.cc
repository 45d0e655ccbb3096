#include "services/operator/site_identity.h"

#include <algorithm>

#include <fmt/format.h>

#include "libs/base/bytes.h"
#include "libs/client/file_key_store.h"
#include "libs/crypto/primitives.h"
#include "services/operator/certificates.h"
#include "services/operator/object_text.h"
#include "services/operator/render_config.h"
#include "services/operator/render_object.h"

namespace pbfs::operators {
namespace {

constexpr const char* kClusterIdAnnotation = "pbfs.dev/cluster-id";

Status Lost(const std::string& secret) {
  return FailedPreconditionError(
             fmt::format("the Secret {} is gone, and what was written cannot be read without it: bring it back from a "
                         "backup; the operator makes no new one",
                         secret))
      .WithDetail(kReasonDetail, "SecretLost");
}
Status Mismatch(const std::string& secret, const std::string& what) {
  return FailedPreconditionError(
             fmt::format("the Secret {} is of another cluster ({}): give this cluster another name, "
                         "or take that Secret away if nothing depends on it",
                         secret, what))
      .WithDetail(kReasonDetail, "IdentityMismatch");
}

std::string ValueOf(const Json& secret, const char* key) {
  const StringMap values = SecretValues(secret);
  const auto found = values.find(key);
  return found == values.end() ? "" : found->second;
}

std::string NewUuid(Random& random) {
  uint8_t bytes[16];
  random.Fill(bytes);
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | 0x40);  // RFC 9562: version 4, random
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
  const std::string hex = ToHex(bytes);
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                     hex.substr(20));
}

Key32 NewKey(Random& random) {
  Key32 key;
  random.Fill(key.mutable_span());
  return key;
}

// Keys are hexadecimal text in a line of their own.
std::string Line(ByteSpan bytes) { return ToHex(bytes) + "\n"; }

StringMap NewKeyring(Random& random) {
  const Key32 site_secret = NewKey(random);
  const SigningKey token_key = SigningKeyFromSeed(NewKey(random));
  return {{kAdminKey, AdminKeyText(NewKey(random))},
          {kSiteSecret, Line(site_secret.span())},
          {kTokenKey, Line(token_key.secret.span())},
          {kTokenPublicKey, Line(token_key.public_key)}};
}

Json KeySecret(const ClusterIntent& intent, const std::string& name, const std::string& cluster_id,
               const StringMap& values) {
  Json secret = MakeObject(intent, "v1", "Secret", name, ClusterLabels(intent), Ownership::kRetained);
  secret["metadata"]["annotations"][kClusterIdAnnotation] = cluster_id;
  secret["type"] = "Opaque";
  secret["data"] = EncodeSecretValues(values);
  return secret;
}

// A Secret that is made once, as it is afterwards; of this cluster and no other.
Result<Json> PutKeys(const Context& context, LiveObjects& live, const ClusterIntent& intent, const std::string& name,
                     const std::string& cluster_id, const StringMap& values) {
  PBFS_RETURN_IF_ERROR(live.PutOnce(context, KeySecret(intent, name, cluster_id, values)));
  const Json* secret = live.Find(kube::kinds::kSecret, name);
  const std::string whose = AnnotationOf(*secret, kClusterIdAnnotation);
  if (whose != cluster_id) return Mismatch(name, whose);
  return *secret;
}

Result<std::string> PublicKeyOf(const Json& keyring) {
  const Result<SigningKey> key = ParseAdminKey(ValueOf(keyring, kAdminKey));
  if (!key.ok()) return Lost(MetaText(keyring, "name"));  // there, but not what it was
  return ToHex(key->public_key);
}

// Both halves of the keys are where an identity says that they were.
Result<SiteIdentity> CheckKeys(const LiveObjects& live, const std::string& cluster, const SiteIdentity& identity) {
  const Json* keyring = live.Find(kube::kinds::kSecret, KeyringName(cluster));
  if (keyring == nullptr) return Lost(KeyringName(cluster));
  const Json* gateway = live.Find(kube::kinds::kSecret, GatewayKeysName(cluster));
  if (gateway == nullptr || ValueOf(*gateway, kIdentityFile).empty()) return Lost(GatewayKeysName(cluster));
  PBFS_ASSIGN_OR_RETURN(const std::string public_key, PublicKeyOf(*keyring));
  if (public_key != identity.admin_public_key) return Mismatch(KeyringName(cluster), "another administrator's key");
  return identity;
}

}  // namespace

namespace {

Result<std::string> Need(const LiveObjects& live, const kube::Kind& kind, const std::string& name, const char* key) {
  const Json* object = live.Find(kind, name);
  std::string value;
  if (object != nullptr)
    value = kind == kube::kinds::kSecret ? ValueOf(*object, key) : kube::Text(kube::Member(*object, "data"), key);
  if (value.empty()) return NotFoundError(fmt::format("there is no {} {} with the key {}", kind.name, name, key));
  return value;
}

}  // namespace

Result<SiteKeys> KeysOfSite(const LiveObjects& live, const ClusterIntent& intent) {
  const std::string& cluster = intent.name;
  SiteKeys keys;
  for (int shard = 0; shard < intent.spec.catalog.shards; ++shard)
    keys.catalogs.push_back(fmt::format("{}.{}.svc:{}", ShardName(cluster, shard), intent.space, kCatalogPort));
  const std::string own = cluster + "-operator-tls";
  PBFS_ASSIGN_OR_RETURN(keys.ca, Need(live, kube::kinds::kConfigMap, BundleName(cluster), kBundleKey));
  PBFS_ASSIGN_OR_RETURN(keys.certificate, Need(live, kube::kinds::kSecret, own, kCertificateKey));
  PBFS_ASSIGN_OR_RETURN(keys.key, Need(live, kube::kinds::kSecret, own, kPrivateKey));
  PBFS_ASSIGN_OR_RETURN(keys.identity, Need(live, kube::kinds::kSecret, GatewayKeysName(cluster), kIdentityFile));
  PBFS_ASSIGN_OR_RETURN(keys.admin_key, Need(live, kube::kinds::kSecret, KeyringName(cluster), kAdminKey));
  PBFS_ASSIGN_OR_RETURN(keys.admin_public_key, PublicKeyOf(*live.Find(kube::kinds::kSecret, KeyringName(cluster))));
  return keys;
}

std::string IdentityName(const std::string& cluster) { return cluster + "-identity"; }
std::string KeyringName(const std::string& cluster) { return cluster + "-keyring"; }
std::string GatewayKeysName(const std::string& cluster) { return cluster + "-gateway-keys"; }

Result<SiteIdentity> KnownIdentity(const LiveObjects& live, const std::string& cluster, const SiteIdentity& recorded,
                                   Random& random) {
  const Json* identity = live.Find(kube::kinds::kSecret, IdentityName(cluster));
  if (identity != nullptr) {
    const SiteIdentity kept{ValueOf(*identity, kClusterIdKey), ValueOf(*identity, kAdminPublicKey)};
    if (!recorded.cluster_id.empty() && recorded.cluster_id != kept.cluster_id)
      return Mismatch(IdentityName(cluster), kept.cluster_id);
    return CheckKeys(live, cluster, kept);
  }
  // Everything was made once, as the status says, so nothing is made again.
  if (!recorded.admin_public_key.empty()) return CheckKeys(live, cluster, recorded);
  return SiteIdentity{recorded.cluster_id.empty() ? NewUuid(random) : recorded.cluster_id, ""};
}

Result<SiteIdentity> MakeIdentity(const Context& context, LiveObjects& live, const ClusterIntent& intent,
                                  const SiteIdentity& known, Random& random) {
  const std::string& cluster = intent.name;
  PBFS_ASSIGN_OR_RETURN(const Json keyring,
                        PutKeys(context, live, intent, KeyringName(cluster), known.cluster_id, NewKeyring(random)));
  PBFS_RETURN_IF_ERROR(PutKeys(context, live, intent, GatewayKeysName(cluster), known.cluster_id,
                               {{kIdentityFile, IdentityText(NewKey(random), NewKey(random))}})
                           .status());
  SiteIdentity made = known;
  PBFS_ASSIGN_OR_RETURN(made.admin_public_key, PublicKeyOf(keyring));
  PBFS_RETURN_IF_ERROR(PutKeys(context, live, intent, IdentityName(cluster), known.cluster_id,
                               {{kClusterIdKey, made.cluster_id}, {kAdminPublicKey, made.admin_public_key}})
                           .status());
  return made;
}

}  // namespace pbfs::operators
