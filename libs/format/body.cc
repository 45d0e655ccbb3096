#include "libs/format/body.h"

#include <algorithm>

namespace pbfs {
namespace {

constexpr std::string_view kMagic = "PBB1";
constexpr uint8_t kSuiteChaCha20Poly1305 = 1;
constexpr uint8_t kFlagPadded = 1;

Bytes EncodeBegin(const BodyHeader& header) {
  Bytes out;
  ByteWriter writer(out);
  writer.Text(kMagic);
  writer.U8(kSuiteChaCha20Poly1305);
  writer.U8(header.seg_log2);
  writer.U8(header.padded ? kFlagPadded : 0);
  writer.U8(static_cast<uint8_t>(header.integrity));
  writer.U64(static_cast<uint64_t>(header.length));
  return out;
}

}  // namespace

BodyHeaderBytes BodyHeader::Encode() const {
  Bytes out = EncodeBegin(*this);
  ByteWriter writer(out);
  writer.Raw(id.span());
  writer.Raw(key_commit);
  BodyHeaderBytes bytes;
  std::copy(out.begin(), out.end(), bytes.begin());
  return bytes;
}

Result<BodyHeader> BodyHeader::Decode(ByteSpan bytes) {
  ByteReader reader(bytes);
  if (AsText(reader.Raw(4)) != kMagic) return InvalidArgumentError("body header: wrong magic");
  if (reader.U8() != kSuiteChaCha20Poly1305) return InvalidArgumentError("body header: unknown cipher suite");
  BodyHeader header;
  header.seg_log2 = reader.U8();
  const uint8_t flags = reader.U8();
  const uint8_t integrity = reader.U8();
  header.length = static_cast<int64_t>(reader.U64());
  header.id.bytes = reader.Array<16>();
  header.key_commit = reader.Array<32>();
  if (!reader.Done()) return InvalidArgumentError("body header: wrong length");
  if ((flags & ~kFlagPadded) != 0) return InvalidArgumentError("body header: unknown flag");
  if (integrity != 1 && integrity != 2) return InvalidArgumentError("body header: unknown integrity mode");
  header.padded = (flags & kFlagPadded) != 0;
  header.integrity = static_cast<BodyIntegrity>(integrity);
  PBFS_RETURN_IF_ERROR(header.GeometryFor(1, 1).Check().Annotate("body header"));
  return header;
}

Geometry BodyHeader::GeometryFor(uint8_t k, uint8_t n) const {
  return {k, n, seg_log2, integrity == BodyIntegrity::kSha256, length};
}

Key32 MakeDek(const Key32& random, const BodyId& body, const DekHedge& hedge) {
  Bytes message;
  ByteWriter writer(message);
  writer.U64(static_cast<uint64_t>(hedge.wid));
  writer.U64(static_cast<uint64_t>(hedge.hlc));
  writer.U64(hedge.counter);
  writer.U32(hedge.pid);
  return DeriveKey(random, body.bytes, "PBFS1.dek.hedge", message);
}

Key32 BodyEncryptionKey(const Key32& dek, const BodyId& body) { return DeriveKey(dek, body.bytes, "PBFS1.body.enc"); }

Digest32 BodyKeyCommit(const Key32& dek, const BodyId& body, ByteSpan header_begin16) {
  return B2(dek.span(), body.bytes, "PBFS1.body.cmt", header_begin16.first(16));
}

BodyHeader MakeBodyHeader(const Key32& dek, const BodyId& body, int64_t length, BodyIntegrity integrity,
                          uint8_t seg_log2) {
  BodyHeader header;
  header.seg_log2 = seg_log2;
  header.integrity = integrity;
  header.length = length;
  header.id = body;
  header.key_commit = BodyKeyCommit(dek, body, EncodeBegin(header));
  return header;
}

bool DekFitsHeader(const Key32& dek, const BodyHeader& header) {
  return ConstantTimeEqual(BodyKeyCommit(dek, header.id, EncodeBegin(header)), header.key_commit);
}

SegmentNonce MakeSegmentNonce(int64_t i, int64_t segments) {
  SegmentNonce nonce{};
  for (int byte = 0; byte < 8; ++byte) nonce[10 - byte] = static_cast<uint8_t>(static_cast<uint64_t>(i) >> (8 * byte));
  nonce[11] = i == segments - 1 ? 1 : 0;
  return nonce;
}

Digest32 SegmentLeaf(int64_t i, ByteSpan ciphertext) {
  uint8_t prefix[9] = {0};
  StoreLe(prefix + 1, static_cast<uint64_t>(i));
  Sha256Stream hash;
  hash.Update(prefix);
  hash.Update(ciphertext);
  return hash.Finish();
}

Digest32 CiphertextRoot(const BodyHeaderBytes& header, int64_t segments, ByteSpan leaves) {
  const uint8_t one = 1;
  uint8_t count[8];
  StoreLe(count, static_cast<uint64_t>(segments));
  Sha256Stream hash;
  hash.Update({&one, 1});
  hash.Update(header);
  hash.Update(count);
  hash.Update(leaves);
  return hash.Finish();
}

Bytes SealInline(const Key32& dek, const BodyHeader& header, ByteSpan plaintext) {
  PBFS_CHECK(static_cast<int64_t>(plaintext.size()) == header.length && header.GeometryFor(1, 1).Segments() == 1);
  Bytes out(plaintext.size() + kAeadTagSize);
  SegmentCipher cipher(BodyEncryptionKey(dek, header.id));
  cipher.Seal(MakeSegmentNonce(0, 1), header.Encode(), plaintext, out.data());
  return out;
}

Result<Bytes> OpenInline(const Key32& dek, const BodyHeader& header, ByteSpan ciphertext) {
  if (static_cast<int64_t>(ciphertext.size()) != header.length + Geometry::kTag ||
      header.GeometryFor(1, 1).Segments() != 1) {
    return DataLossError("inline body has another length than its header says");
  }
  Bytes out(static_cast<size_t>(header.length));
  SegmentCipher cipher(BodyEncryptionKey(dek, header.id));
  if (!cipher.Open(MakeSegmentNonce(0, 1), header.Encode(), ciphertext, out.data())) {
    return DataLossError("inline body does not open");
  }
  return out;
}

}  // namespace pbfs
