#include "libs/adapters/disk/disk_volumes.h"

#include <atomic>

#include "libs/adapters/disk/volume_scan.h"
#include "libs/adapters/disk/volumes_harness.h"

namespace pbfs::disk {
namespace {

using Loss = MemoryFileSystem::Loss;

class DiskVolumesTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_OK(store_.Open()); }
  Status Restart(Loss loss = Loss::kUnsynced) {
    store_.Crash(loss);
    return store_.Open();
  }
  void PutMany(int count, int64_t length = 60'000) {
    for (int i = 0; i < count; ++i) ASSERT_OK(store_.Put(store_.NewFragment(length)));
  }
  std::vector<TestFragment> Stored() {
    std::vector<TestFragment> all;
    for (const auto& [key, fragment] : store_.stored) all.push_back(fragment);
    return all;
  }
  int64_t VolumeFiles() {
    int64_t count = 0;
    for (const std::string& name : store_.files->Names()) count += ParseVolumeName(name).has_value() ? 1 : 0;
    return count;
  }

  VolumesHarness store_{TestSeed()};
};

TEST_F(DiskVolumesTest, ACleanEndNeedsNoScan) {
  PutMany(6);
  store_.Close();
  ASSERT_OK(store_.Open());
  EXPECT_TRUE(store_.volumes->recovery().checkpoint_found);
  EXPECT_EQ(store_.volumes->recovery().scanned_bytes, 0);
  store_.ExpectPromisesKept();
}

TEST_F(DiskVolumesTest, ACrashScansOnlyBeyondTheCheckpoint) {
  PutMany(10);
  ASSERT_OK(store_.volumes->WriteCheckpoint());
  PutMany(2);
  ASSERT_OK(Restart());
  EXPECT_EQ(store_.volumes->recovery().scanned_fragments, 2);
  store_.ExpectPromisesKept();
  ASSERT_OK(Restart(Loss::kNone));
  EXPECT_EQ(store_.volumes->recovery().scanned_bytes, 0) << "recovery wrote a checkpoint of its own";
}

TEST_F(DiskVolumesTest, DirectoriesOfOthersAreRefused) {
  PutMany(1);
  EXPECT_CODE(DiskVolumes::Open(store_.files, store_.options, store_.clock, store_.random), kFailedPrecondition);
  for (const bool with_index : {true, false}) {
    store_.Close();
    if (!with_index) store_.files->Erase("index");
    DiskOptions other_store = store_.options;
    other_store.owner.store = StoreId{4};
    const Status store = DiskVolumes::Open(store_.files, other_store, store_.clock, store_.random).status();
    EXPECT_CODE(store, kFailedPrecondition);
    EXPECT_THAT(store.message(), testing::HasSubstr("belongs to store 3"));
    DiskOptions other_cluster = store_.options;
    other_cluster.owner.cluster = {9};
    const Status cluster = DiskVolumes::Open(store_.files, other_cluster, store_.clock, store_.random).status();
    EXPECT_CODE(cluster, kFailedPrecondition);
    EXPECT_THAT(cluster.message(), testing::HasSubstr("belongs to cluster"));
    ASSERT_OK(store_.Open());
    store_.ExpectPromisesKept();
  }
}

TEST_F(DiskVolumesTest, OneSyncServesManyWriters) {
  // While the queue's thread is busy with one group the others gather: hold it in the callback of a first put.
  Mutex mutex;
  CondVar go_on;
  bool held = true;
  std::atomic<int> done = 0;
  SyncQueue queue;
  struct CountingFile final : File {
    std::atomic<int> syncs{0};
    Status WriteAt(int64_t, std::span<const ByteSpan>) override { return OkStatus(); }
    Status ReadAt(int64_t, MutableByteSpan) override { return OkStatus(); }
    Status Sync() override { return ++syncs, OkStatus(); }
    Status Allocate(int64_t) override { return OkStatus(); }
    Status Truncate(int64_t) override { return OkStatus(); }
    Result<int64_t> Size() override { return int64_t{0}; }
  };
  auto file = std::make_shared<SyncedFile>();
  auto counting = std::make_unique<CountingFile>();
  CountingFile& counts = *counting;
  file->file = std::move(counting);
  queue.Add(file, [&](const Status&) {
    MutexLock lock(mutex);
    while (held) go_on.Wait(mutex);
  });
  const MonotonicTime deadline = MonotonicNow() + std::chrono::seconds(30);
  while (counts.syncs == 0 && MonotonicNow() < deadline) SleepFor(std::chrono::milliseconds(1));
  for (int i = 0; i < 100; ++i) queue.Add(file, [&](const Status& status) { done += status.ok() ? 1 : 0; });
  {
    MutexLock lock(mutex);
    held = false;
  }
  go_on.NotifyAll();
  while (done < 100 && MonotonicNow() < deadline) SleepFor(std::chrono::milliseconds(1));
  EXPECT_EQ(done, 100);
  EXPECT_EQ(counts.syncs, 2);
}

