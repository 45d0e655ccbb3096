#pragma once

#include <array>
#include <compare>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/buffer.h"
#include "libs/base/context.h"
#include "libs/base/ids.h"
#include "libs/base/result.h"

namespace pbfs {

/// Shard `shard` of an encoding: the name of a fragment, write-once.
struct FragmentKey {
  EncodingId encoding;
  uint8_t shard = 0;
  friend auto operator<=>(const FragmentKey&, const FragmentKey&) = default;
};

/// A store's MACed statement that it holds a fragment durably (format, section 4); opaque to all but store and catalog.
using ReceiptBytes = std::array<uint8_t, 64>;

/// A signed capability (format, section 4: 144 bytes). Empty where the store runs without tokens (tests only).
using TokenBytes = Buffer;

struct PutRequest {
  FragmentKey key;
  int64_t length = 0;  // of the whole fragment: header, blocks, trailer
  TokenBytes token;    // PUT, or REPAIR: then without the age fence
};

/// Bytes [begin, end) of a fragment. Both lie on block borders (the begin of the fragment, F(i), the trailer, the end),
/// so that the store can check the CRC of every block that it sends.
struct FragmentRange {
  FragmentKey key;
  int64_t begin = 0;
  int64_t end = 0;
  friend bool operator==(const FragmentRange&, const FragmentRange&) = default;
};

struct ReadRequest {
  std::vector<FragmentRange> ranges;  // of any fragments of this store, 1..1024, together at most kMaxReadBytes
  TokenBytes token;                   // GET
};
inline constexpr int64_t kMaxReadBytes = 4 << 20;

/// What one range of a ReadRequest gave. status: OK, NOT_FOUND, DATA_LOSS (a block failed its CRC: of this fragment only),
/// OUT_OF_RANGE, INVALID_ARGUMENT.
struct ReadPart {
  Status status;
  Buffer bytes;  // end - begin bytes if OK
};
struct ReadReply {
  std::vector<ReadPart> parts;  // as many as ranges, in their order
};

struct FragmentInfo {
  FragmentKey key;
  int64_t length = 0;
  uint32_t sum = 0;  // fragment sum (format, section 5)
  int64_t received_ms = 0;
};

struct ListFragmentsRequest {
  FragmentKey after;           // exclusive; null for the first page
  int32_t limit = 1000;        // 1..10000
  int64_t born_before_ms = 0;  // only encodings with an older birth; 0: all
  bool only_corrupt = false;   // only fragments known to be bad: a put of the same sum replaces one
  TokenBytes token;            // LIST
};
struct ListFragmentsReply {
  std::vector<FragmentInfo> fragments;  // ascending by key
  bool more = false;
};

/// What a store says of itself. Sizes in bytes.
struct StoreStat {
  StoreId store;
  int64_t capacity = 0;  // what it may use of its disk
  int64_t used = 0;      // by volumes, dead records included
  int64_t live = 0;      // by live fragments
  int64_t fragments = 0;
  int64_t corrupt = 0;      // fragments known to be bad since the start
  int64_t scrubbed_ms = 0;  // when the last full scrub ended; 0: never
};

/// A put on its way. Threads: one at a time. Destroying it before Finish() returned OK calls the put off.
class FragmentWriter {
 public:
  virtual ~FragmentWriter() = default;
  /// Hands over the next bytes; returns when the writer can take more, without waiting for the disk (it buffers at most
  /// about 2 MiB). The last byte of the announced length starts the commit. No copy: the buffer is kept until it is sent.
  /// Errors: those of Finish(); after one the put is dead. DEADLINE_EXCEEDED also if the store does not keep up.
  virtual Status Append(const Context& context, Buffer bytes) = 0;
  /// Waits until the fragment is durable (file synced, and directory where new) and returns the receipt. Call it after
  /// exactly the announced length.
  /// Errors: INVALID_ARGUMENT malformed fragment (bad CRC, other key, wrong length); ALREADY_EXISTS another fragment
  /// with this key but another sum (CONFLICT; the same sum is OK: puts may be repeated); FAILED_PRECONDITION with detail
  /// pbfs-code FENCE_AGE or FENCE_FUTURE; RESOURCE_EXHAUSTED disk full (detail pbfs-code STORE_FULL) or too many puts
  /// (detail retry-after-ms); PERMISSION_DENIED / UNAUTHENTICATED token; UNAVAILABLE, DEADLINE_EXCEEDED: unknown.
  virtual Result<ReceiptBytes> Finish(const Context& context) = 0;
  /// Whether Finish() or Append() would answer without waiting for the store.
  virtual bool Ready() const = 0;
};

/// A read on its way. Destroying it calls the read off.
class PendingRead {
 public:
  virtual ~PendingRead() = default;
  /// Waits for the answer; once. Errors of the whole call: UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED,
  /// PERMISSION_DENIED, UNAUTHENTICATED, INVALID_ARGUMENT.
  virtual Result<ReadReply> Wait(const Context& context) = 0;
  virtual bool Ready() const = 0;
};

/// Called once, from any thread, when an operation that was started becomes Ready(); must be short and must not block. It
/// lets one caller wait for the first of several stores. May be empty. It can run before the call that starts the operation
/// returns, and still run once while the operation is destroyed or just after: it owns (shared_ptr) what it touches.
using ReadyCallback = std::function<void()>;

/// Keeps fragments. Puts and reads are started and then awaited, so that one thread can drive many stores at once.
/// Threads: any method from any thread. Every call ends by context.deadline.
/// Implementations: MemoryFragmentStore (the twin), the service over volumes on disk, the gRPC client. All pass
/// fragment_store_contract.h.
class FragmentStore {
 public:
  virtual ~FragmentStore() = default;
  /// Never blocks; what is wrong with the request is told by the writer. `on_ready` is called when the receipt or an error
  /// is there.
  virtual std::unique_ptr<FragmentWriter> StartPut(const Context& context, PutRequest request,
                                                   ReadyCallback on_ready) = 0;
  /// Never blocks; see above.
  virtual std::unique_ptr<PendingRead> StartRead(const Context& context, ReadRequest request,
                                                 ReadyCallback on_ready) = 0;
  /// Deletes fragments for good, durably; the ids are never used again. Idempotent: a missing one is no error.
  virtual Status Delete(const Context& context, const std::vector<FragmentKey>& keys, const TokenBytes& token) = 0;
  /// Forgets copies that are not needed here, because others stand where they belong: unlike after Delete, the same fragment may
  /// be put here again. Of each, only the copy received at that time: one that was put since stays, however late this comes. Not
  /// durable: after a crash a copy may be here again. Needs REPAIR. A missing one is no error.
  virtual Status Drop(const Context& context, const std::vector<FragmentInfo>& copies, const TokenBytes& token) = 0;
  virtual Result<ListFragmentsReply> List(const Context& context, const ListFragmentsRequest& request) = 0;
  virtual Result<StoreStat> Stat(const Context& context) = 0;
};

/// Finds the store of an id: over the wire by the cluster map, in tests a table. Threads: any.
class FragmentStores {
 public:
  virtual ~FragmentStores() = default;
  /// Errors: UNAVAILABLE if no address of the store is known. The pointer keeps the store usable while held.
  virtual Result<std::shared_ptr<FragmentStore>> Find(StoreId store) = 0;
};

}  // namespace pbfs
