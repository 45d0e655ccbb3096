#pragma once

#include <array>

#include "libs/base/ids.h"
#include "libs/base/random.h"
#include "libs/crypto/primitives.h"
#include "libs/model/order.h"

/// The keys of a bucket and what is wrapped under them (format, section 4).
namespace pbfs {

using WrappedDek = std::array<uint8_t, 72>;

/// Everything that one epoch of a bucket key opens.
struct BucketKeys {
  BucketId bucket;
  uint32_t epoch = 0;
  Key32 kek;    // wraps DEKs
  Key32 kmac;   // op MAC
  Key32 kmeta;  // metadata

  static BucketKeys Derive(const BucketId& bucket, uint32_t epoch, const Key32& bucket_key);
};
/// bk_commit of a keyring.
Digest32 BucketKeyCommit(const BucketId& bucket, const Key32& bucket_key);

/// nonce 24 ‖ XChaCha20-Poly1305(KEK, nonce, "PBW1" ‖ bucket_id ‖ body_id ‖ LE32 epoch, DEK).
WrappedDek WrapDek(const BucketKeys& keys, const BodyId& body, const Key32& dek, Random& random);
/// Errors: DATA_LOSS wrong key, other body, or changed.
Result<Key32> UnwrapDek(const BucketKeys& keys, const BodyId& body, ByteSpan wrapped);

/// Sealed metadata of a BIND or META op: bound to its object and order.
Bytes SealMetadata(const BucketKeys& keys, const ObjectId& object, const Order& order, ByteSpan plaintext,
                   Random& random);
/// Errors: DATA_LOSS.
Result<Bytes> OpenMetadata(const BucketKeys& keys, const ObjectId& object, const Order& order, ByteSpan sealed);

/// K_store: MACs the receipts of one store; derived from the site's secret, known to that store and the catalog.
Key32 StoreKey(const Key32& site_secret, SiteId site, StoreId store);

}  // namespace pbfs
