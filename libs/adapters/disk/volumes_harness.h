#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "libs/adapters/disk/disk_volumes.h"
#include "libs/adapters/disk/memory_file_system.h"
#include "libs/base/testing.h"
#include "libs/fragments/test_fragments.h"

/// For tests of volumes: one store on a memory file system that can be stopped, restarted and held to what it acknowledged.
namespace pbfs::disk {

inline constexpr int64_t kHarnessNowMs = 1'700'000'000'000;

/// Volumes of 64 KiB, so that a few fragments fill one; no background work.
inline DiskOptions TinyVolumes() {
  DiskOptions options;
  options.owner = {{1, 2, 3}, StoreId{3}};
  options.capacity = int64_t{1} << 30;
  options.volume_size = 64 << 10;
  options.reserve = 128 << 10;
  options.allocate_step = 16 << 10;
  options.compact_rate = 0;
  options.scrub_rate = 0;
  options.background = false;
  return options;
}

/// Puts a fragment and waits for the answer.
Result<FragmentInfo> PutAndWait(Volumes& volumes, const TestFragment& fragment, size_t piece = 1 << 20);
/// The whole fragment.
Result<Buffer> ReadWhole(Volumes& volumes, const TestFragment& fragment);

class VolumesHarness {
 public:
  explicit VolumesHarness(uint64_t seed, std::shared_ptr<MemoryFileSystem> files = nullptr,
                          const DiskOptions& options = TinyVolumes());

  /// Opens the volumes, of which none may be open.
  Status Open();
  /// A clean end.
  void Close() { volumes.reset(); }
  /// The process dies where it stands (what it still tries fails) and what `loss` says is lost.
  void Crash(MemoryFileSystem::Loss loss);

  TestFragment NewFragment(int64_t length = 10'000);
  /// These keep account of what was promised, and then answer as the volumes did.
  Status Put(const TestFragment& fragment);
  Status Delete(const std::vector<TestFragment>& fragments);

  /// Everything acknowledged is there byte for byte, everything deleted is gone, and what got no answer is there whole or
  /// not at all.
  void ExpectPromisesKept();
  /// Repeats every put that got no answer; each must now be acknowledged, or was deleted.
  void RepeatUnanswered();

  SeededRandom random;
  ManualClock clock{kHarnessNowMs * 1000};
  std::shared_ptr<MemoryFileSystem> files;
  DiskOptions options;
  std::unique_ptr<DiskVolumes> volumes;

  std::map<FragmentKey, TestFragment> stored;      // acknowledged
  std::map<FragmentKey, TestFragment> unanswered;  // puts that failed
  std::map<FragmentKey, TestFragment> doubtful;    // acknowledged, then a delete of it failed
  std::map<FragmentKey, TestFragment> deleted;     // delete acknowledged
};

}  // namespace pbfs::disk
