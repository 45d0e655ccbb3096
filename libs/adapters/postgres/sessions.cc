#include "libs/adapters/postgres/sessions.h"

#include <algorithm>

#include <fmt/format.h>

#include "libs/adapters/postgres/embedded_sql.h"
#include "libs/adapters/postgres/migrations.h"

namespace pbfs::postgres {
namespace {

constexpr Duration kFirstBackOff = std::chrono::milliseconds(100);
constexpr Duration kGreatestBackOff = std::chrono::seconds(2);
constexpr int kDeadlockAttempts = 5;
constexpr Duration kProofPatience = std::chrono::seconds(2);

}  // namespace

Result<SessionPool::Lease> SessionPool::Take(const Context& context) {
  std::unique_ptr<Connection> connection;
  PBFS_RETURN_IF_ERROR(AwaitSlot(context, connection));
  if (connection == nullptr) {
    Result<std::unique_ptr<Connection>> opened = Open();
    if (!opened.ok()) {
      FreeSlot();
      return NoteFailure(opened.status());
    }
    connection = *std::move(opened);
    MutexLock lock(mutex_);
    back_off_ = Duration{};
    not_before_ = MonotonicTime{};
  }
  return Lease(*this, std::move(connection));
}

Status SessionPool::AwaitSlot(const Context& context, std::unique_ptr<Connection>& idle) {
  MutexLock lock(mutex_);
  if (taken_ >= options_.connections && waiting_ >= options_.queue_limit)
    return ResourceExhaustedError("too many callers wait for a database connection").WithDetail("retry-after-ms", "50");
  ++waiting_;
  while (taken_ >= options_.connections) {
    const bool in_time =
        free_.WaitUntil(mutex_, std::min(context.deadline(), MonotonicNow() + std::chrono::seconds(1)));
    const Status wanted = in_time ? OkStatus() : context.Check();
    if (wanted.ok()) continue;
    --waiting_;
    return wanted;
  }
  --waiting_;
  if (idle_.empty() && MonotonicNow() < not_before_) {
    free_.NotifyOne();  // this wake was for a slot that stays free
    return last_failure_;
  }
  ++taken_;
  if (idle_.empty()) return OkStatus();
  idle = std::move(idle_.back());
  idle_.pop_back();
  return OkStatus();
}

Result<std::unique_ptr<Connection>> SessionPool::Open() {
  std::string dsn = options_.dsn;
  if (options_.access == Access::kWrite && dsn.find("target_session_attrs") == std::string::npos) {
    const bool is_uri = dsn.find("://") != std::string::npos;
    dsn += is_uri ? (dsn.find('?') == std::string::npos ? "?" : "&") : " ";
    dsn += "target_session_attrs=read-write";
  }
  PBFS_ASSIGN_OR_RETURN(auto connection, Connection::Open(dsn, options_.connection));
  if (!options_.check_schema) return connection;
  const Context context = Context::WithTimeout(options_.connection.connect_timeout);
  PBFS_RETURN_IF_ERROR(CheckSchemaVersion(*connection, context));
  if (options_.access == Access::kWrite) {
    connection->Queue(kLoadServer);
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> rows, connection->Run(context));
    connection->set_server(rows[0].Text(0, 0));
  }
  return connection;
}

Status SessionPool::NoteFailure(Status why) {
  MutexLock lock(mutex_);
  back_off_ = std::clamp(2 * back_off_, kFirstBackOff, kGreatestBackOff);
  not_before_ = MonotonicNow() + back_off_;
  last_failure_ = why;
  // Connections that were idle are to the same place: what broke one has most likely broken them.
  idle_.clear();
  return why;
}

void SessionPool::FreeSlot() {
  MutexLock lock(mutex_);
  --taken_;
  free_.NotifyOne();
}

void SessionPool::GiveBack(std::unique_ptr<Connection> connection) {
  connection->Rollback();
  const bool keep = connection->idle();
  MutexLock lock(mutex_);
  if (keep) {
    idle_.push_back(std::move(connection));
  } else if (connection->broken()) {
    idle_.clear();  // a restart or a failover broke them all; those that live are opened again in milliseconds
  }
  --taken_;
  free_.NotifyOne();
}

Status Transact(SessionPool& pool, const Context& context, const std::function<Status(Connection&)>& work) {
  for (int attempt = 1;; ++attempt) {
    PBFS_ASSIGN_OR_RETURN(const SessionPool::Lease connection, pool.Take(context));
    connection->Queue(kBegin);
    Status done = work(*connection);
    if (done.ok()) done = connection->Commit(context);
    if (done.Detail("sqlstate") != "40P01" || attempt == kDeadlockAttempts) return done;
  }
}

Status ReadSnapshot(SessionPool& pool, const Context& context, const std::function<Status(Connection&)>& work) {
  PBFS_ASSIGN_OR_RETURN(const SessionPool::Lease connection, pool.Take(context));
  connection->Queue(kBeginSnapshot);
  return work(*connection);  // the lease rolls back
}

Result<Rows> TransactOne(SessionPool& pool, const Context& context, const Statement& statement, const Params& params) {
  Rows rows;
  PBFS_RETURN_IF_ERROR(Transact(pool, context, [&](Connection& connection) -> Status {
    connection.Queue(statement, params);
    connection.Queue(kEmitMessage);
    PBFS_ASSIGN_OR_RETURN(std::vector<Rows> results, connection.Run(context));
    rows = std::move(results[1]);  // behind BEGIN
    return OkStatus();
  }));
  return rows;
}

Status ConfirmPrimary(Connection& connection, const Context& context) {
  connection.Rollback();
  connection.Queue(kBegin);
  connection.Queue(kEmitMessage);
  const Status confirmed = connection.Commit(context.Within(kProofPatience));
  return confirmed.ok() ? OkStatus()
                        : UnavailableError("this server may be no primary any more: " + confirmed.message());
}

Result<Rows> RunOne(SessionPool& pool, const Context& context, const Statement& statement, const Params& params) {
  PBFS_ASSIGN_OR_RETURN(const SessionPool::Lease connection, pool.Take(context));
  connection->Queue(statement, params);
  PBFS_ASSIGN_OR_RETURN(std::vector<Rows> rows, connection->Run(context));
  return rows[0];
}

}  // namespace pbfs::postgres
