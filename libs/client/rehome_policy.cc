#include "libs/client/rehome_policy.h"

#include <algorithm>
#include <bit>
#include <map>

namespace pbfs {
namespace {

bool IsSmall(const VisibleBody& body, const RehomePolicy& policy) {
  return body.is_inline || body.visible < policy.small_body;
}

bool WantsRewrite(const std::vector<VisibleBody>& bodies, int64_t extents, const RehomePolicy& policy) {
  int64_t visible = 0, referenced = 0, largest = 0;
  for (const VisibleBody& body : bodies) {
    visible += body.visible;
    referenced += body.length;
    largest = std::max(largest, body.visible);
  }
  if (policy.always_rewrite) return bodies.size() > 1 || visible < referenced;
  if (extents >= policy.rewrite_extents) return true;
  if (visible * 2 < referenced) return true;
  return bodies.size() > 1 && (visible - largest) * 2 >= visible;
}

std::vector<BodyId> SmallOnes(const std::vector<VisibleBody>& bodies, const RehomePolicy& policy) {
  std::vector<BodyId> small;
  int64_t inline_bytes = 0;
  for (const VisibleBody& body : bodies) {
    if (!IsSmall(body, policy) || body.gathered) continue;
    small.push_back(body.body);
    if (body.is_inline) inline_bytes += body.length;
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

}  // namespace

RehomePlan PlanRehome(const std::vector<VisibleBody>& bodies, int64_t extents, const RehomePolicy& policy) {
  if (bodies.empty()) return {};
  // A region of a few bodies is fine as it is, however they overlap: rewriting pays only for what was patched often.
  if (WantsRewrite(bodies, extents, policy)) return {RehomeKind::kRewrite, {}};
  if (std::vector<BodyId> small = SmallOnes(bodies, policy); !small.empty())
    return {RehomeKind::kGather, std::move(small)};
  if (std::vector<BodyId> tier = FullTier(bodies, policy); !tier.empty()) return {RehomeKind::kTier, std::move(tier)};
  return {};
}

}  // namespace pbfs
