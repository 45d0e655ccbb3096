#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/adapters/disk/checkpoint.h"
#include "libs/adapters/disk/file_system.h"
#include "libs/adapters/disk/recovery.h"
#include "libs/adapters/disk/sync_queue.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/base/sync.h"
#include "libs/fragments/volumes.h"

namespace pbfs::disk {

/// Sizes in bytes, rates in bytes a second.
struct DiskOptions {
  Owner owner;
  int64_t capacity = 0;                    // of all volumes; 0: what the file system has. Its own end is noticed too
  int64_t volume_size = int64_t{1} << 30;  // a volume takes records up to here; a longer record gets one for itself
  int64_t reserve = int64_t{1} << 28;      // kept from puts, so that deletes and compaction still find room
  int64_t allocate_step = int64_t{1} << 26;
  int64_t checkpoint_every = int64_t{1} << 30;  // bytes stored between checkpoints: what a crash makes recovery read
  double compact_below = 0.5;                   // live share of a volume under which it is rewritten
  int64_t compact_rate = int64_t{100} << 20;
  int64_t scrub_rate = int64_t{8} << 20;  // 4 TB a week; 0: no scrub
  int64_t scrub_pause_ms = 86'400'000;    // between two passes
  bool background = true;  // false: nobody compacts, scrubs or checkpoints but by the calls below (tests)
};

/// Fragments in append-only volumes of one directory (docs/formats/volumes.md).
///
/// A put writes its record at its own place in the active volume, several at a time; one thread syncs for all of them; then
/// the index, in memory, learns of it. The index is written to a checkpoint now and then and at a clean end, and is otherwise
/// rebuilt from the volumes. A volume whose write or sync failed takes no more data.
/// Threads: any. Outlives its writers.
class DiskVolumes final : public Volumes {
 public:
  /// Opens or creates the store's directory and recovers what it holds. `clock` outlives the result.
  /// Errors: FAILED_PRECONDITION another process uses it, or it belongs to another cluster or store; RESOURCE_EXHAUSTED too
  /// many open files; UNAVAILABLE, PERMISSION_DENIED.
  static Result<std::unique_ptr<DiskVolumes>> Open(std::shared_ptr<FileSystem> files, const DiskOptions& options,
                                                   const Clock& clock, Random& random);
  /// Ends background work, settles what is in flight, writes a checkpoint.
  ~DiskVolumes() override;

  Result<std::unique_ptr<VolumeWriter>> StartWrite(const FragmentKey& key, int64_t length) override;
  Result<Buffer> Read(const FragmentRange& range) override;
  Status Delete(const std::vector<FragmentKey>& keys) override;
  void Drop(const std::vector<FragmentInfo>& copies) override;
  ListFragmentsReply List(const ListFragmentsRequest& request) override;
  StoreStat Stat() override;

  /// What Open() found.
  const Recovery& recovery() const { return recovery_; }
  /// Writes the index down. Durable when it returns.
  Status WriteCheckpoint();
  /// Rewrites the volume that pays most and gives its space back. False if none pays. Errors: those of the disk; harmless.
  Result<bool> CompactOne();
  /// Verifies every fragment once. Returns how many are bad. Ends early when the volumes close.
  int64_t Scrub();

 private:
  friend class DiskWriter;

  /// One volume file and what of it is in use. All but `file` is guarded by mutex_ of the owner.
  struct Volume {
    VolumeHeader header;
    std::shared_ptr<SyncedFile> file;
    int64_t tail = 0;                   // the next record goes here
    int64_t live = 0;                   // space of records that the index names
    std::set<int64_t> open;             // offsets of records not settled yet
    bool blocked = false;               // compaction met a bad fragment in it
    bool trimmed = false;               // the file ends at `tail`
    std::optional<int64_t> unreadable;  // recovery could not read all from here on: kept for the next to try
    Mutex grow_mutex;                   // orders growth of the file; held across the file's Allocate() only
    int64_t allocated PBFS_GUARDED_BY(grow_mutex) = 0;
  };
  /// A record's place.
  struct Place {
    std::shared_ptr<Volume> volume;
    int64_t offset = 0;
    int64_t space = 0;
  };
  enum class Purpose { kPut, kHousekeeping };
  /// A put whose bytes are complete and on their way to the disk; others with the same sum wait with it.
  struct Committing {
    uint32_t sum = 0;
    std::vector<CommitCallback> waiters;
  };
  using VolumePtr = std::shared_ptr<Volume>;

  DiskVolumes(std::shared_ptr<FileSystem> files, const DiskOptions& options, const Clock& clock, Random& random);
  Status Start();
  void Adopt();

  // Space (disk_space.cc).
  Result<Place> Allocate(int64_t space, Purpose purpose);
  std::optional<Place> TryAllocate(int64_t space) PBFS_REQUIRES(mutex_);
  bool Fits(int64_t space) const PBFS_REQUIRES(mutex_);
  Status Roll(int64_t space);
  Result<VolumePtr> CreateVolume(uint32_t number);
  Status Grow(const Place& place, Purpose purpose);
  void Abandon(const Place& place);
  void GiveBack(const Place& place);
  Status WriteAt(const Place& place, int64_t offset, std::span<const ByteSpan> parts);
  /// A stretch of a put's record: offset, address and size are multiples of kDirectAlignment.
  Status WriteStage(const Place& place, int64_t offset, ByteSpan bytes);

