#pragma once

#include "libs/adapters/postgres/batch_caches.h"
#include "libs/adapters/postgres/sessions.h"
#include "libs/catalog/commit_batcher.h"
#include "libs/catalog/decide.h"

namespace pbfs::postgres {

/// Runs a batch of Commits as one transaction on the primary: lock and load, Decide, apply and COMMIT: two round trips
/// (format, section 9.1). A deadlock runs the batch again; a batch that fails otherwise is halved until the Commit that
/// PostgreSQL refuses stands alone. Threads: as many at once as the pool has connections.
class PostgresTransactor final : public CommitTransactor {
 public:
  /// `patience`: how long a batch may take, its wait for the synchronous standby included, which no timeout of the server
  /// bounds; then its outcome is unknown.
  PostgresTransactor(SessionPool& primary, BatchCaches& caches, Duration patience)
      : primary_(primary), caches_(caches), patience_(patience) {}
  std::vector<Answer> Run(std::span<const ParsedCommit* const> batch, bool wait_for_locks) override;

 private:
  using Batch = std::span<const ParsedCommit* const>;
  Status RunOnce(Batch batch, bool wait_for_locks, bool look, std::vector<Answer>& answers);
  Status RunAgainAfterDeadlock(Batch batch, bool wait_for_locks, std::vector<Answer>& answers);

  SessionPool& primary_;
  BatchCaches& caches_;
  const Duration patience_;
};

/// A REHOME: one transaction stores the runs, then each page of 256 sources goes in one of its own. A repeat that finds the
/// runs stored goes on with the sources. No writer of the region is held off, for the head of the region is not locked: what
/// covers a source can only grow meanwhile (whoever takes a cover away has put a greater one over it), and no order of the
/// region ever falls. Only two rehomes could take each other's runs for cover: their pages take turns (docs/adr/0010).
class Rehomes {
 public:
  Rehomes(SessionPool& primary, BatchCaches& caches) : primary_(primary), caches_(caches) {}
  /// Errors: of Transact. An unknown outcome of a later page leaves sources behind; a repeat takes them.
  Result<CommitReply> Rehome(const Context& context, const ParsedCommit& commit);

 private:
  Status StoreRuns(const Context& context, const ParsedCommit& commit, CommitReply& reply);
  Status RemovePage(const Context& context, const ParsedCommit& commit, std::span<const RehomeSource> page,
                    CommitReply& reply);

  SessionPool& primary_;
  BatchCaches& caches_;
};

}  // namespace pbfs::postgres
