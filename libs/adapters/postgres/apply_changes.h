#pragma once

#include "libs/adapters/postgres/bucket_cache.h"
#include "libs/adapters/postgres/connection.h"
#include "libs/adapters/postgres/lock_and_load.h"
#include "libs/catalog/decide.h"

namespace pbfs::postgres {

/// Queues step (d): what Decide changed, one set-based statement a table, and the deletion of rows of `batch` that were
/// inserted only to be locked. The caller commits.
void QueueChanges(Connection& connection, const RowChanges& changes, const LockedBatch& batch, BucketCache& buckets);

/// Nothing to apply, and nothing to delete?
bool IsEmpty(const RowChanges& changes);

/// Queues the removal of a rehome's covered sources; with history as past rows.
void QueueRemoval(Connection& connection, ObjectId object, const std::vector<Extent>& removed, bool history, Hlc gone,
                  Hlc gone_span);

}  // namespace pbfs::postgres
