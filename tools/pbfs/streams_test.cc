#include "tools/pbfs/streams.h"

#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libs/base/sync.h"
#include "libs/base/testing.h"
#include "tools/local/files.h"

namespace pbfs::cli {
namespace {

std::string TestPath(const std::string& name) {
  return ::testing::TempDir() + "pbfs-streams-" + std::to_string(getpid()) + "-" + name;
}

TEST(OutputFile, AppearsWholeOrNotAtAll) {
  const std::string path = TestPath("out");
  {
    ASSERT_OK_AND_ASSIGN(OutputFile file, OutputFile::Open(path));
    ASSERT_OK(file.Write(TestContext(), AsBytes("half")));
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  ASSERT_OK_AND_ASSIGN(OutputFile file, OutputFile::Open(path));
  ASSERT_OK(file.Write(TestContext(), AsBytes("whole")));
  ASSERT_OK(file.Finish());
  EXPECT_EQ(*local::ReadTextFile(path), "whole");
  std::filesystem::remove(path);
}

TEST(OutputFile, KeepsTheModeOfWhatItReplaces) {
  const std::string path = TestPath("mode");
  ASSERT_OK(local::WriteTextFile(path, "old", 0600));
  ASSERT_OK_AND_ASSIGN(OutputFile file, OutputFile::Open(path));
  ASSERT_OK(file.Finish());
  EXPECT_EQ(static_cast<int>(std::filesystem::status(path).permissions()), 0600);
  std::filesystem::remove(path);
}

TEST(Streams, DirectoriesAndMissingFilesAreRefused) {
  EXPECT_CODE(InputFile::Open("/"), kInvalidArgument);
  EXPECT_CODE(OutputFile::Open("/"), kInvalidArgument);
  EXPECT_CODE(InputFile::Open("/no/such/file"), kNotFound);
  EXPECT_CODE(OutputFile::Open("/no/such/directory/file"), kNotFound);
}

TEST(InputFile, KnowsTheSizeOfAFileAndNotThatOfAPipe) {
  const std::string path = TestPath("in"), pipe = TestPath("pipe");
  ASSERT_OK(local::WriteTextFile(path, "12345", 0600));
  ASSERT_OK_AND_ASSIGN(InputFile file, InputFile::Open(path));
  EXPECT_EQ(file.size(), 5);
  Bytes out(9);
  EXPECT_EQ(*file.Read(TestContext(), out), 5u);
  EXPECT_EQ(*file.Read(TestContext(), out), 0u);
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const int keep = open(pipe.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_OK_AND_ASSIGN(InputFile from_pipe, InputFile::Open(pipe));
  EXPECT_EQ(from_pipe.size(), -1);
  close(keep);
  std::filesystem::remove(path);
  std::filesystem::remove(pipe);
}

TEST(InputFile, CancelEndsAReadThatWaits) {
  const std::string pipe = TestPath("wait");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const int keep = open(pipe.c_str(), O_RDWR | O_CLOEXEC);  // a writer that never writes
  ASSERT_OK_AND_ASSIGN(InputFile file, InputFile::Open(pipe));
  const Context context = TestContext();
  const Thread cancel("cancel", [&] { context.Cancel(); });
  Bytes out(1);
  EXPECT_CODE(file.Read(context, out), kCancelled);
  close(keep);
  std::filesystem::remove(pipe);
}

}  // namespace
}  // namespace pbfs::cli
