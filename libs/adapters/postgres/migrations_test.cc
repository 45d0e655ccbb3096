#include "libs/adapters/postgres/migrations.h"

#include "libs/adapters/postgres/embedded_sql.h"
#include "libs/adapters/postgres/sessions.h"
#include "libs/adapters/postgres/testing/postgres_server.h"
#include "libs/base/testing.h"

namespace pbfs::postgres {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class MigrationsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto started = PostgresServer::Start({});
    ASSERT_OK(started);
    server_ = (*std::move(started)).release();
  }
  static void TearDownTestSuite() { delete server_; }
  std::string NewDatabase() {
    const auto dsn = server_->CreateDatabase("m" + std::to_string(++databases_));
    return dsn.ok() ? *dsn : dsn.status().ToString();
  }
  std::string Psql(const std::string& sql) {
    const auto answer = server_->Psql(sql, "m" + std::to_string(databases_));
    return answer.ok() ? *answer : answer.status().ToString();
  }
  static PostgresServer* server_;
  static int databases_;
};
PostgresServer* MigrationsTest::server_ = nullptr;
int MigrationsTest::databases_ = 0;

// Gaps are allowed: a number may have been meant for a migration that was written at the same time.
TEST_F(MigrationsTest, NumbersRise) {
  const std::vector<Migration> all = Migrations();
  EXPECT_EQ(all.at(0).version, 1);
  for (size_t i = 1; i < all.size(); ++i) EXPECT_GT(all[i].version, all[i - 1].version) << all[i].name;
}

TEST_F(MigrationsTest, SecondRunChangesNothing) {
  const std::string dsn = NewDatabase();
  ASSERT_OK(Migrate(TestContext(), dsn, SiteId{3}));
  const std::string first = Psql("SELECT * FROM pbfs.schema_version ORDER BY 1; SELECT * FROM pbfs.site_self");
  ASSERT_OK(Migrate(TestContext(), dsn, SiteId{3}));
  EXPECT_EQ(Psql("SELECT * FROM pbfs.schema_version ORDER BY 1; SELECT * FROM pbfs.site_self"), first);
  EXPECT_THAT(first, HasSubstr(Migrations().back().name));
}

TEST_F(MigrationsTest, InterruptedRunGoesOn) {
  const std::string dsn = NewDatabase();
  std::vector<Migration> broken = Migrations();
  broken.push_back({SchemaVersion() + 1, "0999_bad", "CREATE TABLE half (x int); SELECT 1/0"});
  const Status failed = Migrate(TestContext(), dsn, SiteId{3}, broken);
  EXPECT_CODE(failed, kInternal);
  EXPECT_THAT(failed.message(), HasSubstr("0999_bad"));
  EXPECT_EQ(Psql("SELECT to_regclass('pbfs.half') IS NULL"), "t\n");
  ASSERT_OK(Migrate(TestContext(), dsn, SiteId{3}));
}

TEST_F(MigrationsTest, ChangedMigrationIsRefused) {
  const std::string dsn = NewDatabase();
  ASSERT_OK(Migrate(TestContext(), dsn, SiteId{3}));
  std::vector<Migration> changed = Migrations();
  changed[4].text += "-- a harmless comment\n";
  const Status refused = Migrate(TestContext(), dsn, SiteId{3}, changed);
  EXPECT_CODE(refused, kFailedPrecondition);
  EXPECT_THAT(refused.message(), HasSubstr(changed[4].name));
}

TEST_F(MigrationsTest, NewerSchemaIsRefusedByMigrateAndBySessions) {
  const std::string dsn = NewDatabase();
  std::vector<Migration> newer = Migrations();
  newer.push_back({SchemaVersion() + 1, "0999_future", "CREATE TABLE future (x int)"});
  ASSERT_OK(Migrate(TestContext(), dsn, SiteId{3}, newer));
  EXPECT_CODE(Migrate(TestContext(), dsn, SiteId{3}), kFailedPrecondition);
  SessionPool pool({.dsn = dsn});
  const Status refused = pool.Take(TestContext()).status();
  EXPECT_CODE(refused, kFailedPrecondition);
  EXPECT_THAT(refused.message(), HasSubstr("upgrade the program"));
}

TEST_F(MigrationsTest, EmptyDatabaseIsRefusedBySessions) {
  SessionPool pool({.dsn = NewDatabase()});
  const Status refused = pool.Take(TestContext()).status();
  EXPECT_CODE(refused, kFailedPrecondition);
  EXPECT_THAT(refused.message(), HasSubstr("pbfs-catalog migrate"));
}

TEST_F(MigrationsTest, DatabaseOfAnotherSiteIsRefused) {
  const std::string dsn = NewDatabase();
  ASSERT_OK(Migrate(TestContext(), dsn, SiteId{3}));
  EXPECT_CODE(Migrate(TestContext(), dsn, SiteId{4}), kFailedPrecondition);
}

TEST_F(MigrationsTest, ErrorsNeverShowThePassword) {
  for (const std::string dsn :
       {"host=127.0.0.1 port=1 password=hunter2 user=x", "host=x password='hunter2", "hunter2 password",
        "postgres://u:hunter2@127.0.0.1:1/db", "postgres://u:hunter2@127.0.0.1:port/db"}) {
    const Status failed = Migrate(TestContext(), dsn, SiteId{3});
    EXPECT_FALSE(failed.ok());
    EXPECT_THAT(failed.ToString(), Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace pbfs::postgres
