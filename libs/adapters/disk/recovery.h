#pragma once

#include <map>
#include <memory>
#include <optional>

#include "libs/adapters/disk/checkpoint.h"
#include "libs/adapters/disk/file_system.h"
#include "libs/adapters/disk/sync_queue.h"

namespace pbfs::disk {

/// One volume file as recovery leaves it: nothing is appended to it any more.
struct RecoveredVolume {
  VolumeHeader header;
  std::shared_ptr<SyncedFile> file;
  int64_t end = 0;                    // of its last record that counts, or of the file if not all of it could be read
  std::optional<int64_t> unreadable;  // from here on the next recovery has to look again
};

/// What a directory holds, and what had to be done to know it.
struct Recovery {
  std::map<uint32_t, RecoveredVolume> volumes;
  Index index;
  Tombstones tombstones;
  uint32_t next_number = 1;
  bool checkpoint_found = false;
  int64_t scanned_bytes = 0;  // beyond the checkpoint
  int64_t scanned_fragments = 0;
  int64_t torn_records = 0;     // announced and not whole: puts that were never acknowledged, or damage
  int64_t damaged_headers = 0;  // places where the chain of records broke and was found again
  int64_t unreadable_volumes = 0;
};

/// Reads the directory by the rules of docs/formats/volumes.md, "Recovery": the checkpoint for what it covers; everything
/// beyond is synced first, then read, and believed only if it verifies byte for byte.
/// Errors: FAILED_PRECONDITION a volume or checkpoint of another cluster or store; RESOURCE_EXHAUSTED too many open files;
/// UNAVAILABLE.
Result<Recovery> Recover(FileSystem& files, const Owner& owner);

inline constexpr char kCheckpointName[] = "index";
inline constexpr char kCheckpointDraft[] = "index.new";

}  // namespace pbfs::disk
