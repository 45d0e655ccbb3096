#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "libs/catalog/store_state.h"
#include "services/operator/cluster_pass.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/release.h"
#include "services/operator/render.h"

/// Templates that come in order, each set when the ones before it are well: the schema, catalogs, stores (cluster_store_roll.cc), repairer, gateways,
/// PostgreSQL, collector. Of another release (Upgrade) it has to be allowed first, and the collector has no pods meanwhile. The next step
/// is worked out in each look from what there is; a step that does not become well ends it there, and the one that takes it back undoes the last one
/// first.
namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

constexpr Duration kStep = std::chrono::seconds(2);
constexpr size_t kMaxMessage = 1000;
constexpr int64_t kLeastValidity = 86'400;  // seconds that certificates have to be good for

// PostgreSQL's image is no part of what services say to each other; when its turn comes, the others have shown that the version exists.
constexpr std::array kServersFirst{kCatalog, kFragmentStore, kRepairer, kGateway, kPostgres};

}  // namespace

// Whether pods of stores wait for the partition to be lowered, and no operation says so.
bool ClusterPass::StoresBehind() const {
  const auto& sets = live_.OfKind(kinds::kStatefulSet);
  return intent_.spec.update_policy.strategy != "OnDelete" &&
         std::any_of(sets.begin(), sets.end(), [](const Json* set) {
           const Json& status = kube::Member(*set, "status");
           return IsSetOf(*set, kFragmentStore) &&
                  kube::Text(status, "updateRevision") != kube::Text(status, "currentRevision") &&
                  kube::Number(status, "observedGeneration") >= GenerationOf(*set) &&
                  kube::Number(status, "updatedReplicas") < kube::Number(status, "replicas");
         });
}

bool ClusterPass::StepRollout() {
  if (!IsRolling() && rollout_.next.empty() && !StoresBehind()) {
    conditions_.Set("UpgradeBlocked", Truth::kFalse, "NothingToDo", "every pod runs the release that it should");
    status_.erase("targetVersion");
    return false;
  }
  if (!IsRolling() && !NeedsOrder() && !StoresBehind()) {
    conditions_.Set("UpgradeBlocked", Truth::kFalse, "UnderWay", "the schema is brought up to date first");
    return false;
  }
  const Status stepped = IsRolling() ? StepRoll() : BeginRoll();
  if (!stepped.ok() && stepped.code() != StatusCode::kAborted) ReportBlock("StepFailed", stepped.message());
  if (IsRolling()) again_ = std::min(again_, kStep);
  return IsRolling();
}

// Messages may have numbers that change; an event is for another reason.
void ClusterPass::ReportBlock(const char* reason, const std::string& message) {
  if (conditions_.ReasonOf("UpgradeBlocked") != reason)
    Say("Warning", std::string(reason) == "HealthGateTimeout" ? reason : "UpgradeBlocked", message);
  conditions_.Set("UpgradeBlocked", Truth::kTrue, reason, message);
}

std::optional<ClusterPass::Block> ClusterPass::CheckVersions() const {
  const std::string from = kube::Text(status_, "version");
  const auto was = ReleaseOf(from), is = ReleaseOf(rollout_.version);
  if (!was || !is || IsNext(*was, *is)) return std::nullopt;
  if (*is > *was)
    return Block{
        "ReleaseSkipped",
        fmt::format("from {} to {} releases in between have to be taken, one after the other", from, rollout_.version)};
  if (ReleaseOf(rollout_.came_from) == is) return std::nullopt;
  return Block{
      "Downgrade",
      fmt::format(
          "{} is older than {}, which runs; only an upgrade can be taken back, to the release that it came from",
          rollout_.version, from)};
}

