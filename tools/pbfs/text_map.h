#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pbfs::cli {

/// A visible run of an object: bytes [lo, hi) come from one patch. Runs are disjoint and ascending; bytes in no run are
/// zeros.
struct MapRun {
  int64_t lo = 0;
  int64_t hi = 0;
  int64_t patch = 0;   // which patch: its rank among the visible ones, 0 = oldest
  bool zeros = false;  // a hole punched or a truncation, not data
};

/// Draws an object as lines of `width` cells, each cell an equal piece of the bytes. With at most 52 patches a cell is the
/// letter of the newest patch in it (a = oldest, then A...); with more it tells how many runs lie in it: '-' one, 2..9,
/// '#' ten or more. '.' is nothing but zeros. Each line starts with its offset; a legend follows.
std::string DrawTextMap(const std::vector<MapRun>& runs, int64_t size, int width, int lines);

}  // namespace pbfs::cli
