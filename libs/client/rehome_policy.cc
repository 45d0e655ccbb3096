#include "libs/client/rehome_policy.h"

#include <algorithm>
#include <bit>
#include <map>

namespace pbfs {
namespace {

constexpr int64_t kLargeShare =
    8;  // a body with this part of what is visible is large: merging such ones gains nothing

bool IsSmall(const VisibleBody& body, const RehomePolicy& policy) {
  return body.is_inline || body.visible < policy.small_body;
}

bool WantsRewrite(const RegionShape& region, const RehomePolicy& policy) {
  int64_t visible = 0, placed = 0, large = 0;
  for (const VisibleBody& body : region.bodies) visible += body.visible, placed += body.placed;
  if (policy.always_rewrite) return region.bodies.size() > 1 || visible < placed;
  if (visible * 2 < placed + region.hidden) return true;
  // Where it does not get rid of them (zeros, holes, runs above the frontier) it would be done again and again.
  if (region.extents >= policy.rewrite_extents) return region.rewritten * 2 <= region.extents;
  for (const VisibleBody& body : region.bodies) large += body.visible * kLargeShare >= visible ? body.visible : 0;
  return (visible - large) * 2 >= visible;
}

std::vector<BodyId> SmallOnes(const std::vector<VisibleBody>& bodies, const RehomePolicy& policy) {
  std::vector<BodyId> small;
  int64_t inline_bytes = 0;
  for (const VisibleBody& body : bodies) {
    if (!IsSmall(body, policy) || body.gathered) continue;
    small.push_back(body.body);
    if (body.is_inline) inline_bytes += body.placed;
  }
  const bool enough = static_cast<int64_t>(small.size()) > policy.gather_bodies || inline_bytes >= policy.gather_inline;
  return enough ? small : std::vector<BodyId>();
}

std::vector<BodyId> FullTier(const std::vector<VisibleBody>& bodies, const RehomePolicy& policy) {
  std::map<int, std::vector<BodyId>> tiers;  // by the power of two of the visible size
  for (const VisibleBody& body : bodies) {
    if (!body.gathered || body.visible == 0) continue;
    std::vector<BodyId>& tier = tiers[std::bit_width(static_cast<uint64_t>(body.visible))];
    tier.push_back(body.body);
    if (static_cast<int64_t>(tier.size()) >= policy.tier_bodies) return tier;
  }
  return {};
}

int64_t Scaled(int64_t number, double share) { return static_cast<int64_t>(static_cast<double>(number) * share); }

}  // namespace

RehomePlan PlanRehome(const RegionShape& region, const RehomePolicy& policy) {
  if (region.bodies.empty()) return {};
  if (WantsRewrite(region, policy)) return {RehomeKind::kRewrite, {}};
  if (RehomePlan gather = PlanGather(region, policy); gather.kind != RehomeKind::kNothing) return gather;
  if (std::vector<BodyId> tier = FullTier(region.bodies, policy); !tier.empty())
    return {RehomeKind::kTier, std::move(tier)};
  return {};
}

RehomePlan PlanGather(const RegionShape& region, const RehomePolicy& policy) {
  std::vector<BodyId> small = SmallOnes(region.bodies, policy);
  if (small.empty()) return {};
  return {RehomeKind::kGather, std::move(small)};
}

bool LooksFragmented(const RegionShape& part, double share, const RehomePolicy& policy) {
  const int64_t few = std::min(kFewBodies, policy.gather_bodies);
  if (static_cast<int64_t>(part.bodies.size()) <= few) return false;
  RehomePolicy scaled = policy;
  scaled.gather_bodies = std::max(few, Scaled(policy.gather_bodies, share));
  scaled.gather_inline = std::max(few * (4 << 10), Scaled(policy.gather_inline, share));
  scaled.rewrite_extents = std::max(2 * few, Scaled(policy.rewrite_extents, share));
  const RehomeKind kind = PlanRehome(part, scaled).kind;
  return kind == RehomeKind::kGather || kind == RehomeKind::kRewrite;
}

}  // namespace pbfs
