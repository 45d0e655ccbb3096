// The main job's own parts: edits from a seed, and the reference model.
#include <algorithm>

#include "libs/base/testing.h"
#include "tools/pbfs/job/edits.h"
#include "tools/pbfs/job/reference_file.h"

namespace pbfs::cli {
namespace {

TEST(Edits, SameSeedSameEdits) {
  const EditPlan plan{.seed = 7, .object_size = 1 << 30, .count = 500};
  EXPECT_EQ(MakeEdits(plan), MakeEdits(plan));
  EditPlan other = plan;
  other.seed = 8;
  EXPECT_NE(MakeEdits(plan), MakeEdits(other));
}

TEST(Edits, StayInsideDifferAndSpreadOverAllSizes) {
  const EditPlan plan{.seed = TestSeed(), .object_size = 1 << 30, .count = 2000};
  SCOPED_TRACE(plan.seed);
  const std::vector<Edit> edits = MakeEdits(plan);
  ASSERT_EQ(edits.size(), 2000u);
  int small = 0, large = 0, unaligned = 0;
  for (const Edit& edit : edits) {
    EXPECT_GE(edit.offset, 0);
    EXPECT_GE(edit.size, 1);
    EXPECT_LE(edit.size, 4 << 20);
    EXPECT_LE(edit.offset + edit.size, plan.object_size);
    small += edit.size <= 2048;  // half of the logarithmic range 1 B .. 4 MiB
    large += edit.size > 2048;
    unaligned += edit.offset % 512 != 0;
  }
  EXPECT_GT(small, 800);
  EXPECT_GT(large, 800);
  EXPECT_GT(unaligned, 1900);
  std::vector<std::pair<int64_t, int64_t>> ranges;
  for (const Edit& edit : edits) ranges.emplace_back(edit.offset, edit.size);
  std::sort(ranges.begin(), ranges.end());
  EXPECT_EQ(std::adjacent_find(ranges.begin(), ranges.end()), ranges.end());
}

TEST(Edits, SomeOverlap) {
  const std::vector<Edit> edits = MakeEdits({.seed = 3, .object_size = int64_t{1} << 40, .count = 400});
  int64_t total = 0;
  for (const Edit& edit : edits) total += edit.size;
  EXPECT_LT(CoveredBytes(edits), total);  // by chance alone nothing would overlap in a TiB
}

TEST(Edits, TinyObject) {
  for (const Edit& edit : MakeEdits({.seed = 1, .object_size = 3, .count = 100})) EXPECT_LE(edit.offset + edit.size, 3);
  EXPECT_LE(MakeEdits({.seed = 1, .object_size = 3, .count = 100}).size(), 6u);  // there are six ranges
}

TEST(Edits, CoveredBytesIsTheUnion) {
  EXPECT_EQ(CoveredBytes({}), 0);
  EXPECT_EQ(CoveredBytes({{0, 10, 0}, {5, 10, 0}, {20, 5, 0}, {21, 1, 0}}), 20);
}

TEST(Edits, ContentIsAPrefixFreeFunctionOfItsSeed) {
  Bytes a(1000), b(1000), c(1003);
  FillContent(1, a);
  FillContent(2, b);
  FillContent(1, c);
  EXPECT_NE(a, b);
  EXPECT_TRUE(std::equal(a.begin(), a.end(), c.begin()));
}

TEST(ReferenceFile, HoldsAppendsAndEditsInOrder) {
  ASSERT_OK_AND_ASSIGN(ReferenceFile file, ReferenceFile::Create(testing::TempDir()));
  Bytes model(100'000, 'x');
  ASSERT_OK(file.Append(ByteSpan(model).first(60'000)));
  ASSERT_OK(file.Append(ByteSpan(model).subspan(60'000)));
  for (const Edit& edit : MakeEdits({.seed = TestSeed(), .object_size = 100'000, .count = 200, .most = 5000})) {
    ASSERT_OK(file.Apply(edit));
    FillContent(edit.content_seed,
                MutableByteSpan(model).subspan(static_cast<size_t>(edit.offset), static_cast<size_t>(edit.size)));
  }
  Bytes back(model.size());
  ASSERT_OK(file.Read(0, back));
  EXPECT_EQ(back, model);
  EXPECT_EQ(file.size(), 100'000);
  EXPECT_CODE(file.Read(99'999, MutableByteSpan(back).first(2)), kInternal);
}

TEST(Sha256, KnownAnswer) {
  Sha256 sha;
  sha.Add(AsBytes("a"));
  sha.Add(AsBytes("bc"));
  EXPECT_EQ(sha.Finish(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace pbfs::cli
