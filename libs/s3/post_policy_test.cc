#include "libs/s3/post_policy.h"

#include "libs/s3/checksum.h"
#include "libs/s3/dates.h"
#include "libs/s3/testing.h"

namespace pbfs::s3 {
namespace {

const int64_t kNow = *ParseIsoDate("2026-01-02T03:04:05Z");

// ---- forms ----

std::string Field(const std::string& name, const std::string& value) {
  return "--x\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
}
std::string File(const std::string& content, const std::string& file_name = "cat.jpg") {
  return "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + file_name +
         "\"\r\nContent-Type: image/jpeg\r\n\r\n" + content + "\r\n";
}

struct Decoded {
  PostForm form;
  std::string file;
};
Result<Decoded> DecodeForm(std::string_view body, size_t piece = 1 << 20, size_t room = 1 << 20) {
  PBFS_ASSIGN_OR_RETURN(FormDecoder decoder, FormDecoder::Make("multipart/form-data; boundary=x"));
  Decoded decoded;
  Bytes out(room);
  while (!body.empty()) {
    const bool begun = decoder.file_begun();
    PBFS_ASSIGN_OR_RETURN(const auto progress, decoder.Decode(AsBytes(body.substr(0, piece)), out));
    PBFS_CHECK(begun || progress.produced == 0, "no byte of the file comes before the caller has seen the form");
    decoded.file += AsText(ByteSpan(out).first(progress.produced));
    body.remove_prefix(progress.consumed);
  }
  PBFS_RETURN_IF_ERROR(decoder.Finish());
  decoded.form = decoder.form();
  return decoded;
}

TEST(PostForm, FieldsAndFileAreTakenApart) {
  const std::string content = "a\r\n--\r\n-\r\r\n\r\n--y\r\n";
  const std::string body = Field("key", "up/${filename}") + Field("x-amz-meta-A", "") + Field("Policy", "abc\r\ndef") +
                           File(content, "C:\\dir\\a \\\"b\\\".jpg") + Field("submit", "ignored") + "--x--\r\n";
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, size_t{1000}}) {
    for (const size_t room : {size_t{1}, size_t{5}, size_t{1000}}) {
      ASSERT_OK_AND_ASSIGN(const Decoded decoded, DecodeForm(body, piece, room));
      EXPECT_EQ(decoded.file, content);
      EXPECT_EQ(decoded.form.file_name, "a \"b\".jpg");
      EXPECT_EQ(decoded.form.Key(), "up/a \"b\".jpg");
      EXPECT_EQ(decoded.form.fields.Get("policy"), "abc\r\ndef");
      EXPECT_TRUE(decoded.form.fields.Has("X-Amz-Meta-a"));
      EXPECT_FALSE(decoded.form.fields.Has("submit"));
    }
  }
}

TEST(PostForm, FilesMayBeEmptyAndNameless) {
  ASSERT_OK_AND_ASSIGN(const Decoded decoded, DecodeForm(Field("key", "k") + File("", "") + "--x--"));
  EXPECT_EQ(decoded.file, "");
  EXPECT_EQ(decoded.form.Key(), "k");
}

TEST(PostForm, WrongFormsAreRefused) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "MalformedPOSTRequest"},
      {Field("key", "k") + "--x--\r\n", "MalformedPOSTRequest"},
      {Field("key", "k"), "MalformedPOSTRequest"},
      {"preamble\r\n" + File("x") + "--x--", "MalformedPOSTRequest"},
      {"--x\r\n\r\nvalue\r\n" + File("x") + "--x--", "MalformedPOSTRequest"},
      {"--x\r\nContent-Disposition: attachment; name=a\r\n\r\nvalue\r\n" + File("x") + "--x--", "MalformedPOSTRequest"},
      {"--x\r\nno field\r\n\r\nvalue\r\n" + File("x") + "--x--", "MalformedPOSTRequest"},
      {Field("key", "k") + Field("KEY", "l") + File("x") + "--x--", "MalformedPOSTRequest"},
      {Field("key", std::string(kMaxFormBytes + 1, 'k')) + File("x") + "--x--", "MalformedPOSTRequest"},
      {"--x\r\nA: " + std::string(5000, 'a') + "\r\n", "MalformedPOSTRequest"},
      {Field("key", "k") + "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc", "IncompleteBody"},
  };
  for (const auto& [body, code] : cases) EXPECT_S3(DecodeForm(body), code) << body.substr(0, 100);
  std::string many;
  for (int i = 0; i < 101; ++i) many += Field("f" + std::to_string(i), "");
  EXPECT_S3(DecodeForm(many + File("x") + "--x--"), "MalformedPOSTRequest");
  EXPECT_S3(FormDecoder::Make("multipart/form-data"), "MalformedPOSTRequest");
  EXPECT_S3(FormDecoder::Make("text/plain; boundary=x"), "MalformedPOSTRequest");
}

