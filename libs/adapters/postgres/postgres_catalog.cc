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
      caches(buckets),
      transactor(lanes, caches, options.statement_timeout + std::chrono::seconds(5)),
      rehomes(primary, caches),
      batcher(transactor, BatcherOf(options)) {}

PostgresCatalog::PostgresCatalog(PostgresOptions options)
    : options_(std::move(options)), parts_(std::make_unique<Parts>(options_)) {}

PostgresCatalog::~PostgresCatalog() = default;

Result<ParsedCommit> PostgresCatalog::Parse(const Context& context, const CommitRequest& request) {
  PBFS_ASSIGN_OR_RETURN(const postgres::CachedBucket bucket, parts_->buckets.Find(context, request.bucket));
  const ParseRules rules{bucket.settings, bucket.default_k, bucket.default_m, options_.verify_receipt};
  return ParseCommit(request, rules);
}

Result<CommitReply> PostgresCatalog::Commit(const Context& context, const CommitRequest& request) {
  std::optional<Result<CommitReply>> reply;
  CommitEach(context, {&request, 1}, [&](std::span<const CommitOutcome> outcomes) { reply = outcomes[0].reply; });
  return *std::move(reply);
}

void PostgresCatalog::CommitEach(const Context& context, std::span<const CommitRequest> requests,
                                 const CommitsDone& done) {
  std::vector<CommitOutcome> refused;
  std::vector<CommitBatcher::Numbered> writes, rehomes;
  for (size_t i = 0; i < requests.size(); ++i) {
    Result<ParsedCommit> commit = Parse(context, requests[i]);
    if (!commit.ok())
      refused.push_back({i, commit.status()});
    else if (commit->refused != CommitCode::kOk)
      refused.push_back({i, CommitReply{commit->refused}});
    else
      (commit->IsRehome() ? rehomes : writes).push_back({i, *std::move(commit)});
  }
  if (!refused.empty()) done(refused);
  parts_->batcher.CommitEach(context, std::move(writes), done);
  for (const auto& [index, commit] : rehomes) {
    const CommitOutcome outcome{index, parts_->rehomes.Rehome(context, commit)};
    done({&outcome, 1});
  }
}

}  // namespace pbfs
