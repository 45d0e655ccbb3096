#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/client/bucket.h"
#include "libs/s3/checksum.h"
#include "libs/s3/documents.h"
#include "services/gateway/piece_sink.h"

/// What is kept of an upload and its parts beside their bytes, and what follows from it for the object that they make. In
/// ObjectMetadata::system stand:
///   checksum-kind   of an upload: "<algorithm> <type>"
///   upload          of the object: the id of the upload that made it, and a digest of the parts that it named
///   parts           of the object: the sizes of its parts, "5242880*7,1234"; not where that is too long
namespace pbfs::gateway {

inline constexpr const char* kUploadOfObject = "upload";

struct ChecksumKind {
  s3::ChecksumAlgorithm algorithm = s3::ChecksumAlgorithm::kCrc64Nvme;
  s3::ChecksumType type = s3::ChecksumType::kFullObject;
  bool asked = false;  // else ours: parts may come with others, which are checked and forgotten
};
/// Of a CreateMultipartUpload. Errors (of S3): InvalidRequest.
Result<ChecksumKind> ReadChecksumKind(const HttpFields& fields);
ChecksumKind ChecksumKindOf(const ObjectMetadata& upload);
/// Keeps one that was asked for.
void SetChecksumKind(const ChecksumKind& kind, ObjectMetadata& upload);

/// What is known of the bytes of a part; empty: nothing.
struct PartFacts {
  Bytes md5;
  Bytes checksum;  // by the upload's algorithm
};
Result<Bytes> Encode(const PartFacts& facts);
/// Errors: DATA_LOSS.
Result<PartFacts> DecodePartFacts(ByteSpan bytes);
/// The MD5, or one that no other part has.
std::string EtagOf(const ObjectId& part, const PartFacts& facts);

/// What is known of the object that parts make.
struct WholeFacts {
  std::string etag;  // as S3 has it: of MD5s and "-N"; empty: one of the parts has no MD5
  std::optional<s3::ShownChecksum> checksum;
  std::string parts;
  std::string made_by;  // MadeBy
};
Result<WholeFacts> FactsOfWhole(const std::vector<UploadedPart>& parts, const ChecksumKind& kind);
/// What tells a repeat of a CompleteMultipartUpload from one that names other parts.
std::string MadeBy(std::string_view upload, const std::vector<s3::CompletePart>& named);
void SetWholeFacts(const WholeFacts& facts, ObjectMetadata& metadata);

/// Pieces of a new part, of which the facts are made on the way.
class PartSink final : public PieceSink {
 public:
  PartSink(Site& site, ObjectWriter& writer, s3::ChecksumAlgorithm algorithm)
      : PieceSink(site, [&writer](Buffer piece) { return writer.Add(std::move(piece)); }), checksum_(algorithm) {}
  Status Write(const Context& context, ByteSpan bytes) override {
    md5_.Update(bytes);
    checksum_.Update(bytes);
    return PieceSink::Write(context, bytes);
  }
  PartFacts Finish() { return {md5_.Finish(), checksum_.Finish()}; }

 private:
  s3::Md5 md5_;
  s3::Checksum checksum_;
};

}  // namespace pbfs::gateway
