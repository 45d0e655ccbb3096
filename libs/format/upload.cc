#include "libs/format/upload.h"

namespace pbfs {
namespace {

constexpr size_t kEpochSize = 4;

Bytes Associated(const BucketKeys& keys, const UploadSeal& seal) {
  Bytes out;
  ByteWriter writer(out);
  writer.Text("PBU1");
  writer.Raw(seal.upload.span());
  writer.U32(keys.epoch);
  writer.Text(seal.name);
  return out;
}

Bytes Associated(const BucketKeys& keys, const PartSeal& seal) {
  Bytes out;
  ByteWriter writer(out);
  writer.Text("PBU2");
  writer.Raw(seal.upload.span());
  writer.U32(keys.epoch);
  writer.U32(static_cast<uint32_t>(seal.number));
  writer.Raw(seal.object.span());
  writer.U64(static_cast<uint64_t>(seal.size));
  return out;
}

template <typename Seal>
Bytes SealTo(const BucketKeys& keys, const Seal& seal, ByteSpan plaintext, Random& random) {
  std::array<uint8_t, kWrapNonceSize> nonce;
  random.Fill(nonce);
  Bytes out;
  ByteWriter writer(out);
  writer.U32(keys.epoch);
  writer.Raw(Wrap(keys.kmeta, nonce, Associated(keys, seal), plaintext));
  return out;
}

template <typename Seal>
Result<Bytes> OpenFrom(const BucketKeys& keys, const Seal& seal, ByteSpan sealed) {
  PBFS_RETURN_IF_ERROR(EpochOfSealed(sealed).status());
  return Unwrap(keys.kmeta, Associated(keys, seal), sealed.subspan(kEpochSize));
}

}  // namespace

Bytes SealUpload(const BucketKeys& keys, const UploadSeal& seal, ByteSpan plaintext, Random& random) {
  return SealTo(keys, seal, plaintext, random);
}
Bytes SealPart(const BucketKeys& keys, const PartSeal& seal, ByteSpan plaintext, Random& random) {
  return SealTo(keys, seal, plaintext, random);
}

Result<uint32_t> EpochOfSealed(ByteSpan sealed) {
  if (sealed.size() < kEpochSize) return DataLossError("sealed metadata: cut short");
  return LoadLe<uint32_t>(sealed.data());
}

Result<Bytes> OpenUpload(const BucketKeys& keys, const UploadSeal& seal, ByteSpan sealed) {
  return OpenFrom(keys, seal, sealed);
}
Result<Bytes> OpenPart(const BucketKeys& keys, const PartSeal& seal, ByteSpan sealed) {
  return OpenFrom(keys, seal, sealed);
}

}  // namespace pbfs
