#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "libs/fragments/fragment_check.h"
#include "libs/fragments/fragment_store.h"

namespace pbfs {

/// Told once how a commit ended: what is stored under the key now, durable and visible, or why nothing is.
using CommitCallback = std::function<void(Result<FragmentInfo>)>;

/// A fragment on its way to the disk. Threads: one at a time. Destroying it before Commit() calls the write off: nothing
/// becomes visible, the space it took is dead.
class VolumeWriter {
 public:
  virtual ~VolumeWriter() = default;
  /// The next bytes. May block for a write, never for a sync. The last piece is held back until Commit(), so that
  /// no complete record exists before its key is settled.
  /// Errors: RESOURCE_EXHAUSTED full (STORE_FULL) or out of files; UNAVAILABLE the disk failed.
  virtual Status Append(Buffer bytes) = 0;
  /// All bytes are appended and sound; `info` and `shape` are theirs. `done` runs on the committing thread of the volumes, or within
  /// this call if the answer is known. Errors given to `done`: those of Append(); ALREADY_EXISTS another sum is stored
  /// (CONFLICT); FAILED_PRECONDITION the fragment was deleted.
  virtual void Commit(const FragmentInfo& info, const FragmentShape& shape, CommitCallback done) = 0;
};

/// Where a fragment store keeps its fragments. It knows nothing of tokens, fences and clients; it is durable, write-once and
/// checks every byte that it gives out. Threads: any. Outlives its writers.
/// Implementation: DiskVolumes (libs/adapters/disk); its twin for tests is the same class over MemoryFileSystem.
class Volumes {
 public:
  virtual ~Volumes() = default;
  /// A write of `length` bytes. If the fragment is here and not known to be bad, its bytes only count and are not stored again.
  /// Errors: RESOURCE_EXHAUSTED (STORE_FULL), FAILED_PRECONDITION deleted.
  virtual Result<std::unique_ptr<VolumeWriter>> StartWrite(const FragmentKey& key, int64_t length) = 0;
  /// Bytes of a range, every block of them checked. Blocks for the disk.
  /// Errors: NOT_FOUND; DATA_LOSS; OUT_OF_RANGE, INVALID_ARGUMENT (borders).
  virtual Result<Buffer> Read(const FragmentRange& range) = 0;
  /// Durable when it returns. Keys that are not here are skipped. A deleted key is refused for as long as a trace of it may
  /// lie on the disk. Errors: RESOURCE_EXHAUSTED, UNAVAILABLE: some may be deleted; repeat.
  virtual Status Delete(const std::vector<FragmentKey>& keys) = 0;
  /// See FragmentStore. In memory only: never blocks for the disk, and the space comes back by compaction.
  virtual void Drop(const std::vector<FragmentInfo>& copies) = 0;
  /// See FragmentStore; the token is not looked at.
  virtual ListFragmentsReply List(const ListFragmentsRequest& request) = 0;
  virtual StoreStat Stat() = 0;
};

}  // namespace pbfs
