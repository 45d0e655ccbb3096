#pragma once

#include <vector>

#include "libs/client/segment_fetch.h"

namespace pbfs {

/// A stretch of one body that a read wants, and where its bytes go.
struct WantedBytes {
  const ListedBody* body = nullptr;
  int64_t inner = 0;  // of the body's plaintext, from here
  int64_t size = 0;
  uint8_t* out = nullptr;  // `size` bytes
  int64_t at = 0;          // where they stand in the object that is read
};

/// The fetches that a set of wanted stretches comes down to: no segment twice, neighbours in one fetch of at most about
/// `most` bytes of plaintext, less where few data shards would make a store give too much in one call (never less than a
/// segment), nothing in between that nobody wants. A patched range shows one body in hundreds of pieces, many of them within one
/// segment; a rehomed one shows all its pieces behind each other. Stretches may come in any order and may overlap in the body. Pure.
std::vector<SegmentFetch> PlanFetches(const std::vector<WantedBytes>& wanted, int64_t most);

}  // namespace pbfs
