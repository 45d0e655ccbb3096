#include "libs/format/receipt.h"

#include <algorithm>

namespace pbfs {
namespace {

constexpr std::string_view kMagic = "PBR1";
constexpr size_t kMacAt = 48;
constexpr size_t kSize = 64;

std::array<uint8_t, 16> Mac(ByteSpan receipt, const Key32& store_key) {
  Salt salt;
  std::copy_n(receipt.begin() + 4, salt.size(), salt.begin());  // the encoding id
  std::array<uint8_t, 16> mac;
  Blake2b(store_key.span(), salt, "PBFS1.receipt", receipt.first(kMacAt), mac);
  return mac;
}

}  // namespace

std::array<uint8_t, 64> Receipt::Encode(const Key32& store_key) const {
  Bytes out;
  ByteWriter writer(out);
  writer.Text(kMagic);
  writer.Raw(encoding.span());
  writer.U8(shard);
  writer.Zeros(3);
  writer.U32(store.value);
  writer.U64(static_cast<uint64_t>(length));
  writer.U32(sum);
  writer.U64(static_cast<uint64_t>(received_ms));
  writer.Raw(Mac(out, store_key));
  std::array<uint8_t, 64> bytes;
  std::copy(out.begin(), out.end(), bytes.begin());
  return bytes;
}

Result<Receipt> Receipt::Decode(ByteSpan bytes) {
  ByteReader reader(bytes);
  if (AsText(reader.Raw(4)) != kMagic) return InvalidArgumentError("receipt: wrong magic");
  Receipt receipt;
  receipt.encoding.bytes = reader.Array<16>();
  receipt.shard = reader.U8();
  const bool zeros = reader.U8() == 0 && reader.U16() == 0;
  receipt.store.value = reader.U32();
  receipt.length = static_cast<int64_t>(reader.U64());
  receipt.sum = reader.U32();
  receipt.received_ms = static_cast<int64_t>(reader.U64());
  reader.Raw(kSize - kMacAt);
  if (!reader.Done() || !zeros || receipt.length < 0) return InvalidArgumentError("receipt: malformed");
  return receipt;
}

bool Receipt::Verify(ByteSpan bytes, const Key32& store_key) {
  return bytes.size() == kSize && ConstantTimeEqual(Mac(bytes, store_key), bytes.subspan(kMacAt));
}

}  // namespace pbfs
