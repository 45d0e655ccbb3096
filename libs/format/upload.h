#pragma once

#include <string>

#include "libs/format/keys.h"

namespace pbfs {

/// Metadata of uploads in parts (docs/formats/keys.md), opaque to servers: sealed to what they stand beside, so that a key holder has
/// vouched for the row of an upload, and for the row of a part, even where they are empty.

/// What an upload's metadata are sealed to.
struct UploadSeal {
  UploadId upload;
  std::string name;
};
/// The same of a part.
struct PartSeal {
  UploadId upload;
  int32_t number = 0;
  ObjectId object;
  int64_t size = 0;
};

Bytes SealUpload(const BucketKeys& keys, const UploadSeal& seal, ByteSpan plaintext, Random& random);
Bytes SealPart(const BucketKeys& keys, const PartSeal& seal, ByteSpan plaintext, Random& random);
/// The epoch of the keys that it takes to open. Errors: DATA_LOSS too short.
Result<uint32_t> EpochOfSealed(ByteSpan sealed);
/// With the keys of that epoch. Errors: DATA_LOSS.
Result<Bytes> OpenUpload(const BucketKeys& keys, const UploadSeal& seal, ByteSpan sealed);
Result<Bytes> OpenPart(const BucketKeys& keys, const PartSeal& seal, ByteSpan sealed);

}  // namespace pbfs
