#include "services/gateway/request_body.h"

#include <algorithm>

namespace pbfs::gateway {
namespace {

using s3::Code;

constexpr size_t kRawBytes = 64 << 10;
constexpr size_t kFirstBytes = 64 << 10;  // of a piece that grows as it comes

Result<int64_t> LengthOf(Call& call, bool needed) {
  const bool said = call.has_field("Content-Length") || call.has_field("Transfer-Encoding");
  if (needed && !said) return s3::Error(Code::kMissingContentLength);
  if (call.payload.IsChunked()) return s3::DecodedLength(call.fields());
  const std::optional<int64_t> length = call.http().BodyLength();
  if (!length.has_value()) return s3::Error(Code::kMissingContentLength);
  return *length;
}

}  // namespace

Result<RequestBody> RequestBody::Open(Call& call, const Options& options) {
  // HTTP says a length, or that it sends chunks; a stream of gRPC says its end.
  const bool open_ended = !call.http().BodyLength().has_value() && !call.has_field("Transfer-Encoding");
  PBFS_ASSIGN_OR_RETURN(const int64_t length, open_ended ? options.max_bytes : LengthOf(call, options.needs_length));
  if (length > options.max_bytes) return s3::Error(Code::kEntityTooLarge);
  RequestBody body(call, length, open_ended);
  if (!options.checksum_of_object) {
    PBFS_ASSIGN_OR_RETURN(body.wanted_, s3::ReadChecksumHeaders(call.fields()));
  }
  if (call.payload.IsChunked()) {
    PBFS_ASSIGN_OR_RETURN(std::vector<std::string> trailers, s3::AnnouncedTrailers(call.fields()));
    body.decoder_.emplace(call.payload.kind, call.chain, length, std::move(trailers));
    body.raw_.resize(kRawBytes);
  }
  const bool wants_md5 = body.wanted_.has_value() && body.wanted_->md5.has_value();
  if (options.md5 || wants_md5) body.md5_.emplace();
  const std::optional<s3::ChecksumAlgorithm> named = body.named_checksum();
  if (named.has_value()) body.named_.emplace(*named);
  if (options.checksum.has_value() && options.checksum != named) body.made_.emplace(*options.checksum);
  if (call.payload.kind == s3::PayloadKind::kDigest) body.sha256_.emplace(s3::ChecksumAlgorithm::kSha256);
  return body;
}

Result<size_t> RequestBody::ReadChunked(const Context& context, MutableByteSpan out) {
  for (;;) {
    if (raw_at_ == raw_end_) {
      PBFS_ASSIGN_OR_RETURN(raw_end_, call_->http().Read(context, raw_));
      raw_at_ = 0;
      if (raw_end_ == 0) {
        PBFS_RETURN_IF_ERROR(decoder_->Finish());
        return size_t{0};
      }
    }
    const ByteSpan in = ByteSpan(raw_).first(raw_end_).subspan(raw_at_);
    PBFS_ASSIGN_OR_RETURN(const auto progress, decoder_->Decode(in, out));
    raw_at_ += progress.consumed;
    if (progress.produced > 0) return progress.produced;
  }
}

Result<size_t> RequestBody::Read(const Context& context, MutableByteSpan out) {
  if (out.empty()) return size_t{0};
  const Result<size_t> got = decoder_.has_value() ? ReadChunked(context, out) : call_->http().Read(context, out);
  // A connection that is lost in the middle of a body answers nobody; the code is for the log.
  if (!got.ok()) return got.status().code() == StatusCode::kUnavailable ? s3::Error(Code::kIncompleteBody) : got;
  const ByteSpan bytes = out.first(*got);
  read_ += static_cast<int64_t>(*got);
  if (read_ > length_ && open_ended_) return s3::Error(Code::kEntityTooLarge);
  if (read_ > length_) return s3::Error(Code::kIncompleteBody, "more bytes came than the request announced");
  if (md5_.has_value()) md5_->Update(bytes);
  if (named_.has_value()) named_->Update(bytes);
  if (made_.has_value()) made_->Update(bytes);
  if (sha256_.has_value()) sha256_->Update(bytes);
  return got;
}

Result<Bytes> RequestBody::ReadPiece(const Context& context, size_t size) {
  Bytes piece;
  size_t filled = 0;
  const size_t wanted = static_cast<size_t>(std::min<int64_t>(static_cast<int64_t>(size), length_ - read_));
  while (filled < wanted) {
    if (filled == piece.size()) piece.resize(std::min(wanted, std::max(kFirstBytes, 2 * filled)));
    PBFS_ASSIGN_OR_RETURN(const size_t got, Read(context, MutableByteSpan(piece).subspan(filled)));
    if (got == 0 && open_ended_) break;
    if (got == 0) return s3::Error(Code::kIncompleteBody);
    filled += got;
  }
  piece.resize(filled);
  return piece;
}

Status RequestBody::CopyTo(const Context& context, ObjectWriter& writer, size_t piece_bytes) {
  while (read_ < length_) {
    PBFS_ASSIGN_OR_RETURN(Bytes piece, ReadPiece(context, piece_bytes));
    if (piece.empty()) break;  // an open-ended one
    PBFS_RETURN_IF_ERROR(writer.Add(std::move(piece)));
  }
  return OkStatus();
}

Result<Bytes> RequestBody::ReadAll(const Context& context, size_t most) {
  if (length_ - read_ > static_cast<int64_t>(most)) return s3::Error(Code::kEntityTooLarge);
  PBFS_ASSIGN_OR_RETURN(Bytes all, ReadPiece(context, most));
  PBFS_RETURN_IF_ERROR(Finish(context));
  return all;
}

Status RequestBody::Finish(const Context& context) {
  if (finished_) return OkStatus();
  uint8_t none[1];
  PBFS_ASSIGN_OR_RETURN(const size_t more, Read(context, none));
  if (more != 0 || (read_ != length_ && !open_ended_)) return s3::Error(Code::kIncompleteBody);
  finished_ = true;
  PBFS_RETURN_IF_ERROR(VerifyDigests());
  return VerifyChecksum();
}

Status RequestBody::VerifyDigests() {
  if (sha256_.has_value() && !s3::SameSignature(ToHex(sha256_->Finish()), call_->payload.sha256)) {
    return s3::Error(Code::kXAmzContentSha256Mismatch);
  }
  if (!md5_.has_value()) return OkStatus();
  md5_value_ = md5_->Finish();
  const bool other = wanted_.has_value() && wanted_->md5.has_value() && *wanted_->md5 != md5_value_;
  return other ? s3::Error(Code::kBadDigest) : OkStatus();
}

Status RequestBody::VerifyChecksum() {
  if (made_.has_value()) checksum_value_ = made_->Finish();
  if (!named_.has_value()) return OkStatus();
  const Bytes value = named_->Finish();
  if (!made_.has_value()) checksum_value_ = value;
  std::optional<Bytes> expected = wanted_->value;
  if (!expected.has_value()) {
    const auto trailer = decoder_.has_value() ? decoder_->trailers().Find(s3::ChecksumHeader(named_->algorithm()))
                                              : std::optional<std::string_view>{};
    if (!trailer.has_value()) return s3::Error(Code::kMalformedTrailer, "the checksum announced did not come");
    PBFS_ASSIGN_OR_RETURN(expected, s3::ParseChecksum(named_->algorithm(), *trailer));
  }
  return *expected == value ? OkStatus() : s3::Error(Code::kBadDigest);
}

Result<std::string> ReadDocument(Call& call, size_t most) {
  PBFS_ASSIGN_OR_RETURN(RequestBody body, RequestBody::Open(call, {}));
  PBFS_ASSIGN_OR_RETURN(const Bytes bytes, body.ReadAll(call.context(), most));
  return std::string(AsText(bytes));
}

}  // namespace pbfs::gateway
