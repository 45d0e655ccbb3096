#include "services/gateway/upload_facts.h"

#include <fmt/format.h>

#include "libs/s3/errors.h"
#include "libs/s3/signature.h"
#include "libs/s3/xml.h"
#include "services/gateway/object_facts.h"

namespace pbfs::gateway {
namespace {

constexpr const char* kKind = "checksum-kind";
constexpr size_t kMaxPartsText = 4096;

std::string PartsText(const std::vector<UploadedPart>& parts) {
  std::string text;
  for (size_t i = 0; i < parts.size();) {
    size_t same = 1;
    while (i + same < parts.size() && parts[i + same].size == parts[i].size) ++same;
    text += fmt::format("{}{}", text.empty() ? "" : ",", parts[i].size);
    if (same > 1) text += fmt::format("*{}", same);
    i += same;
  }
  return text.size() <= kMaxPartsText ? text : std::string();
}

// Of all parts, or none if one is not known.
std::optional<s3::ShownChecksum> WholeChecksum(const std::vector<PartFacts>& facts,
                                               const std::vector<UploadedPart>& parts, const ChecksumKind& kind) {
  Bytes all = facts.front().checksum;
  s3::Checksum of_checksums(kind.algorithm);
  for (size_t i = 0; i < facts.size(); ++i) {
    const Bytes& one = facts[i].checksum;
    if (one.size() != s3::ChecksumBytes(kind.algorithm)) return std::nullopt;
    of_checksums.Update(one);
    if (i > 0 && s3::IsCrc(kind.algorithm)) all = s3::CombineCrc(kind.algorithm, all, one, parts[i].size);
  }
  if (kind.type == s3::ChecksumType::kFullObject) return s3::ShownChecksum{kind.algorithm, kind.type, Base64(all)};
  return s3::ShownChecksum{kind.algorithm, kind.type,
                           fmt::format("{}-{}", Base64(of_checksums.Finish()), facts.size())};
}

std::string WholeEtag(const std::vector<PartFacts>& facts) {
  s3::Md5 md5;
  for (const PartFacts& one : facts) {
    if (one.md5.empty()) return "";
    md5.Update(one.md5);
  }
  return fmt::format("{}-{}", ToHex(md5.Finish()), facts.size());
}

}  // namespace

Result<ChecksumKind> ReadChecksumKind(const HttpFields& fields) {
  ChecksumKind kind;
  const auto algorithm = fields.Find("x-amz-checksum-algorithm");
  const std::string_view type = fields.Get("x-amz-checksum-type");
  if (!algorithm.has_value() && !type.empty())
    return s3::Error(s3::Code::kInvalidRequest, "x-amz-checksum-type needs x-amz-checksum-algorithm");
  if (!algorithm.has_value()) return kind;
  kind.asked = true;
  PBFS_ASSIGN_OR_RETURN(kind.algorithm, s3::ParseAlgorithm(*algorithm));
  PBFS_ASSIGN_OR_RETURN(kind.type, s3::MultipartChecksumType(kind.algorithm, type));
  return kind;
}

ChecksumKind ChecksumKindOf(const ObjectMetadata& upload) {
  const auto found = upload.system.find(kKind);
  if (found == upload.system.end()) return {};
  const size_t blank = found->second.find(' ');
  const Result<s3::ChecksumAlgorithm> algorithm = s3::ParseAlgorithm(found->second.substr(0, blank));
  if (!algorithm.ok()) return {};
  const bool composite = found->second.ends_with(s3::ChecksumTypeName(s3::ChecksumType::kComposite));
  return {*algorithm, composite ? s3::ChecksumType::kComposite : s3::ChecksumType::kFullObject, true};
}

void SetChecksumKind(const ChecksumKind& kind, ObjectMetadata& upload) {
  if (kind.asked)
    upload.system[kKind] = fmt::format("{} {}", s3::AlgorithmName(kind.algorithm), s3::ChecksumTypeName(kind.type));
}

Result<Bytes> Encode(const PartFacts& facts) {
  return ToBytes(AsBytes(fmt::format("1 {} {}", ToHex(facts.md5), ToHex(facts.checksum))));
}

Result<PartFacts> DecodePartFacts(ByteSpan bytes) {
  const std::string text(AsText(bytes));
  const size_t blank = text.find(' ', 2);
  if (!text.starts_with("1 ") || blank == std::string::npos)
    return DataLossError("what is kept of a part is malformed");
  PartFacts facts;
  PBFS_ASSIGN_OR_RETURN(facts.md5, FromHex(text.substr(2, blank - 2)));
  PBFS_ASSIGN_OR_RETURN(facts.checksum, FromHex(text.substr(blank + 1)));
  return facts;
}

std::string EtagOf(const ObjectId& part, const PartFacts& facts) {
  return facts.md5.empty() ? ToHex(part.span()) + "-0" : ToHex(facts.md5);
}

Result<WholeFacts> FactsOfWhole(const std::vector<UploadedPart>& parts, const ChecksumKind& kind) {
  std::vector<PartFacts> facts;
  for (const UploadedPart& part : parts) {
    PBFS_ASSIGN_OR_RETURN(PartFacts one, DecodePartFacts(part.metadata));
    facts.push_back(std::move(one));
  }
  return WholeFacts{WholeEtag(facts), WholeChecksum(facts, parts, kind), PartsText(parts), ""};
}

std::string MadeBy(std::string_view upload, const std::vector<s3::CompletePart>& named) {
  std::string parts;
  for (const s3::CompletePart& part : named) parts += fmt::format("{} {}\n", part.number, part.etag);
  return fmt::format("{} {}", upload, s3::Sha256Hex(AsBytes(parts)).substr(0, 32));
}

void SetWholeFacts(const WholeFacts& facts, ObjectMetadata& metadata) {
  metadata.system.erase(kKind);
  metadata.system[kUploadOfObject] = facts.made_by;
  if (!facts.parts.empty()) metadata.system[kPartsOfObject] = facts.parts;
  metadata.etag = facts.etag;
  metadata.opset.emplace();  // of the content; filled in where it is bound
  if (facts.checksum.has_value())
    SetChecksum(facts.checksum->algorithm, facts.checksum->type, facts.checksum->value, metadata);
}

}  // namespace pbfs::gateway
