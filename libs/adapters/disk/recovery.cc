#include "libs/adapters/disk/recovery.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "libs/adapters/disk/volume_scan.h"

namespace pbfs::disk {
namespace {

Status CheckOwner(const Owner& found, const Owner& expected, const std::string& where) {
  if (found.cluster != expected.cluster) {
    return FailedPreconditionError(
        fmt::format("{} belongs to cluster {}, this store to {}: give the store its own directory", where,
                    FormatUuid(found.cluster), FormatUuid(expected.cluster)));
  }
  if (found.store != expected.store) {
    return FailedPreconditionError(
        fmt::format("{} belongs to store {}, this is store {}: give the store its own directory", where,
                    found.store.value, expected.store.value));
  }
  return OkStatus();
}

Result<Bytes> ReadWhole(FileSystem& files, const std::string& name) {
  PBFS_ASSIGN_OR_RETURN(const auto file, files.Open(name, false));
  PBFS_ASSIGN_OR_RETURN(const int64_t size, file->Size());
  Bytes bytes(static_cast<size_t>(size));
  PBFS_RETURN_IF_ERROR(file->ReadAt(0, bytes));
  return bytes;
}

class Recoverer {
 public:
  Recoverer(FileSystem& files, const Owner& owner) : files_(files), owner_(owner) {}

  Result<Recovery> Run() {
    PBFS_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List());
    if (std::count(names.begin(), names.end(), kCheckpointDraft) > 0) {
      PBFS_RETURN_IF_ERROR(files_.Remove(kCheckpointDraft));
    }
    if (std::count(names.begin(), names.end(), kCheckpointName) > 0) PBFS_RETURN_IF_ERROR(LoadCheckpoint());
    for (const std::string& name : names) {
      if (const auto number = ParseVolumeName(name)) PBFS_RETURN_IF_ERROR(OpenVolume(name, *number));
    }
    KeepCoveredEntries();
    for (auto& [number, volume] : recovery_.volumes) PBFS_RETURN_IF_ERROR(ScanBeyond(volume));
    Merge();
    return std::move(recovery_);
  }

 private:
  Status LoadCheckpoint() {
    const Result<Bytes> bytes = ReadWhole(files_, kCheckpointName);
    if (!bytes.ok()) return OkStatus();  // lost: the volumes know everything
    auto checkpoint = DecodeCheckpoint(*bytes);
    if (!checkpoint.has_value()) return OkStatus();
    PBFS_RETURN_IF_ERROR(CheckOwner(checkpoint->owner, owner_, files_.Describe()));
    checkpoint_ = *std::move(checkpoint);
    recovery_.checkpoint_found = true;
    recovery_.next_number = checkpoint_.next_number;
    return OkStatus();
  }

  const Checkpoint::Covered* CoveredOf(uint32_t number) const {
    for (const Checkpoint::Covered& volume : checkpoint_.volumes) {
      if (volume.number == number) return &volume;
    }
    return nullptr;
  }

  Status OpenVolume(const std::string& name, uint32_t number) {
    recovery_.next_number = std::max(recovery_.next_number, number + 1);
    PBFS_ASSIGN_OR_RETURN(auto file, files_.Open(name, false));
    PBFS_ASSIGN_OR_RETURN(const int64_t size, file->Size());
    const std::optional<VolumeHeader> header = HeaderOf(*file, number);
    if (header.has_value()) PBFS_RETURN_IF_ERROR(CheckOwner(header->owner, owner_, files_.Describe() + "/" + name));
    if (!header.has_value() && size <= kVolumeHeader) return files_.Remove(name);  // its creation was never finished
    if (!header.has_value() || header->number != number) {
      ++recovery_.unreadable_volumes;  // both copies of its secret are gone: kept, for somebody to look at
      return OkStatus();
    }
    auto shared = std::make_shared<SyncedFile>();
    shared->file = std::move(file);
    recovery_.volumes[number] = {*header, std::move(shared), size};
    return OkStatus();
  }

