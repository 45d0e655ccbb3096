// Compaction and scrub: what happens behind everybody's back.
#include <algorithm>
#include <chrono>
#include <utility>

#include "libs/adapters/disk/disk_volumes.h"
#include "libs/adapters/disk/volume_scan.h"

namespace pbfs::disk {

Result<bool> DiskVolumes::CompactOne() {
  MutexLock one_at_a_time(compact_mutex_);
  GiveUpWastefulVolume();
  const VolumePtr victim = PickVictim();
  if (victim == nullptr) return false;
  PBFS_RETURN_IF_ERROR(MoveFragments(victim));
  PBFS_RETURN_IF_ERROR(MoveTombstones(victim));
  PBFS_RETURN_IF_ERROR(DropVolume(victim));
  return true;
}

/// The volume whose rewriting pays most: one that failed; the emptiest below the threshold; the smallest of many small ones
/// (each restart leaves one); and, when tombstones outnumber fragments, the oldest, because they wait for it to go.
DiskVolumes::VolumePtr DiskVolumes::PickVictim() {
  constexpr size_t kManySmall = 8;
  constexpr size_t kManyTombstones = 100'000;
  MutexLock lock(mutex_);
  VolumePtr emptiest, smallest, oldest;
  double least_share = options_.compact_below;
  size_t small = 0;
  for (const auto& [number, volume] : volumes_) {
    if (volume == active_ || !volume->open.empty() || volume->blocked || volume->unreadable) continue;
    if (volume->file->failed) return volume;
    if (oldest == nullptr) oldest = volume;
    const double share = static_cast<double>(volume->live) / static_cast<double>(volume->tail);
    if (share < least_share) emptiest = volume, least_share = share;
    if (volume->tail >= options_.volume_size / 8) continue;
    ++small;
    if (smallest == nullptr || volume->tail < smallest->tail) smallest = volume;
  }
  if (emptiest != nullptr) return emptiest;
  if (small >= kManySmall) return smallest;
  const bool pressed = tombstones_.size() > std::max(kManyTombstones, index_.size());
  return pressed ? oldest : nullptr;
}

/// An active volume that is mostly dead takes no more, to be rewritten: else a store that holds less than a volume would give
/// nothing back. Its delete records are no waste: they would only move to the next one, which is made when it is needed.
void DiskVolumes::GiveUpWastefulVolume() {
  constexpr int64_t kWorthwhile = 8 << 20;  // of less a store may hold as much as it likes
  MutexLock lock(mutex_);
  if (active_ == nullptr || rolling_ || !active_->open.empty()) return;
  if (active_->tail < std::min(options_.allocate_step, kWorthwhile)) return;
  const double least = options_.compact_below * static_cast<double>(active_->tail);
  if (static_cast<double>(active_->live) >= least) return;
  const uint32_t number = active_->header.number;
  const auto deletes = std::count_if(tombstones_.begin(), tombstones_.end(),
                                     [number](const auto& item) { return item.second.volume == number; });
  if (static_cast<double>(active_->live + kDeleteEntry * deletes) < least) active_ = nullptr;
}

std::vector<std::pair<FragmentKey, Entry>> DiskVolumes::EntriesOf(uint32_t volume) {
  std::vector<std::pair<FragmentKey, Entry>> entries;
  MutexLock lock(mutex_);
  for (const auto& [key, entry] : index_) {
    if (entry.volume == volume) entries.emplace_back(key, entry);
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.second.offset < b.second.offset; });
  return entries;
}

Status DiskVolumes::MoveFragments(const VolumePtr& victim) {
  bool bad = false;
  VolumePtr last;
  for (const auto& [key, entry] : EntriesOf(victim->header.number)) {
    if (!Pace(entry.Space(), options_.compact_rate)) return CancelledError("closing");
    PBFS_ASSIGN_OR_RETURN(const bool sound, MoveFragment(key, entry, victim));
    bad |= !sound;
  }
  {
    MutexLock lock(mutex_);
    last = active_;
    victim->blocked = bad;
  }
  // Groups end in order: when this one is served, every move before it is settled.
  if (last != nullptr) (void)SyncAndWait(last);
  MutexLock lock(mutex_);
  return victim->live == 0 ? OkStatus() : AbortedError("the volume still holds fragments");
}

