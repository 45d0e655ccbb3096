#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/client/bucket.h"
#include "libs/s3/byterange.h"
#include "libs/s3/checksum.h"
#include "services/gateway/call.h"
#include "services/gateway/request_body.h"

namespace pbfs::gateway {

/// The ranges of a patch as their bytes come: each piece is uploaded while the next one comes, and nobody sees any before all are placed by a
/// deed (deeds.h). One thread.
class SentRanges {
 public:
  SentRanges(Call& call, Bucket& bucket)
      : writer_(bucket.NewRanges(call.context())), digested_(call.has_field("x-amz-client-token")) {}

  /// The bytes that are added from now on belong at `offset`.
  void Begin(int64_t offset);
  /// Errors: those of RangeWriter::Add.
  Status Add(Buffer piece);
  /// All of a body, verified, at `offset`. Errors: of RequestBody, of Add().
  Status AddBody(Site& site, Call& call, RequestBody& body, int64_t offset);
  /// The same of a body that says itself where its bytes go. Errors also: of the decoder.
  Status AddBody(Site& site, Call& call, RequestBody& body, s3::ByteRangeDecoder& decoder);

  const std::vector<s3::ByteRange>& ranges() const { return ranges_; }
  int pieces() const { return pieces_; }
  /// The SHA-256 of each range, in hexadecimal: of a request with a token, whose repeats must have it too. Once.
  std::vector<std::string> Digests();
  RangeWriter& writer() { return *writer_; }

 private:
  const std::unique_ptr<RangeWriter> writer_;
  const bool digested_;
  int pieces_ = 0;
  std::vector<s3::ByteRange> ranges_;
  std::vector<s3::Checksum> digests_;
};

}  // namespace pbfs::gateway
