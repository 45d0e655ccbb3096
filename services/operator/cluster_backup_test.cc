#include <memory>

#include "libs/base/testing.h"
#include "services/operator/cluster_reconciler.h"
#include "services/operator/fake_world.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/spec_samples.h"

/// Backups of a managed PostgreSQL, and clusters that begin with one.
namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;
using ::testing::HasSubstr;

constexpr int64_t kHour = 3'600'000'000;
constexpr const char* kCron = "demo-pg-0-backup";
constexpr const char* kRestore = "demo-pg-0-restore";

Json Place() { return {{"credentialsSecretRef", {{"name", "away"}}}}; }
Json Backup() { return {{"backup", {{"schedule", "0 * * * *"}, {"s3", Place()}}}}; }
Json Restore(const char* backup = "latest") { return {{"restore", {{"backup", backup}, {"s3", Place()}}}}; }

class ClusterBackupTest : public testing::Test {
 protected:
  void Begin(const Json& managed) {
    Json spec = SmallestSpec();
    spec["postgres"] = {{"type", "Managed"}, {"managed", managed}};
    world_.Edit(kinds::kPbfsCluster, ObjectOf(kinds::kPbfsCluster, "demo", spec));
  }
  void Look() { (void)reconciler_->Reconcile(TestContext(), kTestSpace, "demo"); }
  void Settle() {
    world_.Settle([this] { Look(); });
  }
  void Report(const kube::Kind& kind, const std::string& name, Json status) {
    const Json intent = {{"apiVersion", kind.ApiVersion()},
                         {"kind", kind.name},
                         {"metadata", {{"name", name}, {"namespace", kTestSpace}}},
                         {"status", std::move(status)}};
    ASSERT_OK(world_.kube().As("somebody").ApplyStatus(TestContext(), kind, intent));
  }
  void BackUpNow() { Report(kinds::kCronJob, kCron, {{"lastSuccessfulTime", TimeText(world_.clock().NowMicros())}}); }
  void FailBackup(const std::string& name) {
    world_.Make(kinds::kJob, {{"apiVersion", "batch/v1"},
                              {"kind", "Job"},
                              {"metadata",
                               {{"name", name},
                                {"namespace", kTestSpace},
                                {"labels", {{kClusterLabel, "demo"}, {kComponentLabel, "backup"}}}}}});
    Report(kinds::kJob, name, {{"conditions", Json::array({{{"type", "Failed"}, {"status", "True"}}})}});
  }
  Json Cluster() { return world_.Get(kinds::kPbfsCluster, "demo"); }
  std::string Current() { return ConditionOf(Cluster(), "BackupCurrent"); }
  std::string Restored() { return ConditionOf(Cluster(), "CatalogRestored"); }
  int Events(const std::string& reason) {
    int count = 0;
    for (const Json& event : world_.All(kinds::kEvent)) count += kube::Text(event, "reason") == reason ? 1 : 0;
    return count;
  }

  FakeWorld world_;
  OperatorOptions options_ = FakeWorld::Options();
  SiteDirectory sites_;
  std::unique_ptr<ClusterReconciler> reconciler_ =
      std::make_unique<ClusterReconciler>(world_.world(), options_, sites_);
};

TEST_F(ClusterBackupTest, TheScheduleBeginsWhenThereIsACatalogAndGoesWithTheSpec) {
  Begin(Backup());
  Look();
  ASSERT_TRUE(world_.Exists(kinds::kCronJob, kCron));
  EXPECT_EQ(world_.Get(kinds::kCronJob, kCron)["spec"]["suspend"], true);
  Settle();
  EXPECT_EQ(ConditionOf(Cluster(), "Ready"), "True/AllHealthy") << Cluster().dump(1);
  EXPECT_EQ(world_.Get(kinds::kCronJob, kCron)["spec"]["suspend"], false);
  EXPECT_EQ(Current(), "False/NoneYet");
  Begin(Json::object());
  Settle();
  EXPECT_FALSE(world_.Exists(kinds::kCronJob, kCron));
  EXPECT_FALSE(world_.Exists(kinds::kServiceAccount, "demo-pg-backup"));
  EXPECT_EQ(Current(), "");
}

