#include "libs/s3/post_form.h"

#include <algorithm>
#include <array>

#include "libs/s3/errors.h"
#include "libs/s3/text.h"

namespace pbfs::s3 {
namespace {

constexpr size_t kMaxLineBytes = 4096;

Status Malformed(std::string message = {}) { return Error(Code::kMalformedPostRequest, std::move(message)); }

}  // namespace

std::string PostForm::Key() const {
  constexpr std::string_view kVariable = "${filename}";
  std::string key(fields.Get("key"));
  const size_t at = key.find(kVariable);
  return at == std::string::npos ? key : key.replace(at, kVariable.size(), file_name);
}

size_t ContentReader::GiveHeld(MutableByteSpan out) {
  const size_t count = std::min(held_.size(), out.size());
  std::copy_n(held_.begin(), count, out.begin());
  held_.erase(0, count);
  return count;
}

ContentReader::Step ContentReader::Take(ByteSpan in, MutableByteSpan out) {
  Step step;
  while (true) {
    step.produced += GiveHeld(out.subspan(step.produced));
    const ByteSpan rest = in.subspan(step.consumed);
    const MutableByteSpan room = out.subspan(step.produced);
    if (rest.empty() || room.empty()) return step;
    if (matched_ == 0) {
      const ByteSpan window = rest.first(std::min(rest.size(), room.size()));
      const auto count = static_cast<size_t>(std::find(window.begin(), window.end(), '\r') - window.begin());
      std::copy_n(window.begin(), count, room.begin());
      step.produced += count;
      step.consumed += count;
      if (count == window.size()) continue;
      matched_ = 1;
      ++step.consumed;
    } else if (static_cast<char>(rest.front()) == delimiter_[matched_]) {
      ++step.consumed;
      step.ended = ++matched_ == delimiter_.size();
      if (!step.ended) continue;
      matched_ = 0;
      return step;
    } else {
      // No proper prefix of what matched can begin the delimiter: its only CR is its first byte.
      held_ = delimiter_.substr(0, matched_);
      matched_ = 0;
    }
  }
}

Result<FormDecoder> FormDecoder::Make(std::string_view content_type) {
  const auto type = ParseMediaType(content_type);
  const auto boundary = type && type->type == "multipart/form-data" ? BoundaryOf(*type) : std::nullopt;
  if (!boundary) return Malformed("The content type must be multipart/form-data with a boundary");
  return FormDecoder(*boundary);
}

FormDecoder::FormDecoder(const std::string& boundary) : content_(boundary), lines_(kMaxLineBytes) {
  content_.BeginAtLine();
}

Result<FormDecoder::Progress> FormDecoder::Decode(ByteSpan in, MutableByteSpan out) {
  Result<Progress> progress = DecodeAll(in, out);
  if (!progress.ok()) state_ = State::kFailed;
  return progress;
}

Result<FormDecoder::Progress> FormDecoder::DecodeAll(ByteSpan in, MutableByteSpan out) {
  Progress progress;
  while (progress.consumed < in.size()) {
    const bool in_file = state_ == State::kFile;
    PBFS_RETURN_IF_ERROR(DecodeSome(in, out, progress));
    if (state_ == State::kFile && (!in_file || progress.produced == out.size())) break;
  }
  return progress;
}

Status FormDecoder::DecodeSome(ByteSpan in, MutableByteSpan out, Progress& progress) {
  switch (state_) {
    case State::kPreamble:
    case State::kValue: return TakeValue(in, progress);
    case State::kDelimiterLine:
    case State::kPartFields: return TakeLine(in, progress);
    case State::kFile: return TakeFile(in, out, progress), OkStatus();
    case State::kAfter: progress.consumed = in.size(); return OkStatus();
    case State::kFailed: break;
  }
  return Malformed();
}

Status FormDecoder::TakeLine(ByteSpan in, Progress& progress) {
  const Result<bool> complete = lines_.Take(AsText(in), progress.consumed);
  if (!complete.ok()) return Malformed("A line of the form is too long");
  if (!*complete) return OkStatus();
  const Status status = state_ == State::kDelimiterLine ? EndDelimiterLine()
                        : lines_.line().empty()         ? BeginContent()
                                                        : TakePartField();
  lines_.Clear();
  return status;
}

Status FormDecoder::TakeValue(ByteSpan in, Progress& progress) {
  std::array<uint8_t, 1024> buffer;
  const ContentReader::Step step = content_.Take(in.subspan(progress.consumed), buffer);
  progress.consumed += step.consumed;
  value_ += AsText(ByteSpan(buffer).first(step.produced));
  form_bytes_ += step.produced;
  if (form_bytes_ > kMaxFormBytes) return Malformed("The form's fields are larger than 20 KiB");
  return step.ended ? EndValue() : OkStatus();
}

void FormDecoder::TakeFile(ByteSpan in, MutableByteSpan out, Progress& progress) {
  const ContentReader::Step step = content_.Take(in.subspan(progress.consumed), out.subspan(progress.produced));
  progress.consumed += step.consumed;
  progress.produced += step.produced;
  if (step.ended) state_ = State::kAfter;
}

Status FormDecoder::EndDelimiterLine() {
  const std::string_view line = lines_.line();
  if (line.starts_with("--")) return Malformed("The form has no file");
  if (!Trim(line).empty()) return Malformed();
  name_.clear();
  state_ = State::kPartFields;
  return OkStatus();
}

Status FormDecoder::TakePartField() {
  const auto field = ParseFieldLine(lines_.line());
  form_bytes_ += lines_.line().size();
  if (!field || form_bytes_ > kMaxFormBytes) return Malformed();
  if (!EqualsIgnoreCase(field->first, "content-disposition")) return OkStatus();
  const auto disposition = ParseMediaType(field->second);
  if (!disposition || disposition->type != "form-data") return Malformed();
  name_ = disposition->parameters.Get("name");
  const std::string_view file_name = disposition->parameters.Get("filename");
  // Old browsers send the whole path.
  if (EqualsIgnoreCase(name_, "file")) form_.file_name = file_name.substr(file_name.find_last_of("/\\") + 1);
  return OkStatus();
}

Status FormDecoder::BeginContent() {
  if (name_.empty()) return Malformed("A part of the form has no name");
  if (form_.fields.Has(name_)) return Malformed("A field of the form is there twice");
  if (form_.fields.size() == kMaxFormFields) return Malformed("The form has too many fields");
  state_ = EqualsIgnoreCase(name_, "file") ? State::kFile : State::kValue;
  return OkStatus();
}

Status FormDecoder::EndValue() {
  if (state_ == State::kPreamble && !value_.empty()) return Malformed();
  if (state_ == State::kValue) form_.fields.Add(name_, value_);
  value_.clear();
  state_ = State::kDelimiterLine;
  return OkStatus();
}

Status FormDecoder::Finish() const {
  if (state_ == State::kAfter) return OkStatus();
  return state_ == State::kFile ? Error(Code::kIncompleteBody) : Malformed("The form has no file");
}

}  // namespace pbfs::s3
