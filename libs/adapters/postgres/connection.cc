#include "libs/adapters/postgres/connection.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <poll.h>

namespace pbfs::postgres {
namespace {

struct CodeOf {
  const char* prefix;
  StatusCode code;
  const char* advice;
};
// By SQLSTATE, the longest prefix first.
constexpr CodeOf kCodes[] = {
    {"40P01", StatusCode::kAborted, "deadlock"},
    {"40001", StatusCode::kUnavailable, "this standby gave up a read that was in the way of its replay"},
    {"57014", StatusCode::kDeadlineExceeded, "statement timeout"},
    {"55P03", StatusCode::kUnavailable, "a lock stayed taken"},
    {"25006", StatusCode::kUnavailable, "this server is read-only: a standby, or default_transaction_read_only is on"},
    {"25P03", StatusCode::kUnavailable, "idle transaction timeout"},
    {"22021", StatusCode::kInvalidArgument, "text must be UTF-8 without NUL characters"},
    {"23505", StatusCode::kAlreadyExists, "unique violation"},
    {"3F000", StatusCode::kFailedPrecondition, "no schema in this database: run `pbfs-catalog migrate`"},
    {"42P01", StatusCode::kFailedPrecondition, "no schema in this database: run `pbfs-catalog migrate`"},
    {"42883", StatusCode::kFailedPrecondition, "no schema in this database: run `pbfs-catalog migrate`"},
    {"PB025", StatusCode::kFailedPrecondition,
     "this server was promoted: nothing is destroyed before it is known that it has every acknowledged commit; if so, "
     "run `pbfs-catalog thaw`"},
    {"53100", StatusCode::kResourceExhausted, "the disk of PostgreSQL is full"},
    {"53", StatusCode::kResourceExhausted, "PostgreSQL is short of resources"},
    {"57", StatusCode::kUnavailable, "PostgreSQL is starting, stopping or was told to end this session"},
    {"08", StatusCode::kUnavailable, "connection"},
    {"XX", StatusCode::kInternal, "PostgreSQL"},
};

std::string Trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

const char* Field(const PGresult* result, int code) {
  const char* value = PQresultErrorField(result, code);
  return value != nullptr ? value : "";
}

Status StatusOf(const PGresult* result, std::string_view statement) {
  const std::string state = Field(result, PG_DIAG_SQLSTATE);
  const std::string message = Field(result, PG_DIAG_MESSAGE_PRIMARY);
  for (const CodeOf& entry : kCodes) {
    if (state.rfind(entry.prefix, 0) != 0) continue;
    return Status(entry.code, fmt::format("{} ({}: {})", entry.advice, statement, message))
        .WithDetail("sqlstate", state);
  }
  return InternalError(fmt::format("PostgreSQL refuses {}: {} ({})", statement, message, state))
      .WithDetail("sqlstate", state);
}

// Plans must not depend on statistics: a table that holds one big object at ANALYZE makes the overlap query nine times
// slower. So nested loops over indexes always, and one generic plan for each statement.
std::string SessionSettings(const Connection::Options& options) {
  return fmt::format(
      "SET search_path = pbfs; SET jit = off; SET default_transaction_isolation = 'read committed'; "
      "SET statement_timeout = {}; SET idle_in_transaction_session_timeout = '20s'; SET lock_timeout = '5s'; "
      "SET client_connection_check_interval = '1s'; SET plan_cache_mode = force_generic_plan; "
      "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; "
      "SET client_min_messages = warning",
      std::chrono::duration_cast<std::chrono::milliseconds>(options.statement_timeout).count());
}

}  // namespace

const Statement kBegin{"begin", "BEGIN"};
const Statement kBeginSnapshot{"begin_snapshot", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"};
const Statement kCommit{"commit", "COMMIT"};

bool OutcomeUnknown(const Status& status) { return status.Detail("outcome") == "unknown"; }

Result<std::unique_ptr<Connection>> Connection::Open(const std::string& dsn, const Options& options) {
  char* reason = nullptr;
  PQconninfoOption* parsed = PQconninfoParse(dsn.c_str(), &reason);
  PQfreemem(reason);  // not shown: it may quote a piece of the password
  if (parsed == nullptr)
    return InvalidArgumentError("the DSN of PostgreSQL is malformed: write it as key=value pairs or as a URI");
  PQconninfoFree(parsed);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options.connect_timeout).count();
  const std::string timeout = std::to_string(std::max<int64_t>(seconds, 2));
  const char* keys[] = {"fallback_application_name", "connect_timeout", "keepalives_idle",
                        "tcp_user_timeout",          "dbname",          nullptr};
  const char* values[] = {options.application_name.c_str(), timeout.c_str(), "10", "30000", dsn.c_str(), nullptr};
  std::unique_ptr<Connection> self(new Connection(PQconnectdbParams(keys, values, 1)));
  PGconn* connection = self->connection_.get();
  if (PQstatus(connection) != CONNECTION_OK)
    return UnavailableError("no connection to PostgreSQL: " + self->LastMessage());
  PQsetNoticeReceiver(connection, &Connection::OnNotice, self.get());
  PQsetnonblocking(connection, 1);
  PBFS_RETURN_IF_ERROR(self->RunScript(Context::WithTimeout(options.connect_timeout), SessionSettings(options)));
  if (PQenterPipelineMode(connection) != 1) return InternalError("libpq refuses pipeline mode");
  return self;
}

bool Connection::is_standby() const {
  const char* value = PQparameterStatus(connection_.get(), "in_hot_standby");
  return value != nullptr && std::strcmp(value, "on") == 0;
}

std::string Connection::LastMessage() const { return Trimmed(PQerrorMessage(connection_.get())); }

void Connection::OnNotice(void* self, const PGresult* notice) {
  if (std::strcmp(Field(notice, PG_DIAG_SEVERITY_NONLOCALIZED), "WARNING") != 0) return;
  static_cast<Connection*>(self)->warning_ = Field(notice, PG_DIAG_MESSAGE_PRIMARY);
}

Status Connection::Break(Status why) {
  broken_ = true;
  pending_.clear();
  return why;
}

Status Connection::Prepare(const Statement& statement) {
  if (prepared_.count(statement.name) != 0) return OkStatus();
  if (PQsendPrepare(connection_.get(), std::string(statement.name).c_str(), std::string(statement.text).c_str(), 0,
                    nullptr) != 1)
    return UnavailableError("connection to PostgreSQL lost: " + LastMessage());
  prepared_.insert(statement.name);
  pending_.push_back({true, statement.name});
  return OkStatus();
}

void Connection::Queue(const Statement& statement, const Params& params) {
  if (queue_error_.ok())
    queue_error_ = broken_ ? UnavailableError("connection to PostgreSQL lost") : Prepare(statement);
  if (!queue_error_.ok()) return;
  std::vector<const char*> values;
  std::vector<int> lengths;
  for (const auto& value : params.values()) {
    values.push_back(value.has_value() ? reinterpret_cast<const char*>(
                                             value->empty() ? reinterpret_cast<const uint8_t*>("") : value->data())
                                       : nullptr);
    lengths.push_back(value.has_value() ? static_cast<int>(value->size()) : 0);
  }
  const std::vector<int> formats(values.size(), 1);
  const int sent =
      PQsendQueryPrepared(connection_.get(), std::string(statement.name).c_str(), static_cast<int>(values.size()),
                          values.data(), lengths.data(), formats.data(), 1);
  if (sent != 1) queue_error_ = UnavailableError("connection to PostgreSQL lost: " + LastMessage());
  pending_.push_back({false, statement.name});
}

Result<std::vector<Rows>> Connection::Run(const Context& context) {
  warning_.clear();
  const Status queued = std::exchange(queue_error_, OkStatus());
  if (!queued.ok()) return Break(queued);
  if (PQpipelineSync(connection_.get()) != 1)
    return Break(UnavailableError("connection to PostgreSQL lost: " + LastMessage()));
  std::vector<Rows> rows;
  const Status drained = Drain(context, rows);
  pending_.clear();
  if (!drained.ok()) return drained;
  return rows;
}

// Reads the result of everything that is pending, and of the sync behind it. In pipeline mode each statement's results end
// with a null; after an error the server skips what follows, and libpq says PGRES_PIPELINE_ABORTED for it.
Status Connection::Drain(const Context& context, std::vector<Rows>& rows) {
  Status first_error;
  for (const Pending& statement : pending_) {
    PBFS_ASSIGN_OR_RETURN(PGresult* const result, NextResult(context));
    const ExecStatusType state = PQresultStatus(result);
    const bool good = state == PGRES_COMMAND_OK || state == PGRES_TUPLES_OK;
    if (!good && statement.prepare) prepared_.erase(statement.name);
    if (!good && state != PGRES_PIPELINE_ABORTED && first_error.ok()) first_error = StatusOf(result, statement.name);
    if (good && !statement.prepare)
      rows.emplace_back(result);
    else
      PQclear(result);
    PBFS_ASSIGN_OR_RETURN(PGresult* const end, NextResult(context));
    PBFS_CHECK(end == nullptr, "a statement returned more than one result");
  }
  PBFS_ASSIGN_OR_RETURN(PGresult* const sync, NextResult(context));
  const bool synced = PQresultStatus(sync) == PGRES_PIPELINE_SYNC;
  PQclear(sync);
  if (!synced) return Break(UnavailableError("connection to PostgreSQL lost: " + LastMessage()));
  // The server may say why it is about to close the connection (57P01) as an error of a statement.
  if (PQstatus(connection_.get()) != CONNECTION_OK)
    return Break(first_error.ok() ? UnavailableError("connection to PostgreSQL lost") : first_error);
  return first_error;
}

Result<PGresult*> Connection::NextResult(const Context& context) {
  while (PQisBusy(connection_.get()) != 0) {
    const int unsent = PQflush(connection_.get());
    PBFS_RETURN_IF_ERROR(AwaitSocket(context, unsent > 0 ? POLLIN | POLLOUT : POLLIN));
    if (PQconsumeInput(connection_.get()) != 1)
      return Break(UnavailableError("connection to PostgreSQL lost: " + LastMessage()));
  }
  PGresult* result = PQgetResult(connection_.get());
  if (PQstatus(connection_.get()) == CONNECTION_BAD) {
    Status why = result != nullptr && *Field(result, PG_DIAG_SQLSTATE) != '\0'
                     ? StatusOf(result, "this session")
                     : UnavailableError("connection to PostgreSQL lost: " + LastMessage());
    PQclear(result);
    if (!IsRetryable(why)) why = UnavailableError(why.message());
    return Break(why);
  }
  return result;
}

Status Connection::AwaitSocket(const Context& context, short events) {
  while (true) {
    const Status wanted = context.Check();
    if (!wanted.ok()) return Break(wanted);
    int64_t wait_ms = 100;  // a cancelled context is noticed this late
    if (context.deadline() != MonotonicTime::max()) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(context.deadline() - MonotonicNow()).count();
      wait_ms = std::clamp<int64_t>(left + 1, 0, wait_ms);
    }
    pollfd descriptor{PQsocket(connection_.get()), events, 0};
    const int ready = poll(&descriptor, 1, static_cast<int>(wait_ms));
    if (ready > 0) return OkStatus();
    if (ready < 0 && errno != EINTR) return Break(UnavailableError("poll failed"));
  }
}

