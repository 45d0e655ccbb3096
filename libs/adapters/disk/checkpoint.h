#pragma once

#include <map>
#include <optional>
#include <vector>

#include "libs/adapters/disk/volume_format.h"

namespace pbfs::disk {

/// Where a live fragment lies, and all that a read needs to know of it.
struct Entry {
  uint32_t volume = 0;
  int64_t offset = 0;  // of its record
  FragmentShape shape;
  uint32_t sum = 0;
  int64_t received_ms = 0;
  bool corrupt = false;  // known to be bad: a put of the same sum replaces it

  int64_t Space() const { return RecordHeader{RecordKind::kFragment, {}, shape.length, 0}.Space(); }
  FragmentInfo Info(const FragmentKey& key) const { return {key, shape.length, sum, received_ms}; }
  bool SamePlace(const Entry& other) const { return volume == other.volume && offset == other.offset; }
};

/// A deleted key that a volume may still hold bytes of.
struct Tombstone {
  uint32_t horizon = 0;  // every trace of the key lies in volumes up to this one
  uint32_t volume = 0;   // where the delete record is
};

using Index = std::map<FragmentKey, Entry>;
using Tombstones = std::map<FragmentKey, Tombstone>;

/// The index at one moment. Volumes are the truth, a checkpoint saves reading them: what lies in a volume below `covered` was
/// settled when it was taken, and is live only if it stands here.
struct Checkpoint {
  struct Covered {
    uint32_t number = 0;
    Secret secret{};
    int64_t covered = 0;
  };
  Owner owner;
  uint32_t next_number = 1;
  std::vector<Covered> volumes;
  Index index;
  Tombstones tombstones;
};

/// docs/formats/volumes.md, "Checkpoint".
Bytes EncodeCheckpoint(const Checkpoint& checkpoint);
/// Nothing if one bit of it is wrong.
std::optional<Checkpoint> DecodeCheckpoint(ByteSpan bytes);

}  // namespace pbfs::disk
