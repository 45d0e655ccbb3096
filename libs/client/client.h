#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/executor.h"
#include "libs/base/random.h"
#include "libs/catalog/catalog.h"
#include "libs/catalog/tokens.h"
#include "libs/client/bucket.h"
#include "libs/client/client_stats.h"
#include "libs/client/streams.h"
#include "libs/fragments/fragment_store.h"

namespace pbfs {

struct ClientOptions {
  int64_t memory_budget = int64_t{256} << 20;  // bytes; bounds all payload buffers, callers wait for it
  int bodies_in_flight = 4;                    // of one stream
  Duration store_patience = std::chrono::seconds(5);    // a store that does not answer for so long is given up for this call
  Duration straggler_patience = std::chrono::milliseconds(50);  // how long to wait for receipts beyond the required ones
  Duration hedge_after = std::chrono::milliseconds(100);  // a read asks a spare shard when a store is slower than that
  Duration bad_store_memory = std::chrono::seconds(10);   // groups with a store that failed are avoided so long
};

/// Everything outside that a client uses. All outlive the client. `tokens` may be null where stores take no tokens.
struct ClientDependencies {
  Catalog catalog;
  Tokens* tokens = nullptr;
  FragmentStores& stores;
  const Clock& clock;
  Random& random;
  Executor& executor;  // seals, opens and uploads bodies side by side
};

/// What was committed.
struct WriteResult {
  ObjectId object;
  OpId op;      // of the first op, of a Put: of its BIND
  Order order;  // of the last op
  int64_t size = 0;  // bytes written
};

/// A name's object as of one moment.
struct NamedObject {
  ObjectId object;
  Order bound;     // order of the binding
  Bytes metadata;  // as the writer gave it
};

/// Bytes for an offset of an object.
struct Piece {
  int64_t offset = 0;
  ByteSpan bytes;  // lives until the call returns
};

/// Conditions of a write, tested in the transaction that commits it.
struct WriteConditions {
  std::optional<Opset> if_opset;         // the object's content is still this version (ObjectInfo::opset)
  std::optional<NameCondition> if_name;  // the name is free, or bound to this object
};

struct ReadOptions {
  std::optional<Hlc> as_of;  // history: the object as of this order (HlcFromMillis(ms) | 0xffff for a time)
};

/// What Verify() says of one fragment.
struct FragmentReport {
  enum class State { kSound, kMissing, kCorrupt, kUnreachable };
  BodyId body;
  FragmentKey key;
  StoreId store;
  State state = State::kSound;
  std::string message;
};
struct VerifyReport {
  std::vector<FragmentReport> fragments;
  int64_t inline_bodies = 0;
};

struct RehomeResult {
  int regions = 0;         // rewritten
  int64_t bytes = 0;       // visible bytes that moved
  int64_t removed = 0;     // extents that went
  int64_t kept = 0;
};

/// Writes and reads objects. Every write is one patch: encrypted and coded here, its fragments spread, then one Commit;
/// readers merge. No server sees a key or plaintext.
///
/// Life cycle: one per process is enough; it keeps a clock, the cluster map, tokens and what it has acknowledged in memory.
/// Threads: any method from any thread; each blocks until done, bounded by context.deadline and ended by Cancel().
/// Durability: a write that returned OK is on w stores' disks and on the catalog's synchronous standbys.
/// Errors of all: UNAVAILABLE (too few stores or no catalog; after it a write is in doubt: it may have happened, whole),
/// DEADLINE_EXCEEDED (the same), CANCELLED, NOT_FOUND (object or bucket), INVALID_ARGUMENT (offsets beyond 2^43, empty
/// writes, names), FAILED_PRECONDITION (a condition failed; a sealed object), ABORTED (lost a race for good), DATA_LOSS
/// (bytes or records that fail their check; the message names object and range).
class Client {
 public:
  Client(ClientOptions options, ClientIdentity identity, ClientDependencies dependencies);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // ---- buckets --------------------------------------------------------------------------------------------------------------
  /// Makes a bucket with fresh keys, sealed to this client. Needs identity.admin_key. Errors: ALREADY_EXISTS.
  Result<BucketPtr> CreateBucket(const Context& context, const BucketSettings& settings);
  /// Errors: NOT_FOUND; PERMISSION_DENIED the keyring is not for this client, or not signed by the pinned administrator.
  Result<BucketPtr> OpenBucket(const Context& context, const std::string& name);
  Result<std::vector<BucketInfo>> ListBuckets(const Context& context);
  Status DeleteBucket(const Context& context, const Bucket& bucket);

