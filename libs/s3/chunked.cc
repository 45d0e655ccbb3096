#include "libs/s3/chunked.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "libs/s3/errors.h"
#include "libs/s3/text.h"

namespace pbfs::s3 {
namespace {

constexpr size_t kMaxLineBytes = 1024;
constexpr int kMaxBlankLines = 8;  // that some clients send where none belong
constexpr std::string_view kSignatureExtension = "chunk-signature=";
constexpr std::string_view kTrailerSignature = "x-amz-trailer-signature";

Status BadChunk() { return Error(Code::kInvalidRequest, "The body is not well-formed aws-chunked data"); }

/// Hexadecimal without sign or prefix, at most 16 digits; none for anything else, or more than int64 holds.
std::optional<int64_t> ParseChunkSize(std::string_view text) {
  if (text.empty() || text.size() > 16) return std::nullopt;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  const bool all = error == std::errc() && end == text.data() + text.size();
  if (!all || value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
  return static_cast<int64_t>(value);
}

void Append(std::string_view text, Bytes& out) {
  const ByteSpan bytes = AsBytes(text);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

ChunkedDecoder::ChunkedDecoder(PayloadKind payload, std::optional<ChunkChain> chain, int64_t decoded_bytes,
                               std::vector<std::string> announced)
    : payload_(payload),
      chain_(std::move(chain)),
      announced_(std::move(announced)),
      lines_(kMaxLineBytes),
      unread_bytes_(decoded_bytes) {
  PBFS_CHECK(payload_ == PayloadKind::kSigned || payload_ == PayloadKind::kSignedTrailer ||
             payload_ == PayloadKind::kUnsignedTrailer);
  if (payload_ == PayloadKind::kUnsignedTrailer) chain_.reset();
  PBFS_CHECK(payload_ == PayloadKind::kUnsignedTrailer || HasSignatures());
}

Result<ChunkedDecoder::Progress> ChunkedDecoder::Decode(ByteSpan in, MutableByteSpan out) {
  auto progress = DecodeAll(in, out);
  if (!progress.ok()) state_ = State::kFailed;
  return progress;
}

Result<ChunkedDecoder::Progress> ChunkedDecoder::DecodeAll(ByteSpan in, MutableByteSpan out) {
  Progress progress;
  while (progress.consumed < in.size()) {
    if (state_ == State::kData) {
      if (progress.produced == out.size()) break;
      TakeData(in, out, progress);
      continue;
    }
    const Result<bool> complete = lines_.Take(AsText(in), progress.consumed);
    if (!complete.ok()) return BadChunk();
    if (!*complete) break;
    PBFS_RETURN_IF_ERROR(EndLine());
    lines_.Clear();
  }
  return progress;
}

void ChunkedDecoder::TakeData(ByteSpan in, MutableByteSpan out, Progress& progress) {
  const size_t room = std::min(in.size() - progress.consumed, out.size() - progress.produced);
  const auto count = static_cast<size_t>(std::min<int64_t>(static_cast<int64_t>(room), chunk_bytes_));
  const ByteSpan data = in.subspan(progress.consumed, count);
  std::copy(data.begin(), data.end(), out.begin() + static_cast<ptrdiff_t>(progress.produced));
  if (HasSignatures()) chunk_hash_.Update(data);
  progress.consumed += count;
  progress.produced += count;
  chunk_bytes_ -= static_cast<int64_t>(count);
  if (chunk_bytes_ == 0) state_ = State::kDataEnd;
}

Status ChunkedDecoder::EndLine() {
  switch (state_) {
    case State::kChunkLine: return BeginChunk();
    case State::kDataEnd: return EndChunk();
    case State::kTrailers: return lines_.line().empty() ? TakeEmptyTrailerLine() : TakeTrailer();
    case State::kDone: return lines_.line().empty() ? TakeBlank() : BadChunk();
    case State::kFailed: return BadChunk();
    case State::kData: break;
  }
  PBFS_CHECK(false, "data has no lines");
}

Status ChunkedDecoder::BeginChunk() {
  const std::string_view line = lines_.line();
  const size_t semicolon = std::min(line.find(';'), line.size());
  const auto size = ParseChunkSize(line.substr(0, semicolon));
  if (!size || !lines_.crlf()) return BadChunk();
  const std::string_view extension = line.substr(std::min(line.size(), semicolon + 1));
  if (HasSignatures() ? !extension.starts_with(kSignatureExtension) : semicolon != line.size()) return BadChunk();
  if (HasSignatures()) chunk_signature_ = extension.substr(kSignatureExtension.size());
  if (*size > unread_bytes_ || (*size == 0 && unread_bytes_ != 0)) return Error(Code::kIncompleteBody);
  unread_bytes_ -= *size;
  chunk_bytes_ = *size;
  if (*size > 0) {
    state_ = State::kData;
    return OkStatus();
  }
  last_chunk_ = true;
  state_ = payload_ == PayloadKind::kSigned ? State::kDataEnd : State::kTrailers;
  return CheckChunk();
}

Status ChunkedDecoder::EndChunk() {
  // A bare line feed would let the CR before it pass for a byte of the chunk.
  if (!lines_.line().empty() || !lines_.crlf()) return BadChunk();
  state_ = last_chunk_ ? State::kDone : State::kChunkLine;
  return last_chunk_ ? OkStatus() : CheckChunk();
}

Status ChunkedDecoder::CheckChunk() {
  if (!HasSignatures()) return OkStatus();
  if (SameSignature(chain_->SignChunk(ToHex(chunk_hash_.Finish())), chunk_signature_)) return OkStatus();
  return Error(Code::kSignatureDoesNotMatch, "The signature of a chunk does not match");
}

Status ChunkedDecoder::TakeTrailer() {
  const std::string_view line = lines_.line();
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return Error(Code::kMalformedTrailer);
  std::string name = LowerCase(Trim(line.substr(0, colon)));
  std::string value(Trim(line.substr(colon + 1)));
  if (HasSignatures() && name == kTrailerSignature) return EndTrailers(value);
  const bool announced = std::find(announced_.begin(), announced_.end(), name) != announced_.end();
  if (!announced || trailers_.Has(name)) return Error(Code::kMalformedTrailer);
  signed_trailers_ += name + ":" + value + "\n";
  trailers_.Add(std::move(name), std::move(value));
  return OkStatus();
}

Status ChunkedDecoder::TakeEmptyTrailerLine() {
  // Signed trailers end with their signature; some clients put an empty line before it.
  return HasSignatures() ? TakeBlank() : EndTrailers({});
}

Status ChunkedDecoder::EndTrailers(std::string_view signature) {
  if (trailers_.size() != announced_.size()) return Error(Code::kMalformedTrailer);
  if (HasSignatures() && !SameSignature(chain_->SignTrailers(signed_trailers_), signature)) {
    return Error(Code::kSignatureDoesNotMatch, "The signature of the trailers does not match");
  }
  state_ = State::kDone;
  return OkStatus();
}

Status ChunkedDecoder::TakeBlank() { return ++blank_lines_ <= kMaxBlankLines ? OkStatus() : BadChunk(); }

Status ChunkedDecoder::Finish() const {
  return done() && lines_.line().find_first_not_of('\r') == std::string::npos ? OkStatus()
                                                                              : Error(Code::kIncompleteBody);
}

Bytes EncodeChunked(PayloadKind payload, std::optional<ChunkChain> chain, ByteSpan data, size_t chunk_bytes,
                    const HttpFields& trailers) {
  PBFS_CHECK(chunk_bytes > 0);
  Bytes out;
  const auto append_line = [&](ByteSpan chunk) {
    Append(fmt::format("{:x}", chunk.size()), out);
    if (chain) Append(fmt::format(";{}{}", kSignatureExtension, chain->SignChunk(Sha256Hex(chunk))), out);
    Append("\r\n", out);
  };
  for (ByteSpan rest = data; !rest.empty();) {
    const ByteSpan chunk = rest.first(std::min(chunk_bytes, rest.size()));
    rest = rest.subspan(chunk.size());
    append_line(chunk);
    out.insert(out.end(), chunk.begin(), chunk.end());
    Append("\r\n", out);
  }
  append_line({});
  std::string to_sign;
  for (const auto& [name, value] : trailers) {
    to_sign += fmt::format("{}:{}\n", LowerCase(name), value);
    Append(fmt::format("{}:{}\r\n", LowerCase(name), value), out);
  }
  if (payload == PayloadKind::kSignedTrailer) {
    PBFS_CHECK(chain.has_value());
    Append(fmt::format("{}:{}\r\n", kTrailerSignature, chain->SignTrailers(to_sign)), out);
  }
  Append("\r\n", out);
  return out;
}

Result<int64_t> DecodedLength(const HttpFields& fields) {
  const auto header = fields.Find("x-amz-decoded-content-length");
  if (!header) return Error(Code::kMissingContentLength);
  const auto length = ParseNumber(*header);
  if (!length) return Error(Code::kInvalidArgument, "x-amz-decoded-content-length must be a number");
  return *length;
}

}  // namespace pbfs::s3
