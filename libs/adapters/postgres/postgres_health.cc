#include "libs/adapters/postgres/postgres_health.h"

#include "libs/adapters/postgres/embedded_sql.h"
#include "libs/adapters/postgres/sessions.h"

namespace pbfs {

using postgres::Rows;
using postgres::SessionPool;

struct PostgresHealth::Parts {
  explicit Parts(SessionPool::Options options) : primary(std::move(options)) {}
  SessionPool primary;
};

PostgresHealth::PostgresHealth(const PostgresOptions& options, const Clock& clock) : clock_(clock) {
  SessionPool::Options pool;
  pool.dsn = options.primary_dsn.empty() ? options.local_dsn : options.primary_dsn;
  pool.access = SessionPool::Access::kWrite;
  pool.connections = 1;
  pool.connection = {"pbfs-catalog health", options.statement_timeout, options.connect_timeout};
  parts_ = std::make_unique<Parts>(std::move(pool));
}

PostgresHealth::~PostgresHealth() = default;

Result<DatabaseHealth> PostgresHealth::Look(const Context& context) {
  const int64_t before_ms = clock_.NowMillis();
  PBFS_ASSIGN_OR_RETURN(const Rows rows, postgres::RunOne(parts_->primary, context, postgres::kDatabaseHealth));
  DatabaseHealth health;
  health.clock_ahead_ms = rows.Int8(0, 0) - (before_ms + clock_.NowMillis()) / 2;
  health.frozen = rows.Bool(0, 1);
  health.synchronous = rows.Bool(0, 2);
  health.oldest_running = static_cast<uint64_t>(rows.Int8(0, 3));
  health.next = static_cast<uint64_t>(rows.Int8(0, 4));
  // What is read needs no standby. This writes, and its COMMIT waits for one.
  health.confirms = postgres::TransactOne(parts_->primary, context, postgres::kEmitMessage).ok();
  return health;
}

}  // namespace pbfs
