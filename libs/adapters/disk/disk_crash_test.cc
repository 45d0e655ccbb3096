// What a crash, a failing disk or a damaged file may do at any point, and may not.
#include <atomic>

#include "libs/adapters/disk/volumes_harness.h"

namespace pbfs::disk {
namespace {

using Loss = MemoryFileSystem::Loss;

/// Puts of several sizes over several volumes, deletes, a checkpoint, compaction, and more puts: touches every kind of operation.
/// Errors are the harness's business.
void Work(VolumesHarness& store) {
  std::vector<TestFragment> fragments;
  const auto put = [&](int64_t length) {
    fragments.push_back(store.NewFragment(length));
    (void)store.Put(fragments.back());
  };
  for (int i = 0; i < 8; ++i) put(20'000 + 30'000 * (i % 3));
  put(12'000'000);  // 1.5 MB: written in two pieces, in a volume of its own
  (void)store.Delete({fragments[0], fragments[1], fragments[3], fragments[4], fragments[5]});
  (void)store.volumes->WriteCheckpoint();
  for (int i = 0; i < 4; ++i) put(50'000);
  (void)store.volumes->CompactOne();
  (void)store.Delete({fragments[8], fragments[6]});
  (void)store.volumes->CompactOne();
  put(40'000);
  (void)store.Put(fragments[10]);  // again: the same answer
}

/// Stops the process at the n-th operation for every n until a run gets through.
void StopEverywhere(Loss loss) {
  const uint64_t seed = TestSeed();
  for (int64_t n = 1;; ++n) {
    SCOPED_TRACE(testing::Message() << "seed " << seed << ", stopped at operation " << n);
    VolumesHarness store(seed + static_cast<uint64_t>(n));
    ASSERT_OK(store.Open());
    store.files->StopAt(n);
    Work(store);
    const bool through = !store.files->stopped();
    store.Crash(loss);
    ASSERT_OK(store.Open());
    EXPECT_EQ(store.volumes->recovery().unreadable_volumes, 0);
    store.ExpectPromisesKept();
    // A repeated put must not be acknowledged on the strength of bytes that no sync has seen.
    store.RepeatUnanswered();
    store.Crash(Loss::kUnsynced);
    ASSERT_OK(store.Open());
    store.ExpectPromisesKept();
    if (through || testing::Test::HasFailure()) break;
  }
}

TEST(DiskCrash, KilledAtAnyOperationKeepsItsPromises) { StopEverywhere(Loss::kNone); }
TEST(DiskCrash, PowerLostAtAnyOperationKeepsItsPromises) { StopEverywhere(Loss::kUnsynced); }

TEST(DiskCrash, RecoveryItselfMayBeStoppedAnywhere) {
  const uint64_t seed = TestSeed();
  VolumesHarness origin(seed);
  ASSERT_OK(origin.Open());
  Work(origin);
  origin.Crash(Loss::kNone);
  for (int64_t n = 1;; ++n) {
    SCOPED_TRACE(testing::Message() << "seed " << seed << ", stopped at operation " << n);
    VolumesHarness store(seed, origin.files->Clone());
    store.stored = origin.stored;
    store.unanswered = origin.unanswered;
    store.deleted = origin.deleted;
    store.files->StopAt(n);
    const bool through = store.Open().ok() && !store.files->stopped();
    store.Crash(Loss::kUnsynced);
    ASSERT_OK(store.Open());
    store.ExpectPromisesKept();
    if (through || testing::Test::HasFailure()) break;
  }
}

/// What a disk failed to read, or to sync, while the store started was not lost: a start that can read it has it again.
TEST(DiskCrash, RecoveryMayFailToReadAnythingAndLosesNothing) {
  const uint64_t seed = TestSeed();
  VolumesHarness origin(seed);
  ASSERT_OK(origin.Open());
  Work(origin);
  for (const Loss loss : {Loss::kNone, Loss::kUnsynced}) {
    origin.Crash(loss);
    for (int64_t n = 1;; ++n) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", failed operation " << n);
      VolumesHarness store(seed, origin.files->Clone());
      store.stored = origin.stored;
      store.unanswered = origin.unanswered;
      store.deleted = origin.deleted;
      const int64_t before = store.files->operations();
      store.files->FailOperation(n, UnavailableError("Input/output error"));
      if (store.Open().ok()) {
        while (*store.volumes->CompactOne()) continue;
        store.Close();
      }
      const bool through = store.files->operations() - before < n;
      store.Crash(Loss::kUnsynced);
      ASSERT_OK(store.Open());
      store.ExpectPromisesKept();
      if (through || testing::Test::HasFailure()) break;
    }
    ASSERT_OK(origin.Open());
  }
}

/// One operation fails, the process goes on.
void FailEverywhere(const Status& error) {
  const uint64_t seed = TestSeed();
  for (int64_t n = 1;; ++n) {
    SCOPED_TRACE(testing::Message() << "seed " << seed << ", failed operation " << n);
    VolumesHarness store(seed + static_cast<uint64_t>(n));
    ASSERT_OK(store.Open());
    const int64_t before = store.files->operations();
    store.files->FailOperation(n, error);
    Work(store);
    const bool through = store.files->operations() - before < n;
    // Reads may have met the failure too: then a fragment is marked bad until it is found sound again.
    store.volumes->Scrub();
    store.ExpectPromisesKept();
    store.RepeatUnanswered();
    if (n % 2 == 0) store.Close();
    store.Crash(Loss::kUnsynced);
    ASSERT_OK(store.Open());
    store.ExpectPromisesKept();
    if (through || testing::Test::HasFailure()) break;
  }
}

TEST(DiskCrash, AnyOperationMayFailWithAnInputOutputError) { FailEverywhere(UnavailableError("Input/output error")); }
TEST(DiskCrash, AnyOperationMayFindTheDiskFull) {
  FailEverywhere(ResourceExhaustedError("no space").WithDetail("pbfs-code", "STORE_FULL"));
}
TEST(DiskCrash, AnyOperationMayFindTooManyOpenFiles) { FailEverywhere(ResourceExhaustedError("too many open files")); }

TEST(DiskCrash, ConcurrentWorkCrashesWithoutBreakingPromises) {
  SeededRandom random(TestSeed());
  SCOPED_TRACE(TestSeed());
  for (int round = 0; round < TestScaled(30); ++round) {
    VolumesHarness store(TestSeed() + static_cast<uint64_t>(round));
    ASSERT_OK(store.Open());
    std::vector<std::vector<TestFragment>> mine(4);
    for (auto& list : mine) {
      for (int i = 0; i < 12; ++i) list.push_back(store.NewFragment(1 + static_cast<int64_t>(random.Below(90'000))));
    }
    store.files->StopAt(1 + static_cast<int64_t>(random.Below(400)));
    Mutex mutex;
    std::atomic<int> running = 4;
    {
      std::vector<Thread> threads;
      for (auto& list : mine) {
        threads.emplace_back("putter", [&] {
          for (size_t i = 0; i < list.size(); ++i) {
            const Status put = PutAndWait(*store.volumes, list[i], 4096).status();
            const bool kill = i % 2 == 1 && put.ok();
            const Status gone = kill ? store.volumes->Delete({list[i].key}) : OkStatus();
            MutexLock lock(mutex);
            auto& fate = !put.ok()   ? store.unanswered
                         : !kill     ? store.stored
                         : gone.ok() ? store.deleted
                                     : store.doubtful;
            fate[list[i].key] = list[i];
          }
          --running;
        });
      }
      threads.emplace_back("compacter", [&] {
        while (running > 0) {
          (void)store.volumes->CompactOne();
          (void)store.volumes->WriteCheckpoint();
          for (const TestFragment& fragment : mine[0]) {
            const auto bytes = ReadWhole(*store.volumes, fragment);
            EXPECT_TRUE(!bytes.ok() || Equal(*bytes, fragment.bytes));
          }
        }
      });
    }
    store.Crash(round % 2 == 0 ? Loss::kUnsynced : Loss::kNone);
    ASSERT_OK(store.Open());
    store.ExpectPromisesKept();
    store.RepeatUnanswered();
    for (int i = 0; i < 10 && store.volumes->CompactOne().value_or(false); ++i) continue;
    store.Crash(Loss::kUnsynced);
    ASSERT_OK(store.Open());
    store.ExpectPromisesKept();
    if (testing::Test::HasFailure()) break;
  }
}

/// A store with fragments over many volumes, deletes and copies by compaction, cleanly closed.
class DamagedFiles : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(image_.Open());
    std::vector<TestFragment> fragments;
    for (int i = 0; i < 40; ++i) {
      fragments.push_back(image_.NewFragment(1 + static_cast<int64_t>(image_.random.Below(60'000))));
      ASSERT_OK(image_.Put(fragments.back()));
    }
    for (size_t i = 0; i < 20; ++i) ASSERT_OK(image_.Delete({fragments[i]}));
    while (image_.volumes->CompactOne().value_or(false)) continue;
    image_.Close();
  }

  /// How many fragments of a damaged copy are not there; none of them may read wrong.
  int LostOf(std::unique_ptr<MemoryFileSystem> copy, bool after_scrub) {
    VolumesHarness store(TestSeed(), std::move(copy));
    const Status opened = store.Open();
    EXPECT_OK(opened);
    if (!opened.ok()) return -1;
    if (after_scrub) store.volumes->Scrub();
    int lost = 0;
    for (const auto& [key, fragment] : image_.stored) {
      const Result<Buffer> bytes = ReadWhole(*store.volumes, fragment);
      const StatusCode code = bytes.status().code();
      EXPECT_TRUE(bytes.ok() || code == StatusCode::kDataLoss || code == StatusCode::kNotFound);
      EXPECT_TRUE(!bytes.ok() || Equal(*bytes, fragment.bytes)) << "wrong bytes";
      lost += bytes.ok() ? 0 : 1;
      EXPECT_OK(PutAndWait(*store.volumes, fragment));  // what is damaged is replaced
      const Result<Buffer> again = ReadWhole(*store.volumes, fragment);
      EXPECT_TRUE(again.ok() && Equal(*again, fragment.bytes));
    }
    EXPECT_EQ(store.volumes->Stat().corrupt, 0);
    return lost;
  }

  std::string AnyFile() {
    const auto names = image_.files->Names();
    return names[image_.random.Below(names.size())];
  }

  VolumesHarness image_{TestSeed()};
};

TEST_F(DamagedFiles, AFlippedBitCostsAtMostOneFragmentAndNoWrongByte) {
  SCOPED_TRACE(TestSeed());
  int lost_in_all = 0;
  for (int i = 0; i < TestScaled(2000) && !HasFailure(); ++i) {
    auto copy = image_.files->Clone();
    const std::string name = AnyFile();
    const auto offset = static_cast<int64_t>(image_.random.Below(static_cast<uint64_t>(copy->SizeOf(name))));
    ASSERT_TRUE(copy->FlipBits(name, offset, static_cast<uint8_t>(1 << image_.random.Below(8))));
    if (i % 2 == 0) copy->Erase("index");
    const int lost = LostOf(std::move(copy), i % 3 == 0);
    EXPECT_LE(lost, 1) << name << " at " << offset;
    lost_in_all += lost;
  }
  EXPECT_GT(lost_in_all, 0) << "no flip hit anything: the test tests nothing";
}

TEST_F(DamagedFiles, ATruncatedVolumeNeverGivesWrongBytes) {
  SCOPED_TRACE(TestSeed());
  int lost_in_all = 0;
  for (int i = 0; i < TestScaled(200) && !HasFailure(); ++i) {
    auto copy = image_.files->Clone();
    const std::string name = AnyFile();
    copy->Cut(name, static_cast<int64_t>(image_.random.Below(static_cast<uint64_t>(copy->SizeOf(name)))));
    if (i % 2 == 0) copy->Erase("index");
    lost_in_all += LostOf(std::move(copy), i % 3 == 0);
  }
  EXPECT_GT(lost_in_all, 0);
}

TEST_F(DamagedFiles, ALostIndexIsRebuiltFromTheVolumes) {
  auto copy = image_.files->Clone();
  copy->Erase("index");
  VolumesHarness store(TestSeed(), std::move(copy));
  store.stored = image_.stored;
  store.deleted = image_.deleted;
  ASSERT_OK(store.Open());
  store.ExpectPromisesKept();
  EXPECT_FALSE(store.volumes->recovery().checkpoint_found);
  EXPECT_EQ(store.volumes->Stat().fragments, static_cast<int64_t>(image_.stored.size()));
}

}  // namespace
}  // namespace pbfs::disk
