#pragma once

#include <string>

#include "libs/base/context.h"
#include "tools/local/process.h"

/// One PostgreSQL primary and its synchronous standby, over mutual TLS only: no Unix socket, no password. A role logs in
/// with a certificate whose common name is the role.
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
/// Runs a statement with psql; the answer without headers. Errors: UNAVAILABLE.
Result<std::string> RunSql(const Context& context, const SqlLogin& login, const std::string& sql);

}  // namespace pbfs::local
