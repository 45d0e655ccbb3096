#include "services/gateway/piece_memory.h"

#include "libs/base/testing.h"

namespace pbfs::gateway {
namespace {

constexpr size_t kLong = PieceMemory::kLong;

TEST(PieceMemory, PiecesAreLongWhileThereIsRoomAndShortThen) {
  MemoryBudget budget(kLong);
  PieceMemory first(budget, kLong), second(budget, kLong);
  EXPECT_EQ(first.AtFirst(), PieceMemory::kShort);
  EXPECT_EQ(first.AtMost(), kLong);
  EXPECT_EQ(second.AtMost(), PieceMemory::kShort);
  first.HandOn(kLong);
  EXPECT_EQ(second.AtMost(), kLong);
}

TEST(PieceMemory, PiecesGrowWithTheBodyWhileMostOfTheMemoryIsFree) {
  MemoryBudget budget(8 * kLong);
  PieceMemory alone(budget, 4 * kLong);
  for (const size_t length : {kLong, kLong, 2 * kLong, 4 * kLong, 4 * kLong}) {
    EXPECT_EQ(alone.AtMost(), length);
    alone.HandOn(length);
  }
  PieceMemory other(budget, 4 * kLong);
  EXPECT_EQ(other.AtMost(), kLong);
  EXPECT_EQ(alone.AtMost(), kLong);  // of the longest there would not be as much left
}

TEST(PieceMemory, WhoeverIsGoneHoldsNothing) {
  MemoryBudget budget(kLong);
  {
    PieceMemory gone(budget, kLong);
    EXPECT_EQ(gone.AtMost(), kLong);
  }
  EXPECT_EQ(PieceMemory(budget, kLong).AtMost(), kLong);
}

TEST(PieceMemory, PiecesThatAreShortAnywayAskForNothing) {
  MemoryBudget budget(0);
  PieceMemory memory(budget, 1000);
  EXPECT_EQ(memory.AtFirst(), 1000u);
  EXPECT_EQ(memory.AtMost(), 1000u);
}

}  // namespace
}  // namespace pbfs::gateway
