#pragma once

#include <functional>
#include <span>
#include <vector>

#include "libs/base/context.h"
#include "libs/base/result.h"
#include "libs/catalog/types.h"

/// The catalog's ports. One catalog is all of them over one state; each has a contract suite (*_contract.h) that the
/// in-memory twin (memory_catalog.h), the PostgreSQL adapter and the gRPC client pass.
/// Threads: any method from any thread. Blocking, bounded by context.deadline. Errors common to all: UNAVAILABLE (no
/// database, or the outcome is unknown), DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED (too many callers: detail retry-after-ms),
/// PERMISSION_DENIED and UNAUTHENTICATED over the wire.
namespace pbfs {

/// What became of one Commit of several.
struct CommitOutcome {
  size_t index = 0;  // of the request
  Result<CommitReply> reply;
};
using CommitsDone = std::function<void(std::span<const CommitOutcome> outcomes)>;

class Commits {
 public:
  virtual ~Commits() = default;
  /// Decides one Commit in one transaction; durable on the synchronous standbys when it returns kOk or kReplay. Refusals are
  /// codes of the reply, not errors. Sending the same request again is harmless: it gives kReplay. After UNAVAILABLE or
  /// DEADLINE_EXCEEDED the outcome is unknown: send the same request again, never one with new ids.
  /// Errors: INVALID_ARGUMENT a record that does not decode, too many ops, a receipt that does not verify, too few receipts;
  /// NOT_FOUND unknown bucket.
  virtual Result<CommitReply> Commit(const Context& context, const CommitRequest& request) = 0;

  /// Several Commits that have nothing to do with each other, each decided and answered as by Commit. `done` is told each
  /// outcome once, as soon as it is known, with others that are known by then; from this thread, and all of them before this
  /// returns. Cheap where they share a transaction or a message; here it is one after another.
  virtual void CommitEach(const Context& context, std::span<const CommitRequest> requests, const CommitsDone& done) {
    for (size_t i = 0; i < requests.size(); ++i) {
      const CommitOutcome outcome{i, Commit(context, requests[i])};
      done({&outcome, 1});
    }
  }
};

class Lists {
 public:
  virtual ~Lists() = default;
  /// The extents of a range, from one snapshot that has seen min_hlc.
  /// Errors: NOT_FOUND unknown bucket or object (or reaped); INVALID_ARGUMENT range; OUT_OF_RANGE with detail pbfs-code
  /// HISTORY_EXPIRED if as_of lies before the bucket's history.
  virtual Result<ListReply> List(const Context& context, const ListRequest& request) = 0;
  /// Errors: NOT_FOUND.
  virtual Result<ObjectInfo> Stat(const Context& context, BucketId bucket, ObjectId object) = 0;
  /// The ops of an object, newest first.
  virtual Result<std::vector<OpEntry>> History(const Context& context, const HistoryRequest& request) = 0;
};

class Names {
 public:
  virtual ~Names() = default;
  /// The value of a name. Errors: NOT_FOUND if it was never bound or is unbound; OUT_OF_RANGE HISTORY_EXPIRED.
  virtual Result<NameEntry> Resolve(const Context& context, const NameQuery& query) = 0;
  virtual Result<ListNamesReply> ListNames(const Context& context, const ListNamesRequest& request) = 0;
  /// Every remembered value of a name, newest first, the current one included.
  virtual Result<std::vector<NameEntry>> NameHistory(const Context& context, BucketId bucket,
                                                     const std::string& name) = 0;
};

class Buckets {
 public:
  virtual ~Buckets() = default;
  /// Errors: ALREADY_EXISTS the name or id, unless everything is equal (so a repeat is harmless); INVALID_ARGUMENT settings.
  virtual Status CreateBucket(const Context& context, const BucketInfo& bucket) = 0;
  /// Errors: NOT_FOUND.
  virtual Result<BucketInfo> FindBucket(const Context& context, const std::string& name) = 0;
  virtual Result<std::vector<BucketInfo>> ListBuckets(const Context& context) = 0;
  /// Replaces the keyring if its version is still `expected_version`. Errors: ABORTED otherwise, NOT_FOUND.
  virtual Status SetKeyring(const Context& context, BucketId bucket, int64_t expected_version,
                            const Buffer& keyring) = 0;
  /// Errors: NOT_FOUND; FAILED_PRECONDITION while it has bound names.
  virtual Status DeleteBucket(const Context& context, BucketId bucket) = 0;
};

class Groups {
 public:
  virtual ~Groups() = default;
  /// Blocks until the map's version exceeds `newer_than` or the deadline comes (then DEADLINE_EXCEEDED); newer_than = -1
  /// answers at once.
  virtual Result<ClusterMap> WatchMap(const Context& context, int64_t newer_than) = 0;
  /// Inserts or changes a store, and recomputes the placement groups by rendezvous where the set of eligible stores or a
  /// weight or domain changed (new version; members that were not in the group before are BACKFILL unless the group was
  /// empty). Idempotent.
  virtual Status PutStore(const Context& context, const StoreInfo& store) = 0;
};

class Journal {
 public:
  virtual ~Journal() = default;
  /// Entries after `after`, in order, below the horizon of running transactions (I23); whole (xid, part) units.
  virtual Result<std::vector<JournalEntry>> ReadJournal(const Context& context, JournalPosition after,
                                                        int32_t limit) = 0;
  /// Raises the site's floor to now - 60 s and journals it (I13); durable on return. Returns the floor.
  virtual Result<Hlc> AdvanceFloor(const Context& context) = 0;
};

/// All ports of one catalog, for those who pass them on together.
struct Catalog {
  Commits& commits;
  Lists& lists;
  Names& names;
  Buckets& buckets;
  Groups& groups;
  Journal& journal;
};

}  // namespace pbfs
