#pragma once

#include "libs/client/bucket.h"
#include "libs/client/object_view.h"

namespace pbfs {

/// Bytes [offset, offset + out.size()) of an object, cut at its size; what was never written is zero (format, section 9.2).
Result<int64_t> ReadInto(const Context& context, ClientCore& core, const BucketState& bucket, ObjectId object,
                         int64_t offset, MutableByteSpan out, std::optional<Hlc> as_of);
/// The same in windows, one read while the one before goes to the sink.
Result<int64_t> ReadToSink(const Context& context, ClientCore& core, const BucketState& bucket, ObjectId object,
                           int64_t offset, int64_t length, ByteSink& sink, std::optional<Hlc> as_of);

/// Fills `out` with [lo, lo + out.size()) of a view that covers it, references resolved. `memory`: see FetchBodies.
Status FillFromView(const Context& context, ClientCore& core, const BucketState& bucket, const ObjectView& view, int64_t lo,
                    MutableByteSpan out, int64_t memory);

/// 0 <= lo, 0 <= length, lo + length <= 2^43. Errors: INVALID_ARGUMENT saying so.
Status CheckRange(int64_t lo, int64_t length);

}  // namespace pbfs