TEST_F(ClusterBackupTest, ABackupThatIsMissingTwiceIsSaidOnce) {
  Begin(Backup());
  Settle();
  BackUpNow();
  Settle();
  EXPECT_EQ(Current(), "True/Current");
  EXPECT_EQ(Cluster()["status"]["postgres"]["lastBackupTime"], TimeText(world_.clock().NowMicros()));
  world_.clock().Advance(kHour);
  Settle();
  EXPECT_EQ(Current(), "True/Current") << "one time of the schedule may be under way";
  world_.clock().Advance(kHour + 1'000'000);
  Settle();
  EXPECT_EQ(Current(), "False/BackupStale");
  Settle();
  EXPECT_EQ(Events("BackupStale"), 1);
  EXPECT_EQ(ConditionOf(Cluster(), "Ready"), "True/AllHealthy") << "the cluster serves";
  BackUpNow();
  Settle();
  EXPECT_EQ(Current(), "True/Current");
}

TEST_F(ClusterBackupTest, AFailureIsSaidUntilABackupIsWhole) {
  Begin(Backup());
  Settle();
  FailBackup("demo-pg-0-backup-1");
  Look();
  EXPECT_EQ(Current(), "False/BackupFailed");
  Look();
  EXPECT_EQ(Events("BackupFailed"), 1);
  world_.clock().Advance(1'000'000);
  BackUpNow();
  Look();
  EXPECT_EQ(Current(), "True/Current");
}

// The CronJob is made again by whoever deletes it, and knows nothing then.
TEST_F(ClusterBackupTest, WhatIsKnownOfBackupsOutlivesTheirCronJob) {
  Begin(Backup());
  Settle();
  BackUpNow();
  Settle();
  const Json time = Cluster()["status"]["postgres"]["lastBackupTime"];
  world_.Remove(kinds::kCronJob, kCron);
  Settle();
  EXPECT_TRUE(world_.Exists(kinds::kCronJob, kCron));
  EXPECT_EQ(Cluster()["status"]["postgres"]["lastBackupTime"], time);
  EXPECT_EQ(Current(), "True/Current");
}

TEST_F(ClusterBackupTest, NobodyWritesWhereNothingIsToBeDone) {
  Begin(Backup());
  Settle();
  BackUpNow();
  Settle();
  const Json before = world_.Everything();
  reconciler_ = std::make_unique<ClusterReconciler>(world_.world(), options_, sites_);
  Look();
  EXPECT_EQ(world_.Everything(), before);
}

TEST_F(ClusterBackupTest, AClusterBeginsWithABackupBeforeAnythingElseTouchesTheDatabase) {
  Begin(Restore("20260131T120000Z"));
  Look();
  world_.RunControllers();  // PostgreSQL's members
  Look();
  ASSERT_TRUE(world_.Exists(kinds::kJob, kRestore));
  EXPECT_FALSE(world_.Migrates());
  EXPECT_EQ(Restored(), "False/Pending");
  Settle();
  EXPECT_EQ(Restored(), "True/Restored");
  EXPECT_EQ(Cluster()["status"]["postgres"]["restored"]["backup"], "20260131T120000Z");
  EXPECT_EQ(ConditionOf(Cluster(), "Ready"), "True/AllHealthy") << Cluster().dump(1);
  EXPECT_EQ(Events("CatalogRestored"), 1);
}

TEST_F(ClusterBackupTest, ARestoreIsNotRepeatedWhenItsJobIsGone) {
  Begin(Restore());
  Settle();
  world_.Remove(kinds::kJob, kRestore);
  Settle();
  EXPECT_FALSE(world_.Exists(kinds::kJob, kRestore));
}

