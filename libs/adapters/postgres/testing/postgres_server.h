#pragma once

#include <memory>
#include <string>

#include "libs/base/result.h"
#include "libs/base/testing/child_process.h"

namespace pbfs::postgres {

/// A PostgreSQL of a test's own: its data in a temporary directory, on a free port of 127.0.0.1, fsync on as in
/// production, user `postgres`, database `postgres`. Stopped and removed by its destructor. The first one of a process
/// runs initdb (about a second); later ones copy its directory. If we are root it runs as the system user postgres.
/// The thread that starts a server must live as long as the server. Threads: one.
///
///   auto primary = *PostgresServer::Start({});
///   auto standby = *primary->StartStandby("one");        // streaming, asynchronous
///   primary->SetSynchronousStandbys("one");              // from now on a commit waits for it
///   Connect(primary->Dsn());
class PostgresServer {
 public:
  struct Options {
    std::string settings;  // more lines of postgresql.conf
    std::string password;  // not empty: connections must show it (scram-sha-256)
  };
  /// Errors: NOT_FOUND PostgreSQL 15's programs are not installed; INTERNAL with the end of the server's log.
  static Result<std::unique_ptr<PostgresServer>> Start(const Options& options);
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// A copy of this server by pg_basebackup that streams from it under `name`. Read-only until promoted.
  Result<std::unique_ptr<PostgresServer>> StartStandby(const std::string& name);
  /// `names` as in synchronous_standby_names ("one", "ANY 1 (a, b)", "" for none); returns when it is in force and, unless
  /// empty, a standby is synchronous.
  Status SetSynchronousStandbys(const std::string& names);

  /// Fast shutdown; the data stays.
  Status Stop();
  /// SIGKILL to the postmaster, as a crash of the machine would.
  void Kill9();
  /// SIGSTOP / SIGCONT to every process of this server: it hangs, connections stay open.
  void Freeze();
  void Thaw();
  /// Starts it again after Stop or Kill9, on the same port.
  Status Restart();
  /// Makes a standby a primary.
  Status Promote();

  /// CPU seconds that the server and all its processes, ended ones included, have used.
  double CpuSeconds() const;

  int port() const { return port_; }
  /// "host=127.0.0.1 port=... user=postgres dbname=postgres", with the password if there is one.
  std::string Dsn(const std::string& database = "postgres") const;
  /// One DSN that names several servers, for target_session_attrs.
  static std::string Dsn(const PostgresServer& first, const PostgresServer& second, const std::string& database);
  /// Runs SQL through psql and returns its unaligned output. For set-up; not a part of what is tested.
  Result<std::string> Psql(const std::string& sql, const std::string& database = "postgres") const;
  /// Creates an empty database and returns its DSN.
  Result<std::string> CreateDatabase(const std::string& name) const;
  const std::string& directory() const { return directory_; }

 private:
  PostgresServer() = default;
  Status Launch();
  Status AwaitReady();
  Status WriteSettings(const Options& options) const;
  std::string data() const { return directory_ + "/data"; }
  std::string log() const { return directory_ + "/log"; }

  std::string directory_;
  std::string password_;
  int port_ = 0;
  ChildProcess process_;
};

}  // namespace pbfs::postgres
