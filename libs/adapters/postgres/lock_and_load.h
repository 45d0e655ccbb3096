#pragma once

#include <map>
#include <set>
#include <vector>

#include "libs/adapters/postgres/batch_caches.h"
#include "libs/adapters/postgres/connection.h"
#include "libs/catalog/decide.h"

namespace pbfs::postgres {

/// kTry: take what is free and say what was not, so that a batch does not wait for one hot object. kWait: wait.
enum class LockMode { kTry, kWait };

/// Where a row is: a ctid in its wire form.
using RowPlace = std::array<uint8_t, 6>;

/// Keys whose lock another transaction holds.
struct MissedLocks {
  std::set<ObjectId> objects;
  std::set<ObjectRegion> heads;
  std::set<BodyId> source_bodies;
  std::set<ObjectId> source_objects;
  std::set<NameKey> names;
  std::set<UploadId> uploads;  // or they are gone
  bool None() const;
  /// Does `plan` need any of them?
  bool Touch(const BatchPlan& plan) const;
};

/// A batch after steps (a) and (b): its locks held, what it needs loaded.
struct LockedBatch {
  LoadedState state;
  MissedLocks missed;
  std::map<ObjectRegion, RowPlace> head_places;  // of the locked heads: nobody moves them while we hold them
  // Rows that were inserted only to be locked; those that stay unused are deleted with the changes.
  std::vector<ObjectId> inserted_objects;
  std::vector<ObjectRegion> inserted_heads;
  std::vector<NameKey> inserted_names;
};

/// Locks, then loads, in the transaction that the caller has begun (kBegin may still be queued) and in one round trip; in
/// two after a change of the cluster map. Statement by statement, because a statement neither sees nor locks a row that
/// another transaction inserted after its snapshot. Every bucket of the plan has been looked up in `caches.buckets`.
/// What the schema holds unique and the batch may be inserting again (state.ops and orders, new bodies and encodings) is not
/// loaded: see LoadTaken.
/// Errors: of Connection::Run; ABORTED with detail sqlstate 40P01 (run the transaction again) if a row that was waited for
/// is gone.
Result<LockedBatch> LockAndLoad(Connection& connection, const Context& context, const BatchPlan& plan,
                                BatchCaches& caches, LockMode mode);

/// Adds to `state` what the schema holds unique of the plan's new ids and orders: what Decide needs to tell a replay or a
/// reused id. One round trip in the same transaction, after LockAndLoad. A batch that Decide accepts whole without it needs
/// it only if inserting fails with ALREADY_EXISTS.
Status LoadTaken(Connection& connection, const Context& context, const BatchPlan& plan, LoadedState& state);

}  // namespace pbfs::postgres
