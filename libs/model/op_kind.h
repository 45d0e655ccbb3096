#pragma once

#include <cstdint>

namespace pbfs {

/// What an op record states (format, section 6). The values are on disk and on the wire.
enum class OpKind : uint8_t {
  kWrite = 1,
  kZero = 2,
  kTrunc = 3,
  kBind = 4,
  kUnbind = 5,  // or a delete marker
  kRehome = 6,
  kClone = 7,
  kMeta = 8,
  kSeal = 9,
  kCheckpoint = 10,  // reserved
  kDrop = 11,
};
/// Kinds of journal entries that are no ops.
inline constexpr uint8_t kJournalFloor = 12;
inline constexpr uint8_t kJournalReap = 13;

/// WRITE, ZERO, TRUNC and CLONE: they place extents at their own order and count for the opset.
inline bool IsContentOp(OpKind kind) {
  return kind == OpKind::kWrite || kind == OpKind::kZero || kind == OpKind::kTrunc || kind == OpKind::kClone;
}

}  // namespace pbfs
