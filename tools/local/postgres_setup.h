#pragma once

#include <string>
#include <utility>
#include <vector>

#include "libs/base/context.h"
#include "tools/local/process.h"

/// The PostgreSQL servers of a cluster, over mutual TLS only: no Unix socket, no password. A role logs in with a
/// certificate whose common name is the role. Plain: a primary and its synchronous standby, for good. Under Patroni:
/// patroni_setup.h.
namespace pbfs::local {

/// The user that runs PostgreSQL: empty (ourselves), or "postgres" when we are root, whom PostgreSQL refuses.
std::string PostgresUser();

struct PostgresNode {
  std::string data;  // data directory
  int port = 0;
  std::string certificate;  // of the server; both readable by the user that runs it
  std::string key;
  std::string ca;
  std::string replication_certificate;  // client certificate with CN replicator, for the standby
  std::string replication_key;
};

/// Settings (name, value) of every server of a cluster, whoever starts it.
std::vector<std::pair<std::string, std::string>> SharedSettings();
/// Settings of one server: where it listens is not among them.
std::vector<std::pair<std::string, std::string>> TlsSettings(const PostgresNode& node);
/// Lines of pg_hba.conf.
std::vector<std::string> HbaLines();

/// initdb with a database and a role `pbfs`, and a role `replicator`. `standbys` > 0 makes commits wait for one of them.
Status MakePrimary(const Context& context, const PostgresNode& node, int standbys);
/// A standby of `primary`, which must never have run: a copy of its files that follows it as application `name`.
Status MakeStandby(const Context& context, const PostgresNode& primary, const PostgresNode& node,
                   const std::string& name);
/// How to run a node. `log` is its log file.
Result<CommandSpec> PostgresCommand(const PostgresNode& node, const std::string& log);

struct SqlLogin {
  int port = 0;
  std::string user, database, certificate, key, ca;
};
/// A libpq connection string; nothing in it is secret.
std::string ConnectionString(const SqlLogin& login);
/// The same for the first of several servers, by port, that can be reached, or that is primary. `login.port` does not count.
enum class Wanted { kAny, kPrimary };
std::string ConnectionString(const SqlLogin& login, const std::vector<int>& ports, Wanted wanted);
/// Runs a statement with psql; the answer without headers. Errors: UNAVAILABLE.
Result<std::string> RunSql(const Context& context, const std::string& connection, const std::string& sql);

}  // namespace pbfs::local
