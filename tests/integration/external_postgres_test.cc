// A catalog on a PostgreSQL that is not ours: found by a connection string, with a password in a file.
#include <fmt/format.h>
#include <signal.h>

#include "libs/adapters/postgres/testing/postgres_server.h"
#include "libs/base/sync.h"
#include "tests/integration/cluster_fixture.h"

namespace pbfs {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::RunningCluster;

constexpr char kPassword[] = "correct-horse-battery";

/// A cluster whose catalog was pointed at another server than the one that it was made with.
class ExternalPostgres : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(running_.status());
    ASSERT_OK_AND_ASSIGN(server_, postgres::PostgresServer::Start({.settings = "", .password = "of-the-superuser"}));
    ASSERT_OK(server_->Psql(fmt::format("CREATE ROLE pbfs LOGIN PASSWORD '{}'", kPassword)));
    ASSERT_OK(server_->Psql("CREATE DATABASE external OWNER pbfs"));
    ASSERT_OK(running_.cluster().Kill(TestContext(), "catalog-1", SIGTERM));
  }
  std::string Directory() { return running_.cluster().directory() + "/catalog-1"; }
  std::string Login() const { return fmt::format("host=127.0.0.1 port={} dbname=external user=pbfs", server_->port()); }
  void Point(const std::string& dsn) {
    for (const char* file : {"/primary.dsn", "/local.dsn"})
      ASSERT_OK(local::WriteTextFile(Directory() + file, dsn + "\n", 0600));
  }
  local::ProgramOutcome Migrate() {
    const auto program = local::FindProgram("pbfs-catalog");
    PBFS_CHECK(program.ok());
    const auto outcome = local::RunToEnd(
        TestContext(), {.argv = {*program, "migrate", "--config", running_.cluster().directory() + "/catalog-1.json"}});
    PBFS_CHECK(outcome.ok());
    return *outcome;
  }
  /// Through the catalog there, onto stores that registered there.
  void ExpectServes() {
    ASSERT_OK(running_.cluster().Start(TestContext(), "catalog-1"));
    const Context patience = TestContext();
    while (server_->Psql("SELECT count(*) FROM pbfs.store WHERE state = 2", "external").value_or("") != "3\n") {
      ASSERT_OK(patience.Check());
      SleepFor(std::chrono::milliseconds(50));  // a poll, bounded by `patience`
    }
    const std::string content(300'000, 'x');
    EXPECT_EQ(running_.Pbfs({"bucket", "create", "b", "--k", "2", "--m", "1"}).exit_code, 0);
    const auto put = running_.Pbfs({"put", "-", "b/there"}, content);
    EXPECT_EQ(put.exit_code, 0) << put.error;
    EXPECT_TRUE(running_.Pbfs({"get", "b/there", "-"}).output == content);
    const auto rows = server_->Psql("SELECT count(*) FROM pbfs.body", "external");
    ASSERT_OK(rows);
    EXPECT_EQ(*rows, "1\n");
  }
  void ExpectSecret() {
    const auto log = local::ReadTextFile(running_.cluster().directory() + "/log/catalog-1.log");
    ASSERT_OK(log);
    EXPECT_THAT(*log, Not(HasSubstr(kPassword)));
    for (const auto& process : running_.cluster().Processes()) {
      if (!process.alive) continue;
      for (const char* file : {"cmdline", "environ"}) {
        const auto text = local::ReadTextFile(fmt::format("/proc/{}/{}", process.pid, file));
        EXPECT_THAT(text.value_or(""), Not(HasSubstr(kPassword))) << process.name;
      }
    }
  }

  RunningCluster running_{3, 1};
  std::unique_ptr<postgres::PostgresServer> server_;
};

TEST_F(ExternalPostgres, ServesByAConnectionStringWithItsPasswordInAPassfile) {
  const std::string passfile = Directory() + "/pgpass";
  ASSERT_OK(local::WriteTextFile(passfile, fmt::format("127.0.0.1:*:*:pbfs:{}\n", kPassword), 0600));
  ASSERT_NO_FATAL_FAILURE(Point(fmt::format("{} passfile={}", Login(), passfile)));
  const auto migrated = Migrate();
  EXPECT_EQ(migrated.exit_code, 0) << migrated.error;
  ASSERT_NO_FATAL_FAILURE(ExpectServes());
  ExpectSecret();
}

TEST_F(ExternalPostgres, ServesByAUriWithItsPasswordInTheFile) {
  ASSERT_NO_FATAL_FAILURE(Point(fmt::format("postgresql://pbfs:{}@127.0.0.1:{}/external", kPassword, server_->port())));
  const auto migrated = Migrate();
  EXPECT_EQ(migrated.exit_code, 0) << migrated.error;
  ASSERT_NO_FATAL_FAILURE(ExpectServes());
  ExpectSecret();
}

TEST_F(ExternalPostgres, SaysWhatIsWrongAndNeverThePassword) {
  ASSERT_NO_FATAL_FAILURE(Point(Login() + " password=" + kPassword + "-not"));
  const auto refused = Migrate();
  EXPECT_EQ(refused.exit_code, 3) << refused.error;
  EXPECT_THAT(refused.error, HasSubstr("password authentication failed"));
  EXPECT_THAT(refused.error, Not(HasSubstr(kPassword)));
  ASSERT_NO_FATAL_FAILURE(Point("host=127.0.0.1 password='" + std::string(kPassword)));
  const auto malformed = Migrate();
  EXPECT_NE(malformed.exit_code, 0);
  EXPECT_THAT(malformed.error, HasSubstr("malformed"));
  EXPECT_THAT(malformed.error, Not(HasSubstr(kPassword)));
  // The file that holds it must be closed to others.
  ASSERT_OK(local::WriteTextFile(Directory() + "/primary.dsn", Login() + " password=" + kPassword, 0644));
  const auto open = Migrate();
  EXPECT_EQ(open.exit_code, 2) << open.error;
  EXPECT_THAT(open.error, HasSubstr("primary.dsn"));
  EXPECT_THAT(open.error, Not(HasSubstr(kPassword)));
}

}  // namespace
}  // namespace pbfs
