#pragma once

#include <string>
#include <string_view>

#include "libs/base/bytes.h"
#include "libs/base/result.h"
#include "libs/http/message.h"
#include "libs/s3/mime.h"

/// The bodies of POST forms (multipart/form-data), with which browsers upload.
namespace pbfs::s3 {

inline constexpr size_t kMaxFormBytes = 20 * 1024;  // names and values of all fields but the file
inline constexpr size_t kMaxFormFields = 100;

struct PostForm {
  HttpFields fields;      // in order, without the file; names compare without case, each is there once
  std::string file_name;  // the last component of what the browser calls it; may be empty
  /// `key` with ${filename} replaced.
  std::string Key() const;
};

/// Gives out the bytes before a delimiter, which come in pieces. One thread.
class ContentReader {
 public:
  /// The delimiter is CRLF, "--", `boundary`.
  explicit ContentReader(const std::string& boundary) : delimiter_("\r\n--" + boundary) {}
  struct Step {
    size_t consumed = 0;
    size_t produced = 0;
    bool ended = false;  // the delimiter has been passed
  };
  /// Until `in` is used up, `out` is full or the delimiter was passed; then the next content begins.
  Step Take(ByteSpan in, MutableByteSpan out);
  /// As if a line end had just come: the body's first delimiter has none before it.
  void BeginAtLine() { matched_ = 2; }

 private:
  size_t GiveHeld(MutableByteSpan out);
  std::string delimiter_;
  size_t matched_ = 0;  // bytes of the delimiter that have come
  std::string held_;    // bytes that turned out not to be the delimiter, not given out yet
};

/// Takes a form apart as it arrives. One thread. What follows the file is skipped, as S3 does.
class FormDecoder {
 public:
  /// Errors: MalformedPOSTRequest.
  static Result<FormDecoder> Make(std::string_view content_type);

  struct Progress {
    size_t consumed = 0;  // bytes of `in` that are done with
    size_t produced = 0;  // bytes of the file, in `out`
  };
  /// Until `in` is used up or `out` is full; and once where the file begins, before any of its bytes, so that the form can
  /// be checked first. An error is for good.
  /// Errors: MalformedPOSTRequest.
  Result<Progress> Decode(ByteSpan in, MutableByteSpan out);
  /// The file has begun: form() is complete.
  bool file_begun() const { return state_ == State::kFile || state_ == State::kAfter; }
  const PostForm& form() const { return form_; }
  /// To be called when the input has ended. Errors: MalformedPOSTRequest without a file; IncompleteBody.
  Status Finish() const;

 private:
  enum class State { kPreamble, kDelimiterLine, kPartFields, kValue, kFile, kAfter, kFailed };
  explicit FormDecoder(const std::string& boundary);
  Result<Progress> DecodeAll(ByteSpan in, MutableByteSpan out);
  Status DecodeSome(ByteSpan in, MutableByteSpan out, Progress& progress);
  Status TakeLine(ByteSpan in, Progress& progress);
  Status TakeValue(ByteSpan in, Progress& progress);
  void TakeFile(ByteSpan in, MutableByteSpan out, Progress& progress);
  Status EndDelimiterLine();
  Status TakePartField();
  Status BeginContent();
  Status EndValue();

  State state_ = State::kPreamble;
  ContentReader content_;
  LineReader lines_;
  std::string name_;   // of the current field
  std::string value_;  // what has come of it
  size_t form_bytes_ = 0;
  PostForm form_;
};

}  // namespace pbfs::s3
