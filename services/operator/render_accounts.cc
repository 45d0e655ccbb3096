#include <utility>

#include "services/operator/render_parts.h"

namespace pbfs::operators {
namespace {

// Gateways hold no leases.
constexpr std::array<Part, 4> kLeaseHolders{kCatalog, kFragmentStore, kGarbageCollector, kRepairer};
constexpr const char* kRbac = "rbac.authorization.k8s.io/v1";

}  // namespace

Json ServiceAccount(const ClusterIntent& intent, const Part& part) {
  Json object = MakeObject(intent, "v1", "ServiceAccount", NameOf(intent.name, part),
                           LabelsOf(intent, Selector(intent.name, part)));
  object["automountServiceAccountToken"] = false;
  return object;
}

Json Role(const ClusterIntent& intent, const std::string& name, const Json& labels, std::span<const Rule> rules) {
  Json role = MakeObject(intent, kRbac, "Role", name, labels);
  for (const Rule& rule : rules) {
    Json grant = {
        {"apiGroups", Json::array({rule.group})}, {"resources", Json::array({rule.resource})}, {"verbs", rule.verbs}};
    PutUnlessEmpty(grant, "resourceNames", rule.names);
    role["rules"].push_back(std::move(grant));
  }
  return role;
}

Json RoleBinding(const ClusterIntent& intent, const std::string& name, const Json& labels,
                 std::span<const Part> parts) {
  Json binding = MakeObject(intent, kRbac, "RoleBinding", name, labels);
  binding["roleRef"] = {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "Role"}, {"name", name}};
  for (const Part& part : parts)
    binding["subjects"].push_back(
        {{"kind", "ServiceAccount"}, {"name", NameOf(intent.name, part)}, {"namespace", intent.space}});
  return binding;
}

std::vector<Json> Accounts(const ClusterIntent& intent) {
  std::vector<Json> out;
  for (const Part& part : kParts) out.push_back(ServiceAccount(intent, part));
  if (intent.spec.coordination.mode == "KubernetesLease") {
    const std::string name = intent.name + "-coordination";
    const Rule leases{"coordination.k8s.io", "leases", {"get", "list", "watch", "create", "update"}};
    out.push_back(Role(intent, name, ClusterLabels(intent), {&leases, 1}));
    out.push_back(RoleBinding(intent, name, ClusterLabels(intent), kLeaseHolders));
  }
  return out;
}

}  // namespace pbfs::operators
