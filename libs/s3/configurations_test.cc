#include "libs/s3/configurations.h"

#include "libs/s3/testing.h"

namespace pbfs::s3 {
namespace {

std::string Block(const std::string& inside) {
  return "<PublicAccessBlockConfiguration xmlns=\"x\">" + inside + "</PublicAccessBlockConfiguration>";
}
std::string Ownership(const std::string& inside) { return "<OwnershipControls>" + inside + "</OwnershipControls>"; }
std::string Encryption(const std::string& inside) {
  return "<ServerSideEncryptionConfiguration>" + inside + "</ServerSideEncryptionConfiguration>";
}
std::string ByDefault(const std::string& inside) {
  return "<ApplyServerSideEncryptionByDefault>" + inside + "</ApplyServerSideEncryptionByDefault>";
}

TEST(Configurations, WhatOfPublicAccessIsBlocked) {
  EXPECT_EQ(*ParsePublicAccessBlock(Block("<BlockPublicAcls>TRUE</BlockPublicAcls>"
                                          "<RestrictPublicBuckets> true </RestrictPublicBuckets>")),
            (PublicAccessBlock{true, false, false, true}));
  EXPECT_EQ(*ParsePublicAccessBlock(Block("<IgnorePublicAcls>1</IgnorePublicAcls><BlockPublicPolicy>0"
                                          "</BlockPublicPolicy>")),
            (PublicAccessBlock{false, true, false, false}));
  for (int bits = 0; bits < 16; ++bits) {
    const PublicAccessBlock block{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0};
    EXPECT_EQ(*ParsePublicAccessBlock(PublicAccessBlockXml(block)), block) << bits;
  }
  EXPECT_S3(ParsePublicAccessBlock(Block("")), "InvalidRequest");
  EXPECT_S3(ParsePublicAccessBlock(Block("<Other>true</Other>")), "InvalidRequest");
  for (const std::string bad : {"", "yes", "2", "<b/>"})
    EXPECT_S3(ParsePublicAccessBlock(Block("<BlockPublicAcls>" + bad + "</BlockPublicAcls>")), "MalformedXML") << bad;
  EXPECT_S3(
      ParsePublicAccessBlock(Block("<BlockPublicAcls>true</BlockPublicAcls><BlockPublicAcls>false</BlockPublicAcls>")),
      "MalformedXML");
  EXPECT_S3(ParsePublicAccessBlock("<Other/>"), "MalformedXML");
  EXPECT_S3(ParsePublicAccessBlock(""), "MalformedXML");
}

TEST(Configurations, PublicAclsAreKnown) {
  for (const char* acl : {"public-read", "public-read-write", "authenticated-read"})
    EXPECT_TRUE(HasPublicAcl({{"X-Amz-Acl", acl}})) << acl;
  for (const char* acl : {"", "private", "bucket-owner-read", "bucket-owner-full-control", "Public-Read"})
    EXPECT_FALSE(HasPublicAcl({{"x-amz-acl", acl}})) << acl;
  const std::string groups = "http://acs.amazonaws.com/groups/";
  EXPECT_TRUE(HasPublicAcl({{"x-amz-grant-read", "id=\"a\", uri=\"" + groups + "global/AllUsers\""}}));
  EXPECT_TRUE(HasPublicAcl({{"X-Amz-Grant-Full-Control", "uri=\"" + groups + "global/AuthenticatedUsers\""}}));
  EXPECT_FALSE(HasPublicAcl({{"x-amz-grant-write", "uri=\"" + groups + "s3/LogDelivery\""}}));
  EXPECT_FALSE(HasPublicAcl({{"x-amz-meta-grant", groups + "global/AllUsers"}}));
  EXPECT_TRUE(IsPublicGroup(groups + "global/AllUsers"));
  EXPECT_TRUE(IsPublicGroup(groups + "global/AuthenticatedUsers"));
  EXPECT_FALSE(IsPublicGroup(groups + "s3/LogDelivery"));
  EXPECT_FALSE(IsPublicGroup("AllUsers"));
}

TEST(Configurations, ObjectsBelongToTheOwnerOfTheirBucket) {
  const auto check = [](const std::string& ownership) {
    return CheckOwnershipControls(Ownership("<Rule><ObjectOwnership>" + ownership + "</ObjectOwnership></Rule>"));
  };
  EXPECT_OK(check("BucketOwnerEnforced"));
  EXPECT_OK(CheckOwnershipControls(OwnershipControlsXml()));
  EXPECT_S3(check("BucketOwnerPreferred"), "NotImplemented");
  EXPECT_S3(check("ObjectWriter"), "NotImplemented");
  EXPECT_S3(check("Nobody"), "MalformedXML");
  const std::string rule = "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>";
  for (const std::string& bad :
       {std::string(), Ownership(""), Ownership("<Rule/>"), Ownership(rule + rule), std::string("<Other/>")})
    EXPECT_S3(CheckOwnershipControls(bad), "MalformedXML") << bad;
}

TEST(Configurations, EncryptionIsAes256) {
  const std::string aes = ByDefault("<SSEAlgorithm>AES256</SSEAlgorithm>");
  const auto parse = [](const std::string& inside) { return ParseBucketEncryption(Encryption(inside)); };
  EXPECT_FALSE(parse("<Rule>" + aes + "</Rule>")->bucket_key);
  EXPECT_TRUE(parse("<Rule>" + aes + "<BucketKeyEnabled>true</BucketKeyEnabled></Rule>")->bucket_key);
  for (const bool bucket_key : {false, true})
    EXPECT_EQ(*ParseBucketEncryption(BucketEncryptionXml({bucket_key})), BucketEncryption{bucket_key});
  for (const char* kms : {"<SSEAlgorithm>aws:kms</SSEAlgorithm>", "<SSEAlgorithm>aws:kms:dsse</SSEAlgorithm>",
                          "<SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID>"})
    EXPECT_S3(parse("<Rule>" + ByDefault(kms) + "</Rule>"), "InvalidArgument") << kms;
  for (const std::string& bad : {std::string(), std::string("<Rule/>"), "<Rule>" + ByDefault("") + "</Rule>",
                                 "<Rule>" + ByDefault("<SSEAlgorithm>AES128</SSEAlgorithm>") + "</Rule>",
                                 "<Rule>" + aes + aes + "</Rule>", "<Rule>" + aes + "</Rule><Rule>" + aes + "</Rule>",
                                 "<Rule>" + aes + "<BucketKeyEnabled>maybe</BucketKeyEnabled></Rule>"})
    EXPECT_S3(parse(bad), "MalformedXML") << bad;
}

}  // namespace
}  // namespace pbfs::s3
