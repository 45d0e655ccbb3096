#include "services/gateway/request_body.h"

#include <algorithm>

namespace pbfs::gateway {
namespace {

using s3::Code;

constexpr size_t kRawBytes = 64 << 10;
constexpr size_t kStep = 2 << 20;    // read at a time
constexpr size_t kBeside = 1 << 20;  // what is worth a thread of its own

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
  if (options.md5 || wants_md5) body.digests_->md5.emplace();
  const std::optional<s3::ChecksumAlgorithm> named = body.named_checksum();
  if (named.has_value()) body.digests_->named.emplace(*named);
  if (options.checksum.has_value() && options.checksum != named) body.digests_->made.emplace(*options.checksum);
  if (call.payload.kind == s3::PayloadKind::kDigest) body.digests_->sha256.emplace(s3::ChecksumAlgorithm::kSha256);
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
  PBFS_ASSIGN_OR_RETURN(const size_t got, Take(context, out));
  digests_->Update(out.first(got));
  return got;
}

// The next bytes, which are in no digest yet.
Result<size_t> RequestBody::Take(const Context& context, MutableByteSpan out) {
  if (out.empty()) return size_t{0};
  const Result<size_t> got = decoder_.has_value() ? ReadChunked(context, out) : call_->http().Read(context, out);
  // A connection that is lost in the middle of a body answers nobody; the code is for the log.
  if (!got.ok()) return got.status().code() == StatusCode::kUnavailable ? s3::Error(Code::kIncompleteBody) : got;
  read_ += static_cast<int64_t>(*got);
  if (read_ > length_ && open_ended_) return s3::Error(Code::kEntityTooLarge);
  if (read_ > length_) return s3::Error(Code::kIncompleteBody, "more bytes came than the request announced");
  return got;
}

void RequestBody::Piece::Grow(size_t size) {
  MutableBuffer more(size);  // what is not filled takes no memory
  std::copy_n(memory.data(), filled, more.data());
  memory = std::move(more);
}

// Reads on until the piece has `size` bytes, fewer only at the body's end; long stretches go into the digests on `beside`.
Status RequestBody::Fill(const Context& context, Piece& piece, size_t size, Executor* beside) {
  const Status filled = FillAndSum(context, piece, size, beside);
  digests_->Await();  // whoever has the piece may do with it what he wants
  return filled;
}

Status RequestBody::FillAndSum(const Context& context, Piece& piece, size_t size, Executor* beside) {
  size_t summed = piece.filled;
  const int64_t more = std::min(static_cast<int64_t>(size - summed), length_ - read_);
  const size_t wanted = summed + static_cast<size_t>(more);
  if (piece.memory.size() < wanted) piece.Grow(wanted);
  for (bool ended = false; piece.filled < wanted && !ended;) {
    const MutableByteSpan room = piece.memory.span().subspan(piece.filled, std::min(wanted - piece.filled, kStep));
    PBFS_ASSIGN_OR_RETURN(const size_t got, Take(context, room));
    ended = got == 0;
    if (ended && !open_ended_) return s3::Error(Code::kIncompleteBody);
    piece.filled += got;
    const ByteSpan rest = piece.bytes().subspan(summed);
    if (beside != nullptr && rest.size() >= kBeside) {
      digests_->UpdateBeside(*beside, rest);
    } else if (beside == nullptr || piece.filled == wanted || ended) {
      digests_->Update(rest);
    } else {
      continue;
    }
    summed = piece.filled;
  }
  return OkStatus();
}

Status RequestBody::CopyTo(Site& site, const TakePiece& take) {
  PieceMemory memory(site);
  while (read_ < length_) {
    Piece piece;
    PBFS_RETURN_IF_ERROR(Fill(call_->context(), piece, memory.AtFirst(), &site.executor));
    if (piece.filled == 0) break;  // an open-ended one
    if (read_ < length_) PBFS_RETURN_IF_ERROR(Fill(call_->context(), piece, memory.AtMost(), &site.executor));
    const size_t size = piece.filled;
    PBFS_RETURN_IF_ERROR(take(std::move(piece.memory).Freeze().Slice(0, size)));
    memory.HandOn(size);
  }
  return OkStatus();
}

Result<Bytes> RequestBody::ReadAll(const Context& context, size_t most) {
  if (length_ - read_ > static_cast<int64_t>(most)) return s3::Error(Code::kEntityTooLarge);
  Piece all;
  PBFS_RETURN_IF_ERROR(Fill(context, all, most, nullptr));
  PBFS_RETURN_IF_ERROR(Finish(context));
  return ToBytes(all.bytes());
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
  if (digests_->sha256.has_value() && !s3::SameSignature(ToHex(digests_->sha256->Finish()), call_->payload.sha256)) {
    return s3::Error(Code::kXAmzContentSha256Mismatch);
  }
  if (!digests_->md5.has_value()) return OkStatus();
  md5_value_ = digests_->md5->Finish();
  const bool other = wanted_.has_value() && wanted_->md5.has_value() && *wanted_->md5 != md5_value_;
  return other ? s3::Error(Code::kBadDigest) : OkStatus();
}

Status RequestBody::VerifyChecksum() {
  if (digests_->made.has_value()) checksum_value_ = digests_->made->Finish();
  if (!digests_->named.has_value()) return OkStatus();
  const Bytes value = digests_->named->Finish();
  if (!digests_->made.has_value()) checksum_value_ = value;
  std::optional<Bytes> expected = wanted_->value;
  if (!expected.has_value()) {
    const auto trailer = decoder_.has_value()
                             ? decoder_->trailers().Find(s3::ChecksumHeader(digests_->named->algorithm()))
                             : std::optional<std::string_view>{};
    if (!trailer.has_value()) return s3::Error(Code::kMalformedTrailer, "the checksum announced did not come");
    PBFS_ASSIGN_OR_RETURN(expected, s3::ParseChecksum(digests_->named->algorithm(), *trailer));
  }
  return *expected == value ? OkStatus() : s3::Error(Code::kBadDigest);
}

Result<std::string> ReadDocument(Call& call, size_t most) {
  PBFS_ASSIGN_OR_RETURN(RequestBody body, RequestBody::Open(call, {}));
  PBFS_ASSIGN_OR_RETURN(const Bytes bytes, body.ReadAll(call.context(), most));
  return std::string(AsText(bytes));
}

}  // namespace pbfs::gateway