std::optional<ClusterPass::Block> ClusterPass::CheckUpgrade() const {
  if (auto versions = CheckVersions()) return versions;
  for (const Json& object : objects_)
    if (IsSetOf(object, kPostgres) && !IsSettled(MetaText(object, "name")))
      return Block{"PostgresNotReady", "not every member of PostgreSQL is ready"};
  if (!conditions_.IsTrue("PostgresReady")) return Block{"PostgresNotReady", conditions_.MessageOf("PostgresReady")};
  if (!site_) return Block{"CatalogUnavailable", "the catalogs do not answer"};
  if (!conditions_.IsTrue("MembershipHealthy"))
    return Block{"StoresMissing", conditions_.MessageOf("MembershipHealthy")};
  if (!conditions_.IsTrue("RedundancySatisfied"))
    return Block{"UnderProtected", conditions_.MessageOf("RedundancySatisfied")};
  const std::string end = kube::Text(kube::Member(status_, "tls"), "nearestExpiryTime");
  if (!end.empty() && SecondsOfTime(end) - now_micros_ / 1'000'000 < kLeastValidity)
    return Block{"CertificatesExpiring", fmt::format("a certificate is good until {} only", end)};
  return std::nullopt;
}

Status ClusterPass::BeginRoll() {
  const bool upgrade = rollout_.ChangesImages();
  std::optional<Block> block;
  if (status_.contains("operation"))
    block = Block{"OtherOperation", fmt::format("{} is under way", kube::Text(status_["operation"], "type"))};
  else if (upgrade)
    block = CheckUpgrade();
  if (block) {
    ReportBlock(block->reason, block->message);
    return OkStatus();
  }
  rollout_.moved.clear();
  rollout_.before.clear();
  for (const auto& [name, plan] : rollout_.running) rollout_.before[name] = SpecHash(plan);
  PBFS_RETURN_IF_ERROR(KeepRollout());
  const std::string now = TimeText(now_micros_);
  status_["operation"] = {{"type", upgrade ? kUpgrade : kRestart},
                          {"id", SpecHash(rollout_.ToJson()).substr(0, 16)},
                          {"step", "Beginning"},
                          {"startTime", now},
                          {"lastProgressTime", now}};
  status_["targetVersion"] = rollout_.version;
  PBFS_RETURN_IF_ERROR(WriteStatus());  // before the first side effect
  if (upgrade)
    Say("Normal", "UpgradeStarted", fmt::format("from {} to {}", kube::Text(status_, "version"), rollout_.version));
  return OkStatus();
}

// Servers before those who call them, and on the way back after them.
std::vector<std::string> ClusterPass::RollOrder(bool back) const {
  std::vector<std::string> order;
  for (const Part& part : kServersFirst)
    for (const Json& object : objects_)
      if (IsSetOf(object, part)) order.push_back(MetaText(object, "name"));
  if (back) std::reverse(order.begin(), order.end());
  return order;
}

// Whether all but the collector is done.
bool ClusterPass::IsAtCollector() const {
  return kube::Text(kube::Member(status_, "operation"), "step") == NameOf(name_, kGarbageCollector);
}

// As many as there should be, all ready.
bool ClusterPass::CollectorIsBack() const {
  const std::string set = NameOf(name_, kGarbageCollector);
  const Json* live = live_.Find(kinds::kStatefulSet, set);
  const auto wanted = std::find_if(objects_.begin(), objects_.end(), [&](const Json& object) {
    return IsSetOf(object, kGarbageCollector) && MetaText(object, "name") == set;
  });
  return live == nullptr || wanted == objects_.end() ||
         (IsSettled(set) && (*live)["spec"]["replicas"] == (*wanted)["spec"]["replicas"]);
}

// Another release in the middle of a restart: it has to be allowed as well.
Result<bool> ClusterPass::BecomesUpgrade() {
  if (const auto block = CheckUpgrade()) {
    ReportBlock(block->reason, block->message);
    return false;
  }
  status_["operation"]["type"] = kUpgrade;
  PBFS_RETURN_IF_ERROR(WriteStatus());
  return true;
}

