#include "libs/adapters/disk/disk_volumes.h"

#include <algorithm>
#include <utility>

#include "libs/adapters/disk/volume_scan.h"

namespace pbfs::disk {

Result<std::unique_ptr<DiskVolumes>> DiskVolumes::Open(std::shared_ptr<FileSystem> files, const DiskOptions& options,
                                                       const Clock& clock, Random& random) {
  std::unique_ptr<DiskVolumes> volumes(new DiskVolumes(std::move(files), options, clock, random));
  PBFS_RETURN_IF_ERROR(volumes->Start());
  return volumes;
}

DiskVolumes::DiskVolumes(std::shared_ptr<FileSystem> files, const DiskOptions& options, const Clock& clock,
                         Random& random)
    : files_(std::move(files)), options_(options), clock_(clock), random_(random) {}

Status DiskVolumes::Start() {
  PBFS_ASSIGN_OR_RETURN(directory_lock_, files_->Lock());
  PBFS_ASSIGN_OR_RETURN(recovery_, Recover(*files_, options_.owner));
  Adopt();
  if (options_.capacity <= 0) {
    PBFS_ASSIGN_OR_RETURN(const int64_t free, files_->FreeBytes());
    options_.capacity = free + Stat().used;
  }
  // So that the next start need not read it again; without it that start is only slower.
  if (recovery_.scanned_bytes > 0) (void)WriteCheckpoint();
  sync_ = std::make_unique<SyncQueue>();
  if (!options_.background) return OkStatus();
  maintain_thread_ = Thread("volumes", [this] { Maintain(); });
  if (options_.scrub_rate > 0) scrub_thread_ = Thread("scrub", [this] { ScrubForever(); });
  return OkStatus();
}

/// Takes over what recovery found. Recovered volumes are never appended to.
void DiskVolumes::Adopt() {
  MutexLock lock(mutex_);
  index_ = std::move(recovery_.index);
  tombstones_ = std::move(recovery_.tombstones);
  next_number_ = recovery_.next_number;
  for (auto& [number, recovered] : recovery_.volumes) {
    auto volume = std::make_shared<Volume>();
    volume->header = recovered.header;
    volume->file = std::move(recovered.file);
    volume->tail = recovered.end;
    volume->unreadable = recovered.unreadable;
    volume->trimmed = true;
    used_ += volume->tail;
    volumes_.emplace(number, std::move(volume));
  }
  for (const auto& [key, entry] : index_) {
    volumes_.at(entry.volume)->live += entry.Space();
    live_bytes_ += entry.shape.length;
    if (entry.corrupt) bad_.insert(key);
  }
}

DiskVolumes::~DiskVolumes() {
  {
    MutexLock lock(stop_mutex_);
    stopping_ = true;
  }
  nudge_.NotifyAll();
  maintain_thread_.Join();
  scrub_thread_.Join();
  if (sync_ == nullptr) return;  // never started
  sync_.reset();
  active_ = nullptr;
  TrimRetired();
  (void)WriteCheckpoint();  // without it the next start reads the volumes instead
}

std::optional<std::pair<Entry, DiskVolumes::VolumePtr>> DiskVolumes::Find(const FragmentKey& key) {
  MutexLock lock(mutex_);
  const auto found = index_.find(key);
  if (found == index_.end()) return {};
  return std::pair(found->second, volumes_.at(found->second.volume));
}

Result<Buffer> DiskVolumes::Read(const FragmentRange& range) {
  for (;;) {
    const auto found = Find(range.key);
    if (!found.has_value()) return NotFoundError("no fragment " + ToString(range.key));
    const auto& [entry, volume] = *found;
    PBFS_RETURN_IF_ERROR(CheckRangeBorders(entry.shape, range.begin, range.end));
    MutableBuffer bytes(static_cast<size_t>(range.end - range.begin));
    Status status = volume->file->file->ReadAt(entry.offset + kRecordHeader + range.begin, bytes.span());
    if (status.ok()) status = CheckFragmentRange(range.key, entry.shape, range.begin, bytes.span());
    if (status.ok()) return std::move(bytes).Freeze();
    // Compaction may have moved it while we read; otherwise these bytes are lost here.
    if (MarkBad(range.key, entry)) return DataLossError(status.message());
  }
}

bool DiskVolumes::MarkBad(const FragmentKey& key, const Entry& entry) {
  MutexLock lock(mutex_);
  const auto found = index_.find(key);
  if (found == index_.end() || !found->second.SamePlace(entry)) return false;
  found->second.corrupt = true;
  bad_.insert(key);
  return true;
}

void DiskVolumes::MarkGood(const FragmentKey& key, const Entry& entry) {
  MutexLock lock(mutex_);
  const auto found = index_.find(key);
  if (found == index_.end() || !found->second.SamePlace(entry) || !found->second.corrupt) return;
  if (volumes_.at(entry.volume)->file->failed) return;  // it may read well from memory and not be on the disk
  found->second.corrupt = false;
  bad_.erase(key);
  volumes_.at(entry.volume)->blocked = false;
}

ListFragmentsReply DiskVolumes::List(const ListFragmentsRequest& request) {
  ListFragmentsReply reply;
  MutexLock lock(mutex_);
  if (request.only_corrupt) return ListBad(request);
  for (auto at = index_.upper_bound(request.after); at != index_.end(); ++at) {
    if (request.born_before_ms > 0 && at->first.encoding.Millis() >= request.born_before_ms) break;
    if (reply.fragments.size() == static_cast<size_t>(request.limit)) {
      reply.more = true;
      break;
    }
    reply.fragments.push_back(at->second.Info(at->first));
  }
  return reply;
}

ListFragmentsReply DiskVolumes::ListBad(const ListFragmentsRequest& request) const {
  ListFragmentsReply reply;
  for (auto at = bad_.upper_bound(request.after); at != bad_.end(); ++at) {
    if (request.born_before_ms > 0 && at->encoding.Millis() >= request.born_before_ms) break;
    reply.more = reply.fragments.size() == static_cast<size_t>(request.limit);
    if (reply.more) break;
    reply.fragments.push_back(index_.at(*at).Info(*at));
  }
  return reply;
}

StoreStat DiskVolumes::Stat() {
  MutexLock lock(mutex_);
  StoreStat stat;
  stat.store = options_.owner.store;
  stat.capacity = options_.capacity;
  stat.used = used_;
  stat.live = live_bytes_;
  stat.fragments = static_cast<int64_t>(index_.size());
  stat.corrupt = static_cast<int64_t>(bad_.size());
  stat.scrubbed_ms = scrubbed_ms_;
  return stat;
}

Status DiskVolumes::WriteCheckpoint() {
  MutexLock one_at_a_time(checkpoint_mutex_);
  Checkpoint checkpoint;
  checkpoint.owner = options_.owner;
  {
    MutexLock lock(mutex_);
    checkpoint.next_number = next_number_;
    failed_volumes_noted_ = 0;
    for (const auto& [number, volume] : volumes_) {
      // What a failed volume still holds beyond the index is never believed again.
      const int64_t placed = volume->open.empty() ? volume->tail : *volume->open.begin();
      const int64_t settled = std::min(placed, volume->unreadable.value_or(placed));
      const bool failed = volume->file->failed;
      failed_volumes_noted_ += failed ? 1 : 0;
      const int64_t covered = failed && !volume->unreadable ? INT64_MAX : settled;
      checkpoint.volumes.push_back({number, volume->header.secret, covered});
    }
    checkpoint.index = index_;
    checkpoint.tombstones = tombstones_;
    since_checkpoint_ = 0;
  }
  const Bytes bytes = EncodeCheckpoint(checkpoint);
  (void)files_->Remove(kCheckpointDraft);  // of an attempt that failed
  PBFS_ASSIGN_OR_RETURN(const auto file, files_->Open(kCheckpointDraft, true));
  const ByteSpan part = bytes;
  PBFS_RETURN_IF_ERROR(file->WriteAt(0, {&part, 1}));
  PBFS_RETURN_IF_ERROR(file->Sync());
  PBFS_RETURN_IF_ERROR(files_->Rename(kCheckpointDraft, kCheckpointName));
  return files_->SyncDirectory();
}

}  // namespace pbfs::disk
