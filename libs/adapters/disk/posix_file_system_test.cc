// The volumes on a real file system, and a real process that is killed.
#include "libs/adapters/disk/posix_file_system.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libs/adapters/disk/volumes_harness.h"

namespace pbfs::disk {
namespace {

class PosixVolumes : public testing::Test {
 protected:
  PosixVolumes() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pbfs-disk-XXXXXX").string();
    PBFS_CHECK(mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
  }
  ~PosixVolumes() override { std::filesystem::remove_all(directory_); }

  Result<std::unique_ptr<DiskVolumes>> Open(bool background = false) {
    PBFS_ASSIGN_OR_RETURN(std::shared_ptr<FileSystem> files, OpenPosixFileSystem(directory_));
    DiskOptions options = TinyVolumes();
    options.background = background;
    options.checkpoint_every = 256 << 10;
    return DiskVolumes::Open(std::move(files), options, clock_, system_random_);
  }
  /// The i-th fragment of a run: the same in every process.
  static TestFragment Fragment(uint64_t run, uint64_t i) {
    SeededRandom random(run * 1'000'000 + i);
    const auto length = static_cast<int64_t>(1 + random.Below(i % 16 == 0 ? 12'000'000 : 100'000));
    return MakeTestFragment({NewEncodingId(kHarnessNowMs + static_cast<int64_t>(run), 1, random), 3}, {length, 8},
                            random);
  }

  std::string directory_;
  ManualClock clock_{kHarnessNowMs * 1000};
  SystemRandom system_random_;
};

/// Puts the fragments of a run, deletes every third, and writes a number for each promise that it got: 2i + 1 for a put,
/// 2i + 2 for a delete. Never ends by itself.
[[noreturn]] void PutUntilKilled(DiskVolumes& volumes, uint64_t run, int promises,
                                 const std::function<TestFragment(uint64_t, uint64_t)>& fragment) {
  for (uint64_t i = 0;; ++i) {
    const TestFragment next = fragment(run, i);
    uint64_t promise = 2 * i + 1;
    if (!PutAndWait(volumes, next, 256 << 10).ok()) _exit(3);
    if (write(promises, &promise, sizeof promise) != sizeof promise) _exit(4);
    if (i % 3 != 0) continue;
    if (!volumes.Delete({next.key}).ok()) _exit(5);
    promise = 2 * i + 2;
    if (write(promises, &promise, sizeof promise) != sizeof promise) _exit(4);
  }
}

TEST_F(PosixVolumes, AKilledProcessBreaksNoPromise) {
  SeededRandom random(TestSeed());
  SCOPED_TRACE(TestSeed());
  for (uint64_t run = 1; run <= static_cast<uint64_t>(TestScaled(8)); ++run) {
    int promises[2];
    ASSERT_EQ(pipe(promises), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(promises[0]);
      auto volumes = Open(true);
      if (!volumes.ok()) _exit(2);
      PutUntilKilled(**volumes, run, promises[1], &Fragment);
    }
    close(promises[1]);
    std::vector<uint64_t> given;
    const uint64_t enough = 5 + random.Below(80);
    for (uint64_t promise; read(promises[0], &promise, sizeof promise) == sizeof promise;) {
      given.push_back(promise);
      if (given.size() == enough) kill(child, SIGKILL);  // promises still in the pipe count as well
    }
    close(promises[0]);
    int how = 0;
    ASSERT_EQ(waitpid(child, &how, 0), child);
    ASSERT_TRUE(WIFSIGNALED(how)) << "it ended by itself: " << WEXITSTATUS(how);
    ASSERT_OK_AND_ASSIGN(const auto volumes, Open());
    std::map<uint64_t, bool> last;  // true: deleted
    for (const uint64_t promise : given) last[(promise - 1) / 2] = promise % 2 == 0;
    for (const auto& [i, deleted] : last) {
      const TestFragment fragment = Fragment(run, i);
      const Result<Buffer> bytes = ReadWhole(*volumes, fragment);
      if (deleted) {
        EXPECT_CODE(bytes, kNotFound);
      } else if (bytes.ok()) {
        EXPECT_TRUE(Equal(*bytes, fragment.bytes));
      } else {
        // Only the delete that the kill interrupted may have happened without an answer.
        EXPECT_TRUE(i % 3 == 0 && i == last.rbegin()->first) << bytes.status().ToString();
      }
    }
    EXPECT_EQ(volumes->Scrub(), 0);
  }
}

TEST_F(PosixVolumes, TwoProcessesCannotShareADirectory) {
  ASSERT_OK_AND_ASSIGN(auto volumes, Open());
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  // The child has the parent's descriptor and so its lock; a lock of its own it cannot get.
  if (child == 0) _exit(Open().status().code() == StatusCode::kFailedPrecondition ? 0 : 1);
  int how = 0;
  ASSERT_EQ(waitpid(child, &how, 0), child);
  EXPECT_TRUE(WIFEXITED(how) && WEXITSTATUS(how) == 0);
  volumes.reset();
  EXPECT_OK(Open());
}

TEST_F(PosixVolumes, TooManyOpenFilesRefusesPutsAndServesReads) {
  ASSERT_OK_AND_ASSIGN(const auto volumes, Open());
  const TestFragment first = Fragment(1, 1);
  ASSERT_OK(PutAndWait(*volumes, first));
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const int next = dup(0);
  close(next);
  const rlimit none_left{static_cast<rlim_t>(next), before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none_left), 0);
  Status refused;
  for (uint64_t i = 2; i < 40 && refused.ok(); ++i) refused = PutAndWait(*volumes, Fragment(1, i)).status();
  const Result<Buffer> bytes = ReadWhole(*volumes, first);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_CODE(refused, kResourceExhausted);
  EXPECT_THAT(refused.message(), testing::HasSubstr("open files"));
  EXPECT_OK(bytes);
  EXPECT_OK(PutAndWait(*volumes, Fragment(1, 41)));
}

TEST_F(PosixVolumes, WhatPassesThePageCacheReadsBackBesideWhatDoesNot) {
  ASSERT_OK_AND_ASSIGN(const auto files, OpenPosixFileSystem(directory_));
  ASSERT_OK_AND_ASSIGN(const auto file, files->Open("file", true));
  ASSERT_OK(file->Allocate(1 << 20));
  constexpr size_t kBlocks = 8, kBlock = kDirectAlignment;
  Bytes expected(kBlocks * kBlock);
  system_random_.Fill(expected);
  const std::unique_ptr<uint8_t, void (*)(void*)> aligned(
      static_cast<uint8_t*>(std::aligned_alloc(kDirectAlignment, kBlock)), &std::free);
  for (size_t i = 0; i < kBlocks; ++i) {
    const auto offset = static_cast<int64_t>(i * kBlock);
    const ByteSpan block = ByteSpan(expected).subspan(i * kBlock, kBlock);
    std::copy(block.begin(), block.end(), aligned.get());
    ASSERT_OK(i % 2 == 0 ? file->WriteDirect(offset, {aligned.get(), kBlock}) : file->WriteAt(offset, {&block, 1}));
    Bytes so_far((i + 1) * kBlock);
    ASSERT_OK(file->ReadAt(0, so_far));
    ASSERT_TRUE(Equal(so_far, ByteSpan(expected).first(so_far.size())));
  }
  ASSERT_OK(file->Sync());
}

TEST_F(PosixVolumes, APathThatCannotBeUsedIsNamed) {
  const Status missing = OpenPosixFileSystem(directory_ + "/no/such").status();
  EXPECT_CODE(missing, kNotFound);
  EXPECT_THAT(missing.message(), testing::HasSubstr(directory_));
  std::ofstream(directory_ + "/file") << "x";
  EXPECT_FALSE(OpenPosixFileSystem(directory_ + "/file").ok());
}

}  // namespace
}  // namespace pbfs::disk