TEST_F(ClusterBackupTest, ARestoreThatFailsHoldsUpTheCatalogsAndIsTriedAgain) {
  Begin(Restore());
  Look();
  world_.RunControllers();
  Look();
  const std::string first = MetaText(world_.Get(kinds::kJob, kRestore), "uid");
  Report(kinds::kJob, kRestore, {{"conditions", Json::array({{{"type", "Failed"}, {"status", "True"}}})}});
  Look();
  EXPECT_EQ(Restored(), "False/RestoreFailed");
  EXPECT_FALSE(world_.Exists(kinds::kStatefulSet, "demo-catalog-0"));
  Look();
  EXPECT_NE(MetaText(world_.Get(kinds::kJob, kRestore), "uid"), first);
  Settle();
  EXPECT_EQ(Restored(), "True/Restored");
}

TEST_F(ClusterBackupTest, ACatalogThatIsThereIsNeverReplaced) {
  Begin(Json::object());
  Settle();
  Begin(Restore());
  Settle();
  EXPECT_FALSE(world_.Exists(kinds::kJob, kRestore));
  EXPECT_EQ(Restored(), "False/RestoreRefused");
  EXPECT_THAT(Cluster().dump(), HasSubstr("remove it"));
  EXPECT_EQ(ConditionOf(Cluster(), "Ready"), "True/AllHealthy");
}

/// A cluster whose PostgreSQL is ready, and which is to begin with a backup.
class RestoringWorld {
 public:
  RestoringWorld() {
    Json spec = SmallestSpec();
    spec["postgres"] = {{"type", "Managed"}, {"managed", Restore()}};
    world_.Make(kinds::kPbfsCluster, ObjectOf(kinds::kPbfsCluster, "demo", spec));
    (void)first_.Reconcile(TestContext(), kTestSpace, "demo");
    world_.RunControllers();
    world_.faults().Heal();  // counts from here
  }
  /// Whether it died: the operator does at a write to Kubernetes, before the migration has begun.
  bool DieAt(int64_t write, kube::FaultyKube::When when) {
    world_.faults().CrashAtWrite(write, when);
    Run(first_, [&] { return Migrates() || world_.faults().writes() >= write; });
    const bool died = world_.faults().writes() >= write;
    world_.faults().Heal();
    return died;
  }
  void GoOn() {
    Run(second_, [&] { return Migrates(); });
    EXPECT_TRUE(Migrates()) << world_.Get(kinds::kPbfsCluster, "demo").dump(1);
    EXPECT_EQ(restores_, 1);
  }

 private:
  bool Migrates() { return world_.Migrates(); }
  void Run(ClusterReconciler& reconciler, const std::function<bool()>& done) {
    for (int round = 0; round < 8 && !done(); ++round) {
      (void)reconciler.Reconcile(TestContext(), kTestSpace, "demo");
      Check();
      world_.RunControllers();
    }
  }
  // One restore, and nothing else touches the database before it is done.
  void Check() {
    const std::string uid = MetaText(world_.Get(kinds::kJob, kRestore), "uid");
    if (!uid.empty() && uid != restore_uid_) restore_uid_ = uid, ++restores_;
    const Json status = world_.Get(kinds::kPbfsCluster, "demo")["status"];
    if (kube::Member(kube::Member(status, "postgres"), "restored").is_null()) {
      EXPECT_FALSE(Migrates());
    }
    EXPECT_FALSE(world_.Exists(kinds::kStatefulSet, "demo-catalog-0"));
  }

  FakeWorld world_;
  SiteDirectory sites_;
  const OperatorOptions options_ = FakeWorld::Options();
  ClusterReconciler first_{world_.world(), options_, sites_}, second_{world_.world(), options_, sites_};
  std::string restore_uid_;
  int restores_ = 0;
};

TEST(ClusterRestoreFaults, AnOperatorThatDiesAtAnyWriteRestoresOnce) {
  for (const auto when : {kube::FaultyKube::When::kBefore, kube::FaultyKube::When::kAfter}) {
    int64_t write = 1;
    for (bool died = true; died && !testing::Test::HasFailure(); ++write) {
      SCOPED_TRACE(write);
      RestoringWorld world;
      died = world.DieAt(write, when);
      world.GoOn();
    }
    EXPECT_GT(write, 5) << "settings, Job, status and migration are at least four";
  }
}

}  // namespace
}  // namespace pbfs::operators
