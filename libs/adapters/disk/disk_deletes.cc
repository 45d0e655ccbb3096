// Deletes: a record says so, then the index forgets. Drops: only the index forgets.
#include <algorithm>
#include <utility>

#include "libs/adapters/disk/disk_volumes.h"
#include "libs/coding/crc32c.h"

namespace pbfs::disk {

Status DiskVolumes::Delete(const std::vector<FragmentKey>& keys) {
  constexpr size_t kMaxKeys = 32768;  // in one record
  for (size_t from = 0; from < keys.size(); from += kMaxKeys) {
    const auto begin = keys.begin() + static_cast<std::ptrdiff_t>(from);
    const auto count = static_cast<std::ptrdiff_t>(std::min(kMaxKeys, keys.size() - from));
    const std::vector<DeleteEntry> entries = ClaimDeletes({begin, begin + count});
    if (entries.empty()) continue;
    const Result<Place> place = WriteDeletes(entries);
    Status status = place.ok() ? SyncAndWait(place->volume) : place.status();
    SettleDeletes(entries, place, status);
    PBFS_RETURN_IF_ERROR(status);
  }
  return OkStatus();
}

/// Waits until no other put or delete of these keys is on its way, then claims those that are here. From now on no new copy of
/// them is made, so all traces lie in volumes that exist: their horizon.
std::vector<DeleteEntry> DiskVolumes::ClaimDeletes(const std::vector<FragmentKey>& keys) {
  MutexLock lock(mutex_);
  const auto busy = [&](const FragmentKey& key)
                        PBFS_NO_THREAD_SAFETY_ANALYSIS { return committing_.contains(key) || deleting_.contains(key); };
  while (std::any_of(keys.begin(), keys.end(), busy)) settled_.Wait(mutex_);
  std::vector<DeleteEntry> entries;
  for (const FragmentKey& key : keys) {
    if (index_.contains(key) && deleting_.insert(key).second) entries.push_back({key, next_number_ - 1});
  }
  return entries;
}

Result<DiskVolumes::Place> DiskVolumes::WriteDeletes(const std::vector<DeleteEntry>& entries) {
  const Bytes payload = EncodeDeletes(entries);
  const RecordHeader header{RecordKind::kDeletes, {}, static_cast<int64_t>(payload.size()), Crc32c(payload)};
  PBFS_ASSIGN_OR_RETURN(const Place place, Allocate(header.Space(), Purpose::kHousekeeping));
  const auto encoded = EncodeRecordHeader(header, place.volume->header.secret, place.offset);
  const ByteSpan parts[] = {encoded, payload};
  if (Status status = WriteAt(place, place.offset, parts); !status.ok()) {
    Abandon(place);
    return status;
  }
  return place;
}

Status DiskVolumes::SyncAndWait(const VolumePtr& volume) {
  struct Wait {
    Mutex mutex;
    CondVar done;
    std::optional<Status> status PBFS_GUARDED_BY(mutex);
  };
  const auto wait = std::make_shared<Wait>();
  sync_->Add(volume->file, [wait](const Status& status) {
    MutexLock lock(wait->mutex);
    wait->status = status;
    wait->done.NotifyAll();
  });
  MutexLock lock(wait->mutex);
  while (!wait->status.has_value()) wait->done.Wait(wait->mutex);
  return *wait->status;
}

void DiskVolumes::SettleDeletes(const std::vector<DeleteEntry>& entries, const Result<Place>& place,
                                const Status& status) {
  {
    MutexLock lock(mutex_);
    if (place.ok()) place->volume->open.erase(place->offset);
    for (const DeleteEntry& entry : entries) {
      deleting_.erase(entry.key);
      if (!status.ok()) continue;
      Forget(entry.key);
      tombstones_[entry.key] = {entry.horizon, place->volume->header.number};
    }
  }
  settled_.NotifyAll();
  Nudge();
}

/// A copy whose record recovery finds again, before its volume is rewritten, is a copy again: it may be dropped again.
void DiskVolumes::Drop(const std::vector<FragmentInfo>& copies) {
  {
    MutexLock lock(mutex_);
    for (const FragmentInfo& copy : copies) {
      const auto found = index_.find(copy.key);
      if (found != index_.end() && found->second.received_ms == copy.received_ms && !deleting_.contains(copy.key))
        Forget(copy.key);
    }
  }
  Nudge();
}

void DiskVolumes::Forget(const FragmentKey& key) {
  const auto found = index_.find(key);
  if (found == index_.end()) return;
  Volume& volume = *volumes_.at(found->second.volume);
  volume.live -= found->second.Space();
  volume.blocked = false;
  live_bytes_ -= found->second.shape.length;
  bad_.erase(key);
  index_.erase(found);
}

}  // namespace pbfs::disk
