#include "libs/s3/ranges.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "libs/http/message.h"
#include "libs/s3/errors.h"
#include "libs/s3/text.h"

namespace pbfs::s3 {
namespace {

constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();

/// Any number of digits; what int64 does not hold is kHuge. None for anything else.
std::optional<int64_t> ParsePosition(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  int64_t value = 0;
  for (const char c : text) {
    const int64_t digit = c - '0';
    value = value > (kHuge - digit) / 10 ? kHuge : value * 10 + digit;
  }
  return value;
}

/// What stands around the '-' of "a-b", "a-" or "-n".
struct Positions {
  std::optional<int64_t> first;
  std::optional<int64_t> last;
};
std::optional<Positions> ParsePositions(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view left = text.substr(0, dash);
  const std::string_view right = text.substr(dash + 1);
  const Positions positions{ParsePosition(left), ParsePosition(right)};
  const bool malformed =
      (!left.empty() && !positions.first) || (!right.empty() && !positions.last) || (left.empty() && right.empty());
  if (malformed) return std::nullopt;
  if (positions.first && positions.last && *positions.first > *positions.last) return std::nullopt;
  return positions;
}

std::optional<Positions> ParseRange(std::string_view header) {
  constexpr std::string_view kUnit = "bytes=";
  if (!EqualsIgnoreCase(header.substr(0, kUnit.size()), kUnit)) return std::nullopt;
  return ParsePositions(header.substr(kUnit.size()));
}

Status Unsatisfiable(std::string_view asked, int64_t size) {
  return Error(Code::kInvalidRange)
      .WithDetail("RangeRequested", std::string(asked))
      .WithDetail("ActualObjectSize", std::to_string(size));
}

Status BadContentRange() {
  return Error(Code::kInvalidArgument,
               "Content-Range must be `bytes first-last/*`, `bytes first-/*` or `bytes */size`");
}

Result<PatchRange> ParseSetSize(std::string_view text, int64_t body_bytes) {
  const auto size = ParsePosition(text);
  if (!size) return BadContentRange();
  if (body_bytes != 0) return Error(Code::kInvalidArgument, "A patch that sets the size has no body");
  if (*size >= kMaxObjectBytes)
    return Error(Code::kEntityTooLarge);  // a hole has to end before the last byte that there can be
  return PatchRange{{*size, *size}, *size};
}

}  // namespace

Result<std::optional<ByteRange>> ResolveRange(std::string_view header, int64_t size) {
  const auto asked = ParseRange(header);
  if (!asked) return std::optional<ByteRange>();
  if (!asked->first) {  // the last n bytes
    if (*asked->last == 0 || size == 0) return Unsatisfiable(header, size);
    return std::optional(ByteRange{size - std::min(*asked->last, size), size});
  }
  if (*asked->first >= size) return Unsatisfiable(header, size);
  const int64_t last = std::min(asked->last.value_or(size - 1), size - 1);
  return std::optional(ByteRange{*asked->first, last + 1});
}

Result<ByteRange> ResolveCopyRange(std::string_view header, int64_t size) {
  const auto asked = ParseRange(header);
  if (!asked || !asked->first || !asked->last) {
    return Error(Code::kInvalidArgument,
                 "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
                 "zero-based offsets of the first and last bytes to copy");
  }
  if (*asked->last >= size) return Unsatisfiable(header, size);
  return ByteRange{*asked->first, *asked->last + 1};
}

std::string ContentRange(const ByteRange& range, int64_t size) {
  return fmt::format("bytes {}-{}/{}", range.begin, range.end - 1, size);
}

std::string UnsatisfiedRange(int64_t size) { return fmt::format("bytes */{}", size); }

Result<PatchRange> ParsePatchRange(std::string_view content_range, int64_t body_bytes) {
  constexpr std::string_view kUnit = "bytes ";
  if (!EqualsIgnoreCase(content_range.substr(0, kUnit.size()), kUnit)) return BadContentRange();
  const std::string_view rest = content_range.substr(kUnit.size());
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return BadContentRange();
  const std::string_view length = rest.substr(slash + 1);
  if (rest.substr(0, slash) == "*") return ParseSetSize(length, body_bytes);
  const auto asked = ParsePositions(rest.substr(0, slash));
  if (!asked || !asked->first || (length != "*" && !ParsePosition(length))) return BadContentRange();
  if (body_bytes <= 0) return Error(Code::kInvalidArgument, "A patch needs bytes to write");
  if (body_bytes > kMaxWriteBytes || *asked->first > kMaxObjectBytes - body_bytes) return Error(Code::kEntityTooLarge);
  const ByteRange range{*asked->first, *asked->first + body_bytes};
  if (asked->last && *asked->last != range.end - 1) {
    return Error(Code::kInvalidArgument, "Content-Range and the length of the body do not agree");
  }
  return PatchRange{range, std::nullopt};
}

Status CheckPatchStart(const PatchRange& patch, int64_t size) {
  if (patch.set_size || patch.range.begin <= size) return OkStatus();
  return Unsatisfiable(std::to_string(patch.range.begin) + "-", size);
}

Result<int64_t> ParseWriteOffset(std::string_view header) {
  const auto offset = ParseNumber(header);
  if (!offset) return Error(Code::kInvalidArgument, "x-amz-write-offset-bytes must be a number");
  return *offset;
}

}  // namespace pbfs::s3
