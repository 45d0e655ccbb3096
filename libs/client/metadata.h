#pragma once

#include "libs/client/bucket.h"

namespace pbfs {

/// The opset of an object of which one more content op is known.
Opset OpsetAfter(Opset opset, const OpId& op);

/// The plaintext of sealed metadata: length-prefixed fields, with room for more behind them.
/// Errors: INVALID_ARGUMENT more than 16 KiB once sealed.
Result<Bytes> EncodeMetadata(const ObjectMetadata& metadata);
/// Errors: DATA_LOSS malformed.
Result<ObjectMetadata> DecodeMetadata(ByteSpan bytes);

}  // namespace pbfs
