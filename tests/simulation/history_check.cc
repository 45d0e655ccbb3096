#include "tests/simulation/history_check.h"

#include <algorithm>

#include <fmt/format.h>

namespace pbfs::simulation {
namespace {

bool Fits(const HistoryEntry& entry, const Attempt& attempt) {
  const bool range = attempt.op.kind == OpKind::kTrunc ? entry.lo == attempt.op.lo
                                                       : entry.lo == attempt.op.lo && entry.hi == attempt.op.hi;
  return entry.kind == attempt.op.kind && entry.order.wid == attempt.wid && range;
}

/// The attempts that happened, by order.
using Timeline = std::map<Order, const Attempt*>;

std::string MakeTimeline(const std::vector<HistoryEntry>& history, const std::vector<Attempt>& attempts,
                         Timeline& timeline) {
  std::vector<const Attempt*> in_doubt;
  for (const Attempt& attempt : attempts) {
    if (attempt.outcome == Attempt::Outcome::kDone) timeline[attempt.order] = &attempt;
    if (attempt.outcome == Attempt::Outcome::kInDoubt) in_doubt.push_back(&attempt);
  }
  size_t acknowledged = timeline.size(), found = 0;
  for (const HistoryEntry& entry : history) {
    if (!IsContentOp(entry.kind)) continue;
    if (!entry.authentic) return "a record that does not verify";
    if (const auto known = timeline.find(entry.order); known != timeline.end()) {
      if (!Fits(entry, *known->second))
        return fmt::format("order {}.{} is another op", entry.order.hlc, entry.order.wid);
      ++found;
      continue;
    }
    const auto match =
        std::find_if(in_doubt.begin(), in_doubt.end(), [&](const Attempt* a) { return Fits(entry, *a); });
    if (match == in_doubt.end())
      return fmt::format("op at {}.{} [{}, {}) was refused or never made", entry.order.hlc, entry.order.wid, entry.lo,
                         entry.hi);
    timeline[entry.order] = *match;
    in_doubt.erase(match);
  }
  return found == acknowledged ? "" : fmt::format("{} acknowledged ops are gone", acknowledged - found);
}

Bytes Window(const Bytes& state, int64_t lo, size_t size) {
  if (lo >= static_cast<int64_t>(state.size())) return {};
  const auto begin = state.begin() + static_cast<ptrdiff_t>(lo);
  return {begin, begin + static_cast<ptrdiff_t>(std::min(size, state.size() - static_cast<size_t>(lo)))};
}

// Whether the state after some allowed prefix shows these bytes.
bool Explains(const Timeline& timeline, const Observation& seen, size_t wanted) {
  ByteArrayModel model;
  size_t must = 0, index = 0;
  for (const auto& [order, attempt] : timeline) {
    ++index;
    if (attempt->outcome == Attempt::Outcome::kDone && attempt->returned < seen.invoked) must = index;
  }
  index = 0;
  if (must == 0 && Window(model.Fold(), seen.lo, wanted) == seen.bytes) return true;
  for (const auto& [order, attempt] : timeline) {
    if (attempt->invoked > seen.returned) return false;
    model.Apply(order, attempt->op);
    if (++index >= must && Window(model.Fold(), seen.lo, wanted) == seen.bytes) return true;
  }
  return false;
}

}  // namespace

std::string CheckHistory(const std::vector<HistoryEntry>& history, const std::vector<Attempt>& attempts,
                         const std::vector<Observation>& observations, const Bytes& final_bytes) {
  Timeline timeline;
  if (std::string wrong = MakeTimeline(history, attempts, timeline); !wrong.empty()) return wrong;
  ByteArrayModel model;
  for (const auto& [order, attempt] : timeline) model.Apply(order, attempt->op);
  if (model.Fold() != final_bytes) return "the bytes at the end are not the fold of the history";
  for (const Observation& seen : observations) {
    if (!Explains(timeline, seen, seen.bytes.size()))
      return fmt::format("a read of {} bytes at {} shows no state there was", seen.bytes.size(), seen.lo);
  }
  return "";
}

}  // namespace pbfs::simulation
