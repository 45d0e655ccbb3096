#include <fmt/format.h>

#include "services/operator/render_config.h"
#include "services/operator/render_pods.h"

namespace pbfs::operators {
namespace {

// Read by their owner and the group of the pod.
constexpr int kSecretMode = 0440;
constexpr int kTokenSeconds = 3607;  // the kubelet makes a new one at 80 % of it

Json Items(const StringMap& items) {
  Json out = Json::array();
  for (const auto& [key, path] : items) out.push_back({{"key", key}, {"path", path}});
  return out;
}

Json FromSecret(const std::string& name, const StringMap& items) {
  return {{"secret", {{"name", name}, {"items", Items(items)}}}};
}
Json FromConfigMap(const std::string& name, const StringMap& items) {
  return {{"configMap", {{"name", name}, {"items", Items(items)}}}};
}

Mounted Projected(const char* name, const char* path, Json sources) {
  return {name, path, {{"projected", {{"sources", std::move(sources)}, {"defaultMode", kSecretMode}}}}};
}

}  // namespace

// The folder that clients of an API server look into.
Mounted AccountVolume() {
  const Json token = {{"serviceAccountToken", {{"path", "token"}, {"expirationSeconds", kTokenSeconds}}}};
  const Json space = {{"path", "namespace"}, {"fieldRef", {{"fieldPath", "metadata.namespace"}}}};
  return Projected("account", "/var/run/secrets/kubernetes.io/serviceaccount",
                   {token,
                    FromConfigMap("kube-root-ca.crt", {{"ca.crt", "ca.crt"}}),
                    {{"downwardAPI", {{"items", Json::array({space})}}}}});
}

Mounted SecretVolume(const char* name, const char* path, const std::string& secret, const StringMap& items) {
  Json source = {{"secretName", secret}, {"defaultMode", kSecretMode}};
  if (!items.empty()) source["items"] = Items(items);
  return {name, path, {{"secret", std::move(source)}}};
}

Mounted TlsVolume(const ClusterIntent& intent, const Part& part) {
  const StringMap pair = {{"tls.crt", "tls.crt"}, {"tls.key", "tls.key"}}, ca = {{"ca.crt", "ca.crt"}};
  if (!intent.spec.tls.internal)
    return Projected(
        "tls", kTlsFolder,
        {FromSecret(NameOf(intent.name, part) + "-tls", pair), FromConfigMap(intent.name + "-ca-bundle", ca)});
  const auto& [certificate, authority] = *intent.spec.tls.internal;
  return Projected("tls", kTlsFolder,
                   {FromSecret(certificate, pair), FromSecret(authority.empty() ? certificate : authority, ca)});
}

Mounted KeysVolume(const ClusterIntent& intent, std::initializer_list<const char*> keys) {
  StringMap items;
  for (const char* key : keys) items[key] = key;
  return SecretVolume("keys", kKeysFolder, intent.name + "-keyring", items);
}

std::vector<Mounted> LeaseVolumes(const ClusterIntent& intent) {
  const auto& etcd = intent.spec.coordination.etcd;
  if (!etcd) return {AccountVolume()};
  if (etcd->tls_secret.empty()) return {};
  return {SecretVolume("etcd-tls", kEtcdTlsFolder, etcd->tls_secret)};
}

}  // namespace pbfs::operators