Result<bool> DiskVolumes::MoveFragment(const FragmentKey& key, const Entry& entry, const VolumePtr& victim) {
  PBFS_ASSIGN_OR_RETURN(const Place place, Allocate(entry.Space(), Purpose::kHousekeeping));
  // Looked at after the copy has its volume: a delete that comes later includes that volume in its horizon.
  if (!StillThere(key, entry)) return Abandon(place), true;
  if (Status status = CopyRecord(key, entry, victim, place); !status.ok()) {
    Abandon(place);
    if (status.code() != StatusCode::kDataLoss) return status;
    MarkBad(key, entry);
    return false;
  }
  sync_->Add(place.volume->file,
             [this, key = key, entry, place](const Status& status) { SettleMove(key, entry, place, status); });
  return true;
}

Status DiskVolumes::CopyRecord(const FragmentKey& key, const Entry& entry, const VolumePtr& victim,
                               const Place& place) {
  const RecordHeader header{RecordKind::kFragment, key, entry.shape.length, 0};
  const auto encoded = EncodeRecordHeader(header, place.volume->header.secret, place.offset);
  const ByteSpan first = encoded;
  PBFS_RETURN_IF_ERROR(WriteAt(place, place.offset, {&first, 1}));
  int64_t at = place.offset + kRecordHeader;
  PBFS_ASSIGN_OR_RETURN(
      const FragmentCheck check,
      CheckRecord(*victim->file->file, entry.offset, key, entry.shape.length, [&](const Buffer& piece) {
        const ByteSpan part = piece;
        const int64_t to = std::exchange(at, at + static_cast<int64_t>(piece.size()));
        return WriteAt(place, to, {&part, 1});
      }));
  if (check.sum() != entry.sum || !(check.shape() == entry.shape))
    return DataLossError("not the fragment that was stored");
  const auto footer = EncodeRecordFooter({entry.sum, entry.received_ms, entry.shape.trailer_crc}, encoded);
  const ByteSpan last = footer;
  return WriteAt(place, at, {&last, 1});
}

bool DiskVolumes::StillThere(const FragmentKey& key, const Entry& entry) {
  MutexLock lock(mutex_);
  const auto found = index_.find(key);
  return found != index_.end() && found->second.SamePlace(entry) && !deleting_.contains(key);
}

void DiskVolumes::SettleMove(const FragmentKey& key, const Entry& from, const Place& to, const Status& status) {
  MutexLock lock(mutex_);
  to.volume->open.erase(to.offset);
  const auto found = index_.find(key);
  if (!status.ok() || found == index_.end() || !found->second.SamePlace(from) || deleting_.contains(key)) return;
  volumes_.at(from.volume)->live -= from.Space();
  to.volume->live += from.Space();
  found->second.volume = to.volume->header.number;
  found->second.offset = to.offset;
  found->second.corrupt = false;  // the copy was verified
  bad_.erase(key);
  since_checkpoint_ += from.Space();
}

/// Delete records of the victim that an older volume still needs go to the active one.
Status DiskVolumes::MoveTombstones(const VolumePtr& victim) {
  std::vector<DeleteEntry> needed;
  const uint32_t number = victim->header.number;
  {
    MutexLock lock(mutex_);
    const auto needs = [&](uint32_t horizon) PBFS_NO_THREAD_SAFETY_ANALYSIS {
      auto oldest = volumes_.begin();
      if (oldest != volumes_.end() && oldest->first == number) ++oldest;
      return oldest != volumes_.end() && oldest->first <= horizon;
    };
    for (const auto& [key, tombstone] : tombstones_) {
      if (tombstone.volume == number && needs(tombstone.horizon)) needed.push_back({key, tombstone.horizon});
    }
  }
  constexpr size_t kBatch = 32768;
  for (size_t from = 0; from < needed.size(); from += kBatch) {
    const auto begin = needed.begin() + static_cast<std::ptrdiff_t>(from);
    const std::vector<DeleteEntry> batch(begin,
                                         begin + static_cast<std::ptrdiff_t>(std::min(kBatch, needed.size() - from)));
    PBFS_ASSIGN_OR_RETURN(const Place place, WriteDeletes(batch));
    const Status status = SyncAndWait(place.volume);
    MutexLock lock(mutex_);
    place.volume->open.erase(place.offset);
    PBFS_RETURN_IF_ERROR(status);
    for (const DeleteEntry& entry : batch) tombstones_[entry.key].volume = place.volume->header.number;
  }
  return OkStatus();
}

