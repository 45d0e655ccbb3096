#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/bytes.h"
#include "libs/base/scheduler.h"
#include "libs/client/bucket.h"
#include "libs/model/byte_array_model.h"

namespace pbfs::simulation {

/// What a caller knows after a call: it happened; it did not and will not; it may have, once.
enum class CallOutcome { kDone, kRefused, kInDoubt };

/// What a client tried to do to an object, and what it was told.
struct Attempt {
  ModelOp op;
  bool anywhere = false;  // an append: where it goes is known afterwards, if at all
  int64_t wid = 0;        // of the client
  MonotonicTime invoked, returned;
  CallOutcome outcome = CallOutcome::kInDoubt;
  Order order;                    // of kDone
  std::optional<Opset> if_opset;  // its condition,
  bool condition_failed = false;  // for which it was refused
};

/// What a client read when it asked for `wanted` bytes from lo on, and the times between which that was.
struct Observation {
  int64_t lo = 0;
  size_t wanted = 0;
  Bytes bytes;
  MonotonicTime invoked, returned;
  std::optional<Hlc> as_of;  // the order of an op that was acknowledged before
};

/// One object, as its clients know it.
struct ObjectLog {
  Bytes base;  // what it was made with, by ops of its maker up to base_order
  Order base_order;
  std::vector<Attempt> attempts;
  std::vector<Observation> observations;
};

/// Holds what clients were told and saw against what the catalog says happened. The object lies in one region, so its ops have one order.
///   * Every acknowledged op is in the history, no refused one is, and nothing that nobody tried.
///   * An op acknowledged before another began has the lesser order (I2).
///   * Every read shows the state after some prefix of the ops: one that holds all that were acknowledged before the read began, and
///     none begun after it ended. A read of the past shows exactly the ops up to its order.
///   * A conditional write stands behind exactly the ops that its condition names; one was refused only if there was another op.
///   * The bytes at the end are the fold of everything.
/// Returns what is wrong, empty if nothing is.
std::string CheckHistory(const std::vector<HistoryEntry>& history, const ObjectLog& log, const Bytes& final_bytes);

}  // namespace pbfs::simulation
