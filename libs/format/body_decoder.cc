#include "libs/format/body_decoder.h"

#include "libs/base/mutants.h"

namespace pbfs {

BodyDecoder::BodyDecoder(const Key32& dek, const BodyHeader& header, uint8_t k, uint8_t n)
    : header_bytes_(header.Encode()),
      geometry_(header.GeometryFor(k, n)),
      cipher_(BodyEncryptionKey(dek, header.id)),
      stripe_(geometry_) {}

BodyDecoder::Outcome BodyDecoder::OpenSegment(int64_t i, const std::vector<ShardBlock>& blocks, uint8_t* out) {
  const SegmentNonce nonce = MakeSegmentNonce(i, geometry_.Segments());
  Outcome outcome;
  outcome.opened = AnySubset(blocks, geometry_.k, [&](const std::vector<ShardBlock>& subset) {
    outcome.reconstructed = subset.back().shard >= geometry_.k;
    return cipher_.Open(nonce, header_bytes_, stripe_.Assemble(i, subset), out) || IsMutant(Mutant::kSegmentUnverified);
  });
  if (!outcome.opened) WipeMemory(out, static_cast<size_t>(geometry_.SegmentPlaintext(i)));
  if (outcome.opened && blocks.size() > geometry_.k) outcome.liars = stripe_.Contradictions(blocks);
  return outcome;
}

}  // namespace pbfs
