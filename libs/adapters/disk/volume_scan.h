#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "libs/adapters/disk/checkpoint.h"
#include "libs/adapters/disk/file_system.h"

namespace pbfs::disk {

/// The records found in a part of a volume.
struct VolumeScan {
  std::vector<std::pair<FragmentKey, Entry>> fragments;  // whole and verified
  std::vector<DeleteEntry> deletes;
  int64_t end = 0;  // of the last record that counts; `from` if none does
  /// The first place that the disk failed to read, if there is one: what stands there may count another time.
  std::optional<int64_t> unreadable;
  int64_t torn_records = 0;
  int64_t damaged_headers = 0;
};

/// Reads [from, size) of a volume. Where no good record header stands it goes on in steps of kAlign until the next one that
/// proves itself, so that damage to one record hides no other. Never fails: what cannot be read does not count.
VolumeScan ScanVolume(File& file, const VolumeHeader& header, int64_t from, int64_t size);

inline constexpr char kUnreadable[] = "pbfs-unreadable";

/// Reads the fragment of a record whole and checks it (FragmentCheck), in pieces of at most 1 MiB that `take` sees after
/// they passed. Errors: DATA_LOSS, with detail kUnreadable where it was the disk that failed; those of `take`.
Result<FragmentCheck> CheckRecord(File& file, int64_t record_offset, const FragmentKey& key, int64_t length,
                                  const std::function<Status(Buffer)>& take);

}  // namespace pbfs::disk
