#pragma once

#include "libs/adapters/postgres/batch_caches.h"
#include "libs/adapters/postgres/bucket_cache.h"
#include "libs/adapters/postgres/commit_transactor.h"
#include "libs/adapters/postgres/confirmations.h"
#include "libs/adapters/postgres/postgres_catalog.h"
#include "libs/adapters/postgres/sessions.h"

namespace pbfs {

/// What PostgresCatalog is made of.
struct PostgresCatalog::Parts {
  explicit Parts(const PostgresOptions& options);

  postgres::SessionPool local;            // reads, beside this process
  postgres::SessionPool primary;          // what must be fresh, and changes outside of batches
  postgres::Confirmations confirmations;  // that the primary is it
  postgres::SessionPool lanes;            // a connection for each lane of the batcher
  postgres::BucketCache buckets;
  postgres::BatchCaches caches;
  postgres::PostgresTransactor transactor;
  postgres::Rehomes rehomes;
  CommitBatcher batcher;
};

namespace postgres {

/// Reads from the local server if that can be trusted for it, else from the primary: `read` runs on a connection with a
/// snapshot open and sets `stale` if the answer does not reach what the caller has seen. A standby gets `patience` to catch up;
/// NOT_FOUND from one, or a local server that is away, goes to the primary at once. A primary that has not seen what the caller
/// has may have been replaced without knowing it: it answers only if its standbys confirm that it is the primary.
template <typename T>
Result<T> ReadFresh(SessionPool& local, SessionPool& primary, const Context& context, Duration patience,
                    const std::function<Result<T>(Connection&, bool& stale)>& read) {
  const auto run = [&](SessionPool& pool, bool& stale, bool& standby) -> Result<T> {
    PBFS_ASSIGN_OR_RETURN(const SessionPool::Lease connection, pool.Take(context));
    connection->Queue(kBeginSnapshot);
    standby = connection->is_standby();
    Result<T> answer = read(*connection, stale);
    if (stale && &pool == &primary) PBFS_RETURN_IF_ERROR(ConfirmPrimary(*connection, context));
    return answer;
  };
  const MonotonicTime until = MonotonicNow() + patience;
  while (true) {
    bool stale = false, standby = false;
    Result<T> answer = run(local, stale, standby);
    if (!answer.ok() && answer.status().code() == StatusCode::kUnavailable) break;
    const bool unsure = standby && !answer.ok() && answer.status().code() == StatusCode::kNotFound;
    if (!stale && !unsure) return answer;
    if (!stale || !standby || MonotonicNow() >= until) break;
    SleepFor(std::chrono::milliseconds(5));  // bounded by `patience`
  }
  bool stale = false, standby = false;
  return run(primary, stale, standby);
}

/// Reads of the primary, which its standbys have confirmed to be it after the answer: whatever the answer shows is on them, and nobody
/// had taken its place when it was asked. Of those who wait for that at once one confirms for all, and the connections of the others
/// are free meanwhile; his may not end with his own patience.
template <typename T>
Result<T> ReadNewest(SessionPool& primary, Confirmations& confirmations, const Context& context,
                     const std::function<Result<T>(Connection&)>& read) {
  PBFS_ASSIGN_OR_RETURN(SessionPool::Lease taken, primary.Take(context));
  std::optional<SessionPool::Lease> connection(std::move(taken));
  const std::string server = (*connection)->server();
  (*connection)->Queue(kBeginSnapshot);
  Result<T> answer = read(**connection);
  PBFS_RETURN_IF_ERROR(confirmations.Await(
      context, server, [&] { return ConfirmPrimary(**connection, Context()); }, [&] { connection.reset(); }));
  return answer;
}

}  // namespace postgres
}  // namespace pbfs
