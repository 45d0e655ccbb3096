#include <algorithm>

#include <fmt/format.h>

#include "services/operator/cluster_pass.h"
#include "services/operator/cron.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/render_backup.h"
#include "services/operator/render_object.h"
#include "services/operator/render_patroni.h"
#include "services/operator/render_postgres.h"

/// Backups of a managed PostgreSQL: whether they are made, and how a cluster without a database begins with one.
namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

constexpr Duration kSoon = std::chrono::seconds(3);
constexpr const char* kCurrent = "BackupCurrent";
constexpr const char* kRestored = "CatalogRestored";

int64_t TimeIn(const Json& object, const char* part, const char* field) {
  return SecondsOfTime(kube::Text(kube::Member(object, part), field));
}

std::string TimeOrNever(int64_t seconds) { return seconds == 0 ? "never" : TimeText(seconds * 1'000'000); }

// When the schedule had come twice without a backup since, it is too old: of the last time one may still be under way.
bool IsStale(const std::string& schedule, int64_t since, int64_t now) {
  const Result<CronSchedule> parsed = CronSchedule::Parse(schedule);
  if (!parsed.ok()) return false;  // no such spec is followed
  const std::optional<int64_t> last = parsed->Before(now);
  const std::optional<int64_t> before = last ? parsed->Before(*last) : std::nullopt;
  return before && since < *before;
}

}  // namespace

bool ClusterPass::WantsRestore() const {
  return IsManaged(intent_) && ManagedOf(intent_).restore && !HasSchema() &&
         kube::Member(kube::Member(status_, "postgres"), "restored").is_null();
}

// Before the first migration, and before any catalog. That it happens once is for the database to say: the Job refuses one that is not
// empty, and knows one that a Job of this cluster has filled.
Status ClusterPass::StepRestore() {
  const Json job = RestoreJob(intent_, 0);
  const std::string name = MetaText(job, "name");
  PBFS_RETURN_IF_ERROR(live_.Put(context_, WithHash(RestoreSettings(intent_, 0))));
  PBFS_RETURN_IF_ERROR(live_.PutOnce(context_, job));
  const Json* live = live_.Find(kinds::kJob, name);
  again_ = kSoon;
  if (HasCondition(*live, "Complete")) {
    const std::string backup = ManagedOf(intent_).restore->backup;
    status_["postgres"]["restored"] = {{"backup", backup}, {"time", TimeText(now_micros_)}};
    Say("Normal", "CatalogRestored", fmt::format("the catalog is that of the backup {}", backup));
    return OkStatus();
  }
  if (!HasCondition(*live, "Failed")) return OkStatus();
  Warn(kRestored, Truth::kFalse, "RestoreFailed",
       fmt::format("the Job {} failed and is tried again: the logs of its pods say why", name));
  return live_.Delete(context_, kinds::kJob, name);
}

void ClusterPass::ObserveRestore() {
  if (!IsManaged(intent_) || !ManagedOf(intent_).restore) return conditions_.Drop(kRestored);
  const Json& restored = kube::Member(kube::Member(status_, "postgres"), "restored");
  if (!restored.is_null())
    conditions_.Set(
        kRestored, Truth::kTrue, "Restored",
        fmt::format("the catalog began as the backup {}; what is destroyed for good waits until a person has "
                    "called `pbfs-catalog thaw`",
                    kube::Text(restored, "backup")));
  else if (HasSchema())
    Warn(kRestored, Truth::kFalse, "RestoreRefused",
         "there is a catalog already, and it stays as it is: spec.postgres.managed.restore is for a cluster without "
         "one; remove it");
  else if (conditions_.ReasonOf(kRestored) != "RestoreFailed")
    conditions_.Set(kRestored, Truth::kFalse, "Pending", "waits for PostgreSQL, and then for the restore");
}

void ClusterPass::ObserveBackups() {
  const ManagedPostgres managed = ManagedOf(intent_);
  if (!IsManaged(intent_) || !managed.backup) return conditions_.Drop(kCurrent);
  const Json* cron = live_.Find(kinds::kCronJob, BackupName(name_, 0));
  if (cron == nullptr || !HasSchema()) return;  // nothing is to be backed up yet
  // A CronJob that was made anew knows nothing of earlier backups.
  const int64_t known = SecondsOfTime(kube::Text(kube::Member(status_, "postgres"), "lastBackupTime"));
  const int64_t last = std::max(known, TimeIn(*cron, "status", "lastSuccessfulTime"));
  if (last > 0) status_["postgres"]["lastBackupTime"] = TimeText(last * 1'000'000);
  const std::string whole = fmt::format("; the last whole backup is of: {}", TimeOrNever(last));
  if (managed.backup->suspended)
    return conditions_.Set(kCurrent, Truth::kFalse, "Suspended",
                           "spec.postgres.managed.backup.suspended is set" + whole);
  if (IsStale(managed.backup->schedule, std::max(last, TimeIn(*cron, "metadata", "creationTimestamp")),
              now_micros_ / 1'000'000))
    return Warn(kCurrent, Truth::kFalse, "BackupStale",
                fmt::format("two times of the schedule have passed without one{}: look at the Jobs of {}", whole,
                            BackupName(name_, 0)));
  for (const Json* job : live_.OfKind(kinds::kJob))
    if (LabelOf(*job, kComponentLabel) == kBackup.component && HasCondition(*job, "Failed") &&
        TimeIn(*job, "metadata", "creationTimestamp") > last)
      return Warn(kCurrent, Truth::kFalse, "BackupFailed",
                  fmt::format("the Job {} failed: the logs of its pods say why{}", MetaText(*job, "name"), whole));
  if (last == 0)
    conditions_.Set(kCurrent, Truth::kFalse, "NoneYet", "the first one is made at the next time of the schedule");
  else
    conditions_.Set(kCurrent, Truth::kTrue, "Current", "backups are made as the schedule says");
}

}  // namespace pbfs::operators
