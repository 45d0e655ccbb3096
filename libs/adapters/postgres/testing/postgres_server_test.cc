#include "libs/adapters/postgres/testing/postgres_server.h"

#include "libs/base/testing.h"

namespace pbfs::postgres {
namespace {

TEST(PostgresServer, KeepsWhatWasCommittedThroughKill9) {
  ASSERT_OK_AND_ASSIGN(auto server, PostgresServer::Start({}));
  ASSERT_OK(server->Psql("CREATE TABLE t AS SELECT 42 AS x"));
  server->Kill9();
  EXPECT_CODE(server->Psql("SELECT 1"), kInternal);
  ASSERT_OK(server->Restart());
  ASSERT_OK_AND_ASSIGN(const std::string rows, server->Psql("SELECT x FROM t"));
  EXPECT_EQ(rows, "42\n");
}

TEST(PostgresServer, SynchronousStandbyHasWhatThePrimaryCommittedAndCanBePromoted) {
  ASSERT_OK_AND_ASSIGN(auto primary, PostgresServer::Start({}));
  ASSERT_OK_AND_ASSIGN(auto standby, primary->StartStandby("one"));
  ASSERT_OK(primary->SetSynchronousStandbys("one"));
  ASSERT_OK(primary->Psql("CREATE TABLE t AS SELECT 7 AS x"));
  EXPECT_CODE(standby->Psql("CREATE TABLE u ()"), kInternal);  // read-only
  primary->Kill9();
  ASSERT_OK(standby->Promote());
  ASSERT_OK_AND_ASSIGN(const std::string rows, standby->Psql("SELECT x FROM t"));
  EXPECT_EQ(rows, "7\n");
  ASSERT_OK(standby->Psql("CREATE TABLE u ()"));
}

TEST(PostgresServer, PasswordIsAskedFor) {
  ASSERT_OK_AND_ASSIGN(auto server, PostgresServer::Start({.settings = "", .password = "secret"}));
  ASSERT_OK(server->Psql("SELECT 1"));
  const std::string without = "host=127.0.0.1 user=postgres dbname=postgres port=" + std::to_string(server->port());
  EXPECT_CODE(ChildProcess::Run({.command = {"/usr/bin/psql", "-w", "-d", without, "-c", "SELECT 1"}}), kInternal);
}

}  // namespace
}  // namespace pbfs::postgres
