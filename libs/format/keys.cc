#include "libs/format/keys.h"

#include <algorithm>

namespace pbfs {
namespace {

Bytes DekAssociated(const BucketKeys& keys, const BodyId& body) {
  Bytes out;
  ByteWriter writer(out);
  writer.Text("PBW1");
  writer.Raw(keys.bucket.span());
  writer.Raw(body.span());
  writer.U32(keys.epoch);
  return out;
}

Bytes MetadataAssociated(const BucketKeys& keys, const ObjectId& object, const Order& order) {
  Bytes out;
  ByteWriter writer(out);
  writer.Text("PBM1");
  writer.Raw(object.span());
  writer.U64(static_cast<uint64_t>(order.hlc));
  writer.U64(static_cast<uint64_t>(order.wid));
  writer.U32(keys.epoch);
  return out;
}

std::array<uint8_t, kWrapNonceSize> DrawNonce(Random& random) {
  std::array<uint8_t, kWrapNonceSize> nonce;
  random.Fill(nonce);
  return nonce;
}

}  // namespace

BucketKeys BucketKeys::Derive(const BucketId& bucket, uint32_t epoch, const Key32& bucket_key) {
  return {bucket, epoch, DeriveKey(bucket_key, bucket.bytes, "PBFS1.kek"),
          DeriveKey(bucket_key, bucket.bytes, "PBFS1.op.mac.k"), DeriveKey(bucket_key, bucket.bytes, "PBFS1.meta")};
}

Digest32 BucketKeyCommit(const BucketId& bucket, const Key32& bucket_key) {
  return B2(bucket_key.span(), bucket.bytes, "PBFS1.bk.cmt", {});
}

WrappedDek WrapDek(const BucketKeys& keys, const BodyId& body, const Key32& dek, Random& random) {
  const Bytes wrapped = Wrap(keys.kek, DrawNonce(random), DekAssociated(keys, body), dek.span());
  WrappedDek out;
  PBFS_CHECK(wrapped.size() == out.size());
  std::copy(wrapped.begin(), wrapped.end(), out.begin());
  return out;
}

Result<Key32> UnwrapDek(const BucketKeys& keys, const BodyId& body, ByteSpan wrapped) {
  PBFS_ASSIGN_OR_RETURN(Bytes dek, Unwrap(keys.kek, DekAssociated(keys, body), wrapped));
  if (dek.size() != Key32::kSize) return DataLossError("wrapped key has another length");
  Key32 key = Key32::FromBytes(dek);
  WipeMemory(dek.data(), dek.size());
  return key;
}

Bytes SealMetadata(const BucketKeys& keys, const ObjectId& object, const Order& order, ByteSpan plaintext,
                   Random& random) {
  return Wrap(keys.kmeta, DrawNonce(random), MetadataAssociated(keys, object, order), plaintext);
}

Result<Bytes> OpenMetadata(const BucketKeys& keys, const ObjectId& object, const Order& order, ByteSpan sealed) {
  return Unwrap(keys.kmeta, MetadataAssociated(keys, object, order), sealed);
}

Key32 StoreKey(const Key32& site_secret, SiteId site, StoreId store) {
  Salt salt{};
  StoreLe(salt.data(), site.value);
  uint8_t id[4];
  StoreLe(id, store.value);
  return DeriveKey(site_secret, salt, "PBFS1.store", id);
}

}  // namespace pbfs
