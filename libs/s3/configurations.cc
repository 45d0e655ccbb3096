#include "libs/s3/configurations.h"

#include <algorithm>

#include "libs/s3/errors.h"
#include "libs/s3/xml.h"

namespace pbfs::s3 {
namespace {

using Element = XmlReader::Element;

constexpr std::string_view kGroups = "http://acs.amazonaws.com/groups/global/";

Status Malformed() { return Error(Code::kMalformedXml); }

/// As XML Schema has it, and in capitals, as S3's own examples do.
Result<bool> BoolOf(const Element& element) {
  const std::string text = LowerCase(element.TrimmedText());
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return Malformed();
}

/// The only one of this name.
Result<Element> OnlyChild(const Element& parent, std::string_view name) {
  const std::vector<Element> found = parent.Children(name);
  return found.size() == 1 ? Result<Element>(found.front()) : Malformed();
}

struct BlockElement {
  const char* name;
  bool PublicAccessBlock::*member;
};
constexpr BlockElement kBlockElements[] = {
    {"BlockPublicAcls", &PublicAccessBlock::block_public_acls},
    {"IgnorePublicAcls", &PublicAccessBlock::ignore_public_acls},
    {"BlockPublicPolicy", &PublicAccessBlock::block_public_policy},
    {"RestrictPublicBuckets", &PublicAccessBlock::restrict_public_buckets},
};

bool IsPublicCanned(std::string_view acl) {
  return acl == "public-read" || acl == "public-read-write" || acl == "authenticated-read";
}

}  // namespace

Result<PublicAccessBlock> ParsePublicAccessBlock(std::string_view body) {
  PBFS_ASSIGN_OR_RETURN(const XmlReader xml, XmlReader::Parse(body, "PublicAccessBlockConfiguration"));
  PublicAccessBlock block;
  bool any = false;
  for (const auto& [name, member] : kBlockElements) {
    const std::vector<Element> found = xml.root().Children(name);
    if (found.size() > 1) return Malformed();
    if (found.empty()) continue;
    PBFS_ASSIGN_OR_RETURN(block.*member, BoolOf(found.front()));
    any = true;
  }
  if (!any) return Error(Code::kInvalidRequest, "Must specify at least one configuration.");
  return block;
}

std::string PublicAccessBlockXml(const PublicAccessBlock& block) {
  XmlWriter xml("PublicAccessBlockConfiguration");
  for (const auto& [name, member] : kBlockElements) xml.Bool(name, block.*member);
  return std::move(xml).Finish();
}

bool IsPublicGroup(std::string_view uri) {
  if (!uri.starts_with(kGroups)) return false;
  uri.remove_prefix(kGroups.size());
  return uri == "AllUsers" || uri == "AuthenticatedUsers";
}

bool HasPublicAcl(const HttpFields& fields) {
  // A grant is a list: uri="...", id="...". What stands in it and only looks like a public group is none the less not wanted.
  return IsPublicCanned(fields.Get("x-amz-acl")) ||
         std::any_of(fields.begin(), fields.end(), [](const HttpFields::Field& field) {
           const std::string group = std::string(kGroups);
           return LowerCase(field.first).starts_with("x-amz-grant-") &&
                  (field.second.find(group + "AllUsers") != std::string::npos ||
                   field.second.find(group + "AuthenticatedUsers") != std::string::npos);
         });
}

Status CheckOwnershipControls(std::string_view body) {
  PBFS_ASSIGN_OR_RETURN(const XmlReader xml, XmlReader::Parse(body, "OwnershipControls"));
  PBFS_ASSIGN_OR_RETURN(const Element rule, OnlyChild(xml.root(), "Rule"));
  PBFS_ASSIGN_OR_RETURN(const Element ownership, OnlyChild(rule, "ObjectOwnership"));
  const std::string text = ownership.TrimmedText();
  if (text == "BucketOwnerEnforced") return OkStatus();
  if (text == "BucketOwnerPreferred" || text == "ObjectWriter")
    return Error(Code::kNotImplemented, "ACLs are not served: objects belong to the owner of their bucket");
  return Malformed();
}

std::string OwnershipControlsXml() {
  XmlWriter xml("OwnershipControls");
  xml.Open("Rule");
  xml.Text("ObjectOwnership", "BucketOwnerEnforced");
  xml.Close();
  return std::move(xml).Finish();
}

Result<BucketEncryption> ParseBucketEncryption(std::string_view body) {
  PBFS_ASSIGN_OR_RETURN(const XmlReader xml, XmlReader::Parse(body, "ServerSideEncryptionConfiguration"));
  PBFS_ASSIGN_OR_RETURN(const Element rule, OnlyChild(xml.root(), "Rule"));
  PBFS_ASSIGN_OR_RETURN(const Element encrypted, OnlyChild(rule, "ApplyServerSideEncryptionByDefault"));
  PBFS_ASSIGN_OR_RETURN(const Element algorithm, OnlyChild(encrypted, "SSEAlgorithm"));
  const std::string text = algorithm.TrimmedText();
  if (text.starts_with("aws:kms") || encrypted.Child("KMSMasterKeyID"))
    return Error(Code::kInvalidArgument,
                 "Only AES256 is served; every object is encrypted with a key of its own anyway");
  if (text != "AES256") return Malformed();
  BucketEncryption encryption;
  if (const auto key = rule.Child("BucketKeyEnabled")) {
    PBFS_ASSIGN_OR_RETURN(encryption.bucket_key, BoolOf(*key));
  }
  return encryption;
}

std::string BucketEncryptionXml(const BucketEncryption& encryption) {
  XmlWriter xml("ServerSideEncryptionConfiguration");
  xml.Open("Rule");
  xml.Open("ApplyServerSideEncryptionByDefault");
  xml.Text("SSEAlgorithm", "AES256");
  xml.Close();
  xml.Bool("BucketKeyEnabled", encryption.bucket_key);
  xml.Close();
  return std::move(xml).Finish();
}

}  // namespace pbfs::s3
