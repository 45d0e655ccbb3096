// A catalog from a backup: pbfs-backup on a real PostgreSQL and a real S3, and what a cluster is with an older past.
#include <fmt/format.h>
#include <signal.h>

#include "libs/adapters/postgres/testing/postgres_server.h"
#include "tests/integration/cluster_fixture.h"

namespace pbfs {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::RunningCluster;

constexpr char kPassword[] = "correct:horse\\battery";

class BackupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(running_.status());
    for (const char* bucket : {"b", "safe"}) Do({"bucket", "create", bucket, "--k", "2", "--m", "1"});
    ASSERT_NO_FATAL_FAILURE(MakeKey());
    ASSERT_OK_AND_ASSIGN(server_, postgres::PostgresServer::Start({.settings = "", .password = "of-the-superuser"}));
    ASSERT_OK(server_->Psql(fmt::format("CREATE ROLE pbfs LOGIN PASSWORD '{}'", kPassword)));
    ASSERT_OK(server_->Psql("CREATE DATABASE other OWNER pbfs"));
  }

  void Do(std::vector<std::string> arguments, const std::string& input = "") {
    const auto outcome = running_.Pbfs(arguments, input);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  }
  std::string Get(const std::string& name) { return running_.Pbfs({"get", "b/" + name, "-"}).output; }
  std::string CatalogFile(const std::string& name) { return running_.cluster().directory() + "/catalog-1" + name; }

  // As the Secret of a PBFSAccessKey is mounted.
  void MakeKey() {
    const auto key = running_.PbfsJson({"key", "create", "backup"});
    ASSERT_OK_AND_ASSIGN(const std::string text, local::ReadTextFile(running_.cluster().directory() + "/gateway.json"));
    const auto gateway = nlohmann::json::parse(text);
    std::filesystem::create_directory(Folder());
    const auto put = [&](const std::string& name, const std::string& value) {
      ASSERT_OK(local::WriteTextFile(Folder() + "/" + name, value, 0600));
    };
    put("AWS_ACCESS_KEY_ID", key["id"]), put("AWS_SECRET_ACCESS_KEY", key["secret"]);
    put("AWS_ENDPOINT_URL_S3", "http://" + gateway["http"].get<std::string>()), put("BUCKET_NAME", "safe");
    put("password", std::string(kPassword) + "\n");
  }
  std::string Folder() const { return running_.directory() + "/s3"; }

  local::ProgramOutcome Backup(const std::string& command, const std::string& database, nlohmann::json more) {
    nlohmann::json settings = {
        {"cluster", "demo"},        {"clusterId", "id-1"},  {"shard", 0},
        {"release", "1.2.3"},       {"database", database}, {"passwordFile", Folder() + "/password"},
        {"s3", {{"prefix", "p/"}}}, {"s3Folder", Folder()}};
    settings.update(more);
    const std::string file = running_.directory() + "/backup.json";
    EXPECT_OK(local::WriteTextFile(file, settings.dump(), 0600));
    auto outcome = local::RunToEnd(
        TestContext(), {.argv = {"/usr/bin/python3", "-B", PBFS_REPOSITORY "/Dockerfiles/postgres/pbfs-backup", command,
                                 "--config", file},
                        .environment = {{"PATH", "/usr/lib/postgresql/15/bin:/usr/bin:/bin"}}});
    PBFS_CHECK(outcome.ok());
    EXPECT_THAT(outcome->error, Not(HasSubstr("battery")));
    return *outcome;
  }
  local::ProgramOutcome Dump() {
    const auto dsn = local::ReadTextFile(CatalogFile("/primary.dsn"));
    return Backup("dump", dsn->substr(0, dsn->find('\n')), {{"keep", 7}});
  }
  local::ProgramOutcome Restore(const std::string& owner = "uid-1") {
    return Backup("restore", fmt::format("host=127.0.0.1 port={} dbname=other user=pbfs", server_->port()),
                  {{"backup", "latest"}, {"owner", owner}});
  }
  std::string Sql(const std::string& sql) { return server_->Psql(sql, "other").value_or("refused"); }

  local::ProgramOutcome Catalog(const std::string& command) {
    const auto program = local::FindProgram("pbfs-catalog");
    auto outcome = local::RunToEnd(TestContext(), {.argv = {*program, command, "--config", CatalogFile(".json")}});
    PBFS_CHECK(outcome.ok());
    return *outcome;
  }
  // The catalog is lost, and the database that was filled takes its place.
  void TakeRestored() {
    ASSERT_OK(running_.cluster().Kill(TestContext(), "catalog-1", SIGTERM));
    const std::string passfile = CatalogFile("/pgpass");
    ASSERT_OK(local::WriteTextFile(passfile, "127.0.0.1:*:*:pbfs:correct\\:horse\\\\battery\n", 0600));
    for (const char* file : {"/primary.dsn", "/local.dsn"})
      ASSERT_OK(local::WriteTextFile(
          CatalogFile(file),
          fmt::format("host=127.0.0.1 port={} dbname=other user=pbfs passfile={}\n", server_->port(), passfile), 0600));
    for (const char* command : {"restored", "migrate"}) {
      const auto outcome = Catalog(command);
      ASSERT_EQ(outcome.exit_code, 0) << command << outcome.error;
    }
    ASSERT_OK(running_.cluster().Start(TestContext(), "catalog-1"));
  }
  // As everything that destroys asks first.
  bool MayDestroy() { return server_->Psql("SET search_path = pbfs; SELECT must_be_thawed()", "other").ok(); }

  RunningCluster running_{3, 1};
  std::unique_ptr<postgres::PostgresServer> server_;
};

