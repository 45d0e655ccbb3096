#include "tests/fuzz/scratch.h"
#include "tools/local/cluster_state.h"

// The local cluster's state file: what loads, saves, and loads again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const pbfs::ScratchDirectory scratch;
  scratch.Write("cluster.json", {data, size});
  const auto state = pbfs::local::LoadState(scratch.path());
  if (!state.ok()) return 0;
  PBFS_CHECK(pbfs::local::SaveState(*state).ok());
  const auto again = pbfs::local::LoadState(scratch.path());
  PBFS_CHECK(again.ok() && again->processes.size() == state->processes.size());
  return 0;
}
