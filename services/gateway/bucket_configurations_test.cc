// What a bucket's configuration does to requests, and buckets that stand in the Host.
#include "services/gateway/gateway_fixture.h"

namespace pbfs::gateway {
namespace {

using testing::HasSubstr;

std::string Block(const std::string& setting) {
  return "<PublicAccessBlockConfiguration><" + setting + ">true</" + setting + "></PublicAccessBlockConfiguration>";
}
const std::string kPublicPolicy =
    R"({"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/*"}]})";
const std::string kEncryption =
    "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>"
    "</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>";

class BucketConfigurationsTest : public GatewayTest {
 protected:
  void SetUp() override {
    MakeBucket("photos");
    ASSERT_EQ(Send("PUT", "/photos/cat", "miaow").status, 200);
  }
  Answer SendTo(const std::string& host, const std::string& method, const std::string& target,
                const std::string& body = "") {
    HttpRequest request = Request(method, target);
    request.fields.Set("Host", host);
    s3::SignRequest(signer(), clock_.NowMillis(), s3::Sha256Hex(AsBytes(body)), request);
    return SendRaw(request, body);
  }
};

TEST_F(BucketConfigurationsTest, ABlockedPolicyIsRefusedAndARestrictedOneLetsNobodyIn) {
  EXPECT_EQ(Element(Send("GET", "/photos?publicAccessBlock").body, "Code"), "NoSuchPublicAccessBlockConfiguration");
  ASSERT_EQ(Send("PUT", "/photos?publicAccessBlock", Block("BlockPublicPolicy")).status, 200);
  EXPECT_EQ(Element(Send("PUT", "/photos?policy", kPublicPolicy).body, "Code"), "AccessDenied");
  EXPECT_EQ(Send("GET", "/photos?policy").status, 404);
  ASSERT_EQ(Send("PUT", "/photos?publicAccessBlock", Block("RestrictPublicBuckets")).status, 200);
  ASSERT_EQ(Send("PUT", "/photos?policy", kPublicPolicy).status, 204);
  EXPECT_EQ(SendRaw(Request("GET", "/photos/cat")).status, 403);
  EXPECT_EQ(Send("GET", "/photos/cat").body, "miaow");
  ASSERT_EQ(Send("DELETE", "/photos?publicAccessBlock").status, 204);
  EXPECT_EQ(SendRaw(Request("GET", "/photos/cat")).body, "miaow");
}

TEST_F(BucketConfigurationsTest, ABlockedAclIsRefusedWhereverItStands) {
  const HttpFields acl = {{"x-amz-acl", "public-read"}};
  EXPECT_EQ(Element(Send("PUT", "/photos/dog", "wuff", acl).body, "Code"), "AccessControlListNotSupported");
  ASSERT_EQ(Send("PUT", "/photos?publicAccessBlock", Block("BlockPublicAcls")).status, 200);
  EXPECT_EQ(Element(Send("PUT", "/photos/dog", "wuff", acl).body, "Code"), "AccessDenied");
  EXPECT_EQ(Element(Send("PUT", "/photos?acl", "", acl).body, "Code"), "AccessDenied");
  EXPECT_EQ(Element(Send("POST", "/photos/dog?uploads", "", acl).body, "Code"), "AccessDenied");
  std::string document = Send("GET", "/photos/cat?acl").body;
  const size_t id = document.rfind("<ID>");
  document.replace(id, document.find("</ID>", id) + 5 - id,
                   "<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>");
  EXPECT_EQ(Element(Send("PUT", "/photos/cat?acl", document).body, "Code"), "AccessDenied") << document;
  EXPECT_EQ(Send("PUT", "/photos/dog", "wuff", {{"x-amz-acl", "private"}}).status, 200);
}

TEST_F(BucketConfigurationsTest, ABucketThatEncryptsSaysSoOfWhatIsPutThen) {
  constexpr const char* kField = "x-amz-server-side-encryption";
  EXPECT_THAT(Send("GET", "/photos?encryption").body, HasSubstr("<SSEAlgorithm>AES256<"));
  ASSERT_EQ(Send("PUT", "/photos?encryption", kEncryption).status, 200);
  EXPECT_EQ(Send("PUT", "/photos/dog", "wuff").fields.Get(kField), "AES256");
  EXPECT_EQ(Send("GET", "/photos/dog").fields.Get(kField), "AES256");
  EXPECT_EQ(Send("PUT", "/photos/copy", "", {{"x-amz-copy-source", "/photos/cat"}}).fields.Get(kField), "AES256");
  EXPECT_EQ(Send("POST", "/photos/parts?uploads").fields.Get(kField), "AES256");
  EXPECT_FALSE(Send("GET", "/photos/cat").fields.Has(kField));
  ASSERT_EQ(Send("DELETE", "/photos?encryption").status, 204);
  EXPECT_FALSE(Send("PUT", "/photos/bird", "tweet").fields.Has(kField));
  std::string kms = kEncryption;
  kms.replace(kms.find("AES256"), 6, "aws:kms");
  EXPECT_EQ(Element(Send("PUT", "/photos?encryption", kms).body, "Code"), "InvalidArgument");
}

TEST_F(BucketConfigurationsTest, OwnershipControlsAreThereUntilTheyAreDeleted) {
  const Answer shown = Send("GET", "/photos?ownershipControls");
  EXPECT_EQ(Element(shown.body, "ObjectOwnership"), "BucketOwnerEnforced");
  ASSERT_EQ(Send("DELETE", "/photos?ownershipControls").status, 204);
  EXPECT_EQ(Element(Send("GET", "/photos?ownershipControls").body, "Code"), "OwnershipControlsNotFoundError");
  ASSERT_EQ(Send("PUT", "/photos?ownershipControls", shown.body).status, 200);
  EXPECT_EQ(Send("GET", "/photos?ownershipControls").body, shown.body);
}

TEST_F(BucketConfigurationsTest, TheHostMayNameTheBucket) {
  EXPECT_EQ(SendTo("photos.s3.example", "GET", "/cat").body, "miaow");
  EXPECT_EQ(SendTo("Photos.S3.Example:80", "GET", "/cat").body, "miaow");
  EXPECT_EQ(SendTo("s3.example", "GET", "/photos/cat").body, "miaow");
  EXPECT_THAT(SendTo("photos.s3.example", "GET", "/").body, HasSubstr("<Key>cat</Key>"));
  EXPECT_EQ(SendTo("my.photos.s3.example", "PUT", "/").status, 200);
  EXPECT_EQ(SendTo("my.photos.s3.example", "PUT", "/photos/cat", "purr").status, 200);
  EXPECT_EQ(Send("GET", "/my.photos/photos/cat").body, "purr");
  EXPECT_EQ(Send("GET", "/photos/cat").body, "miaow");
  const std::string upload = Element(SendTo("photos.s3.example", "POST", "/big?uploads").body, "UploadId");
  const std::string query = "uploadId=" + upload;
  const Answer part = SendTo("photos.s3.example", "PUT", "/big?partNumber=1&" + query, "part");
  const Answer done = SendTo("photos.s3.example", "POST", "/big?" + query,
                             "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" +
                                 std::string(part.fields.Get("ETag")) + "</ETag></Part></CompleteMultipartUpload>");
  EXPECT_EQ(Element(done.body, "Location"), "http://photos.s3.example/big");
}

TEST_F(BucketConfigurationsTest, TheHostIsSigned) {
  HttpRequest request = Request("GET", "/cat");
  request.fields.Set("Host", "photos.s3.example");
  s3::PresignRequest(signer(), clock_.NowMillis(), 60, request);
  EXPECT_EQ(SendRaw(request).body, "miaow");
  request.fields.Set("Host", "others.s3.example");
  EXPECT_EQ(Element(SendRaw(request).body, "Code"), "SignatureDoesNotMatch");
}

}  // namespace
}  // namespace pbfs::gateway
