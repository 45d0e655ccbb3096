#include "tests/simulation/names_check.h"

#include <algorithm>

#include <fmt/format.h>

namespace pbfs::simulation {
namespace {

class Checker {
 public:
  explicit Checker(const NameLog& log) : log_(log) {
    for (const NameAttempt& attempt : log.attempts) {
      if (attempt.outcome == CallOutcome::kDone) done_.emplace(attempt.order, &attempt);
    }
  }

  std::string Run() const {
    for (const auto& [order, attempt] : done_) {
      for (const auto& [later_order, later] : done_) {
        if (attempt->returned < later->invoked && later_order < order)
          return "a binding has a lesser order than one acknowledged before it began";
      }
      if (!ConditionHeld(order, *attempt)) return "a conditional binding replaced something else than it names";
    }
    for (const NameObservation& seen : log_.observations) {
      if (seen.object ? !MayBeBound(seen) : !MayBeFree(seen))
        return seen.object ? "it was seen bound to what it was not" : "it was seen free while it was bound";
    }
    return "";
  }

 private:
  bool AnyInDoubt(bool binds, MonotonicTime until, std::optional<int64_t> wid = {}) const {
    return std::any_of(log_.attempts.begin(), log_.attempts.end(), [&](const NameAttempt& attempt) {
      return attempt.outcome == CallOutcome::kInDoubt && attempt.binds == binds && attempt.invoked <= until &&
             (!wid || attempt.wid == *wid);
    });
  }
  // The greatest acknowledged before `time`.
  const NameAttempt* NewestBefore(MonotonicTime time) const {
    const NameAttempt* newest = nullptr;
    for (const auto& [order, attempt] : done_) {
      if (attempt->returned < time) newest = attempt;
    }
    return newest;
  }

  bool ConditionHeld(const Order& order, const NameAttempt& attempt) const {
    if (!attempt.if_none_match && !attempt.if_bound_to) return true;
    if (AnyInDoubt(true, attempt.returned) || AnyInDoubt(false, attempt.returned)) return true;  // who knows
    const auto at = done_.find(order);
    const NameAttempt* const before = at == done_.begin() ? nullptr : std::prev(at)->second;
    const bool bound = before != nullptr && before->binds;
    if (attempt.if_none_match) return !bound;
    return bound && (!before->object || *before->object == *attempt.if_bound_to);
  }
  bool MayBeBound(const NameObservation& seen) const {
    const NameAttempt* const newest = NewestBefore(seen.invoked);
    if (newest != nullptr && seen.order < newest->order) return false;
    const auto made = done_.find(seen.order);
    if (made == done_.end()) return AnyInDoubt(true, seen.returned, seen.order.wid);
    return made->second->binds && (!made->second->object || *made->second->object == *seen.object) &&
           made->second->invoked <= seen.returned;
  }
  bool MayBeFree(const NameObservation& seen) const {
    const NameAttempt* const newest = NewestBefore(seen.invoked);
    if (newest == nullptr || !newest->binds || AnyInDoubt(false, seen.returned)) return true;
    return std::any_of(done_.upper_bound(newest->order), done_.end(),
                       [&](const auto& row) { return !row.second->binds && row.second->invoked <= seen.returned; });
  }

  const NameLog& log_;
  std::map<Order, const NameAttempt*> done_;
};

}  // namespace

std::string CheckName(const std::string& name, const NameLog& log) {
  const std::string wrong = Checker(log).Run();
  return wrong.empty() ? "" : fmt::format("name {}: {}", name, wrong);
}

}  // namespace pbfs::simulation