// ---- policies ----

Result<PostPolicy> Parse(const std::string& json) { return ParsePostPolicy(Base64(AsBytes(json))); }
std::string Document(const std::string& conditions) {
  return R"({"expiration": "2026-01-02T03:04:05.000Z", "conditions": [)" + conditions + "]}";
}

TEST(PostPolicy, EveryFieldMustBeAllowed) {
  ASSERT_OK_AND_ASSIGN(const PostPolicy policy,
                       Parse(Document(R"({"bucket": "b"}, ["starts-with", "$key", "up/"], {"acl": "public-read"},
                                         ["eq", "$Content-Type", "image/jpeg"], ["starts-with", "$x-amz-meta-a", ""])")));
  const HttpFields good{{"Key", "up/${filename}"}, {"acl", "public-read"},   {"Content-Type", "image/jpeg"},
                        {"policy", "p"},           {"x-amz-signature", "s"}, {"x-ignore-me", "1"}};
  const auto check = [&](const HttpFields& fields, std::string bucket = "b", int64_t now_ms = kNow) {
    return CheckPostPolicy(policy, {fields, "f"}, bucket, now_ms);
  };
  const auto with = [&](const std::string& name, const std::string& value) {
    HttpFields fields = good;
    fields.Set(name, value);
    return fields;
  };
  EXPECT_OK(check(good));
  EXPECT_OK(check(with("x-amz-meta-a", "anything")));
  EXPECT_S3(check(good, "c"), "AccessDenied");
  EXPECT_S3(check(good, "b", kNow + 1), "AccessDenied");
  EXPECT_S3(check(with("key", "down/f")), "AccessDenied");
  EXPECT_S3(check(with("acl", "private")), "AccessDenied");
  EXPECT_S3(check(with("content-type", "image/jpeg2")), "AccessDenied");
  EXPECT_S3(check(with("x-amz-meta-b", "1")), "AccessDenied");
  EXPECT_S3(check(with("success_action_status", "201")), "AccessDenied");
  HttpFields missing = good;
  missing.Remove("acl");
  EXPECT_S3(check(missing), "AccessDenied");
}

TEST(PostPolicy, FileNamesAreReplacedBeforeTheCheck) {
  ASSERT_OK_AND_ASSIGN(const PostPolicy policy, Parse(Document(R"(["starts-with", "$key", "up/"])")));
  EXPECT_OK(CheckPostPolicy(policy, {{{"key", "${filename}"}}, "up/f"}, "b", kNow));
  EXPECT_S3(CheckPostPolicy(policy, {{{"key", "${filename}"}}, "f"}, "b", kNow), "AccessDenied");
}

TEST(PostPolicy, SizesAreLimited) {
  ASSERT_OK_AND_ASSIGN(const PostPolicy policy, Parse(Document(R"(["content-length-range", 2, "10"])")));
  EXPECT_S3(CheckPostSize(policy, 1), "EntityTooSmall");
  EXPECT_OK(CheckPostSize(policy, 2));
  EXPECT_OK(CheckPostSize(policy, 10));
  EXPECT_S3(CheckPostSize(policy, 11), "EntityTooLarge");
  EXPECT_OK(CheckPostSize({}, 1));
}

TEST(PostPolicy, WrongPoliciesAreRefused) {
  for (const std::string json :
       {"", "[]", "{}", R"({"expiration": "2026-01-02T03:04:05Z"})", R"({"conditions": []})",
        R"({"expiration": "soon", "conditions": []})", R"({"expiration": 1, "conditions": []})",
        R"({"expiration": "2026-01-02T03:04:05Z", "conditions": {}})"}) {
    EXPECT_S3(Parse(json), "InvalidPolicyDocument") << json;
  }
  for (const std::string condition :
       {"1", R"({"acl": 1})", R"(["eq", "$a"])", R"(["eq", "a", "b"])", R"(["eq", "$a", 1])",
        R"(["ends-with", "$a", "b"])", R"([1, 2, 3])", R"(["content-length-range", -1, 2])",
        R"(["content-length-range", "x", 2])", R"(["content-length-range", 1, 2], ["content-length-range", 1, 2])",
        R"({"acl": "a", "acl": "b"})"}) {
    EXPECT_S3(Parse(Document(condition)), "InvalidPolicyDocument") << condition;
  }
  EXPECT_S3(ParsePostPolicy("no base64"), "InvalidPolicyDocument");
}

TEST(PostPolicy, SignaturesAreOverThePolicy) {
  const Credential credential{"AK", "20260102", "eu-west-1", "s3"};
  const std::string policy = Base64(AsBytes(Document("")));
  const HttpFields good{{"policy", policy},
                        {"X-Amz-Algorithm", "AWS4-HMAC-SHA256"},
                        {"X-Amz-Credential", "AK/20260102/eu-west-1/s3/aws4_request"},
                        {"X-Amz-Date", "20260102T030405Z"},
                        {"X-Amz-Signature", SignString("secret", credential, policy)}};
  ASSERT_OK_AND_ASSIGN(const auto authorization, ReadPostAuthorization({good, ""}));
  ASSERT_TRUE(authorization.has_value());
  EXPECT_EQ(authorization->credential.access_key, "AK");
  EXPECT_OK(VerifyPostSignature({good, ""}, *authorization, "secret", "eu-west-1"));
  EXPECT_S3(VerifyPostSignature({good, ""}, *authorization, "other", "eu-west-1"), "SignatureDoesNotMatch");
  EXPECT_S3(VerifyPostSignature({good, ""}, *authorization, "secret", "eu-west-2"), "AuthorizationHeaderMalformed");
  HttpFields changed = good;
  changed.Set("policy", policy + "AAAA");
  EXPECT_S3(VerifyPostSignature({changed, ""}, *authorization, "secret", "eu-west-1"), "SignatureDoesNotMatch");
  for (const auto& field : good) {
    HttpFields missing = good;
    missing.Remove(field.first);
    EXPECT_S3(ReadPostAuthorization({missing, ""}), "InvalidArgument") << field.first;
  }
  EXPECT_FALSE(ReadPostAuthorization({{{"key", "k"}}, ""})->has_value());
  EXPECT_S3(ReadPostAuthorization({{{"AWSAccessKeyId", "AK"}, {"signature", "s"}, {"policy", "p"}}, ""}),
            "InvalidArgument");
}

TEST(PostPolicy, PublishedExample) {
  // "Example: Browser-Based Upload using HTTP POST" of the S3 API reference.
  const std::string json =
      "{ \"expiration\": \"2015-12-30T12:00:00.000Z\",\r\n  \"conditions\": [\r\n    {\"bucket\": "
      "\"sigv4examplebucket\"},\r\n    "
      "[\"starts-with\", \"$key\", \"user/user1/\"],\r\n    {\"acl\": \"public-read\"},\r\n    "
      "{\"success_action_redirect\": "
      "\"http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html\"},\r\n    [\"starts-with\", "
      "\"$Content-Type\", "
      "\"image/\"],\r\n    {\"x-amz-meta-uuid\": \"14365123651274\"},\r\n    {\"x-amz-server-side-encryption\": "
      "\"AES256\"},\r\n    [\"starts-with\", \"$x-amz-meta-tag\", \"\"],\r\n\r\n    {\"x-amz-credential\": "
      "\"AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request\"},\r\n    {\"x-amz-algorithm\": "
      "\"AWS4-HMAC-SHA256\"},\r\n    "
      "{\"x-amz-date\": \"20151229T000000Z\" }\r\n  ]\r\n}";
  const std::string base64 = Base64(AsBytes(json));
  EXPECT_EQ(SignString("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                       {"AKIAIOSFODNN7EXAMPLE", "20151229", "us-east-1", "s3"}, base64),
            "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e");
  EXPECT_EQ(ParsePostPolicy(base64)->conditions.size(), 11);
}

}  // namespace
}  // namespace pbfs::s3
