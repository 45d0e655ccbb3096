#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/bytes.h"
#include "libs/base/result.h"
#include "libs/http/message.h"
#include "libs/s3/checksum.h"
#include "libs/s3/mime.h"
#include "libs/s3/signature.h"

/// Bodies in Content-Encoding `aws-chunked`.
namespace pbfs::s3 {

/// Takes an aws-chunked body apart as it arrives. One thread. Bytes of a chunk are given out before the chunk's signature
/// can be checked: believe none of them for good before Finish() is OK.
class ChunkedDecoder {
 public:
  /// `payload` is one of the chunked kinds. `chain`: where the signatures start, of the signed kinds. `decoded_bytes`: what
  /// x-amz-decoded-content-length says. `announced`: names of the trailers that may come (AnnouncedTrailers).
  ChunkedDecoder(PayloadKind payload, std::optional<ChunkChain> chain, int64_t decoded_bytes,
                 std::vector<std::string> announced);

  struct Progress {
    size_t consumed = 0;  // bytes of `in` that are done with
    size_t produced = 0;  // bytes of `out` that were filled
  };
  /// Decodes until `in` is used up or `out` is full. With room in `out`, all of `in` is consumed. An error is for
  /// good.
  /// Errors: InvalidRequest for what is no chunk, and for bytes after the end; SignatureDoesNotMatch; IncompleteBody for
  /// more or fewer bytes than announced; MalformedTrailerError.
  Result<Progress> Decode(ByteSpan in, MutableByteSpan out);
  /// The last chunk and the trailers have come and were right; nothing but line ends may follow.
  bool done() const { return state_ == State::kDone; }
  /// Complete when done(); without x-amz-trailer-signature.
  const HttpFields& trailers() const { return trailers_; }
  /// To be called when the input has ended. OK: every byte was there, and every signature right.
  /// Errors: IncompleteBody.
  Status Finish() const;

 private:
  enum class State { kChunkLine, kData, kDataEnd, kTrailers, kDone, kFailed };
  bool HasSignatures() const { return chain_.has_value(); }
  Result<Progress> DecodeAll(ByteSpan in, MutableByteSpan out);
  void TakeData(ByteSpan in, MutableByteSpan out, Progress& progress);
  Status EndLine();
  Status BeginChunk();
  Status EndChunk();
  Status CheckChunk();
  Status TakeTrailer();
  Status TakeEmptyTrailerLine();
  Status EndTrailers(std::string_view signature);
  Status TakeBlank();

  PayloadKind payload_;
  std::optional<ChunkChain> chain_;
  std::vector<std::string> announced_;
  State state_ = State::kChunkLine;
  LineReader lines_;
  int64_t unread_bytes_;     // of decoded_bytes
  int64_t chunk_bytes_ = 0;  // of the current chunk, not read yet
  bool last_chunk_ = false;
  std::string chunk_signature_;  // what the current chunk claims
  Checksum chunk_hash_{ChecksumAlgorithm::kSha256};
  HttpFields trailers_;
  std::string signed_trailers_;  // "name:value\n" of each
  int blank_lines_ = 0;          // where none belong
};

/// `data` as an aws-chunked body in chunks of `chunk_bytes` and the trailers: for tests and for clients of a gateway.
/// `chain` of the signed kinds only.
Bytes EncodeChunked(PayloadKind payload, std::optional<ChunkChain> chain, ByteSpan data, size_t chunk_bytes,
                    const HttpFields& trailers = {});

/// The object's size: `x-amz-decoded-content-length` of a chunked body.
/// Errors: MissingContentLength; InvalidArgument.
Result<int64_t> DecodedLength(const HttpFields& fields);

}  // namespace pbfs::s3