  // ---- names ----------------------------------------------------------------------------------------------------------------
  /// Errors: NOT_FOUND. DATA_LOSS a binding that does not verify.
  Result<NamedObject> Resolve(const Context& context, const Bucket& bucket, const std::string& name,
                              std::optional<Hlc> as_of = {});
  Result<ListNamesReply> ListNames(const Context& context, const Bucket& bucket, const std::string& prefix,
                                   const std::string& after, int32_t limit);
  Result<std::vector<NameEntry>> NameHistory(const Context& context, const Bucket& bucket, const std::string& name);
  Result<WriteResult> Bind(const Context& context, const Bucket& bucket, const std::string& name, ObjectId object,
                           ByteSpan metadata = {}, std::optional<NameCondition> condition = {});
  /// Deletes the name; the object goes when nothing names it any more.
  Result<WriteResult> Unbind(const Context& context, const Bucket& bucket, const std::string& name);
  /// UNBIND and BIND in one Commit. Errors: NOT_FOUND.
  Result<WriteResult> Rename(const Context& context, const Bucket& bucket, const std::string& from, const std::string& to);

  // ---- writing --------------------------------------------------------------------------------------------------------------
  /// A new object under `name`: any size, in bounded memory. Nothing is visible before all of it is.
  Result<WriteResult> Put(const Context& context, const Bucket& bucket, const std::string& name, ByteSource& source,
                          ByteSpan metadata = {}, std::optional<NameCondition> condition = {});
  /// One patch: all of `bytes` (up to 64 MiB) at once or not at all.
  Result<WriteResult> Write(const Context& context, const Bucket& bucket, ObjectId object, int64_t offset, ByteSpan bytes,
                            const WriteConditions& conditions = {});
  /// Several patches in one Commit: all or none. At most 64 pieces and 64 MiB together, not overlapping.
  Result<WriteResult> WriteMany(const Context& context, const Bucket& bucket, ObjectId object,
                                const std::vector<Piece>& pieces, const WriteConditions& conditions = {});
  /// A stream from `offset` on, one patch per 64 MiB, each visible when it is committed.
  Result<WriteResult> WriteStream(const Context& context, const Bucket& bucket, ObjectId object, int64_t offset,
                                  ByteSource& source);
  /// Writes at the end; retries a few times if another append came first, then ABORTED. `offset` (if given) gets the place.
  Result<WriteResult> Append(const Context& context, const Bucket& bucket, ObjectId object, ByteSpan bytes,
                             int64_t* offset = nullptr);
  Result<WriteResult> Truncate(const Context& context, const Bucket& bucket, ObjectId object, int64_t size);
  /// Makes [offset, offset + length) zeros, without data.
  Result<WriteResult> Zero(const Context& context, const Bucket& bucket, ObjectId object, int64_t offset, int64_t length);
  Result<WriteResult> Seal(const Context& context, const Bucket& bucket, ObjectId object);
  /// A new object under `name` with the content of `source`: by reference if that is sealed (one row, whatever the size),
  /// else by rows. No data move.
  Result<WriteResult> Clone(const Context& context, const Bucket& bucket, ObjectId source, const std::string& name,
                            ByteSpan metadata = {}, ReadOptions options = {});

  // ---- reading --------------------------------------------------------------------------------------------------------------
  /// Fills `out` from `offset`; returns how many bytes there were (less only at the end of the object).
  Result<int64_t> Read(const Context& context, const Bucket& bucket, ObjectId object, int64_t offset, MutableByteSpan out,
                       const ReadOptions& options = {});
  /// Sends [offset, offset + length) (length -1: to the end) to `sink`; returns the bytes sent.
  Result<int64_t> ReadStream(const Context& context, const Bucket& bucket, ObjectId object, int64_t offset, int64_t length,
                             ByteSink& sink, const ReadOptions& options = {});
  Result<ObjectInfo> Stat(const Context& context, const Bucket& bucket, ObjectId object);
  /// The verified visible extents of a range, by lo.
  Result<std::vector<Extent>> Extents(const Context& context, const Bucket& bucket, ObjectId object, int64_t lo, int64_t hi,
                                      const ReadOptions& options = {});
  /// The ops of an object, newest first, each with a MAC that verifies.
  Result<std::vector<OpEntry>> History(const Context& context, const Bucket& bucket, ObjectId object, Hlc before, int32_t limit);

  // ---- care -----------------------------------------------------------------------------------------------------------------
  /// Reads every fragment of the object and says of each whether it is sound.
  Result<VerifyReport> Verify(const Context& context, const Bucket& bucket, ObjectId object);
  /// Merges each region of the object that has more than `min_extents` extents into one new body. Never conflicts with
  /// writers. Bytes keep their orders.
  Result<RehomeResult> Rehome(const Context& context, const Bucket& bucket, ObjectId object, int64_t min_extents = 2);

  ClientStats stats() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace pbfs