TEST_F(DiskVolumesTest, AFullStoreRefusesPutsServesReadsAndDeletes) {
  store_.Close();
  store_.options.capacity = 700 << 10;
  ASSERT_OK(store_.Open());
  Status full;
  for (int i = 0; i < 200 && full.ok(); ++i) full = store_.Put(store_.NewFragment(60'000));
  EXPECT_CODE(full, kResourceExhausted);
  EXPECT_EQ(full.Detail("pbfs-code"), "STORE_FULL");
  EXPECT_LE(store_.volumes->Stat().used, store_.options.capacity);
  store_.ExpectPromisesKept();
  ASSERT_OK(store_.Put(Stored()[0]));  // what is here may be put again
  ASSERT_OK(store_.Delete(Stored()));
  while (*store_.volumes->CompactOne()) continue;
  EXPECT_OK(store_.Put(store_.NewFragment(60'000)));
}

TEST_F(DiskVolumesTest, AFullDiskRefusesPutsServesReadsAndDeletes) {
  store_.files->set_capacity(900 << 10);
  Status full;
  for (int i = 0; i < 200 && full.ok(); ++i) full = store_.Put(store_.NewFragment(60'000));
  EXPECT_CODE(full, kResourceExhausted);
  EXPECT_EQ(full.Detail("pbfs-code"), "STORE_FULL");
  store_.ExpectPromisesKept();
  ASSERT_OK(store_.Delete(Stored())) << "the reserve is kept for this";
  while (*store_.volumes->CompactOne()) continue;
  EXPECT_OK(store_.Put(store_.NewFragment(60'000)));
  ASSERT_OK(Restart());
  store_.ExpectPromisesKept();
}

TEST_F(DiskVolumesTest, AFailedSyncIsNeverAnsweredByALaterOne) {
  PutMany(2);
  const TestFragment fragment = store_.NewFragment();
  store_.files->FailNextSync(UnavailableError("Input/output error"));
  EXPECT_CODE(store_.Put(fragment), kUnavailable);
  EXPECT_CODE(ReadWhole(*store_.volumes, fragment), kNotFound);
  ASSERT_OK(store_.Put(fragment));
  EXPECT_EQ(VolumeFiles(), 2) << "the failed volume takes no more";
  ASSERT_OK(Restart());
  store_.ExpectPromisesKept();
}

TEST_F(DiskVolumesTest, APutUnderWayDuringAFailedSyncIsNotAcknowledged) {
  store_.Close();
  store_.options.volume_size = 8 << 20;
  ASSERT_OK(store_.Open());
  PutMany(1);
  const TestFragment big = store_.NewFragment(12'000'000);  // 1.5 MB: its first piece is on its way to the disk
  const auto size = static_cast<int64_t>(big.bytes.size());
  ASSERT_OK_AND_ASSIGN(auto writer, store_.volumes->StartWrite(big.key, size));
  FragmentCheck check(big.key, size);
  ASSERT_OK(check.Append(big.bytes));
  ASSERT_OK(writer->Append(big.bytes.Slice(0, 1 << 20)));
  // The sync of a delete record in the same volume fails: the first piece may be lost with it.
  store_.files->FailNextSync(UnavailableError("Input/output error"));
  EXPECT_CODE(store_.Delete(Stored()), kUnavailable);
  ASSERT_OK(writer->Append(big.bytes.Slice(1 << 20, size - (1 << 20))));
  Status answer;
  std::atomic<bool> answered = false;
  writer->Commit({big.key, size, check.sum(), 1}, check.shape(), [&](const Result<FragmentInfo>& info) {
    answer = info.status();
    answered = true;
  });
  const MonotonicTime deadline = MonotonicNow() + std::chrono::seconds(30);
  while (!answered && MonotonicNow() < deadline) SleepFor(std::chrono::milliseconds(1));
  EXPECT_CODE(answer, kUnavailable);
  ASSERT_OK(store_.Put(big));
  ASSERT_OK(Restart());
  store_.ExpectPromisesKept();
}

TEST_F(DiskVolumesTest, BytesOfAFailedVolumeAreNotBelievedAfterARestart) {
  PutMany(1);
  const TestFragment fragment = store_.NewFragment();
  store_.files->FailNextSync(UnavailableError("Input/output error"));
  EXPECT_CODE(store_.Put(fragment), kUnavailable);
  store_.Close();  // the page cache still holds the record, whole; the disk never will
  store_.files->Restart(Loss::kNone);
  ASSERT_OK(store_.Open());
  ASSERT_OK(store_.Put(fragment));
  ASSERT_OK(Restart(Loss::kUnsynced));
  store_.ExpectPromisesKept();
}

TEST_F(DiskVolumesTest, AFailedVolumeIsEmptiedByCompaction) {
  PutMany(3, 20'000);
  store_.files->FailNextSync(UnavailableError("Input/output error"));
  EXPECT_CODE(store_.Put(store_.NewFragment()), kUnavailable);
  PutMany(1);
  ASSERT_TRUE(*store_.volumes->CompactOne());
  EXPECT_EQ(VolumeFiles(), 1);
  store_.ExpectPromisesKept();
}

TEST_F(DiskVolumesTest, OfTwoContentsOfAKeyTheAcknowledgedOneStaysAfterALostIndex) {
  const FragmentKey key = store_.NewFragment().key;
  const TestFragment two[] = {MakeTestFragment(key, {12'000'000, 8}, store_.random),
                              MakeTestFragment(key, {12'000'000, 8}, store_.random)};
  const auto size = static_cast<int64_t>(two[0].bytes.size());
  ASSERT_OK_AND_ASSIGN(auto loser, store_.volumes->StartWrite(key, size));
  FragmentCheck check(key, size);
  ASSERT_OK(check.Append(two[0].bytes));
  for (int64_t at = 0; at < size; at += 1 << 20) {
    ASSERT_OK(loser->Append(two[0].bytes.Slice(at, std::min<int64_t>(1 << 20, size - at))));
  }
  ASSERT_OK(store_.Put(two[1]));
  Status answer;
  loser->Commit({key, size, check.sum(), 1}, check.shape(),
                [&](const Result<FragmentInfo>& info) { answer = info.status(); });
  EXPECT_CODE(answer, kAlreadyExists);
  loser.reset();
  store_.Crash(Loss::kNone);
  store_.files->Erase("index");
  ASSERT_OK(store_.Open());
  store_.ExpectPromisesKept();
}

TEST_F(DiskVolumesTest, CompactionGivesSpaceBackAndKeepsWhatLives) {
  PutMany(60);
  const std::vector<TestFragment> all = Stored();
  for (size_t i = 0; i < all.size(); ++i) {
    if (i % 4 != 0) {
      ASSERT_OK(store_.Delete({all[i]}));
    }
  }
  const int64_t before = store_.volumes->Stat().used;
  while (*store_.volumes->CompactOne()) continue;
  EXPECT_LT(store_.volumes->Stat().used, before / 2);
  int64_t files = 0;
  for (const std::string& name : store_.files->Names()) files += store_.files->SizeOf(name);
  EXPECT_LT(files, before / 2 + store_.options.volume_size);
  store_.ExpectPromisesKept();
  ASSERT_OK(Restart());
  store_.ExpectPromisesKept();
}

// A store that holds less than a volume, or has just been emptied.
TEST_F(DiskVolumesTest, TheActiveVolumeGivesItsSpaceBackToo) {
  PutMany(6);
  const std::vector<TestFragment> all = Stored();
  const int64_t before = store_.volumes->Stat().used;
  ASSERT_LT(before, store_.options.volume_size);  // one volume
  ASSERT_OK(store_.Delete({all.begin() + 1, all.end()}));
  ASSERT_TRUE(*store_.volumes->CompactOne());
  EXPECT_LT(store_.volumes->Stat().used, before / 2);
  EXPECT_FALSE(*store_.volumes->CompactOne());  // and that is that
  store_.ExpectPromisesKept();
  ASSERT_OK(Restart());
  store_.ExpectPromisesKept();
}

// A drop leaves no record: until its volume is rewritten, or a checkpoint is without it, a crash brings the copy back, whole.
TEST_F(DiskVolumesTest, ADroppedCopyTakesNoSpaceAndMayBePutAgain) {
  PutMany(8);
  const TestFragment moved = Stored()[0];
  const auto drop_all = [&] { store_.volumes->Drop(store_.volumes->List({}).fragments); };
  drop_all();
  EXPECT_CODE(ReadWhole(*store_.volumes, moved), kNotFound);
  EXPECT_EQ(store_.volumes->Stat().live, 0);
  ASSERT_OK(Restart());
  store_.ExpectPromisesKept();  // all are there again
  drop_all();
  ASSERT_OK(store_.Put(moved));
  EXPECT_OK(ReadWhole(*store_.volumes, moved));
  ASSERT_OK(store_.volumes->WriteCheckpoint());
  store_.stored = {{moved.key, moved}};
  ASSERT_OK(Restart());
  store_.ExpectPromisesKept();
  EXPECT_EQ(store_.volumes->Stat().fragments, 1);
  const int64_t used = store_.volumes->Stat().used;
  while (*store_.volumes->CompactOne()) continue;
  EXPECT_LT(store_.volumes->Stat().used, used / 4);
  ASSERT_OK(Restart());
  store_.ExpectPromisesKept();
  EXPECT_EQ(store_.volumes->Stat().fragments, 1);
}

TEST_F(DiskVolumesTest, DeletesOutliveCompactionWhileAnOlderVolumeHoldsTheirFragment) {
  // Volume 1 stays: mostly alive, but for one fragment. Its delete record lies in a later volume, which is compacted away.
  PutMany(6);
  const TestFragment gone = Stored()[2];
  ASSERT_EQ(VolumeFiles(), 1);
  const TestFragment filler = store_.NewFragment(400'000);
  ASSERT_OK(store_.Put(filler));
  ASSERT_OK(store_.Delete({gone}));
  ASSERT_OK(store_.Put(store_.NewFragment(400'000)));
  ASSERT_OK(store_.Delete({filler}));
  while (*store_.volumes->CompactOne()) continue;
  store_.files->Erase("index");
  store_.Crash(Loss::kUnsynced);
  store_.files->Erase("index");
  ASSERT_OK(store_.Open());
  store_.ExpectPromisesKept();
  EXPECT_CODE(store_.Put(gone), kFailedPrecondition);
}

TEST_F(DiskVolumesTest, TombstonesGoWithTheLastVolumeThatNeedsThem) {
  PutMany(12);
  const std::vector<TestFragment> all = Stored();
  ASSERT_OK(store_.Delete(all));
  ASSERT_OK(store_.Put(store_.NewFragment(500'000)));  // its own volume: everything older is retired
  while (*store_.volumes->CompactOne()) continue;
  ASSERT_OK(store_.volumes->WriteCheckpoint());
  // Nothing refuses the id any more: not that anybody would use it.
  EXPECT_OK(PutAndWait(*store_.volumes, all[0]));
}

TEST_F(DiskVolumesTest, ReadsGoOnWhileTheirFragmentMoves) {
  PutMany(30);
  const std::vector<TestFragment> all = Stored();
  for (size_t i = 0; i < all.size(); ++i) {
    if (i % 3 != 0) {
      ASSERT_OK(store_.Delete({all[i]}));
    }
  }
  std::atomic<bool> stop = false;
  {
    Thread reader("reader", [&] {
      while (!stop) {
        for (size_t i = 0; i < all.size(); i += 3) {
          const Result<Buffer> bytes = ReadWhole(*store_.volumes, all[i]);
          EXPECT_OK(bytes);
          EXPECT_TRUE(!bytes.ok() || Equal(*bytes, all[i].bytes));
        }
      }
    });
    while (*store_.volumes->CompactOne()) continue;
    stop = true;
  }
  store_.ExpectPromisesKept();
}

TEST_F(DiskVolumesTest, ScrubFindsFlipsAndListsThem) {
  PutMany(10);
  const std::vector<TestFragment> all = Stored();
  const std::string name = VolumeName(1);
  // Somewhere inside the first record's fragment.
  ASSERT_TRUE(store_.files->FlipBits(name, kVolumeHeader + kRecordHeader + 700, 8));
  EXPECT_EQ(store_.volumes->Scrub(), 1);
  EXPECT_EQ(store_.volumes->Stat().corrupt, 1);
  EXPECT_EQ(store_.volumes->Stat().scrubbed_ms, kHarnessNowMs);
  ListFragmentsRequest request;
  request.only_corrupt = true;
  const ListFragmentsReply listed = store_.volumes->List(request);
  ASSERT_EQ(listed.fragments.size(), 1u);
  EXPECT_FALSE(listed.more);
  const FragmentKey bad = listed.fragments[0].key;
  request.after = bad;
  EXPECT_TRUE(store_.volumes->List(request).fragments.empty());
  EXPECT_CODE(ReadWhole(*store_.volumes, store_.stored.at(bad)), kDataLoss);
  // Its other blocks are served, and so is everybody else.
  EXPECT_OK(store_.volumes->Read({bad, 0, 128}));
  for (const TestFragment& fragment : all) {
    if (fragment.key != bad) {
      EXPECT_OK(ReadWhole(*store_.volumes, fragment));
    }
  }
  ASSERT_OK(PutAndWait(*store_.volumes, store_.stored.at(bad)));
  EXPECT_EQ(store_.volumes->Scrub(), 0);
  ASSERT_OK(Restart());
  store_.ExpectPromisesKept();
}

TEST_F(DiskVolumesTest, CompactionCopiesNothingBadAndKeepsItsVolume) {
  const TestFragment survivor = store_.NewFragment();  // the first record of volume 1
  ASSERT_OK(store_.Put(survivor));
  const TestFragment doomed = store_.NewFragment(300'000);
  ASSERT_OK(store_.Put(doomed));
  PutMany(1, 500'000);
  ASSERT_EQ(VolumeFiles(), 2);
  ASSERT_OK(store_.Delete({doomed}));
  ASSERT_TRUE(store_.files->FlipBits(VolumeName(1), kVolumeHeader + kRecordHeader + 300, 1));
  EXPECT_CODE(store_.volumes->CompactOne(), kAborted);
  EXPECT_CODE(ReadWhole(*store_.volumes, survivor), kDataLoss);
  ASSERT_OK_AND_ASSIGN(const bool again, store_.volumes->CompactOne());
  EXPECT_FALSE(again) << "it waits until the bad fragment goes";
  ASSERT_OK(PutAndWait(*store_.volumes, survivor));
  ASSERT_OK_AND_ASSIGN(const bool then, store_.volumes->CompactOne());
  EXPECT_TRUE(then);
  store_.ExpectPromisesKept();
}

TEST_F(DiskVolumesTest, FragmentContentCannotPoseAsARecord) {
  // A record of another volume, byte for byte, inside a fragment, at the offset that it claims: without this volume's secret
  // it proves nothing. (kAlign - kRecordHeader: where a block of 4 KiB begins inside the first fragment.)
  const VolumeHeader stranger{store_.options.owner, 1, {42}};
  const TestFragment fake = store_.NewFragment();
  const int64_t at = kVolumeHeader + kAlign;
  const auto header = EncodeRecordHeader({RecordKind::kFragment, fake.key, 1000, 0}, stranger.secret, at);
  EXPECT_TRUE(DecodeRecordHeader(header, stranger.secret, at).has_value());
  EXPECT_FALSE(DecodeRecordHeader(header, Secret{41}, at).has_value());
  EXPECT_FALSE(DecodeRecordHeader(header, stranger.secret, at + kAlign).has_value());
}

TEST_F(DiskVolumesTest, ADamagedRecordHeaderHidesNoOther) {
  PutMany(5, 30'000);
  const int64_t size = store_.files->SizeOf(VolumeName(1));
  store_.Crash(Loss::kNone);
  store_.files->Erase("index");
  // The second record begins after the space of the first; 30 kB / 8 makes about 4.3 KiB, so 8 KiB of space.
  ASSERT_TRUE(store_.files->FlipBits(VolumeName(1), kVolumeHeader + 2 * kAlign, 1));
  ASSERT_GT(size, kVolumeHeader + 10 * kAlign);
  ASSERT_OK(store_.Open());
  EXPECT_EQ(store_.volumes->recovery().damaged_headers, 1);
  EXPECT_EQ(store_.volumes->Stat().fragments, 4);
}

TEST_F(DiskVolumesTest, AHeaderOfAVolumeSurvivesDamageToEitherCopy) {
  PutMany(5);
  store_.Crash(Loss::kNone);
  for (const int64_t offset : {int64_t{20}, int64_t{2048 + 20}}) {
    auto copy = store_.files->Clone();
    copy->Erase("index");
    ASSERT_TRUE(copy->FlipBits(VolumeName(1), offset, 1));
    VolumesHarness reopened(1, std::move(copy));
    reopened.stored = store_.stored;
    ASSERT_OK(reopened.Open());
    reopened.ExpectPromisesKept();
  }
}

TEST_F(DiskVolumesTest, BackgroundWorkCompactsCheckpointsAndStops) {
  store_.Close();
  store_.options.background = true;
  store_.options.checkpoint_every = 64 << 10;
  ASSERT_OK(store_.Open());
  PutMany(40);
  const std::vector<TestFragment> all = Stored();
  const int64_t before = store_.volumes->Stat().used;
  for (size_t i = 0; i < all.size(); ++i) {
    if (i % 4 != 0) {
      ASSERT_OK(store_.Delete({all[i]}));
    }
  }
  const MonotonicTime deadline = MonotonicNow() + std::chrono::seconds(30);
  while (store_.volumes->Stat().used > before / 2 && MonotonicNow() < deadline) SleepFor(std::chrono::milliseconds(1));
  EXPECT_LE(store_.volumes->Stat().used, before / 2);
  store_.ExpectPromisesKept();
  ASSERT_OK(Restart());
  EXPECT_TRUE(store_.volumes->recovery().checkpoint_found);
  store_.ExpectPromisesKept();
}

TEST(Checkpoint, AnyDamageIsNoticed) {
  Checkpoint checkpoint;
  checkpoint.owner = {{7}, StoreId{2}};
  checkpoint.next_number = 9;
  checkpoint.volumes = {{3, {1}, 4096}, {8, {2}, INT64_MAX}};
  SeededRandom random(TestSeed());
  for (int i = 0; i < 5; ++i) {
    checkpoint.index[{EncodingId::NewRandom(random), 1}] = {3, 4096 * i, {1, 2, 3, 4, 5}, 6, 7, i == 2};
    checkpoint.tombstones[{EncodingId::NewRandom(random), 2}] = {4, 5};
  }
  const Bytes bytes = EncodeCheckpoint(checkpoint);
  const auto decoded = DecodeCheckpoint(bytes);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(EncodeCheckpoint(*decoded), bytes);
  for (size_t at = 0; at < bytes.size(); ++at) {
    Bytes damaged = bytes;
    damaged[at] ^= 1;
    EXPECT_FALSE(DecodeCheckpoint(damaged).has_value()) << at;
    EXPECT_FALSE(DecodeCheckpoint(ByteSpan(bytes).first(at)).has_value()) << at;
  }
}

}  // namespace
}  // namespace pbfs::disk
