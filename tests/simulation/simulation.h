#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pbfs::simulation {

/// What came of a run.
struct Report {
  std::vector<std::string> findings;  // what is wrong; nothing should be
  int done = 0, in_doubt = 0;         // writes and name ops that were acknowledged, and others
  int64_t rehomes = 0;                // that clients did by themselves
  int lost_fragments = 0;             // when a store lost what it had
  uint64_t switches = 0;              // between threads: two runs of one seed take the same course
};

/// A whole site in virtual time, from a seed: clients that patch, cut, clone, publish, rename, rehome and read, a repairer, a collector, an
/// administrator; days of work amid trouble (faults.h), evenings in which everything has to come right, nights in which garbage goes. At the
/// end every history is held against what bytes and names can do, every shard must stand at its place, and nothing may be left over.
Report Simulate(uint64_t seed);

}  // namespace pbfs::simulation
