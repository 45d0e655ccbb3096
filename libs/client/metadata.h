#pragma once

#include "libs/client/bucket.h"

namespace pbfs {

/// The plaintext of sealed metadata: a protobuf message {1 content_type, 2 repeated user {1 key, 2 value}, 3 etag, 4 opset},
/// written by hand because payload code links no protobuf. Fields that are not known are skipped.
Bytes EncodeMetadata(const ObjectMetadata& metadata);
/// Errors: INVALID_ARGUMENT malformed.
Result<ObjectMetadata> DecodeMetadata(ByteSpan bytes);

}  // namespace pbfs
