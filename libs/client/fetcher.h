#pragma once

#include "libs/client/object_view.h"

namespace pbfs {

/// Bytes [begin, end) of a body's plaintext, to be put at `out`.
struct BodyTarget {
  std::shared_ptr<const ListedBody> body;
  int64_t begin = 0;
  int64_t end = 0;
  uint8_t* out = nullptr;
};

/// Brings all targets, from any k fragments of each body: systematic first, one call per store for the ranges of many
/// bodies, hedged, decoded only where something is missing; segments that are wholly wanted are opened where they belong.
/// Blocks. `memory`: bytes of fragments that may be on their way at one time, already taken from the budget.
/// Errors: DATA_LOSS, UNAVAILABLE naming body and range; then the targets hold nothing that may be used.
Status FetchBodies(const Context& context, ClientCore& core, const BucketState& bucket,
                   const std::vector<BodyTarget>& targets, int64_t memory);

}  // namespace pbfs
