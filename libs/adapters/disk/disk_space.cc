// Where records go: the active volume, its growth, and the next one.
#include <algorithm>

#include "libs/adapters/disk/disk_volumes.h"
#include "libs/fragments/store_rules.h"

namespace pbfs::disk {
namespace {

constexpr int64_t kDirectFrom = 256 << 10;

}  // namespace

Result<DiskVolumes::Place> DiskVolumes::Allocate(int64_t space, Purpose purpose) {
  for (;;) {
    std::optional<Place> place;
    {
      MutexLock lock(mutex_);
      if (purpose == Purpose::kPut && used_ + space > options_.capacity - options_.reserve) return StoreFullError();
      place = TryAllocate(space);
    }
    if (!place.has_value()) {
      PBFS_RETURN_IF_ERROR(Roll(space));
      continue;
    }
    if (Status status = Grow(*place, purpose); !status.ok()) {
      GiveBack(*place);
      return status;
    }
    return *std::move(place);
  }
}

bool DiskVolumes::Fits(int64_t space) const {
  if (active_ == nullptr || active_->file->failed) return false;
  return active_->tail == kVolumeHeader || active_->tail + space <= options_.volume_size;
}

std::optional<DiskVolumes::Place> DiskVolumes::TryAllocate(int64_t space) {
  if (!Fits(space)) return {};
  const Place place{active_, active_->tail, space};
  active_->open.insert(place.offset);
  active_->tail += space;
  used_ += space;
  return place;
}

/// Makes a new active volume, unless somebody else did meanwhile.
Status DiskVolumes::Roll(int64_t space) {
  uint32_t number = 0;
  {
    MutexLock lock(mutex_);
    while (rolling_) settled_.Wait(mutex_);
    if (Fits(space)) return OkStatus();
    rolling_ = true;
    number = next_number_++;
  }
  Result<VolumePtr> fresh = CreateVolume(number);
  {
    MutexLock lock(mutex_);
    rolling_ = false;
    if (fresh.ok()) {
      active_ = *fresh;
      volumes_.emplace(number, *fresh);
      used_ += kVolumeHeader;
    }
  }
  settled_.NotifyAll();
  Nudge();
  return fresh.status();
}

/// A file whose header and name are durable before anything is stored in it.
Result<DiskVolumes::VolumePtr> DiskVolumes::CreateVolume(uint32_t number) {
  auto volume = std::make_shared<Volume>();
  volume->header.owner = options_.owner;
  volume->header.number = number;
  random_.Fill(volume->header.secret);
  volume->tail = kVolumeHeader;
  volume->file = std::make_shared<SyncedFile>();
  const std::string name = VolumeName(number);
  PBFS_ASSIGN_OR_RETURN(volume->file->file, files_->Open(name, true));
  const Bytes header = EncodeVolumeHeader(volume->header);
  const ByteSpan part = header;
  Status status = volume->file->file->WriteAt(0, {&part, 1});
  if (status.ok()) status = volume->file->file->Sync();
  if (status.ok()) status = files_->SyncDirectory();
  if (!status.ok()) {
    (void)files_->Remove(name);  // if that fails too, recovery removes it: it is no longer than its header
    return status;
  }
  return volume;
}

/// Gives the file space up to the end of `place`, in steps: a file that grows with every put would write its inode with every sync.
Status DiskVolumes::Grow(const Place& place, Purpose purpose) {
  Volume& volume = *place.volume;
  const int64_t end = place.offset + place.space;
  MutexLock lock(volume.grow_mutex);
  if (end <= volume.allocated) return OkStatus();
  const int64_t step = (end + options_.allocate_step - 1) / options_.allocate_step * options_.allocate_step;
  const int64_t target = std::max(end, std::min(step, options_.volume_size));
  if (purpose == Purpose::kPut) {
    PBFS_ASSIGN_OR_RETURN(const int64_t free, files_->FreeBytes());
    if (free - (target - volume.allocated) < options_.reserve) return StoreFullError();
  }
  Status status = volume.file->file->Allocate(target);
  if (!status.ok() && target > end) status = volume.file->file->Allocate(end);
  if (status.ok()) volume.allocated = std::max(end, target);
  return status;
}

/// The record will never be whole; its space is dead.
void DiskVolumes::Abandon(const Place& place) {
  MutexLock lock(mutex_);
  place.volume->open.erase(place.offset);
}

/// Undoes an allocation of which no byte was written. Space that was written to is never used again: a stale header in it
/// would, after a crash, stand for records that are long gone.
void DiskVolumes::GiveBack(const Place& place) {
  MutexLock lock(mutex_);
  Volume& volume = *place.volume;
  volume.open.erase(place.offset);
  if (volume.tail != place.offset + place.space) return;
  volume.tail = place.offset;
  used_ -= place.space;
}

Status DiskVolumes::WriteAt(const Place& place, int64_t offset, std::span<const ByteSpan> parts) {
  Status status = place.volume->file->file->WriteAt(offset, parts);
  if (!status.ok()) place.volume->file->failed = true;
  return status;
}

/// Small records go through the page cache, where many of them become one write of the disk before the sync that they share.
Status DiskVolumes::WriteStage(const Place& place, int64_t offset, ByteSpan bytes) {
  if (place.space < kDirectFrom) return WriteAt(place, offset, {&bytes, 1});
  Status status = place.volume->file->file->WriteDirect(offset, bytes);
  if (!status.ok()) place.volume->file->failed = true;
  return status;
}

}  // namespace pbfs::disk
