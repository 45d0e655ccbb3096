#include "libs/client/fetch_plan.h"

#include <algorithm>
#include <functional>

namespace pbfs {
namespace {

// How far a fetch of this body may reach: whole segments, and of each shard half of what a store gives in one call, which
// leaves room for tags and checksums.
int64_t StepOf(const ListedBody& body, int64_t most) {
  if (body.row.encoding) most = std::min(most, body.row.encoding->k * (kMaxReadBytes / 2));
  return std::max(most >> body.header.seg_log2, int64_t{1}) << body.header.seg_log2;
}

// Cuts at multiples of the step, so that stretches that overlap are cut alike.
std::vector<WantedBytes> Cut(const std::vector<WantedBytes>& wanted, int64_t most) {
  std::vector<WantedBytes> cut;
  cut.reserve(wanted.size());
  for (const WantedBytes& stretch : wanted) {
    const int64_t step = StepOf(*stretch.body, most), end = stretch.inner + stretch.size;
    for (int64_t at = stretch.inner; at < end;) {
      const int64_t until = std::min(end, (at / step + 1) * step);
      const int64_t skipped = at - stretch.inner;
      cut.push_back({stretch.body, at, until - at, stretch.out + skipped, stretch.at + skipped});
      at = until;
    }
  }
  return cut;
}

bool Before(const WantedBytes& a, const WantedBytes& b) {
  if (a.body != b.body) return std::less<>()(a.body, b.body);
  return a.inner < b.inner;
}

// The stretch begins in a segment that is fetched already, or in the next one, on the same side of a cut.
bool Continues(const SegmentFetch& fetch, const WantedBytes& stretch, int64_t most) {
  if (fetch.body != stretch.body) return false;
  const int64_t step = StepOf(*stretch.body, most);
  const int log2 = stretch.body->header.seg_log2;
  return fetch.begin / step == stretch.inner / step && stretch.inner >> log2 <= ((fetch.end - 1) >> log2) + 1;
}

}  // namespace

std::vector<SegmentFetch> PlanFetches(const std::vector<WantedBytes>& wanted, int64_t most) {
  std::vector<WantedBytes> cut = Cut(wanted, most);
  std::sort(cut.begin(), cut.end(), Before);
  std::vector<SegmentFetch> fetches;
  for (const WantedBytes& stretch : cut) {
    const SegmentFetch::Piece piece{stretch.inner, stretch.inner + stretch.size, stretch.out, stretch.at};
    if (fetches.empty() || !Continues(fetches.back(), stretch, most)) {
      fetches.push_back({stretch.body, piece.begin, piece.end, {piece}});
      continue;
    }
    fetches.back().end = std::max(fetches.back().end, piece.end);
    fetches.back().pieces.push_back(piece);
  }
  return fetches;
}

}  // namespace pbfs