Status Connection::RunScript(const Context& context, const std::string& sql) {
  const bool pipelined = PQpipelineStatus(connection_.get()) != PQ_PIPELINE_OFF;
  if (pipelined && PQexitPipelineMode(connection_.get()) != 1)
    return Break(UnavailableError("connection to PostgreSQL lost"));
  if (PQsendQuery(connection_.get(), sql.c_str()) != 1)
    return Break(UnavailableError("connection to PostgreSQL lost: " + LastMessage()));
  Status first_error;
  while (true) {
    PBFS_ASSIGN_OR_RETURN(PGresult* const result, NextResult(context));
    if (result == nullptr) break;
    if (PQresultStatus(result) == PGRES_FATAL_ERROR && first_error.ok()) first_error = StatusOf(result, "a script");
    PQclear(result);
  }
  if (pipelined && PQenterPipelineMode(connection_.get()) != 1)
    return Break(UnavailableError("connection to PostgreSQL lost"));
  return first_error;
}

Status Connection::Commit(const Context& context) {
  Queue(kCommit);
  const bool sent = queue_error_.ok();
  const auto unknown = [](const Status& why) {
    return UnavailableError("the outcome of the commit is unknown, send it again with the same ids: " + why.message())
        .WithDetail("outcome", "unknown");
  };
  const Result<std::vector<Rows>> results = Run(context);
  if (!results.ok()) return sent && broken_ ? unknown(results.status()) : results.status();
  // A commit that stopped waiting for its synchronous standby is only a warning: it is not acknowledged (format, section 7).
  if (!warning_.empty()) return unknown(UnavailableError(warning_));
  if (results->back().command() == "COMMIT") return OkStatus();
  return InternalError("PostgreSQL answered COMMIT with " + results->back().command());
}

void Connection::Rollback() {
  if (broken_) return;
  if (!pending_.empty() || !queue_error_.ok()) {
    (void)Break(OkStatus());  // half a message may be on its way
    return;
  }
  if (idle()) return;
  static const Statement kRollback{"rollback", "ROLLBACK"};
  Queue(kRollback);
  if (!Run(Context::WithTimeout(std::chrono::seconds(5))).ok()) broken_ = true;
}

}  // namespace pbfs::postgres
