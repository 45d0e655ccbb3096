#include "libs/adapters/postgres/postgres_timelines.h"

#include "libs/adapters/postgres/embedded_sql.h"
#include "libs/adapters/postgres/sessions.h"

namespace pbfs {

using postgres::Connection;
using postgres::Params;
using postgres::Rows;
using postgres::SessionPool;

struct PostgresTimelines::Parts {
  explicit Parts(SessionPool::Options options) : primary(std::move(options)) {}
  SessionPool primary;
};

PostgresTimelines::PostgresTimelines(const PostgresOptions& options) {
  SessionPool::Options pool;
  pool.dsn = options.primary_dsn.empty() ? options.local_dsn : options.primary_dsn;
  pool.access = SessionPool::Access::kWrite;
  pool.connections = 1;
  pool.connection = {"pbfs-catalog timelines", options.statement_timeout, options.connect_timeout};
  parts_ = std::make_unique<Parts>(std::move(pool));
}

PostgresTimelines::~PostgresTimelines() = default;

Result<Timelines::State> PostgresTimelines::Load(const Context& context) {
  State state;
  PBFS_RETURN_IF_ERROR(postgres::Transact(parts_->primary, context, [&](Connection& connection) -> Status {
    connection.Queue(postgres::kLoadTimeline);
    connection.Queue(postgres::kEmitMessage);  // the COMMIT waits for the standby, and with it for all before
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    const Rows& rows = results[1];  // behind BEGIN
    state.thawed = static_cast<int32_t>(rows.Int4(0, 0));
    state.now = {rows.Text(0, 2), static_cast<int32_t>(rows.Int4(0, 1)), rows.Int8(0, 3)};
    return OkStatus();
  }));
  return state;
}

Status PostgresTimelines::Thaw(const Context& context, int32_t from, int32_t to) {
  return postgres::Transact(parts_->primary, context, [&](Connection& connection) -> Status {
    connection.Queue(postgres::kThawTimeline, Params().Int4(from).Int4(to));
    connection.Queue(postgres::kEmitMessage);
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    return results[1].Bool(0, 0) ? OkStatus() : AbortedError("the timeline changed meanwhile");
  });
}

}  // namespace pbfs
