#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/result.h"

/// Ranges of bytes in headers. Inside, ranges are half-open.
namespace pbfs::s3 {

inline constexpr int64_t kMaxObjectBytes = int64_t{1} << 43;
/// What one PUT, part or PATCH may carry.
inline constexpr int64_t kMaxWriteBytes = int64_t{5} << 30;

/// Bytes [begin, end).
struct ByteRange {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t length() const { return end - begin; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// The bytes that `Range` asks of an object of `size` bytes, which are some; none: everything, with status 200 (no header,
/// several ranges, malformed).
/// Errors: InvalidRange (answer `Content-Range: UnsatisfiedRange(size)`) past the end, for a suffix of 0 and an empty object.
Result<std::optional<ByteRange>> ResolveRange(std::string_view header, int64_t size);

/// `x-amz-copy-source-range: bytes=a-b`, both given and inside the source.
/// Errors: InvalidArgument if malformed; InvalidRange beyond the end.
Result<ByteRange> ResolveCopyRange(std::string_view header, int64_t size);

/// "bytes a-b/size" of a 206.
std::string ContentRange(const ByteRange& range, int64_t size);
/// "bytes */size" of a 416.
std::string UnsatisfiedRange(int64_t size);

/// What one `Content-Range` of a PATCH asks for.
struct PatchRange {
  /// The bytes to write; of kind "set the size" empty.
  ByteRange range;
  /// `bytes */N`: cut the object to N bytes, or extend it with zeros.
  std::optional<int64_t> set_size;
};
/// `bytes a-b/*`, `bytes a-/*` (the complete length is ignored), or `bytes */N` without a body; `body_bytes` follow.
/// Errors: InvalidArgument if malformed, if the lengths disagree, or for an empty write; EntityTooLarge for more than
/// kMaxWriteBytes, or an end beyond kMaxObjectBytes.
Result<PatchRange> ParsePatchRange(std::string_view content_range, int64_t body_bytes);
/// A write may begin at the end of an object of `size` bytes, not beyond. Errors: InvalidRange.
Status CheckPatchStart(const PatchRange& patch, int64_t size);

/// `x-amz-write-offset-bytes` of an append. Errors: InvalidArgument.
Result<int64_t> ParseWriteOffset(std::string_view header);

}  // namespace pbfs::s3
