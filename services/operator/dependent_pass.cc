#include "services/operator/dependent_pass.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "services/operator/object_text.h"

namespace pbfs::operators {
namespace {

bool FitsExpression(const Json& labels, const Json& expression) {
  const std::string key = kube::Text(expression, "key"), op = kube::Text(expression, "operator");
  const Json& value = kube::Member(labels, key.c_str());
  const Json& values = kube::Member(expression, "values");
  const bool among = values.is_array() && std::find(values.begin(), values.end(), value) != values.end();
  if (op == "In") return !value.is_null() && among;
  if (op == "NotIn") return value.is_null() || !among;
  if (op == "Exists") return !value.is_null();
  return op == "DoesNotExist" && value.is_null();
}

}  // namespace

bool FitsSelector(const Json& labels, const Json& selector) {
  const Json& wanted = kube::Member(selector, "matchLabels");
  if (wanted.is_object() && !std::all_of(wanted.items().begin(), wanted.items().end(), [&](const auto& label) {
        return kube::Member(labels, label.key().c_str()) == label.value();
      }))
    return false;
  const Json& expressions = kube::Member(selector, "matchExpressions");
  return !expressions.is_array() || std::all_of(expressions.begin(), expressions.end(), [&](const Json& expression) {
    return FitsExpression(labels, expression);
  });
}

DependentPass::DependentPass(const OperatorWorld& world, const OperatorOptions& options, SiteDirectory& sites,
                             const kube::Kind& kind, Context context, Json object)
    : ObjectPass(world, options, kind, std::move(context), std::move(object)), sites_(sites) {}

bool DependentPass::IsForced() const { return AnnotationOf(object_, "pbfs.dev/force-finalize") == "true"; }

Result<LookAgain> DependentPass::NotReady(const std::string& reason, const std::string& message, Duration again) {
  Warn("Ready", Truth::kFalse, reason, message);
  PBFS_RETURN_IF_ERROR(WriteStatus());
  return LookAgain(again);
}

// Objects of another namespace need the cluster's leave.
Result<bool> DependentPass::IsAllowed() {
  if (MetaText(cluster_, "namespace") == space_) return true;
  const Json& tenancy = kube::Member(kube::Member(cluster_, "spec"), "tenancy");
  const std::string allowed = kube::Text(tenancy, "allowedNamespaces", "Same");
  if (allowed != "Selector") return allowed == "All";
  PBFS_ASSIGN_OR_RETURN(const Json space, world_.kube.Get(context_, {kube::kinds::kNamespace, "", space_}));
  const Json& selector = kube::Member(tenancy, "selector");
  return selector.is_object() && FitsSelector(kube::Member(kube::Member(space, "metadata"), "labels"), selector);
}

Result<DependentPass::Reach> DependentPass::ReachCluster() {
  const Json& reference = kube::Member(spec(), "clusterRef");
  const std::string name = kube::Text(reference, "name"), space = kube::Text(reference, "namespace", space_);
  Result<Json> cluster = world_.kube.Get(context_, {kube::kinds::kPbfsCluster, space, name});
  if (cluster.status().code() == StatusCode::kNotFound) {
    conditions_.Set("ClusterReachable", Truth::kFalse, "NoCluster",
                    fmt::format("there is no PBFSCluster {} in the namespace {}", name, space));
    return Reach::kNoCluster;
  }
  PBFS_RETURN_IF_ERROR(cluster.status());
  cluster_ = *std::move(cluster);
  PBFS_ASSIGN_OR_RETURN(const bool allowed, IsAllowed());
  const std::optional<SiteKeys> keys = sites_.Find(space + "/" + name);
  const bool available = keys && Conditions(kube::Member(cluster_, "status"), 0, "").IsTrue("Available");
  if (available) {
    PBFS_ASSIGN_OR_RETURN(site_, world_.sites.Open(space + "/" + name, *keys));
    ca_ = keys->ca;
  }
  if (!allowed) {
    conditions_.Set(
        "ClusterReachable", Truth::kFalse, "NamespaceNotAllowed",
        fmt::format("the cluster {}/{} does not serve this namespace: its spec.tenancy says which", space, name));
    return available ? Reach::kNotAllowed : Reach::kNotNow;
  }
  if (!available) {
    conditions_.Set("ClusterReachable", Truth::kUnknown, "ClusterNotAvailable",
                    fmt::format("the cluster {}/{} does not serve yet", space, name));
    return Reach::kNotNow;
  }
  conditions_.Set("ClusterReachable", Truth::kTrue, "Reached", "the cluster serves");
  return Reach::kReached;
}

Result<LookAgain> DependentPass::Seen(Result<LookAgain> look) {
  if (!IsRetryable(look.status())) return look;
  conditions_.Set("ClusterReachable", Truth::kFalse, "NoAnswer", look.status().message());
  return NotReady("ClusterNotReachable", look.status().message(), std::chrono::seconds(5));
}

}  // namespace pbfs::operators
