#include "tools/pbfs/text_map.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

struct Cell {
  int64_t runs = 0;     // with data
  int64_t newest = -1;  // patch
};

size_t CountPatches(const std::vector<MapRun>& runs) {
  std::set<int64_t> patches;
  for (const MapRun& run : runs)
    if (!run.zeros) patches.insert(run.patch);
  return patches.size();
}

std::vector<Cell> FillCells(const std::vector<MapRun>& runs, int64_t cell_size, int64_t count) {
  std::vector<Cell> cells(static_cast<size_t>(count));
  for (const MapRun& run : runs) {
    if (run.zeros || run.lo >= run.hi) continue;
    const int64_t last = std::min((run.hi - 1) / cell_size, count - 1);
    for (int64_t i = run.lo / cell_size; i <= last; ++i) {
      Cell& cell = cells[static_cast<size_t>(i)];
      ++cell.runs;
      cell.newest = std::max(cell.newest, run.patch);
    }
  }
  return cells;
}

char Glyph(const Cell& cell, bool letters) {
  if (cell.runs == 0) return '.';
  if (letters) return kLetters[static_cast<size_t>(cell.newest) % kLetters.size()];
  if (cell.runs == 1) return '-';
  return cell.runs < 10 ? static_cast<char>('0' + cell.runs) : '#';
}

}  // namespace

std::string DrawTextMap(const std::vector<MapRun>& runs, int64_t size, int width, int lines) {
  if (size <= 0 || width <= 0 || lines <= 0) return "(empty)\n";
  const int64_t most = int64_t{width} * lines;
  const int64_t cell_size = std::max<int64_t>(1, size / most + (size % most != 0));
  const int64_t count = size / cell_size + (size % cell_size != 0);
  const size_t patches = CountPatches(runs);
  const bool letters = patches <= kLetters.size();
  const std::vector<Cell> cells = FillCells(runs, cell_size, count);
  std::string out;
  for (int64_t at = 0; at < count; at += width) {
    out += fmt::format("{:>14} |", at * cell_size);
    for (int64_t i = at; i < std::min(count, at + width); ++i) out += Glyph(cells[static_cast<size_t>(i)], letters);
    out += "|\n";
  }
  out += fmt::format("one cell = {}; {} visible patches in {} runs; ", FormatSize(cell_size), patches, runs.size());
  out += letters ? "letter = newest patch in the cell (a oldest), . = zeros\n"
                 : "- = one run, 2..9 = so many, # = ten or more, . = zeros\n";
  return out;
}

}  // namespace pbfs::cli
