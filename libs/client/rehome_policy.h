#pragma once

#include <cstdint>
#include <vector>

#include "libs/base/ids.h"

namespace pbfs {

/// What a region's visible bytes are made of: one entry per visible body, with what the list and the body's header say.
struct VisibleBody {
  BodyId body;
  int64_t visible = 0;  // bytes of the region that show it
  int64_t length = 0;   // of its plaintext
  int64_t extents = 0;  // pieces that show it
  bool is_inline = false;
  bool gathered = false;  // it was made by a rehome
};

/// When to merge (format, section 9.8). Sizes in bytes.
struct RehomePolicy {
  int64_t gather_bodies = 256;      // more small bodies than this,
  int64_t small_body = 256 << 10;   // whose visible part is below this,
  int64_t gather_inline = 1 << 20;  // or so many inline bytes: gather
  int64_t tier_bodies = 8;          // so many gathered bodies of like size (a factor of two): one
  int64_t rewrite_extents = 8192;   // more extents than this: rewrite
  int64_t merge_extents = 16384;    // that one merge looks at: its record has room for twice as many runs and sources
  /// Of what is merged, to be read and then written at most; 0: as fast as it goes. Nobody waits for a rehome, and others use
  /// the stores meanwhile.
  int64_t bytes_per_second = 64 << 20;
  /// Rewrite every region that has more than one body, whatever it costs.
  bool always_rewrite = false;
};

enum class RehomeKind { kNothing, kGather, kTier, kRewrite };

/// What to merge: all of the region (kRewrite), or the visible runs of `bodies`.
struct RehomePlan {
  RehomeKind kind = RehomeKind::kNothing;
  std::vector<BodyId> bodies;
};

/// Size-tiered: a patched byte is rewritten a few times in its life, whatever the pattern. Pure.
RehomePlan PlanRehome(const std::vector<VisibleBody>& bodies, int64_t extents, const RehomePolicy& policy);

}  // namespace pbfs