  // Puts (disk_writer.cc).
  /// Settles the key for a put of `sum`: an answer, or nothing: then the caller commits (or its put waits for another).
  std::optional<Result<FragmentInfo>> Reserve(const FragmentKey& key, uint32_t sum, bool has_bytes,
                                              CommitCallback& done, bool& waits);
  /// Ends a commit; `place` has no volume if the put never got one.
  void Settle(const FragmentKey& key, const Place& place, const Entry& entry, const Status& status,
              const CommitCallback& done);

  // Deletes (disk_deletes.cc).
  std::vector<DeleteEntry> ClaimDeletes(const std::vector<FragmentKey>& keys);
  Result<Place> WriteDeletes(const std::vector<DeleteEntry>& entries);
  Status SyncAndWait(const VolumePtr& volume);
  void SettleDeletes(const std::vector<DeleteEntry>& entries, const Result<Place>& place, const Status& status);
  void Forget(const FragmentKey& key) PBFS_REQUIRES(mutex_);

  // Reads.
  std::optional<std::pair<Entry, VolumePtr>> Find(const FragmentKey& key);
  /// Marks the fragment bad, unless it has moved meanwhile: then false.
  ListFragmentsReply ListBad(const ListFragmentsRequest& request) const PBFS_REQUIRES(mutex_);
  bool MarkBad(const FragmentKey& key, const Entry& entry);
  void MarkGood(const FragmentKey& key, const Entry& entry);

  // Compaction and scrub (disk_maintenance.cc).
  VolumePtr PickVictim();
  void GiveUpWastefulVolume();
  std::vector<std::pair<FragmentKey, Entry>> EntriesOf(uint32_t volume);
  Status MoveFragments(const VolumePtr& victim);
  /// Copies one fragment and hands the copy to the sync; false if it is bad. The index changes in SettleMove.
  Result<bool> MoveFragment(const FragmentKey& key, const Entry& entry, const VolumePtr& victim);
  Status CopyRecord(const FragmentKey& key, const Entry& entry, const VolumePtr& victim, const Place& place);
  void SettleMove(const FragmentKey& key, const Entry& from, const Place& to, const Status& status);
  Status MoveTombstones(const VolumePtr& victim);
  Status DropVolume(const VolumePtr& victim);
  void TrimRetired();
  bool StillThere(const FragmentKey& key, const Entry& entry);
  void Maintain();
  bool CheckpointIsDue();
  void ScrubForever();
  /// False if the volumes closed before the end.
  bool ScrubOne(const FragmentKey& key);
  void Nudge();
  /// Sleeps so that `bytes` more keep to `rate`. False if the volumes are closing.
  bool Pace(int64_t bytes, int64_t rate);
  bool PauseUntil(MonotonicTime until, bool wake_on_nudge);

  const std::shared_ptr<FileSystem> files_;
  DiskOptions options_;  // fixed once Start() is through
  const Clock& clock_;
  Random& random_;
  std::unique_ptr<DirectoryLock> directory_lock_;
  Recovery recovery_;

  Mutex mutex_;
  CondVar settled_;  // a put or delete was settled, or a volume made
  Index index_ PBFS_GUARDED_BY(mutex_);
  Tombstones tombstones_ PBFS_GUARDED_BY(mutex_);
  std::map<FragmentKey, Committing> committing_ PBFS_GUARDED_BY(mutex_);
  std::map<FragmentKey, uint32_t> doubtful_ PBFS_GUARDED_BY(mutex_);  // sums of puts whose sync failed
  std::set<FragmentKey> deleting_ PBFS_GUARDED_BY(mutex_);
  std::set<FragmentKey> bad_ PBFS_GUARDED_BY(mutex_);
  std::map<uint32_t, VolumePtr> volumes_ PBFS_GUARDED_BY(mutex_);
  VolumePtr active_ PBFS_GUARDED_BY(mutex_);
  uint32_t next_number_ PBFS_GUARDED_BY(mutex_) = 1;
  bool rolling_ PBFS_GUARDED_BY(mutex_) = false;
  int64_t used_ PBFS_GUARDED_BY(mutex_) = 0;
  int64_t live_bytes_ PBFS_GUARDED_BY(mutex_) = 0;           // of fragments, without records around them
  size_t failed_volumes_noted_ PBFS_GUARDED_BY(mutex_) = 0;  // by the last checkpoint
  int64_t since_checkpoint_ PBFS_GUARDED_BY(mutex_) = 0;
  int64_t scrubbed_ms_ PBFS_GUARDED_BY(mutex_) = 0;

  Mutex checkpoint_mutex_;  // one checkpoint at a time; held across its file calls, and by nobody else
  Mutex compact_mutex_;     // one compaction at a time
  Mutex stop_mutex_;
  CondVar nudge_;
  bool stopping_ PBFS_GUARDED_BY(stop_mutex_) = false;
  bool nudged_ PBFS_GUARDED_BY(stop_mutex_) = false;

  std::unique_ptr<SyncQueue> sync_;
  Thread maintain_thread_;
  Thread scrub_thread_;
};

}  // namespace pbfs::disk
