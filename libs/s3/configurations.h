#pragma once

#include <string>
#include <string_view>

#include "libs/base/result.h"
#include "libs/http/message.h"

/// Configurations of a bucket that are a few words: what of public access it blocks, who owns its objects, how they are encrypted.
/// Their documents are read and written as documents.h says.
namespace pbfs::s3 {

// ---- public access ----

/// By what nobody is let in. Nothing is blocked by default.
struct PublicAccessBlock {
  bool block_public_acls = false;        // ACLs that are public are refused
  bool ignore_public_acls = false;       // those that are there do not count
  bool block_public_policy = false;      // policies that are public are refused
  bool restrict_public_buckets = false;  // one that is there counts for callers with keys only

  friend bool operator==(const PublicAccessBlock&, const PublicAccessBlock&) = default;
};
/// <PublicAccessBlockConfiguration>. Errors: MalformedXML; InvalidRequest: it says nothing.
Result<PublicAccessBlock> ParsePublicAccessBlock(std::string_view body);
std::string PublicAccessBlockXml(const PublicAccessBlock& block);

/// An ACL that lets in whoever comes, or whoever has an account somewhere: the canned ones public-read, public-read-write and
/// authenticated-read, or a grant (x-amz-grant-...) to AllUsers or AuthenticatedUsers.
bool HasPublicAcl(const HttpFields& fields);
/// The same of a grantee's URI.
bool IsPublicGroup(std::string_view uri);

// ---- ownership ----

/// <OwnershipControls> that are as here: BucketOwnerEnforced, for ACLs do not count. Errors: MalformedXML; NotImplemented for
/// BucketOwnerPreferred and ObjectWriter, which mean that they do.
Status CheckOwnershipControls(std::string_view body);
std::string OwnershipControlsXml();

// ---- encryption ----

/// How objects are encrypted whose writers do not say: always AES256.
struct BucketEncryption {
  bool bucket_key = false;  // of KMS: kept as it was put, without a meaning for AES256

  friend bool operator==(const BucketEncryption&, const BucketEncryption&) = default;
};
/// <ServerSideEncryptionConfiguration> with its one rule. Errors: MalformedXML; InvalidArgument for keys of KMS.
Result<BucketEncryption> ParseBucketEncryption(std::string_view body);
std::string BucketEncryptionXml(const BucketEncryption& encryption);

}  // namespace pbfs::s3
