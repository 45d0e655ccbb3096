#pragma once

#include "libs/client/bucket.h"

namespace pbfs {

/// The opset of an object of which one more content op is known.
Opset OpsetAfter(Opset opset, const OpId& op);

/// Says that what depends on the content is of this content.
void PinTo(const Opset& opset, ObjectMetadata& metadata);
/// Takes away what is of other content.
void Unpin(ObjectMetadata& metadata);

/// The plaintext of sealed metadata: length-prefixed fields, with room for more behind them.
/// Errors: INVALID_ARGUMENT more than 16 KiB once sealed.
Result<Bytes> EncodeMetadata(const ObjectMetadata& metadata);
/// Errors: DATA_LOSS malformed.
Result<ObjectMetadata> DecodeMetadata(ByteSpan bytes);

}  // namespace pbfs
