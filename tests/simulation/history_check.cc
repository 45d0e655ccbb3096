#include "tests/simulation/history_check.h"

#include <algorithm>

#include <fmt/format.h>

#include "libs/catalog/opset.h"

namespace pbfs::simulation {
namespace {

Bytes Window(const Bytes& state, int64_t lo, size_t size) {
  if (lo >= static_cast<int64_t>(state.size())) return {};
  const auto begin = state.begin() + static_cast<ptrdiff_t>(lo);
  return {begin, begin + static_cast<ptrdiff_t>(std::min(size, state.size() - static_cast<size_t>(lo)))};
}

bool Fits(const HistoryEntry& entry, const Attempt& attempt) {
  if (entry.kind != attempt.op.kind || entry.order.wid != attempt.wid) return false;
  if (attempt.anywhere) return entry.hi - entry.lo == attempt.op.hi - attempt.op.lo;
  return entry.lo == attempt.op.lo && (entry.kind == OpKind::kTrunc || entry.hi == attempt.op.hi);
}

class Checker {
 public:
  Checker(std::vector<HistoryEntry> history, const ObjectLog& log) : history_(std::move(history)), log_(log) {
    std::erase_if(history_, [](const HistoryEntry& entry) { return !IsContentOp(entry.kind); });
    std::sort(history_.begin(), history_.end(), [](const auto& a, const auto& b) { return a.order < b.order; });
  }

  std::string Run(const Bytes& final_bytes) {
    if (std::string wrong = MakeTimeline(); !wrong.empty()) return wrong;
    if (std::string wrong = CheckRealTime(); !wrong.empty()) return wrong;
    FoldAll();
    if (states_.back() != final_bytes) return "the bytes at the end are not the fold of the history";
    for (const Observation& seen : log_.observations) {
      if (!(seen.as_of ? ExplainsPast(seen) : Explains(seen)))
        return fmt::format("a read of {} bytes at {}{} shows no state there was", seen.wanted, seen.lo,
                           seen.as_of ? " of the past" : "");
    }
    return CheckConditions();
  }

 private:
  // Which attempt each op of the history is.
  std::string MakeTimeline() {
    std::map<Order, const Attempt*> done;
    std::vector<const Attempt*> in_doubt;
    for (const Attempt& attempt : log_.attempts) {
      if (attempt.outcome == CallOutcome::kDone && !done.emplace(attempt.order, &attempt).second)
        return "two ops were acknowledged with one order";
      if (attempt.outcome == CallOutcome::kInDoubt) in_doubt.push_back(&attempt);
    }
    for (const HistoryEntry& entry : history_) {
      if (!entry.authentic) return "a record that does not verify";
      const bool of_base = entry.order.wid == log_.base_order.wid && entry.order <= log_.base_order;
      if (of_base) continue;
      const auto known = done.find(entry.order);
      if (known != done.end()) {
        if (!Fits(entry, *known->second))
          return fmt::format("order {}.{} is another op", entry.order.hlc, entry.order.wid);
        timeline_.emplace_back(entry.order, *known->second);
        done.erase(known);
        continue;
      }
      const auto match =
          std::find_if(in_doubt.begin(), in_doubt.end(), [&](const Attempt* a) { return Fits(entry, *a); });
      if (match == in_doubt.end())
        return fmt::format("op at {}.{} [{}, {}) was refused or never made", entry.order.hlc, entry.order.wid, entry.lo,
                           entry.hi);
      timeline_.emplace_back(entry.order, **match);
      timeline_.back().second.op.lo = entry.lo, timeline_.back().second.op.hi = entry.hi;
      in_doubt.erase(match);
    }
    return done.empty() ? "" : fmt::format("{} acknowledged ops are gone", done.size());
  }

  // I2: between what is acknowledged and what begins later.
  std::string CheckRealTime() const {
    for (const auto& [first_order, first] : timeline_) {
      for (const auto& [second_order, second] : timeline_) {
        if (first.outcome == CallOutcome::kDone && first.returned < second.invoked && second_order < first_order)
          return "an op has a lesser order than one that was acknowledged before it began";
      }
    }
    return "";
  }

  // states_[i] is the content after the first i ops of the timeline.
  void FoldAll() {
    states_.push_back(log_.base);
    for (const auto& [order, attempt] : timeline_) {
      ByteArrayModel model;
      model.Write({1, 1}, 0, states_.back());
      model.Apply(order, attempt.op);
      states_.push_back(model.Fold());
    }
  }

  bool Explains(const Observation& seen) const {
    size_t must = 0;
    for (size_t i = 0; i < timeline_.size(); ++i) {
      const Attempt& attempt = timeline_[i].second;
      if (attempt.outcome == CallOutcome::kDone && attempt.returned < seen.invoked) must = i + 1;
    }
    for (size_t i = 0; i < states_.size(); ++i) {
      if (i > 0 && timeline_[i - 1].second.invoked > seen.returned) return false;
      if (i >= must && Window(states_[i], seen.lo, seen.wanted) == seen.bytes) return true;
    }
    return false;
  }
  // I26: all ops up to that order were there already, for later ones have greater orders.
  bool ExplainsPast(const Observation& seen) const {
    size_t count = 0;
    while (count < timeline_.size() && timeline_[count].first.hlc <= *seen.as_of) ++count;
    return Window(states_[count], seen.lo, seen.wanted) == seen.bytes;
  }

  std::string CheckConditions() const {
    std::map<Opset, size_t> prefixes;  // how many ops of the history make this opset
    std::map<Order, Opset> before;
    Opset opset{};
    for (size_t i = 0; i < history_.size(); ++i) {
      prefixes[opset] = i;
      before[history_[i].order] = opset;
      const Opset bits = OpBits(history_[i].op);
      for (size_t at = 0; at < opset.size(); ++at) opset[at] ^= bits[at];
    }
    prefixes[opset] = history_.size();
    for (const auto& [order, attempt] : timeline_) {
      if (attempt.if_opset && before.at(order) != *attempt.if_opset)
        return "a conditional write stands behind other ops than its condition names";
    }
    for (const Attempt& attempt : log_.attempts) {
      if (!attempt.condition_failed) continue;
      const auto prefix = prefixes.find(*attempt.if_opset);
      if (prefix == prefixes.end())
        return "a condition that was shown as the content's names a content there never was";
      if (!IsFollowed(prefix->second, attempt)) return "a condition was refused although nothing had changed";
    }
    return "";
  }
  // Whether an op that may have been there when `refused` was decided follows the first `count` of the history.
  bool IsFollowed(size_t count, const Attempt& refused) const {
    if (count == history_.size()) return false;
    const Order next = history_[count].order;
    const auto made =
        std::find_if(timeline_.begin(), timeline_.end(), [&](const auto& op) { return op.first == next; });
    return made == timeline_.end() || made->second.invoked <= refused.returned;
  }

  std::vector<HistoryEntry> history_;  // of content, by order
  const ObjectLog& log_;
  std::vector<std::pair<Order, Attempt>> timeline_;  // what happened behind the base, by order
  std::vector<Bytes> states_;
};

}  // namespace

std::string CheckHistory(const std::vector<HistoryEntry>& history, const ObjectLog& log, const Bytes& final_bytes) {
  return Checker(history, log).Run(final_bytes);
}

}  // namespace pbfs::simulation
