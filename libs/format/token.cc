#include "libs/format/token.h"

#include <algorithm>

namespace pbfs {
namespace {

constexpr std::string_view kMagic = "PBT1";
constexpr size_t kSignatureAt = 80;
constexpr size_t kSize = 144;

}  // namespace

std::array<uint8_t, 144> Token::Encode(const SigningKey& site_key) const {
  Bytes out;
  ByteWriter writer(out);
  writer.Text(kMagic);
  writer.U8(1);
  writer.U8(0);
  writer.U16(verbs);
  writer.U16(site.value);
  writer.Zeros(6);
  writer.U64(static_cast<uint64_t>(fence_epoch));
  writer.Raw(bucket.span());
  writer.Raw(subject.span());
  writer.U64(static_cast<uint64_t>(not_before_ms));
  writer.U64(static_cast<uint64_t>(not_after_ms));
  writer.U64(nonce);
  writer.Raw(Sign(site_key, out));
  std::array<uint8_t, 144> bytes;
  std::copy(out.begin(), out.end(), bytes.begin());
  return bytes;
}

Result<Token> Token::Decode(ByteSpan bytes) {
  ByteReader reader(bytes);
  if (AsText(reader.Raw(4)) != kMagic) return InvalidArgumentError("token: wrong magic");
  if (reader.U8() != 1) return InvalidArgumentError("token: unknown version");
  bool zeros = reader.U8() == 0;
  Token token;
  token.verbs = reader.U16();
  token.site.value = reader.U16();
  zeros = reader.U32() == 0 && reader.U16() == 0 && zeros;
  token.fence_epoch = static_cast<int64_t>(reader.U64());
  token.bucket.bytes = reader.Array<16>();
  token.subject.bytes = reader.Array<16>();
  token.not_before_ms = static_cast<int64_t>(reader.U64());
  token.not_after_ms = static_cast<int64_t>(reader.U64());
  token.nonce = reader.U64();
  reader.Raw(kSize - kSignatureAt);
  if (!reader.Done() || !zeros) return InvalidArgumentError("token: malformed");
  return token;
}

bool Token::Verify(ByteSpan bytes, const PublicKey& site_key) {
  return bytes.size() == kSize && VerifySignature(site_key, bytes.first(kSignatureAt), bytes.subspan(kSignatureAt));
}

}  // namespace pbfs
