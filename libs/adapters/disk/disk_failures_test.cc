// Rows of the failure matrix (docs/operations/failures.md) that a store's disk shows.
#include <algorithm>

#include "libs/adapters/disk/volume_format.h"
#include "libs/adapters/disk/volumes_harness.h"

namespace pbfs::disk {
namespace {

TEST(FailureMatrix, F11_FragmentsOfALostVolumeAreNotFoundAndMayBePutAgain) {
  VolumesHarness store(TestSeed());
  ASSERT_OK(store.Open());
  for (int i = 0; i < 12; ++i) ASSERT_OK(store.Put(store.NewFragment(60'000)));
  store.Close();
  store.files->Erase(VolumeName(1));
  ASSERT_OK(store.Open());
  std::vector<TestFragment> lost;
  for (const auto& [key, fragment] : store.stored) {
    const Result<Buffer> bytes = ReadWhole(*store.volumes, fragment);
    if (bytes.ok()) continue;
    EXPECT_CODE(bytes, kNotFound);
    lost.push_back(fragment);
  }
  EXPECT_GT(lost.size(), 0u);
  EXPECT_LT(lost.size(), 12u) << "other volumes are as they were";
  EXPECT_EQ(store.volumes->Stat().fragments, static_cast<int64_t>(12 - lost.size()));
  for (const TestFragment& fragment : lost) ASSERT_OK(store.Put(fragment));
  store.ExpectPromisesKept();
}

TEST(FailureMatrix, F12_AStoreThatFillsUpInMidPutKeepsNothingOfIt) {
  VolumesHarness store(TestSeed());
  ASSERT_OK(store.Open());
  for (int i = 0; i < 3; ++i) ASSERT_OK(store.Put(store.NewFragment()));
  const StoreStat before = store.volumes->Stat();
  const TestFragment big =
      store.NewFragment(12'000'000);  // 1.5 MB: its first piece is written before the rest is there
  const auto size = static_cast<int64_t>(big.bytes.size());
  {
    ASSERT_OK_AND_ASSIGN(const auto writer, store.volumes->StartWrite(big.key, size));
    FragmentCheck check(big.key, size);
    ASSERT_OK(check.Append(big.bytes));
    ASSERT_OK(writer->Append(big.bytes.Slice(0, 1 << 20)));
    EXPECT_GT(store.volumes->Stat().used, before.used) << "the put is under way";
    store.files->FailOperation(1, ResourceExhaustedError("no space left").WithDetail("pbfs-code", "STORE_FULL"));
    Status answer = writer->Append(big.bytes.Slice(1 << 20, static_cast<size_t>(size - (1 << 20))));
    if (answer.ok()) {
      writer->Commit({big.key, size, check.sum(), kHarnessNowMs}, check.shape(),
                     [&](const Result<FragmentInfo>& info) { answer = info.status(); });
    }
    EXPECT_CODE(answer, kResourceExhausted);
    EXPECT_EQ(answer.Detail("pbfs-code").value_or(""), "STORE_FULL");
  }
  EXPECT_CODE(ReadWhole(*store.volumes, big), kNotFound);
  for (const auto loss : {MemoryFileSystem::Loss::kNone, MemoryFileSystem::Loss::kUnsynced}) {
    store.Crash(loss);
    ASSERT_OK(store.Open());
    EXPECT_CODE(ReadWhole(*store.volumes, big), kNotFound);
    EXPECT_EQ(store.volumes->Stat().fragments, before.fragments);
    EXPECT_LE(store.volumes->Stat().used, before.used + kVolumeHeader) << "its space is given back at the start";
  }
  ASSERT_OK(store.Put(big));
  store.ExpectPromisesKept();
}

}  // namespace
}  // namespace pbfs::disk
