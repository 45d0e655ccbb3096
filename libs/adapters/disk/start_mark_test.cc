#include "libs/adapters/disk/start_mark.h"

#include "libs/adapters/disk/memory_file_system.h"
#include "libs/base/testing.h"

namespace pbfs::disk {
namespace {

class StartMarkTest : public testing::Test {
 protected:
  StartMark Mark() { return MarkStart(files_, random_); }
  MemoryFileSystem files_;
  SeededRandom random_{TestSeed()};
};

TEST_F(StartMarkTest, EachStartNamesTheOneBeforeAlsoAfterACrash) {
  const StartMark first = Mark();
  EXPECT_EQ(first.start.size(), 36u);
  EXPECT_EQ(first.before, "");
  files_.Restart(MemoryFileSystem::Loss::kUnsynced);
  const StartMark second = Mark();
  EXPECT_EQ(second.before, first.start);
  EXPECT_NE(second.start, first.start);
  EXPECT_EQ(Mark().before, second.start);
}

TEST_F(StartMarkTest, AMarkThatIsNoneIsUnknown) {
  Mark();
  ASSERT_OK_AND_ASSIGN(const auto file, files_.Open("start", false));
  const Bytes noise(36, 0x80);
  const ByteSpan part = noise;
  ASSERT_OK(file->WriteAt(0, {&part, 1}));
  EXPECT_EQ(Mark().before, "");
}

TEST_F(StartMarkTest, AFullDiskKeepsTheNameThatItHas) {
  const StartMark first = Mark();
  files_.set_capacity(0);
  EXPECT_EQ(Mark().start, "");
  files_.set_capacity(1 << 20);
  EXPECT_EQ(Mark().before, first.start);
}

}  // namespace
}  // namespace pbfs::disk
