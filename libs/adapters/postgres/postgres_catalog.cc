#include "libs/adapters/postgres/postgres_catalog.h"

#include "libs/adapters/postgres/catalog_parts.h"

namespace pbfs {
namespace {

using postgres::SessionPool;

SessionPool::Options PoolOf(const PostgresOptions& options, SessionPool::Access access, int connections,
                            const char* name) {
  SessionPool::Options pool;
  const bool local = access == SessionPool::Access::kRead || options.primary_dsn.empty();
  pool.dsn = local ? options.local_dsn : options.primary_dsn;
  pool.access = access;
  pool.connections = static_cast<size_t>(connections);
  pool.queue_limit = static_cast<size_t>(options.queue_limit);
  pool.connection = {name, options.statement_timeout, options.connect_timeout};
  return pool;
}

CommitBatcher::Options BatcherOf(const PostgresOptions& options) {
  CommitBatcher::Options batcher = options.batcher;
  batcher.lanes = options.commit_lanes;
  batcher.waiting_lanes = options.waiting_lanes;
  return batcher;
}

}  // namespace

PostgresCatalog::Parts::Parts(const PostgresOptions& options)
    : local(PoolOf(options, SessionPool::Access::kRead, options.read_connections, "pbfs-catalog reads")),
      primary(PoolOf(options, SessionPool::Access::kWrite, options.primary_connections, "pbfs-catalog")),
      lanes(PoolOf(options, SessionPool::Access::kWrite, options.commit_lanes + options.waiting_lanes,
                   "pbfs-catalog commits")),
      buckets(local, primary),
      transactor(lanes, buckets, stores, options.statement_timeout + std::chrono::seconds(5)),
      rehomes(primary, buckets, stores),
      batcher(transactor, BatcherOf(options)) {}

PostgresCatalog::PostgresCatalog(PostgresOptions options)
    : options_(std::move(options)), parts_(std::make_unique<Parts>(options_)) {}

PostgresCatalog::~PostgresCatalog() = default;

Result<CommitReply> PostgresCatalog::Commit(const Context& context, const CommitRequest& request) {
  PBFS_ASSIGN_OR_RETURN(const postgres::CachedBucket bucket, parts_->buckets.Find(context, request.bucket));
  const ParseRules rules{bucket.settings, bucket.default_k, bucket.default_m, options_.verify_receipt};
  PBFS_ASSIGN_OR_RETURN(ParsedCommit commit, ParseCommit(request, rules));
  if (commit.refused != CommitCode::kOk) return CommitReply{commit.refused};
  if (commit.IsRehome()) return parts_->rehomes.Rehome(context, commit);
  return parts_->batcher.Commit(context, std::move(commit));
}

}  // namespace pbfs
