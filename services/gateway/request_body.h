#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/client/streams.h"
#include "libs/s3/checksum.h"
#include "libs/s3/chunked.h"
#include "libs/s3/documents.h"
#include "services/gateway/body_digests.h"
#include "services/gateway/call.h"
#include "services/gateway/piece_memory.h"
#include "services/gateway/site.h"

namespace pbfs::gateway {

/// The body of a request as the bytes that are meant: aws-chunked is taken off, and everything that the request says of it is
/// verified: its length, its SHA-256, its chunks' signatures, its checksum, its MD5. One thread.
///
/// What was read may not be believed before Finish() is OK.
class RequestBody final : public ByteSource {
 public:
  struct Options {
    bool md5 = false;  // make one, also if the request names none
    /// Make this one, also if the request names another.
    std::optional<s3::ChecksumAlgorithm> checksum;
    bool needs_length = false;  // the request has to say how long it is, though it be empty
    int64_t max_bytes = int64_t{5} << 30;
    /// The checksum that the request names is not of this body, but of the object that it completes.
    bool checksum_of_object = false;
  };
  /// Errors (of S3): MissingContentLength, EntityTooLarge, InvalidDigest, InvalidRequest: what the fields say of the body.
  static Result<RequestBody> Open(Call& call, const Options& options);
  RequestBody(RequestBody&&) = default;

  /// Bytes of it, once everything has been taken off; of an open-ended one the most that it may have.
  int64_t length() const { return length_; }
  /// Errors: of S3 (IncompleteBody, what is malformed), or of the connection.
  Result<size_t> Read(const Context& context, MutableByteSpan out) override;
  /// All of the rest in pieces; it is not verified yet. Digests are made beside the reading.
  Status CopyTo(Site& site, const TakePiece& take);
  /// The rest, which is at most `most` bytes (EntityTooLarge), verified.
  Result<Bytes> ReadAll(const Context& context, size_t most);
  /// Reads to the end, where nothing may be left, and verifies. Errors (of S3): BadDigest, XAmzContentSHA256Mismatch,
  /// SignatureDoesNotMatch, IncompleteBody.
  Status Finish(const Context& context);

  // After Finish():
  /// Empty if none was made.
  const Bytes& md5() const { return md5_value_; }
  /// Of Options::checksum, or else the request's own; empty: there is none.
  const Bytes& checksum() const { return checksum_value_; }
  /// The one that the request names; none: it names none.
  std::optional<s3::ChecksumAlgorithm> named_checksum() const {
    return wanted_.has_value() ? wanted_->algorithm : std::nullopt;
  }

 private:
  struct Piece {
    MutableBuffer memory{0};
    size_t filled = 0;
    ByteSpan bytes() { return ByteSpan(memory.span()).first(filled); }
    void Grow(size_t size);
  };
  RequestBody(Call& call, int64_t length, bool open_ended)
      : call_(&call), length_(length), open_ended_(open_ended), digests_(std::make_unique<BodyDigests>()) {}
  Result<size_t> Take(const Context& context, MutableByteSpan out);
  Result<size_t> ReadChunked(const Context& context, MutableByteSpan out);
  Status Fill(const Context& context, Piece& piece, size_t size, Executor* beside);
  Status FillAndSum(const Context& context, Piece& piece, size_t size, Executor* beside);
  Status VerifyDigests();
  Status VerifyChecksum();

  Call* call_;
  int64_t length_;
  bool open_ended_;
  int64_t read_ = 0;
  bool finished_ = false;
  std::optional<s3::ChunkedDecoder> decoder_;
  Bytes raw_;  // of an aws-chunked body: what came and is not decoded yet, from raw_at_ on
  size_t raw_at_ = 0, raw_end_ = 0;
  std::optional<s3::Wanted> wanted_;
  std::unique_ptr<BodyDigests> digests_;
  Bytes md5_value_, checksum_value_;
};

/// The whole body as a document, verified. Errors (of S3): those of RequestBody; EntityTooLarge.
Result<std::string> ReadDocument(Call& call, size_t most = s3::kMaxDocumentBytes);

}  // namespace pbfs::gateway
