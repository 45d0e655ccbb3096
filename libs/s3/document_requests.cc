#include "libs/s3/conditions.h"
#include "libs/s3/documents.h"
#include "libs/s3/text.h"
#include "libs/s3/xml.h"

namespace pbfs::s3 {
namespace {

using Element = XmlReader::Element;

Status Malformed() { return Error(Code::kMalformedXml); }

Result<DeleteRequest::Object> ParseDeletedObject(const Element& element) {
  const auto key = element.ChildText("Key");
  if (!key || key->empty()) return Malformed();
  return DeleteRequest::Object{*key, element.ChildTextOrEmpty("VersionId"),
                               std::string(WithoutQuotes(element.ChildTextOrEmpty("ETag")))};
}

Result<std::optional<std::pair<ChecksumAlgorithm, std::string>>> PartChecksum(const Element& part) {
  std::optional<std::pair<ChecksumAlgorithm, std::string>> checksum;
  for (const ChecksumAlgorithm algorithm : kChecksumAlgorithms) {
    const auto element = part.Child(ChecksumElement(algorithm));
    if (!element) continue;
    if (checksum) return Malformed();
    checksum.emplace(algorithm, element->TrimmedText());
  }
  return checksum;
}

Result<CompletePart> ParsePart(const Element& element) {
  const auto number = element.Child("PartNumber");
  const auto etag = element.Child("ETag");
  if (!number || !etag) return Malformed();
  const auto value = ParseNumber(number->TrimmedText());
  if (!value) return Malformed();
  if (*value < 1 || *value > kMaxParts) {
    return Error(Code::kInvalidArgument, "PartNumber must be an integer between 1 and 10000, inclusive");
  }
  CompletePart part{static_cast<int>(*value), std::string(WithoutQuotes(etag->TrimmedText())), {}};
  PBFS_ASSIGN_OR_RETURN(part.checksum, PartChecksum(element));
  return part;
}

}  // namespace

Result<std::string> ParseCreateBucket(std::string_view body) {
  if (body.empty()) return std::string();
  PBFS_ASSIGN_OR_RETURN(const XmlReader xml, XmlReader::Parse(body, "CreateBucketConfiguration"));
  const auto location = xml.root().Child("LocationConstraint");
  return location ? location->TrimmedText() : std::string();
}

Result<DeleteRequest> ParseDelete(std::string_view body) {
  PBFS_ASSIGN_OR_RETURN(const XmlReader xml, XmlReader::Parse(body, "Delete"));
  DeleteRequest request;
  const auto quiet = xml.root().Child("Quiet");
  request.quiet = quiet && quiet->TrimmedText() == "true";
  for (const Element& element : xml.root().Children("Object")) {
    if (request.objects.size() == kMaxDeletedKeys) return Malformed();
    PBFS_ASSIGN_OR_RETURN(DeleteRequest::Object object, ParseDeletedObject(element));
    request.objects.push_back(std::move(object));
  }
  if (request.objects.empty()) return Malformed();
  return request;
}

Result<std::vector<CompletePart>> ParseComplete(std::string_view body) {
  PBFS_ASSIGN_OR_RETURN(const XmlReader xml, XmlReader::Parse(body, "CompleteMultipartUpload"));
  std::vector<CompletePart> parts;
  for (const Element& element : xml.root().Children("Part")) {
    PBFS_ASSIGN_OR_RETURN(CompletePart part, ParsePart(element));
    // Rising, so never more than kMaxParts of them.
    if (!parts.empty() && part.number <= parts.back().number) return Error(Code::kInvalidPartOrder);
    parts.push_back(std::move(part));
  }
  if (parts.empty()) return Malformed();
  return parts;
}

Result<Tags> ParseTags(std::string_view body) {
  PBFS_ASSIGN_OR_RETURN(const XmlReader xml, XmlReader::Parse(body, "Tagging"));
  const auto set = xml.root().Child("TagSet");
  if (!set) return Malformed();
  Tags tags;
  for (const Element& element : set->Children("Tag")) {
    auto key = element.ChildText("Key");
    auto value = element.ChildText("Value");
    if (!key || !value) return Malformed();
    tags.emplace_back(*std::move(key), *std::move(value));
  }
  return tags;
}

Result<Versioning> ParseVersioning(std::string_view body) {
  PBFS_ASSIGN_OR_RETURN(const XmlReader xml, XmlReader::Parse(body, "VersioningConfiguration"));
  const auto mfa = xml.root().Child("MfaDelete");
  if (mfa && mfa->TrimmedText() == "Enabled") return Error(Code::kNotImplemented);
  const auto status = xml.root().Child("Status");
  if (!status) return Malformed();
  if (status->TrimmedText() == "Enabled") return Versioning::kEnabled;
  if (status->TrimmedText() == "Suspended") return Versioning::kSuspended;
  return Malformed();
}

}  // namespace pbfs::s3
