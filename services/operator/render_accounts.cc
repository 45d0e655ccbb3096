#include <utility>

#include "services/operator/render_parts.h"

namespace pbfs::operators {
namespace {

// Gateways hold no leases.
constexpr std::array<Part, 4> kLeaseHolders{kCatalog, kFragmentStore, kGarbageCollector, kRepairer};
constexpr const char* kRbac = "rbac.authorization.k8s.io/v1";

Json Account(const ClusterIntent& intent, const Part& part) {
  Json object = MakeObject(intent, "v1", "ServiceAccount", NameOf(intent.name, part),
                           LabelsOf(intent, Selector(intent.name, part)));
  object["automountServiceAccountToken"] = false;
  return object;
}

Json LeaseRole(const ClusterIntent& intent, const std::string& name) {
  Json role = MakeObject(intent, kRbac, "Role", name, ClusterLabels(intent));
  role["rules"] = Json::array({{{"apiGroups", Json::array({"coordination.k8s.io"})},
                                {"resources", Json::array({"leases"})},
                                {"verbs", Json::array({"get", "list", "watch", "create", "update"})}}});
  return role;
}

Json LeaseBinding(const ClusterIntent& intent, const std::string& name) {
  Json binding = MakeObject(intent, kRbac, "RoleBinding", name, ClusterLabels(intent));
  binding["roleRef"] = {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "Role"}, {"name", name}};
  for (const Part& part : kLeaseHolders)
    binding["subjects"].push_back(
        {{"kind", "ServiceAccount"}, {"name", NameOf(intent.name, part)}, {"namespace", intent.space}});
  return binding;
}

}  // namespace

std::vector<Json> Accounts(const ClusterIntent& intent) {
  std::vector<Json> out;
  for (const Part& part : kParts) out.push_back(Account(intent, part));
  if (intent.spec.coordination.mode == "KubernetesLease") {
    const std::string name = intent.name + "-coordination";
    out.push_back(LeaseRole(intent, name));
    out.push_back(LeaseBinding(intent, name));
  }
  return out;
}

}  // namespace pbfs::operators
