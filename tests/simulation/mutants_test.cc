// Every mutant of libs/base/mutants.h is found by the simulation: a rule that could be weakened unnoticed is not tested.
#include "libs/base/mutants.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libs/base/check.h"
#include "libs/base/testing.h"
#include "tests/simulation/simulation.h"

namespace pbfs::simulation {
namespace {

constexpr uint64_t kMostSeeds = 200;
constexpr rlim_t kMostCpuSeconds = 60;  // of one run: a mutant may go round and round

struct Row {
  Mutant mutant;
  const char* name;
  const char* weakened;
};
constexpr Row kMutants[] = {
#define PBFS_MUTANT_ROW(name, weakened) {Mutant::name, #name, weakened},
    PBFS_FOR_EACH_MUTANT(PBFS_MUTANT_ROW)
#undef PBFS_MUTANT_ROW
};

/// Those of which it has not been shown yet that the simulation notices them soon enough: work to be done, not rules to be dropped.
constexpr Mutant kOpen[] = {Mutant::kPurgedBodyNamed,
                            Mutant::kRefusedPartStays,
                            Mutant::kWrongPlaceCounts,
                            Mutant::kRehomeRaisesAboveFrontier,
                            Mutant::kStaleListAccepted,
                            Mutant::kStaleNameAccepted,
                            Mutant::kReaderListsOnce,
                            Mutant::kDoubtNotTold,
                            Mutant::kPurgeIgnoresHistory,
                            Mutant::kNoGrace,
                            Mutant::kReapIgnoresReferences,
                            Mutant::kHistoryExpiresAboveFloor,
                            Mutant::kStoreTakesBadBlocks,
                            Mutant::kRotNotReported,
                            Mutant::kRotStays,
                            Mutant::kSilenceIsPresence,
                            Mutant::kClearsWithoutWriting,
                            Mutant::kClearsForOldPlaces,
                            Mutant::kCheckOfOldVersionCounts,
                            Mutant::kActiveWhileMissing,
                            Mutant::kHealthyWithMargin,
                            Mutant::kRepairUnchecked,
                            Mutant::kLeavesUnchecked,
                            Mutant::kDomainsIgnored,
                            Mutant::kPreviousForgotten,
                            Mutant::kRemovedBeforeEmpty};

/// PBFS_MUTANTS_OPEN=1: those too.
std::vector<Row> Wanted() {
  std::vector<Row> rows;
  for (const Row& row : kMutants) {
    const bool open = std::find(std::begin(kOpen), std::end(kOpen), row.mutant) != std::end(kOpen);
    if (!open || std::getenv("PBFS_MUTANTS_OPEN") != nullptr) rows.push_back(row);
  }
  return rows;
}

/// What a run of `seed` with this mutant finds; empty if nothing. In a process of its own, since a mutant may break what the product holds
/// for certain: an end by a signal is a finding as well.
std::string FindIn(uint64_t seed, Mutant mutant) {
  int ends[2];
  PBFS_CHECK(pipe(ends) == 0);
  const pid_t child = fork();
  PBFS_CHECK(child >= 0);
  if (child == 0) {
    close(ends[0]);
    dup2(ends[1], STDERR_FILENO);
    const rlimit limit{kMostCpuSeconds, kMostCpuSeconds}, no_core{0, 0};
    setrlimit(RLIMIT_CPU, &limit);
    setrlimit(RLIMIT_CORE, &no_core);
    ActivateMutant(mutant);
    const Report report = Simulate(seed);
    const std::string first = report.findings.empty() ? "" : "found: " + report.findings[0] + "\n";
    const ssize_t written = write(ends[1], first.data(), first.size());
    _exit(written == static_cast<ssize_t>(first.size()) ? 0 : 1);
  }
  close(ends[1]);
  std::string said;
  char bytes[4096];
  for (ssize_t got; (got = read(ends[0], bytes, sizeof bytes)) > 0;) said.append(bytes, static_cast<size_t>(got));
  close(ends[0]);
  int status = 0;
  PBFS_CHECK(waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) return fmt::format("signal {}: {}", WTERMSIG(status), said.substr(0, said.find('\n')));
  const size_t found = said.find("found: ");
  return found == std::string::npos ? "" : said.substr(found + 7, said.find('\n', found) - found - 7);
}

class MutantsTest : public testing::TestWithParam<Row> {};

// PBFS_TEST_SEED is where to begin; PBFS_MUTANTS_TABLE a file to which a row of each is added, for scripts/simulate --mutants.
TEST_P(MutantsTest, IsFound) {
  const Row& row = GetParam();
  const uint64_t first = TestSeed(1);
  std::string what;
  uint64_t seeds = 0;
  while (what.empty() && seeds < kMostSeeds) what = FindIn(first + seeds++, row.mutant);
  if (const char* const table = std::getenv("PBFS_MUTANTS_TABLE"))
    std::ofstream(table, std::ios::app) << fmt::format("{}\t{}\t{}\n", row.name + 1,
                                                       what.empty() ? "-" : std::to_string(seeds), what);
  RecordProperty("seeds", static_cast<int>(seeds));
  RecordProperty("found", what);
  EXPECT_NE(what, "") << row.name << ": " << row.weakened << ": not noticed in " << seeds << " seeds";
}

INSTANTIATE_TEST_SUITE_P(Rules, MutantsTest, testing::ValuesIn(Wanted()),
                         [](const auto& mutant) { return std::string(mutant.param.name + 1); });

TEST(MutantsListTest, HasWhatItShould) {
  EXPECT_GE(Wanted().size(), 30u);
  EXPECT_FALSE(IsMutant(kMutants[0].mutant)) << "none is active unless a test makes it so";
}

}  // namespace
}  // namespace pbfs::simulation
