#include "libs/adapters/disk/volumes_harness.h"

#include <algorithm>
#include <optional>

#include "libs/base/sync.h"

namespace pbfs::disk {

Result<FragmentInfo> PutAndWait(Volumes& volumes, const TestFragment& fragment, size_t piece) {
  struct Answer {
    Mutex mutex;
    CondVar given;
    std::optional<Result<FragmentInfo>> value PBFS_GUARDED_BY(mutex);
  };
  const auto size = static_cast<int64_t>(fragment.bytes.size());
  PBFS_ASSIGN_OR_RETURN(const auto writer, volumes.StartWrite(fragment.key, size));
  FragmentCheck check(fragment.key, size);
  for (size_t at = 0; at < fragment.bytes.size(); at += piece) {
    const Buffer bytes = fragment.bytes.Slice(at, std::min(piece, fragment.bytes.size() - at));
    PBFS_RETURN_IF_ERROR(check.Append(bytes));
    PBFS_RETURN_IF_ERROR(writer->Append(bytes));
  }
  const auto answer = std::make_shared<Answer>();
  writer->Commit({fragment.key, size, check.sum(), kHarnessNowMs}, check.shape(), [answer](Result<FragmentInfo> info) {
    MutexLock lock(answer->mutex);
    answer->value = std::move(info);
    answer->given.NotifyAll();
  });
  MutexLock lock(answer->mutex);
  while (!answer->value.has_value()) answer->given.Wait(answer->mutex);
  return *answer->value;
}

Result<Buffer> ReadWhole(Volumes& volumes, const TestFragment& fragment) {
  return volumes.Read({fragment.key, 0, static_cast<int64_t>(fragment.bytes.size())});
}

VolumesHarness::VolumesHarness(uint64_t seed, std::shared_ptr<MemoryFileSystem> fs, const DiskOptions& opts)
    : random(seed), files(fs != nullptr ? std::move(fs) : std::make_shared<MemoryFileSystem>(seed)), options(opts) {}

Status VolumesHarness::Open() {
  PBFS_CHECK(volumes == nullptr);
  PBFS_ASSIGN_OR_RETURN(volumes, DiskVolumes::Open(files, options, clock, random));
  return OkStatus();
}

void VolumesHarness::Crash(MemoryFileSystem::Loss loss) {
  if (!files->stopped()) files->StopAt(1);
  volumes.reset();
  files->Restart(loss);
}

TestFragment VolumesHarness::NewFragment(int64_t length) {
  return MakeTestFragment({NewEncodingId(kHarnessNowMs, 1, random), 2}, {length, 8}, random);
}

Status VolumesHarness::Put(const TestFragment& fragment) {
  const Status status = PutAndWait(*volumes, fragment).status();
  if (status.ok()) {
    stored[fragment.key] = fragment;
    unanswered.erase(fragment.key);
  } else if (!stored.contains(fragment.key)) {
    unanswered[fragment.key] = fragment;
  }
  return status;
}

Status VolumesHarness::Delete(const std::vector<TestFragment>& fragments) {
  std::vector<FragmentKey> keys;
  for (const TestFragment& fragment : fragments) keys.push_back(fragment.key);
  const Status status = volumes->Delete(keys);
  for (const TestFragment& fragment : fragments) {
    if (stored.erase(fragment.key) == 0) continue;
    (status.ok() ? deleted : doubtful)[fragment.key] = fragment;
  }
  return status;
}

void VolumesHarness::ExpectPromisesKept() {
  const auto expect_whole_or_absent = [&](const TestFragment& fragment, bool must_be_there) {
    const Result<Buffer> bytes = ReadWhole(*volumes, fragment);
    if (bytes.ok()) {
      EXPECT_TRUE(Equal(*bytes, fragment.bytes));
    } else {
      EXPECT_FALSE(must_be_there) << "an acknowledged fragment: " << bytes.status().ToString();
      EXPECT_CODE(bytes, kNotFound);
    }
  };
  for (const auto& [key, fragment] : stored) expect_whole_or_absent(fragment, true);
  for (const auto& [key, fragment] : unanswered) expect_whole_or_absent(fragment, false);
  for (const auto& [key, fragment] : doubtful) expect_whole_or_absent(fragment, false);
  for (const auto& [key, fragment] : deleted) EXPECT_CODE(ReadWhole(*volumes, fragment), kNotFound);
}

void VolumesHarness::RepeatUnanswered() {
  const auto repeat = unanswered;
  for (const auto& [key, fragment] : repeat) EXPECT_OK(Put(fragment));
}

}  // namespace pbfs::disk