TEST_F(BackupTest, WhatWasAcknowledgedBeforeItIsReadWhatCameAfterIsMissingAndNothingIsDestroyed) {
  const std::string before(3'000'000, 'x'), after(500'000, 'y');
  Do({"put", "-", "b/before"}, before);
  Do({"put", "-", "b/small"}, "in its row");
  const auto dumped = Dump();
  ASSERT_EQ(dumped.exit_code, 0) << dumped.error;
  Do({"put", "-", "b/after"}, after);
  Do({"rm", "b/small"});
  const auto restored = Restore();
  ASSERT_EQ(restored.exit_code, 0) << restored.error;
  const std::string epoch = Sql("SELECT fence_epoch FROM pbfs.site_self");
  ASSERT_NO_FATAL_FAILURE(TakeRestored());
  EXPECT_TRUE(Get("before") == before);
  EXPECT_EQ(Get("small"), "in its row") << "what was deleted after the backup is back";
  EXPECT_NE(running_.Pbfs({"get", "b/after", "-"}).exit_code, 0);
  EXPECT_LT(std::stoll(epoch), std::stoll(Sql("SELECT fence_epoch FROM pbfs.site_self")));
  EXPECT_EQ(running_.PbfsJson({"cluster", "gc"}).at("frozen"), true);
  EXPECT_FALSE(MayDestroy());
  // It is a catalog like any other.
  Do({"put", "-", "b/after"}, "anew");
  EXPECT_EQ(Get("after"), "anew");
  const auto thawed = Catalog("thaw");
  ASSERT_EQ(thawed.exit_code, 0) << thawed.error;
  EXPECT_EQ(running_.PbfsJson({"cluster", "gc"}).at("frozen"), false);
  EXPECT_TRUE(MayDestroy());
}

TEST_F(BackupTest, ADatabaseThatIsNotEmptyStaysAsItIs) {
  ASSERT_EQ(Dump().exit_code, 0);
  ASSERT_EQ(Restore().exit_code, 0);
  Sql("UPDATE pbfs.site_self SET fence_epoch = 77");
  const auto again = Restore();
  EXPECT_EQ(again.exit_code, 0) << again.error;
  EXPECT_THAT(again.error, HasSubstr("an earlier try"));
  const auto other = Restore("uid-2");
  EXPECT_EQ(other.exit_code, 2) << other.error;
  EXPECT_THAT(other.error, HasSubstr("not empty"));
  EXPECT_EQ(Sql("SELECT fence_epoch FROM pbfs.site_self"), "77\n");
}

TEST_F(BackupTest, ARestoreThatBreaksOffLeavesAnEmptyDatabase) {
  ASSERT_EQ(Dump().exit_code, 0);
  ASSERT_OK(server_->Psql("ALTER DATABASE other OWNER TO postgres"));  // and pbfs may make nothing in it
  EXPECT_EQ(Restore().exit_code, 1);
  EXPECT_EQ(Sql("SELECT to_regnamespace('pbfs') IS NULL"), "t\n");
  ASSERT_OK(server_->Psql("ALTER DATABASE other OWNER TO pbfs"));
  const auto restored = Restore();
  EXPECT_EQ(restored.exit_code, 0) << restored.error;
}

}  // namespace
}  // namespace pbfs
