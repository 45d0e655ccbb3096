#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include <libpq-fe.h>

#include "libs/adapters/postgres/params.h"
#include "libs/adapters/postgres/rows.h"
#include "libs/adapters/postgres/statement.h"
#include "libs/base/context.h"
#include "libs/base/result.h"

namespace pbfs::postgres {

/// One connection to a PostgreSQL server. Statements are queued and run together in one round trip (libpq's pipeline mode,
/// which libpqxx does not have): a transaction of a dozen statements costs two. Threads: one at a time.
///
///   connection.Queue(kBegin); connection.Queue(kLoadSite); ...
///   PBFS_ASSIGN_OR_RETURN(auto results, connection.Run(context));   // one Rows for each statement queued
///
/// Errors of Run, by SQLSTATE: ABORTED deadlock; DEADLINE_EXCEEDED statement timeout; UNAVAILABLE connection lost, server
/// starting, stopping, read-only, a lock that stayed taken, or a standby that gave a read up to go on with its replay;
/// RESOURCE_EXHAUSTED disk full or too many connections; ALREADY_EXISTS unique violation; FAILED_PRECONDITION no schema;
/// INTERNAL the rest. The detail sqlstate has the code.
/// After an error the statements behind the failing one have not run, and an open transaction can only be rolled back.
class Connection {
 public:
  struct Options {
    std::string application_name = "pbfs";
    Duration statement_timeout = std::chrono::seconds(20);
    Duration connect_timeout = std::chrono::seconds(5);
  };
  /// Connects and sets what every session of PBFS needs (format, section 7). `dsn` may name several hosts.
  /// Errors: UNAVAILABLE with libpq's reason; INVALID_ARGUMENT the DSN is malformed. Never a word of the DSN's password.
  static Result<std::unique_ptr<Connection>> Open(const std::string& dsn, const Options& options);

  /// Adds a statement to the next Run.
  void Queue(const Statement& statement, const Params& params = {});
  /// Runs what is queued; in order, one result each. If the deadline passes or the caller gives up, the connection is
  /// closed: the server may or may not have run it.
  Result<std::vector<Rows>> Run(const Context& context);
  /// Several statements as one string, without parameters: migrations and settings.
  Status RunScript(const Context& context, const std::string& sql);

  /// Runs what is queued and COMMIT behind it, in one round trip. OK only if the commit is durable as configured.
  /// Errors: as Run, where nothing is committed; with detail outcome=unknown if the connection broke or the wait for a
  /// synchronous standby was cut short: then it may be committed, now or later.
  Status Commit(const Context& context);
  /// Forgets what is queued and ends the transaction without effect; a connection on which that fails is broken.
  void Rollback();

  /// Which server this is (load_server.sql); empty unless whoever opened it found out.
  const std::string& server() const { return server_; }
  void set_server(std::string server) { server_ = std::move(server); }

  /// Does this server replay another one's WAL? Kept up to date by the server.
  bool is_standby() const;
  bool broken() const { return broken_; }
  /// Is a transaction open, or anything else that the next user of this connection must not see?
  bool idle() const { return !broken_ && PQtransactionStatus(connection_.get()) == PQTRANS_IDLE; }

 private:
  struct Pending {
    bool prepare = false;
    std::string_view name;
  };
  explicit Connection(PGconn* connection) : connection_(connection, PQfinish) {}
  static void OnNotice(void* self, const PGresult* notice);
  Status Prepare(const Statement& statement);
  Status Drain(const Context& context, std::vector<Rows>& rows);
  Result<PGresult*> NextResult(const Context& context);
  Status AwaitSocket(const Context& context, short events);
  Status Break(Status why);
  std::string LastMessage() const;

  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
  std::set<std::string_view> prepared_;
  std::vector<Pending> pending_;
  Status queue_error_;
  std::string warning_;  // of the current Run
  std::string server_;
  bool broken_ = false;
};

/// Was the outcome of a Commit left open?
bool OutcomeUnknown(const Status& status);

extern const Statement kBegin;
extern const Statement kBeginSnapshot;  // REPEATABLE READ READ ONLY
extern const Statement kCommit;

}  // namespace pbfs::postgres