/// Only when its file is gone for good may the tombstones go that stood or waited for it. Reads in flight keep the file open.
Status DiskVolumes::DropVolume(const VolumePtr& victim) {
  const uint32_t number = victim->header.number;
  Status removed = files_->Remove(VolumeName(number));
  if (!removed.ok() && removed.code() != StatusCode::kNotFound) return removed;
  PBFS_RETURN_IF_ERROR(files_->SyncDirectory());
  MutexLock lock(mutex_);
  volumes_.erase(number);
  used_ -= victim->tail;
  const uint32_t oldest = volumes_.empty() ? next_number_ : volumes_.begin()->first;
  std::erase_if(tombstones_,
                [&](const auto& item) { return item.second.volume == number || item.second.horizon < oldest; });
  return OkStatus();
}

/// Gives back the preallocated end of volumes that take no more records.
void DiskVolumes::TrimRetired() {
  std::vector<std::pair<VolumePtr, int64_t>> retired;
  {
    MutexLock lock(mutex_);
    for (const auto& [number, volume] : volumes_) {
      if (volume == active_ || volume->trimmed || !volume->open.empty() || volume->file->failed) continue;
      volume->trimmed = true;
      retired.emplace_back(volume, volume->tail);
    }
  }
  for (const auto& [volume, tail] : retired) (void)volume->file->file->Truncate(tail);  // a failure only costs space
}

bool DiskVolumes::CheckpointIsDue() {
  MutexLock lock(mutex_);
  const auto failed = static_cast<size_t>(std::count_if(
      volumes_.begin(), volumes_.end(), [](const auto& item) { return item.second->file->failed.load(); }));
  return since_checkpoint_ >= options_.checkpoint_every || failed > failed_volumes_noted_;
}

void DiskVolumes::Maintain() {
  constexpr auto kIdle = std::chrono::seconds(10);
  for (bool go_on = true; go_on;) {
    if (CheckpointIsDue()) (void)WriteCheckpoint();
    TrimRetired();
    const Result<bool> compacted = CompactOne();
    if (compacted.ok() && *compacted) {
      go_on = PauseUntil(MonotonicNow(), false);
    } else {
      go_on = PauseUntil(MonotonicNow() + kIdle, compacted.ok());
    }
  }
}

int64_t DiskVolumes::Scrub() {
  FragmentKey at;
  for (;;) {
    {
      MutexLock lock(mutex_);
      const auto next = index_.upper_bound(at);
      if (next == index_.end()) break;
      at = next->first;
    }
    if (!ScrubOne(at)) break;
  }
  MutexLock lock(mutex_);
  scrubbed_ms_ = clock_.NowMillis();
  return static_cast<int64_t>(bad_.size());
}

bool DiskVolumes::ScrubOne(const FragmentKey& key) {
  for (;;) {
    const auto found = Find(key);
    if (!found.has_value()) return true;
    const auto& [entry, volume] = *found;
    const auto pace = [&](const Buffer& piece) {
      return Pace(static_cast<int64_t>(piece.size()), options_.scrub_rate) ? OkStatus() : CancelledError("closing");
    };
    const auto check = CheckRecord(*volume->file->file, entry.offset, key, entry.shape.length, pace);
    if (check.status().code() == StatusCode::kCancelled) return false;
    if (check.ok() && check->sum() == entry.sum && check->shape() == entry.shape) return MarkGood(key, entry), true;
    if (MarkBad(key, entry)) return true;  // else it moved meanwhile: look again
  }
}

void DiskVolumes::ScrubForever() {
  constexpr auto kAfterStart = std::chrono::minutes(10);
  auto next = MonotonicNow() + kAfterStart;
  while (PauseUntil(next, false)) {
    Scrub();
    next = MonotonicNow() + std::chrono::milliseconds(options_.scrub_pause_ms);
  }
}

void DiskVolumes::Nudge() {
  {
    MutexLock lock(stop_mutex_);
    nudged_ = true;
  }
  nudge_.NotifyAll();
}

bool DiskVolumes::Pace(int64_t bytes, int64_t rate) {
  if (rate <= 0) return true;
  return PauseUntil(MonotonicNow() + std::chrono::microseconds(bytes * 1'000'000 / rate), false);
}

bool DiskVolumes::PauseUntil(MonotonicTime until, bool wake_on_nudge) {
  MutexLock lock(stop_mutex_);
  while (!stopping_ && MonotonicNow() < until && !(wake_on_nudge && nudged_)) nudge_.WaitUntil(stop_mutex_, until);
  if (wake_on_nudge) nudged_ = false;
  return !stopping_;
}

}  // namespace pbfs::disk
