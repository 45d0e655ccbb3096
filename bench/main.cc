// pbfs-bench: what PBFS costs, as ratios against references measured in the same run. See bench/README.md.
#include <string>

#include "bench/command_line.h"
#include "bench/patch_writer.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "patch-writer") return pbfs::bench::RunPatchWriter(argc, argv);
  return pbfs::bench::RunBench(argc, argv);
}