  /// From the file, or, if both copies there are damaged, from what the checkpoint remembers.
  std::optional<VolumeHeader> HeaderOf(File& file, uint32_t number) {
    Bytes block(kVolumeHeader);
    if (file.ReadAt(0, block).ok()) {
      if (auto header = DecodeVolumeHeader(block)) return header;
    }
    if (const auto* covered = CoveredOf(number)) return VolumeHeader{owner_, number, covered->secret};
    return {};
  }

  /// The checkpoint's entries of volumes that are still the same.
  void KeepCoveredEntries() {
    const auto exists = [&](uint32_t number) {
      const auto found = recovery_.volumes.find(number);
      const auto* covered = CoveredOf(number);
      return found != recovery_.volumes.end() && covered != nullptr && covered->secret == found->second.header.secret;
    };
    std::map<uint32_t, bool> known;
    for (const Checkpoint::Covered& volume : checkpoint_.volumes) known[volume.number] = exists(volume.number);
    for (auto& [key, entry] : checkpoint_.index) {
      if (const auto found = known.find(entry.volume); found != known.end() && found->second)
        recovery_.index[key] = entry;
    }
    recovery_.tombstones = std::move(checkpoint_.tombstones);
  }

  Status ScanBeyond(RecoveredVolume& volume) {
    const auto* covered = CoveredOf(volume.header.number);
    const bool same = covered != nullptr && covered->secret == volume.header.secret;
    const int64_t from = same ? std::max(covered->covered, kVolumeHeader) : kVolumeHeader;
    const int64_t size = volume.end;
    volume.end = std::min(from, size);
    if (from >= size) return OkStatus();
    // A killed process leaves bytes in the page cache that no sync has seen: they must be durable before they are believed,
    // or a repeated put would be acknowledged on their strength. Where that fails, what was acknowledged before is read all
    // the same, and marked bad: it is served if it is sound, and replaced when it is put again.
    const bool durable = volume.file->file->Sync().ok();
    volume.file->failed = !durable;
    VolumeScan scan = ScanVolume(*volume.file->file, volume.header, from, size);
    volume.unreadable = scan.unreadable;
    volume.end = std::max(volume.end, scan.unreadable ? size : scan.end);
    recovery_.scanned_bytes += size - from;
    recovery_.scanned_fragments += static_cast<int64_t>(scan.fragments.size());
    recovery_.torn_records += scan.torn_records;
    recovery_.damaged_headers += scan.damaged_headers;
    for (const DeleteEntry& entry : scan.deletes) {
      Tombstone& tombstone = recovery_.tombstones[entry.key];
      tombstone = {std::max(tombstone.horizon, entry.horizon), volume.header.number};
    }
    for (auto& [key, entry] : scan.fragments) {
      entry.corrupt = !durable;
      found_.emplace_back(key, entry);
    }
    // What follows the last record that counts is preallocated space and torn puts; a failure only costs the space.
    if (durable && !scan.unreadable) (void)volume.file->file->Truncate(volume.end);
    return OkStatus();
  }

  /// Deletes first: they are final, whatever the order of records.
  void Merge() {
    for (const auto& [key, tombstone] : recovery_.tombstones) recovery_.index.erase(key);
    for (const auto& [key, entry] : found_) {
      if (recovery_.tombstones.contains(key)) continue;
      const auto [place, fresh] = recovery_.index.try_emplace(key, entry);
      if (fresh) continue;
      // Two whole records of one key: a copy made by compaction, or one that replaced a bad one. The younger stays.
      const bool replaces = place->second.sum == entry.sum && place->second.volume <= entry.volume;
      if (replaces) place->second = entry;
    }
  }

  FileSystem& files_;
  const Owner owner_;
  Checkpoint checkpoint_;
  Recovery recovery_;
  std::vector<std::pair<FragmentKey, Entry>> found_;
};

}  // namespace

Result<Recovery> Recover(FileSystem& files, const Owner& owner) { return Recoverer(files, owner).Run(); }

}  // namespace pbfs::disk
