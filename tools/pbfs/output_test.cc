// What people see: progress, text map, addresses, exit codes.
#include "libs/base/testing.h"
#include "tools/pbfs/address.h"
#include "tools/pbfs/exit_codes.h"
#include "tools/pbfs/progress.h"
#include "tools/pbfs/text_map.h"

namespace pbfs::cli {
namespace {

constexpr int64_t kMiB = 1 << 20;

TEST(ProgressLine, KnownTotal) {
  EXPECT_EQ(ProgressLine("put", 25 * kMiB, 100 * kMiB, std::chrono::seconds(5), 80),
            "put  [#####-----------------]   25%  25.0 MiB / 100.0 MiB  5.0 MiB/s  0:15 left");
}

TEST(ProgressLine, NothingYetAndEmptyAndDone) {
  EXPECT_THAT(ProgressLine("get", 0, kMiB, Duration::zero(), 80),
              testing::HasSubstr("0%  0 B / 1.0 MiB  - B/s  -:-- left"));
  EXPECT_THAT(ProgressLine("get", 0, 0, std::chrono::seconds(1), 80), testing::HasSubstr("100%"));
  EXPECT_THAT(ProgressLine("get", kMiB, kMiB, std::chrono::seconds(1), 80),
              testing::HasSubstr("100%  1.0 MiB / 1.0 MiB  1.0 MiB/s  0:00 left"));
}

TEST(ProgressLine, UnknownTotalHasNoShareAndNarrowTerminalNoBar) {
  EXPECT_EQ(ProgressLine("put", 3 * kMiB, -1, std::chrono::seconds(3), 80), "put  3.0 MiB  1.0 MiB/s  0:03");
  EXPECT_THAT(ProgressLine("put", kMiB, 2 * kMiB, std::chrono::seconds(1), 20), testing::Not(testing::HasSubstr("[")));
}

TEST(ProgressLine, OfThingsThatAreCounted) {
  EXPECT_EQ(CountLine("rotate-key", "bodies", 12'000, std::chrono::seconds(3)),
            "rotate-key  12000 bodies  4000/s  0:03");
  EXPECT_EQ(CountLine("rotate-key", "bodies", 0, Duration::zero()), "rotate-key  0 bodies  0/s  0:00");
}

TEST(ProgressLine, FitsTheTerminal) {
  for (int width = 60; width < 200; ++width)
    EXPECT_LT(ProgressLine("put", kMiB, 2 * kMiB, std::chrono::seconds(1), width).size(), static_cast<size_t>(width));
}

TEST(TextMap, LettersByAgeAndDotsForZeros) {
  const std::vector<MapRun> runs = {{0, 4, 0, false}, {4, 6, 1, false}, {8, 10, 0, true}};
  EXPECT_EQ(DrawTextMap(runs, 10, 5, 2),
            "             0 |aaaab|\n"
            "             5 |b....|\n"
            "one cell = 1 B; 2 visible patches in 3 runs; letter = newest patch in the cell (a oldest), . = zeros\n");
}

TEST(TextMap, NewestPatchOfACellWins) {
  const std::vector<MapRun> runs = {{0, 1, 2, false}, {1, 2, 0, false}, {2, 4, 1, false}};
  EXPECT_THAT(DrawTextMap(runs, 4, 2, 1), testing::HasSubstr("|cb|"));
}

TEST(TextMap, ManyPatchesBecomeCounts) {
  std::vector<MapRun> runs;
  for (int64_t i = 0; i < 60; ++i) runs.push_back({i, i + 1, i, false});
  runs.push_back({60, 120, 60, false});
  EXPECT_THAT(DrawTextMap(runs, 150, 5, 1), testing::HasSubstr("|##--.|"));  // cells of 30 bytes
}

TEST(TextMap, EmptyAndHuge) {
  EXPECT_EQ(DrawTextMap({}, 0, 64, 8), "(empty)\n");
  const std::string map = DrawTextMap({{0, INT64_MAX, 0, false}}, INT64_MAX, 64, 8);
  EXPECT_EQ(std::count(map.begin(), map.end(), 'a'), 64 * 8 + 3);  // and three in the legend
}

TEST(Address, BucketEndsAtTheFirstSlash) {
  for (const char* name : {"n", "a/b", "/", "..", "//x", "../..", "a b", "ümläut", "-"}) {
    const auto address = ParseAddress(std::string("bucket/") + name);
    ASSERT_OK(address);
    EXPECT_EQ(address->bucket, "bucket");
    EXPECT_EQ(address->name, name);
  }
}

TEST(Address, RefusesWhatIsNoName) {
  using namespace std::string_literals;
  for (const std::string& bad : {""s, "b"s, "b/"s, "/n"s, "b/"s + std::string(1025, 'x'), "b/a\0b"s, "b/\xff"s,
                                 "b/\xc0\x80"s, "b/\xed\xa0\x80"s, "b/\xf4\x90\x80\x80"s, "b/\xe2\x82"s})
    EXPECT_CODE(ParseAddress(bad), kInvalidArgument);
  EXPECT_OK(ParseAddress("b/" + std::string(1024, 'x')));
  EXPECT_OK(ParseAddress("b/\xf0\x9f\x98\x80"));
  EXPECT_EQ(ParsePrefix("b")->name, "");
  EXPECT_EQ(ParsePrefix("b/x/")->name, "x/");
  EXPECT_CODE(ParsePrefix("/x"), kInvalidArgument);
}

TEST(ExitCodes, AreTheDocumentedOnes) {
  EXPECT_EQ(ExitCodeOf(OkStatus()), 0);
  EXPECT_EQ(ExitCodeOf(InternalError("")), 1);
  EXPECT_EQ(ExitCodeOf(InvalidArgumentError("")), 2);
  EXPECT_EQ(ExitCodeOf(NotFoundError("")), 3);
  EXPECT_EQ(ExitCodeOf(FailedPreconditionError("")), 4);
  EXPECT_EQ(ExitCodeOf(UnavailableError("")), 5);
  EXPECT_EQ(ExitCodeOf(DataLossError("")), 6);
  EXPECT_EQ(ExitCodeOf(PermissionDeniedError("")), 7);
  EXPECT_EQ(ExitCodeOf(ResourceExhaustedError("")), 8);
  EXPECT_EQ(ExitCodeOf(CancelledError("")), 130);
}

}  // namespace
}  // namespace pbfs::cli