Status ClusterPass::StepRoll() {
  status_["targetVersion"] = rollout_.version;
  if (IsUnderWay(kRestart) && rollout_.ChangesImages()) {
    PBFS_ASSIGN_OR_RETURN(const bool allowed, BecomesUpgrade());
    if (!allowed) return OkStatus();
  }
  const std::string collector = NameOf(name_, kGarbageCollector);
  if (IsUnderWay(kUpgrade) && !IsAtCollector() && !IsGone(collector)) {
    Reach("Suspending", "the collector ends first");
    return OkStatus();
  }
  const bool back = rollout_.IsWayBack();
  for (const std::string& set : RollOrder(back)) {
    if (rollout_.next.contains(set)) return MoveNext(set, back);
    // What was never touched is no business of a way back.
    if (back && !rollout_.moved.contains(set)) continue;
    PBFS_ASSIGN_OR_RETURN(const bool settled, Settle(set));
    if (!settled) return OkStatus();
  }
  if (rollout_.next.contains(collector)) return MoveNext(collector, back);
  if (IsAtCollector() && CollectorIsBack()) return FinishRoll();
  Reach(collector, "the collector comes last");
  return OkStatus();
}

Status ClusterPass::MoveNext(const std::string& set, bool back) {
  if (!back && set.starts_with(NameOf(name_, kCatalog) + "-") && NeedsMigration()) {
    Reach("Migration", "the schema is brought up to date; what runs goes on with it");
    return StepMigration();
  }
  rollout_.Move(set);
  PBFS_RETURN_IF_ERROR(KeepRollout());
  Reach(set, "gets its template");
  return OkStatus();
}

Result<bool> ClusterPass::Settle(const std::string& set) {
  const Json* live = live_.Find(kinds::kStatefulSet, set);
  if (live != nullptr && IsSetOf(*live, kFragmentStore)) return SettleStores(set);
  const bool settled = IsSettled(set);
  const bool answers = site_ || live == nullptr || !IsSetOf(*live, kCatalog);
  if (settled && answers) return true;
  const Pods pods = PodsOf(set);
  Reach(set, settled ? "the catalogs do not answer"
                     : fmt::format("{} of {} pods are ready, {} of the new template", pods.ready, pods.wanted,
                                   kube::Number(kube::Member(*live, "status"), "updatedReplicas")));
  return false;
}

// Steps say where it is; that one of them takes too long, and what it waits for, is said, and forces nothing.
void ClusterPass::Reach(const std::string& step, const std::string& message) {
  Json& operation = status_["operation"];
  if (kube::Text(operation, "step") != step) operation["lastProgressTime"] = TimeText(now_micros_);
  operation["step"] = step;
  operation["message"] = Shortened(message, kMaxMessage);
  if (SecondsSinceProgress() > intent_.spec.update_policy.health_gate_timeout_seconds)
    ReportBlock("HealthGateTimeout", fmt::format("{}: {}", step, message));
  else
    conditions_.Set("UpgradeBlocked", Truth::kFalse, "UnderWay", fmt::format("{}: {}", step, message));
}

Status ClusterPass::FinishRoll() {
  const bool upgrade = IsUnderWay(kUpgrade);
  const std::string from = kube::Text(status_, "version");
  if (from != rollout_.version) rollout_.came_from = from;
  rollout_.before.clear();
  rollout_.moved.clear();
  PBFS_RETURN_IF_ERROR(KeepRollout());
  status_["version"] = rollout_.version;
  status_.erase("targetVersion");
  status_.erase("operation");
  conditions_.Set("UpgradeBlocked", Truth::kFalse, "NothingToDo", "every pod runs the release that it should");
  Say("Normal", upgrade ? "UpgradeCompleted" : "RestartCompleted", fmt::format("every pod is of {}", rollout_.version));
  return OkStatus();
}

}  // namespace pbfs::operators
