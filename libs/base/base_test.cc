#include <atomic>

#include "libs/base/buffer.h"
#include "libs/base/clock.h"
#include "libs/base/context.h"
#include "libs/base/executor.h"
#include "libs/base/ids.h"
#include "libs/base/private_file.h"
#include "libs/base/stop_signal.h"
#include "libs/base/testing.h"

namespace pbfs {
namespace {

TEST(StatusTest, DetailsAndContextAreKept) {
  const Status status = NotFoundError("no such object").WithDetail("code", "4").Annotate("read");
  EXPECT_EQ(status.ToString(), "NOT_FOUND: read: no such object");
  EXPECT_EQ(status.Detail("code"), "4");
  EXPECT_EQ(status.Detail("other"), std::nullopt);
  EXPECT_TRUE(OkStatus().Annotate("anything").ok());
}

TEST(PrivateFileTest, AGroupMayReadWhatRootOwns) {
  const auto is_private = [](uid_t owner, mode_t mode) {
    struct stat info {};
    info.st_uid = owner;
    info.st_mode = S_IFREG | mode;
    return IsPrivate(info);
  };
  for (const mode_t mode : {0600, 0400}) EXPECT_TRUE(is_private(0, mode) && is_private(1000, mode)) << mode;
  for (const mode_t mode : {0640, 0440}) EXPECT_TRUE(is_private(0, mode) && !is_private(1000, mode)) << mode;
  for (const mode_t mode : {0660, 0610, 0644, 0604, 0602, 0601, 0777})
    EXPECT_FALSE(is_private(0, mode) || is_private(1000, mode)) << mode;
}

TEST(ByteReaderTest, ReadingPastTheEndSticks) {
  const Bytes bytes = {1, 2, 3};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.U16(), 0x0201);
  EXPECT_EQ(reader.U32(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.U8(), 0) << "nothing more is handed out after a failure";
  EXPECT_FALSE(reader.Done());
}

TEST(BytesTest, HexRoundTripAndRefusals) {
  EXPECT_EQ(ToHex(Bytes{0, 0xab, 0xff}), "00abff");
  EXPECT_EQ(*FromHex("00ABff"), (Bytes{0, 0xab, 0xff}));
  EXPECT_CODE(FromHex("abc"), kInvalidArgument);
  EXPECT_CODE(FromHex("zz"), kInvalidArgument);
}

TEST(BufferTest, SlicesShareTheMemory) {
  Buffer slice;
  {
    const Buffer whole = Buffer::FromBytes({1, 2, 3, 4});
    slice = whole.Slice(1, 2);
    EXPECT_EQ(slice.data(), whole.data() + 1);
  }
  EXPECT_EQ(ToBytes(slice), (Bytes{2, 3}));
}

TEST(IdsTest, UuidV7CarriesItsTimeAndPrintsBack) {
  SeededRandom random(1);
  const ObjectId id = ObjectId::New(1760000000123, random);
  EXPECT_EQ(id.Millis(), 1760000000123);
  EXPECT_EQ(id.bytes[6] >> 4, 7);
  EXPECT_EQ(id.bytes[8] >> 6, 2);
  EXPECT_EQ(*ObjectId::Parse(id.ToString()), id);
  EXPECT_CODE(ObjectId::Parse("0198"), kInvalidArgument);
}

TEST(IdsTest, EncodingIdCarriesItsPlacementGroup) {
  SeededRandom random(2);
  for (const uint16_t group : {0, 1, 255, 256, 4095}) {
    const EncodingId id = NewEncodingId(1760000000123, group, random);
    EXPECT_EQ(PlacementGroupOf(id), group);
    EXPECT_EQ(id.Millis(), 1760000000123);
  }
}

TEST(RandomTest, BelowStaysBelow) {
  SeededRandom random(3);
  for (int i = 0; i < 1000; ++i) EXPECT_LT(random.Below(7), 7u);
}

TEST(ContextTest, WithinNeverExtendsADeadline) {
  const Context outer = Context::WithTimeout(std::chrono::seconds(1));
  EXPECT_EQ(outer.Within(std::chrono::hours(1)).deadline(), outer.deadline());
  EXPECT_OK(outer.Check());
  outer.Cancel();
  EXPECT_CODE(outer.Check(), kCancelled);
}

TEST(ExecutorTest, ParallelForRunsEachOnceEvenWhenNested) {
  Executor executor("test", 2, 4);
  std::atomic<int> sum{0};
  ParallelFor(executor, 8, [&](size_t) { ParallelFor(executor, 8, [&](size_t i) { sum += static_cast<int>(i); }); });
  EXPECT_EQ(sum, 8 * 28);
}

TEST(ExecutorTest, AFullQueueRefuses) {
  Executor executor("test", 1, 1);
  Mutex mutex;
  CondVar changed;
  bool running = false, release = false;
  ASSERT_OK(executor.Submit([&] {
    MutexLock lock(mutex);
    running = true;
    changed.NotifyAll();
    while (!release) changed.Wait(mutex);
  }));
  {
    MutexLock lock(mutex);
    while (!running) changed.Wait(mutex);
  }
  EXPECT_OK(executor.Submit([] {}));
  EXPECT_CODE(executor.Submit([] {}), kResourceExhausted);
  MutexLock lock(mutex);
  release = true;
  changed.NotifyAll();
}

TEST(StopSignalTest, StopEndsAPauseAndEveryLaterOne) {
  StopSignal stop;
  EXPECT_TRUE(stop.Pause(Duration::zero()));
  Thread loop("loop", [&] {
    while (stop.Pause(std::chrono::hours(1))) {
    }
  });
  stop.Stop();
  loop.Join();
  EXPECT_TRUE(stop.stopped());
  EXPECT_FALSE(stop.Pause(std::chrono::hours(1)));
}

}  // namespace
}  // namespace pbfs
