#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/bytes.h"
#include "libs/base/result.h"
#include "libs/s3/mime.h"
#include "libs/s3/ranges.h"

/// Bodies of PATCH that say themselves where their bytes go (draft-ietf-httpapi-patch-byterange): message/byterange, one
/// range, and multipart/byteranges, up to kMaxPatchParts.
namespace pbfs::s3 {

inline constexpr size_t kMaxPatchParts = 1000;

/// True for the two types, whatever their parameters.
bool IsByteRangeType(std::string_view content_type);

/// Takes such a body apart as it arrives. One thread. Where a part ends is decided by its length, never by what its bytes
/// look like. Do nothing for good before Finish() is OK.
class ByteRangeDecoder {
 public:
  /// `body_bytes`: the length of the whole body. Errors: InvalidRequest.
  static Result<ByteRangeDecoder> Make(std::string_view content_type, int64_t body_bytes);

  struct Step {
    size_t consumed = 0;       // bytes of `in` that are done with
    bool part_begins = false;  // parts().back() is new; its bytes are those of the following steps
    ByteSpan data;             // the next bytes of parts().back(), a view into `in`
  };
  /// One step; call again with the rest of `in` until all of it is consumed. An error is for good.
  /// Errors: InvalidRequest (malformed, too many parts, overlapping parts); InvalidArgument (a Content-Range that is none,
  /// or does not agree with the length); EntityTooLarge (also the parts together).
  Result<Step> Decode(ByteSpan in);
  /// All parts so far, in the order of the body.
  const std::vector<ByteRange>& parts() const { return parts_; }
  /// To be called when the input has ended. Errors: IncompleteBody.
  Status Finish() const;

 private:
  enum class State { kPreamble, kFields, kData, kDataEnd, kDelimiter, kEpilogue, kFailed };
  ByteRangeDecoder(std::string boundary, int64_t body_bytes);
  bool IsMultipart() const { return !boundary_.empty(); }
  Result<Step> DecodeStep(ByteSpan in);
  Status EndLine(Step& step);
  Status TakeDelimiter(bool in_preamble);
  Status TakeField();
  Status BeginPart();
  Status AddPart(const ByteRange& range);
  Result<int64_t> PartBytes() const;

  std::string boundary_;  // "--boundary"; empty: message/byterange
  State state_;
  int64_t unread_bytes_;  // of the body
  LineReader lines_;
  HttpFields fields_;        // of the current part
  int64_t data_bytes_ = 0;   // of the current part, not read yet
  int64_t total_bytes_ = 0;  // of all parts
  int preamble_lines_ = 0;
  std::vector<ByteRange> parts_;
  std::map<int64_t, int64_t> ends_;  // of the parts, by their begins
};

/// Each part begins inside the object of `size` bytes, at its end, or where other parts have extended it to.
/// Errors: InvalidRange.
Status CheckPatchStarts(std::vector<ByteRange> parts, int64_t size);

}  // namespace pbfs::s3
