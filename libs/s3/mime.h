#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/base/result.h"
#include "libs/http/message.h"

/// The little of MIME that bodies of several parts need. Not for others.
namespace pbfs::s3 {

/// `type/subtype; name=value; name="value"`, as in Content-Type and Content-Disposition.
struct MediaType {
  std::string type;       // lower case
  HttpFields parameters;  // names compare without case
};
/// None if malformed. In quotes, \" is a quote and every other backslash itself, as browsers write names of files.
std::optional<MediaType> ParseMediaType(std::string_view text);

/// The boundary of a multipart type: 1-70 characters of RFC 2046; none if there is none.
std::optional<std::string> BoundaryOf(const MediaType& type);

/// `name: value`. None if malformed.
std::optional<HttpFields::Field> ParseFieldLine(std::string_view line);

/// Collects bytes that come in pieces into lines that end with LF or CRLF. One thread.
class LineReader {
 public:
  explicit LineReader(size_t max_bytes) : max_bytes_(max_bytes) {}
  /// Moves bytes from `in` at `at` on into the line; true when its end was among them, then line() is the line without
  /// it. Errors: INVALID_ARGUMENT for a line of more than max_bytes.
  Result<bool> Take(std::string_view in, size_t& at);
  /// What has come of the current line; Clear() before the next.
  const std::string& line() const { return line_; }
  /// The line that is complete ended with CRLF.
  bool crlf() const { return crlf_; }
  void Clear() { line_.clear(); }

 private:
  size_t max_bytes_;
  std::string line_;
  bool crlf_ = false;
};

}  // namespace pbfs::s3
