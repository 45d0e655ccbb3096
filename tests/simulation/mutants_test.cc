// Every mutant of libs/base/mutants.h is found by the simulation: a rule that could be weakened unnoticed is not tested.
#include "libs/base/mutants.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
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

/// Seeds that noticed those which few do, when this was written: tried first.
constexpr struct {
  Mutant mutant;
  uint64_t seed;
} kHints[] = {{Mutant::kLateCopyForgotten, 165},
              {Mutant::kNameOrderNotChecked, 21},
              {Mutant::kOpenObjectReapedEarly, 21},
              {Mutant::kDoubtNotTold, 16},
              {Mutant::kRehomeRaisesAboveFrontier, 16},
              {Mutant::kPurgeIgnoresHistory, 13},
              {Mutant::kSilenceIsPresence, 10},
              {Mutant::kWrongPlaceCounts, 9},
              {Mutant::kDomainsIgnored, 7},
              {Mutant::kGoneStoreCounts, 7},
              {Mutant::kBodyRowUnchecked, 6},
              {Mutant::kExtentUnstated, 6},
              {Mutant::kQuorumOfK, 6},
              {Mutant::kStaleNameAccepted, 6},
              {Mutant::kClearsWithoutWriting, 5},
              {Mutant::kSegmentUnverified, 5},
              {Mutant::kGraceOfTheFirstRow, 4},
              {Mutant::kNoTimeFence, 4},
              {Mutant::kRecordMacUnchecked, 4},
              {Mutant::kRefusedPartStays, 4},
              {Mutant::kRotNotReported, 4},
              {Mutant::kRotStays, 4},
              {Mutant::kStoreTakesBadBlocks, 4}};

/// What a run of `seed` with this mutant, or none, finds; empty if nothing. In a process of its own, since a mutant may break what the
/// product holds for certain: an end by a signal is a finding as well.
std::string FindIn(uint64_t seed, std::optional<Mutant> mutant) {
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
    if (mutant) ActivateMutant(*mutant);
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

std::vector<uint64_t> SeedsFor(Mutant mutant) {
  std::vector<uint64_t> seeds;
  for (const auto& hint : kHints) {
    if (hint.mutant == mutant) seeds.push_back(hint.seed);
  }
  for (uint64_t i = 0; i < kMostSeeds; ++i) seeds.push_back(TestSeed(1) + i);
  return seeds;
}

class MutantsTest : public testing::TestWithParam<Row> {};

// PBFS_TEST_SEED is where to begin; PBFS_MUTANTS_TABLE a file to which a row of each is added, for scripts/simulate --mutants.
TEST_P(MutantsTest, IsFound) {
  const Row& row = GetParam();
  const std::vector<uint64_t> seeds = SeedsFor(row.mutant);
  std::string what;
  size_t tried = 0;
  while (what.empty() && tried < seeds.size()) what = FindIn(seeds[tried++], row.mutant);
  const uint64_t seed = seeds[tried - 1];
  if (const char* const table = std::getenv("PBFS_MUTANTS_TABLE"))
    std::ofstream(table, std::ios::app) << fmt::format("{}\t{}\t{}\n", row.name + 1,
                                                       what.empty() ? "-" : std::to_string(seed), what);
  RecordProperty("seed", static_cast<int>(seed));
  RecordProperty("found", what);
  EXPECT_NE(what, "") << row.name << ": " << row.weakened << ": not noticed in " << tried << " seeds";
  if (what.empty()) return;
  static std::map<uint64_t, std::string> without;  // what seeds find by themselves
  if (!without.contains(seed)) without[seed] = FindIn(seed, std::nullopt);
  EXPECT_EQ(without[seed], "") << "seed " << seed << " fails by itself";
}

INSTANTIATE_TEST_SUITE_P(Rules, MutantsTest, testing::ValuesIn(kMutants),
                         [](const auto& mutant) { return std::string(mutant.param.name + 1); });

TEST(MutantsListTest, HasWhatItShould) {
  EXPECT_GE(std::size(kMutants), 61u);
  EXPECT_FALSE(IsMutant(kMutants[0].mutant)) << "none is active unless a test makes it so";
}

}  // namespace
}  // namespace pbfs::simulation
