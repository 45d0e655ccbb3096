#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "libs/base/bytes.h"
#include "libs/base/ids.h"
#include "libs/base/random.h"

namespace pbfs::bench {

/// Log-uniform from 1 B to 256 KiB, anywhere in [0, object_size): the patches of bar 6.
std::pair<int64_t, Bytes> RandomPatch(Random& random, int64_t object_size);

/// A writer in a process of its own (this program, started again), with a client of its own, as another machine would be. It
/// patches in an open loop: at fixed times, so that a late answer does not hide how late the next one is. Threads: one.
class PatchWriter {
 public:
  PatchWriter(const std::string& client_config, const std::string& bucket, ObjectId object, int64_t object_size);
  /// Ends the process.
  ~PatchWriter();
  PatchWriter(const PatchWriter&) = delete;
  PatchWriter& operator=(const PatchWriter&) = delete;

  /// Makes `count` patches, RandomPatch(SeededRandom(seed)) one after another, one each `every_ms`; returns how long each took
  /// from when it was due, in milliseconds.
  std::vector<double> Patch(uint64_t seed, int count, int every_ms);

 private:
  pid_t pid_ = 0;
  int to_ = -1;
  int from_ = -1;
};

/// The other side: main() calls it if the first argument is "patch-writer". Returns the exit code.
int RunPatchWriter(int argc, char** argv);

}  // namespace pbfs::bench
