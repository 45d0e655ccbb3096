#include "libs/format/stripe_check.h"

#include <algorithm>

#include "libs/base/mutants.h"
#include "libs/format/body.h"

namespace pbfs {

StripeCheck::StripeCheck(const Geometry& geometry, Bytes leaves)
    : geometry_(geometry), leaves_(std::move(leaves)), stripe_(geometry) {
  PBFS_CHECK(geometry.leaves == !leaves_.empty());
}

StripeCheck::Outcome StripeCheck::Take(int64_t i, const std::vector<ShardBlock>& blocks) {
  const size_t correctable = (blocks.size() - geometry_.k) / 2;
  Outcome outcome;
  const bool explained = AnySubset(blocks, geometry_.k, [&](const std::vector<ShardBlock>& subset) {
    const ByteSpan ciphertext = stripe_.Assemble(i, subset);
    if (geometry_.leaves && !IsMutant(Mutant::kLeavesUnchecked)) {
      const Digest32 leaf = SegmentLeaf(i, ciphertext);
      if (!std::equal(leaf.begin(), leaf.end(), leaves_.begin() + i * Geometry::kLeaf)) return false;
    }
    outcome.liars = stripe_.Contradictions(blocks);
    return geometry_.leaves || outcome.liars.size() <= correctable;
  });
  if (!explained) return {};
  const bool sure = geometry_.leaves || blocks.size() > geometry_.k;
  outcome.verdict = sure ? Verdict::kSound : Verdict::kUnchecked;
  return outcome;
}

}  // namespace pbfs
