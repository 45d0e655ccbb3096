#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/base/bytes.h"
#include "libs/base/scheduler.h"
#include "libs/client/bucket.h"
#include "libs/model/byte_array_model.h"

namespace pbfs::simulation {

/// What a client tried to do to the one object, and what it was told.
struct Attempt {
  ModelOp op;
  int64_t wid = 0;  // of the client
  MonotonicTime invoked, returned;
  enum class Outcome { kDone, kRefused, kInDoubt } outcome = Outcome::kInDoubt;
  Order order;  // of kDone
};

/// What a client read: bytes [lo, lo + bytes.size()) and the times between which the catalog answered.
struct Observation {
  int64_t lo = 0;
  Bytes bytes;
  MonotonicTime invoked, returned;
};

/// Holds what clients were told and saw against what the catalog says happened. The object lies in one region, so its ops
/// have one order, and every read must show the state after some prefix of them: one that holds all ops acknowledged before
/// the read began, and none begun after it ended. Returns what is wrong, empty if nothing is.
std::string CheckHistory(const std::vector<HistoryEntry>& history, const std::vector<Attempt>& attempts,
                         const std::vector<Observation>& observations, const Bytes& final_bytes);

}  // namespace pbfs::simulation
