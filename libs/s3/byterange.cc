#include "libs/s3/byterange.h"

#include <algorithm>
#include <iterator>

#include "libs/s3/errors.h"
#include "libs/s3/text.h"

namespace pbfs::s3 {
namespace {

constexpr size_t kMaxLineBytes = 4096;
constexpr size_t kMaxFields = 32;
constexpr int kMaxPreambleLines = 16;

Status Malformed(std::string message) { return Error(Code::kInvalidRequest, std::move(message)); }

}  // namespace

bool IsByteRangeType(std::string_view content_type) {
  const std::string type = LowerCase(content_type.substr(0, content_type.find_first_of("; \t")));
  return type == "message/byterange" || type == "multipart/byteranges";
}

Result<ByteRangeDecoder> ByteRangeDecoder::Make(std::string_view content_type, int64_t body_bytes) {
  const auto type = ParseMediaType(content_type);
  if (type && type->type == "message/byterange") return ByteRangeDecoder("", body_bytes);
  if (!type || type->type != "multipart/byteranges")
    return Malformed("The content type is neither of the byte range types");
  const auto boundary = BoundaryOf(*type);
  if (!boundary) return Malformed("multipart/byteranges needs a valid boundary");
  return ByteRangeDecoder("--" + *boundary, body_bytes);
}

ByteRangeDecoder::ByteRangeDecoder(std::string boundary, int64_t body_bytes)
    : boundary_(std::move(boundary)),
      state_(boundary_.empty() ? State::kFields : State::kPreamble),
      unread_bytes_(body_bytes),
      lines_(kMaxLineBytes) {}

Result<ByteRangeDecoder::Step> ByteRangeDecoder::Decode(ByteSpan in) {
  Result<Step> step = DecodeStep(in);
  if (!step.ok()) state_ = State::kFailed;
  return step;
}

Result<ByteRangeDecoder::Step> ByteRangeDecoder::DecodeStep(ByteSpan in) {
  Step step;
  if (state_ == State::kEpilogue) {
    step.consumed = in.size();
    return step;
  }
  if (state_ == State::kData) {
    const auto count = static_cast<size_t>(std::min<int64_t>(static_cast<int64_t>(in.size()), data_bytes_));
    step = {count, false, in.first(count)};
    data_bytes_ -= static_cast<int64_t>(count);
    unread_bytes_ -= static_cast<int64_t>(count);
    if (data_bytes_ == 0) state_ = IsMultipart() ? State::kDataEnd : State::kEpilogue;
    return step;
  }
  const Result<bool> complete = lines_.Take(AsText(in), step.consumed);
  if (!complete.ok()) return Malformed("A line between the ranges is too long");
  unread_bytes_ -= static_cast<int64_t>(step.consumed);
  if (!*complete) return step;
  PBFS_RETURN_IF_ERROR(EndLine(step));
  lines_.Clear();
  return step;
}

Status ByteRangeDecoder::EndLine(Step& step) {
  switch (state_) {
    case State::kPreamble: return TakeDelimiter(/*in_preamble=*/true);
    case State::kDelimiter: return TakeDelimiter(/*in_preamble=*/false);
    case State::kFields:
      if (!lines_.line().empty()) return TakeField();
      step.part_begins = true;
      return BeginPart();
    case State::kDataEnd:
      state_ = State::kDelimiter;
      // A bare line feed would let the CR before it pass for a byte of the range.
      return lines_.line().empty() && lines_.crlf() ? OkStatus() : Malformed("A range has more bytes than it says");
    default: return Malformed("The body is malformed");
  }
}

Status ByteRangeDecoder::TakeDelimiter(bool in_preamble) {
  const std::string_view line = Trim(lines_.line());
  if (line == boundary_) {
    state_ = State::kFields;
    fields_ = {};
    return OkStatus();
  }
  if (in_preamble) return ++preamble_lines_ <= kMaxPreambleLines ? OkStatus() : Malformed("There is no range");
  if (line != boundary_ + "--") return Malformed("There is no boundary behind a range");
  state_ = State::kEpilogue;
  return OkStatus();
}

Status ByteRangeDecoder::TakeField() {
  std::optional<HttpFields::Field> field = ParseFieldLine(lines_.line());
  if (!field || fields_.size() == kMaxFields) return Malformed("The header of a range is malformed");
  fields_.Add(std::move(field->first), std::move(field->second));
  return OkStatus();
}

/// How many bytes follow: what Content-Range says, or Content-Length, or (of a message) all that is left.
Result<int64_t> ByteRangeDecoder::PartBytes() const {
  if (!IsMultipart()) return unread_bytes_;
  if (const auto length = fields_.Find("content-length")) {
    const auto bytes = ParseNumber(*length);
    return bytes ? Result<int64_t>(*bytes) : Malformed("The Content-Length of a range is malformed");
  }
  const std::string_view range = fields_.Get("content-range");
  const size_t dash = range.find('-');
  const size_t space = range.find(' ');
  const size_t slash = range.find('/');
  if (dash == std::string_view::npos || space > dash || slash < dash) return Malformed("A range has no known end");
  const auto first = ParseNumber(range.substr(space + 1, dash - space - 1));
  const auto last = ParseNumber(range.substr(dash + 1, slash - dash - 1));
  if (!first || !last || *last < *first) return Malformed("A range has no known end");
  return *last - *first + 1;
}

Status ByteRangeDecoder::BeginPart() {
  if (fields_.Count("content-range") != 1) return Malformed("A range needs exactly one Content-Range");
  PBFS_ASSIGN_OR_RETURN(const int64_t bytes, PartBytes());
  PBFS_ASSIGN_OR_RETURN(const PatchRange patch, ParsePatchRange(fields_.Get("content-range"), bytes));
  if (patch.set_size) return Malformed("Content-Range in a body must name bytes");
  if (bytes > unread_bytes_) return Error(Code::kIncompleteBody);
  PBFS_RETURN_IF_ERROR(AddPart(patch.range));
  data_bytes_ = bytes;
  state_ = State::kData;
  return OkStatus();
}

Status ByteRangeDecoder::AddPart(const ByteRange& range) {
  if (parts_.size() == kMaxPatchParts) return Malformed("A patch has at most 1000 ranges");
  const auto next = ends_.lower_bound(range.begin);
  const bool overlaps = (next != ends_.end() && next->first < range.end) ||
                        (next != ends_.begin() && std::prev(next)->second > range.begin);
  if (overlaps) return Malformed("The ranges of a patch must not overlap");
  total_bytes_ += range.length();
  if (total_bytes_ > kMaxWriteBytes) return Error(Code::kEntityTooLarge);
  ends_.emplace(range.begin, range.end);
  parts_.push_back(range);
  return OkStatus();
}

Status ByteRangeDecoder::Finish() const {
  // The last line of a multipart body may lack its end.
  const bool closed = state_ == State::kDelimiter && Trim(lines_.line()) == boundary_ + "--";
  return state_ == State::kEpilogue || closed ? OkStatus() : Error(Code::kIncompleteBody);
}

Status CheckPatchStarts(std::vector<ByteRange> parts, int64_t size) {
  std::sort(parts.begin(), parts.end(), [](const ByteRange& a, const ByteRange& b) { return a.begin < b.begin; });
  for (const ByteRange& part : parts) {
    PBFS_RETURN_IF_ERROR(CheckPatchStart({part, std::nullopt}, size));
    size = std::max(size, part.end);
  }
  return OkStatus();
}

}  // namespace pbfs::s3
