#pragma once

#include "libs/client/body_upload.h"
#include "libs/client/committer.h"

/// What the writes of objects (writes.cc), of ranges that come in pieces (range_writer.cc) and of versions (version_writes.cc) have in
/// common.
namespace pbfs {

inline constexpr int64_t kMaxRangesTotal = int64_t{5} << 30;  // bytes of one WRITE
/// Fragments of one body on their way: of each a window, and what waits to be sent.
inline constexpr int64_t kUploadSlack = 32 << 20;

/// Errors: INVALID_ARGUMENT no byte, or one that no object can have.
Status CheckRange(int64_t offset, int64_t size);
/// Errors: INVALID_ARGUMENT no object can have so many bytes.
Status CheckSize(int64_t size);

/// Memory for a chunk of up to `size` bytes and its fragments.
Result<MemoryShare> ShareFor(const Context& context, ClientCore& core, int64_t size);

/// One WRITE of several ranges; the records of its bodies are to be filled in.
struct RangesPlan {
  PlannedOp write;
  int64_t lo = 0, hi = 0;  // all ranges lie in it
  int64_t total = 0;       // bytes
  uint32_t bodies = 0;

  RangesPlan(ClientCore& core, const ObjectId& object, const std::optional<OpId>& op);
  /// Where all of the next body goes; they come in the order of their offsets. Errors: INVALID_ARGUMENT it overlaps with the one before,
  /// it is more than one WRITE may have, or no object can have it.
  Status Place(int64_t offset, int64_t size);
};
/// Ranges that are in memory, as bodies of at most 64 MiB, and where each goes. Errors: as of Place().
struct BodiesPlan {
  RangesPlan ranges;
  std::vector<NewBody> bodies;
};
Result<BodiesPlan> PlanBodies(ClientCore& core, const OpenedBucket& bucket, const ObjectId& object,
                              std::vector<RangeWrite> ranges, const std::optional<OpId>& op);

PlannedOp TruncateOp(ClientCore& core, const ObjectId& object, int64_t size, const std::optional<OpId>& op);
/// Errors: as of CheckRange.
Result<PlannedOp> ZeroOp(ClientCore& core, const ObjectId& object, int64_t lo, int64_t hi,
                         const std::optional<OpId>& op);

/// Makes bodies durable, side by side.
Status UploadBodies(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                    const std::vector<NewBody>& bodies, std::vector<BodyUpload>& uploads,
                    std::vector<RecordBody>& records);

}  // namespace pbfs
