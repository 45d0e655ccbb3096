#pragma once

#include <cstdint>
#include <vector>

#include "libs/base/bytes.h"

/// What the main job writes, all of it from one seed.
namespace pbfs::cli {

/// One patch: `size` bytes at `offset`, whose content follows from `content_seed`.
struct Edit {
  int64_t offset = 0;
  int64_t size = 0;
  uint64_t content_seed = 0;
  friend bool operator==(const Edit&, const Edit&) = default;
};

struct EditPlan {
  uint64_t seed = 1;
  int64_t object_size = 0;
  int count = 2000;
  int64_t least = 1;
  int64_t most = int64_t{4} << 20;
};

/// `count` edits inside [0, object_size): sizes log-uniform in [least, most] (never more than the object), offsets of any
/// alignment; one edit in four lies across an edge of an earlier one, the rest are uniform. No two have the same offset
/// and size, so an edit can be told by its range alone. The same plan gives the same edits everywhere.
std::vector<Edit> MakeEdits(const EditPlan& plan);

/// Fills `out` with the content of a seed: bytes that no codec can shorten and no two seeds share.
void FillContent(uint64_t content_seed, MutableByteSpan out);

/// Bytes of the union of all edits: what of the object changed at all.
int64_t CoveredBytes(const std::vector<Edit>& edits);

}  // namespace pbfs::cli
