#pragma once

namespace pbfs::bench {

/// The command line of pbfs-bench: runs the families of rows that are asked for and prints their table. Returns the exit
/// code: 1 with --check if a row falls short of its bar.
int RunBench(int argc, char** argv);

}  // namespace pbfs::bench
