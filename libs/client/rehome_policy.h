#pragma once

#include <cstdint>
#include <vector>

#include "libs/base/ids.h"
#include "libs/base/scheduler.h"

namespace pbfs {

/// A body of which something is visible in a region: what the list, the record that placed it and its header say.
struct VisibleBody {
  BodyId body;
  int64_t visible = 0;  // bytes of the region that show it
  int64_t placed = 0;   // bytes of it that its op placed in the region, visible or not
  int64_t extents = 0;  // pieces that show it
  bool is_inline = false;
  bool gathered = false;  // it was made by a rehome
};

/// What a region, or a part of one, consists of.
struct RegionShape {
  std::vector<VisibleBody> bodies;
  int64_t extents = 0;    // rows of the catalog, hidden ones included
  int64_t hidden = 0;     // bytes of extents whose body is nowhere visible: it cannot be purged while they are there
  int64_t rewritten = 0;  // extents that a rewrite would leave
};

/// So many bodies leave no part of a region fragmented: they are fetched at once.
inline constexpr int64_t kFewBodies = 16;

/// When to merge (format, section 9.8). Sizes in bytes.
struct RehomePolicy {
  int64_t gather_bodies = 256;      // more small bodies than this,
  int64_t small_body = 256 << 10;   // whose visible part is below this,
  int64_t gather_inline = 1 << 20;  // or so many inline bytes: gather
  int64_t tier_bodies = 8;          // so many gathered bodies of like size (a factor of two): one
  int64_t rewrite_extents = 8192;   // more extents than this, at least half of which that saves: rewrite
  int64_t merge_extents = 16384;    // that one merge looks at: its record has room for twice as many runs and sources
  /// Of what is merged, to be read and then written at most; 0: as fast as it goes. Nobody waits for a rehome, and others use
  /// the stores meanwhile.
  int64_t bytes_per_second = 64 << 20;
  /// Rewrite every region that has more than one body, whatever it costs.
  bool always_rewrite = false;
};

/// Rehomes that a client does by itself, in the background: of regions that its reads find fragmented, or that it has
/// patched often. Foreground work never waits for one; at most half of the client's memory is lent to each, and only
/// what nobody waits for. RehomeOffers (rehome_offers.h) says how an offer comes about.
struct RehomeOfferOptions {
  bool enabled = true;
  /// What counts as fragmented, and what is merged then.
  RehomePolicy policy;
  /// Rehomes at one time, and regions that wait for their turn; a further one is refused, and offered again by a later
  /// read or write.
  int concurrent = 1;
  int queued = 64;
  /// An offer waits for half to one and a half of this, drawn at random: several clients that see the same do not all
  /// do the same, and a process of short life begins nothing that it could not end.
  Duration delay = std::chrono::milliseconds(300);
  /// A region that was merged is not offered again for so long. As long as this and the delay patches pile up, and a reader fetches
  /// each by itself: 1,000 of them take a quarter as long as 64 MiB in one body.
  Duration interval = std::chrono::milliseconds(200);
  /// The same where there was nothing to do, or where it failed.
  Duration idle_interval = std::chrono::seconds(30);
};

enum class RehomeKind { kNothing, kGather, kTier, kRewrite };

/// What to merge: all of the region (kRewrite), or the visible runs of `bodies`.
struct RehomePlan {
  RehomeKind kind = RehomeKind::kNothing;
  std::vector<BodyId> bodies;
};

/// Size-tiered, so that a patched byte is rewritten a few times in its life, whatever the pattern. Pure.
///
/// Rewrite, which costs what is visible in the region, V bytes:
///   * what is referenced is more than 2 V: hidden bytes are given back, at least as many as are written;
///   * at least V / 2 lie outside of large bodies (an eighth of V or more each): they were patched since the last
///     rewrite;
///   * there are `rewrite_extents`, and it saves half of them: at most 2 x 64 MiB / rewrite_extents (16 KiB) a patch.
///     Only there do patches of less than 4 KiB cost more than a few times their size; bounding a region's extents
///     cannot be had for less.
/// Gather, which costs what is visible of small bodies: each byte once, then it lies in a gathered body. Tier, which
/// costs what is visible of `tier_bodies` gathered ones: each byte once for every factor of `tier_bodies` in size.
RehomePlan PlanRehome(const RegionShape& region, const RehomePolicy& policy);

/// The gather that PlanRehome() would make if there were no reason for a rewrite, or nothing. Pure.
RehomePlan PlanGather(const RegionShape& region, const RehomePolicy& policy);

/// Whether a part of a region, `share` of its bytes (0 to 1), makes it likely that PlanRehome() of all of it finds
/// something to gather or to rewrite. A hint for offers: a few bodies never look fragmented. Pure.
bool LooksFragmented(const RegionShape& part, double share, const RehomePolicy& policy);

}  // namespace pbfs
