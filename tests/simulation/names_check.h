#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/history_check.h"

namespace pbfs::simulation {

/// What a client tried to do to a name, and what it was told.
struct NameAttempt {
  bool binds = false;              // else it unbinds
  std::optional<ObjectId> object;  // that it bound, if it knows
  int64_t wid = 0;
  MonotonicTime invoked, returned;
  CallOutcome outcome = CallOutcome::kInDoubt;
  Order order;  // of kDone
  bool if_none_match = false;
  std::optional<ObjectId> if_bound_to;
};

/// What a name was seen bound to; none: to nothing.
struct NameObservation {
  std::optional<ObjectId> object;
  Order order;  // of the binding
  MonotonicTime invoked, returned;
};

struct NameLog {
  std::vector<NameAttempt> attempts;
  std::vector<NameObservation> observations;
};

/// A name is a register whose values have the orders of their ops: those agree with real time, whoever looks sees nothing older than what
/// was acknowledged before, and a conditional binding stands behind what it names. Where an op of unknown outcome might explain what was
/// seen, it does. Returns what is wrong, empty if nothing is.
std::string CheckName(const std::string& name, const NameLog& log);

}  // namespace pbfs::simulation
