// The gateway over a site in memory: that each operation does what it says, and that nothing else happens. The behaviour as S3 clients see
// it is in tests/s3.
#include <atomic>

#include "libs/base/executor.h"
#include "services/gateway/gateway_fixture.h"
#include "services/gateway/lifecycle.h"

namespace pbfs::gateway {
namespace {

using testing::HasSubstr;

TEST_F(GatewayTest, AnObjectComesBackWithWhatWasSaidOfIt) {
  MakeBucket("photos");
  const Answer put =
      Send("PUT", "/photos/a%20cat.txt", "miaow",
           {{"Content-Type", "text/plain"}, {"x-amz-meta-Colour", "black"}, {"Cache-Control", "no-store"}});
  ASSERT_EQ(put.status, 200) << put.body;
  s3::Md5 md5;
  md5.Update(AsBytes("miaow"));
  EXPECT_EQ(put.fields.Get("ETag"), "\"" + ToHex(md5.Finish()) + "\"");
  const Answer got = Send("GET", "/photos/a%20cat.txt");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "miaow");
  EXPECT_EQ(got.fields.Get("Content-Type"), "text/plain");
  EXPECT_EQ(got.fields.Get("x-amz-meta-colour"), "black");
  EXPECT_EQ(got.fields.Get("Cache-Control"), "no-store");
  EXPECT_EQ(got.fields.Get("ETag"), put.fields.Get("ETag"));
  const Answer head = Send("HEAD", "/photos/a%20cat.txt");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(served_.operation, "HeadObject");
  EXPECT_EQ(served_.user, "alice");
  EXPECT_EQ(Send("DELETE", "/photos/a%20cat.txt").status, 204);
  EXPECT_EQ(Element(Send("GET", "/photos/a%20cat.txt").body, "Code"), "NoSuchKey");
}

TEST_F(GatewayTest, OnlyKeysOfTheSiteAreLetIn) {
  MakeBucket("photos");
  EXPECT_EQ(Element(SendRaw(Request("GET", "/photos")).body, "Code"), "AccessDenied");
  HttpRequest request = Request("GET", "/photos");
  s3::SignRequest({"PBFS0000000000000000", key_.secret, "us-east-1"}, clock_.NowMillis(), s3::Sha256Hex({}), request);
  EXPECT_EQ(Element(SendRaw(request).body, "Code"), "InvalidAccessKeyId");
  request = Request("GET", "/photos");
  s3::SignRequest({key_.id, "wrong", "us-east-1"}, clock_.NowMillis(), s3::Sha256Hex({}), request);
  EXPECT_EQ(SendRaw(request).status, 403);
  EXPECT_EQ(Element(SendRaw(request).body, "Code"), "SignatureDoesNotMatch");
  ASSERT_OK_AND_ASSIGN(const AccessKey other, keys_.Create(TestContext(), "bob", site_.random));
  ASSERT_OK(keys_.SetEnabled(TestContext(), other.id, false));
  request = Request("GET", "/photos");
  s3::SignRequest({other.id, other.secret, "us-east-1"}, clock_.NowMillis(), s3::Sha256Hex({}), request);
  EXPECT_EQ(Element(SendRaw(request).body, "Code"), "InvalidAccessKeyId");
}

TEST_F(GatewayTest, TheBucketOfKeysIsOutOfReach) {
  EXPECT_EQ(Element(Send("GET", "/_pbfs").body, "Code"), "InvalidBucketName");
  EXPECT_EQ(Element(Send("GET", "/_pbfs/key/" + key_.id).body, "Code"), "InvalidBucketName");
  MakeBucket("photos");
  const std::string buckets = Send("GET", "/").body;
  EXPECT_THAT(buckets, HasSubstr("photos"));
  EXPECT_THAT(buckets, testing::Not(HasSubstr("_pbfs")));
}

TEST_F(GatewayTest, ABodyThatIsNotWhatWasSignedLeavesNothing) {
  MakeBucket("photos");
  for (const size_t size : {size_t{5}, size_t{9} << 20}) {
    HttpRequest request = Request("PUT", "/photos/cat");
    s3::SignRequest(signer(), clock_.NowMillis(), s3::Sha256Hex(AsBytes("miaow")), request);
    const Answer put = SendRaw(request, std::string(size, 'x'));
    EXPECT_EQ(put.status, 400);
    EXPECT_EQ(Element(put.body, "Code"), "XAmzContentSHA256Mismatch");
    EXPECT_EQ(Send("GET", "/photos/cat").status, 404);
  }
}

TEST_F(GatewayTest, ATruncatedBodyLeavesNothing) {
  MakeBucket("photos");
  HttpRequest request = Request("PUT", "/photos/cat");
  const std::string body(9 << 20, 'x');
  s3::SignRequest(signer(), clock_.NowMillis(), "UNSIGNED-PAYLOAD", request);
  request.fields.Set("Content-Length", std::to_string(body.size()));
  MemoryExchange exchange(request, ToBytes(AsBytes(body)));
  exchange.FailReadsAfter(5 << 20, UnavailableError("the connection is lost"));
  exchange.Serve(TestContext(), gateway_);
  EXPECT_EQ(Send("GET", "/photos/cat").status, 404);
}

TEST_F(GatewayTest, RangesAreCutOutOfTheObject) {
  MakeBucket("photos");
  std::string body;
  for (int i = 0; i < 300'000; ++i) body += static_cast<char>('a' + i % 26);
  ASSERT_EQ(Send("PUT", "/photos/cat", body).status, 200);
  const auto range = [&](const char* header) { return Send("GET", "/photos/cat", "", {{"Range", header}}); };
  const Answer middle = range("bytes=1000-200000");
  EXPECT_EQ(middle.status, 206);
  EXPECT_EQ(middle.body, body.substr(1000, 199'001));
  EXPECT_EQ(middle.fields.Get("Content-Range"), "bytes 1000-200000/300000");
  EXPECT_EQ(range("bytes=-10").body, body.substr(299'990));
  EXPECT_EQ(range("bytes=299999-").body, body.substr(299'999));
  EXPECT_EQ(range("bytes=5-4").body, body);
  const Answer beyond = range("bytes=300000-");
  EXPECT_EQ(beyond.status, 416);
  EXPECT_EQ(beyond.fields.Get("Content-Range"), "bytes */300000");
  EXPECT_EQ(Element(beyond.body, "Code"), "InvalidRange");
}

TEST_F(GatewayTest, APatchWritesItsBytesAndNoOthers) {
  MakeBucket("photos");
  const Answer put = Send("PUT", "/photos/cat", "0123456789", {{"Content-Type", "text/plain"}});
  const Answer patch = Send("PATCH", "/photos/cat", "abc", {{"Content-Range", "bytes 3-5/*"}});
  ASSERT_EQ(patch.status, 200) << patch.body;
  EXPECT_NE(patch.fields.Get("ETag"), put.fields.Get("ETag"));
  EXPECT_EQ(patch.fields.Get("x-amz-object-size"), "10");
  const Answer got = Send("GET", "/photos/cat");
  EXPECT_EQ(got.body, "012abc6789");
  EXPECT_EQ(got.fields.Get("ETag"), patch.fields.Get("ETag"));
  EXPECT_EQ(got.fields.Get("Content-Type"), "text/plain");
  EXPECT_EQ(Send("PATCH", "/photos/cat", "xyz", {{"Content-Range", "bytes 9-/*"}}).status, 200);
  EXPECT_EQ(Send("GET", "/photos/cat").body, "012abc678xyz");
  const Answer beyond = Send("PATCH", "/photos/cat", "!", {{"Content-Range", "bytes 13-/*"}});
  EXPECT_EQ(beyond.status, 416);
  EXPECT_EQ(beyond.fields.Get("Content-Range"), "bytes */12");
  EXPECT_EQ(Send("PATCH", "/photos/cat", "", {{"Content-Range", "bytes */4"}}).status, 200);
  EXPECT_EQ(Send("GET", "/photos/cat").body, "012a");
  const Answer none = Send("PATCH", "/photos/cat", "x");
  EXPECT_EQ(Element(none.body, "Code"), "MissingContentRange");
  EXPECT_TRUE(none.fields.Has("Accept-Patch"));
  EXPECT_EQ(Send("PATCH", "/photos/dog", "x", {{"Content-Range", "bytes 0-/*"}}).status, 404);
  EXPECT_EQ(Send("PUT", "/photos/cat", "x", {{"Content-Range", "bytes 0-0/*"}}).status, 400);
  EXPECT_EQ(Send("GET", "/photos/cat").body, "012a");
}

TEST_F(GatewayTest, AppendsAreGuardedByTheirOffset) {
  MakeBucket("logs");
  const auto append = [&](const char* offset, const char* body) {
    return Send("PUT", "/logs/today", body, {{"x-amz-write-offset-bytes", offset}});
  };
  EXPECT_EQ(append("5", "x").status, 404);
  EXPECT_EQ(append("0", "one ").status, 200);
  const Answer second = append("4", "two");
  EXPECT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(second.fields.Get("x-amz-object-size"), "7");
  EXPECT_EQ(Element(append("4", "two").body, "Code"), "InvalidWriteOffset");
  EXPECT_EQ(Send("GET", "/logs/today").body, "one two");
}

TEST_F(GatewayTest, ListsFoldAtDelimitersAndPage) {
  MakeBucket("photos");
  for (const char* key : {"a", "b/1", "b/2", "c", "d/1", "e"})
    ASSERT_EQ(Send("PUT", std::string("/photos/") + key, "x").status, 200);
  const Answer all = Send("GET", "/photos?list-type=2&delimiter=%2F");
  EXPECT_EQ(Element(all.body, "KeyCount"), "5") << all.body;
  EXPECT_EQ(Element(all.body, "IsTruncated"), "false");
  std::string token, keys;
  int pages = 0;
  do {
    const Answer page = Send(
        "GET", "/photos?list-type=2&delimiter=%2F&max-keys=2" + (token.empty() ? "" : "&continuation-token=" + token));
    ASSERT_EQ(page.status, 200) << page.body;
    ++pages;
    token = Element(page.body, "IsTruncated") == "true" ? Element(page.body, "NextContinuationToken") : "";
    for (size_t at = 0; (at = page.body.find("<Key>", at)) != std::string::npos; ++at)
      keys += page.body.substr(at + 5, 1);
    for (size_t at = 0; (at = page.body.find("<CommonPrefixes><Prefix>", at)) != std::string::npos; ++at)
      keys += page.body.substr(at + 24, 2);
  } while (!token.empty());
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(keys.size(), 7u) << keys;
  const Answer first = Send("GET", "/photos?prefix=b%2F&marker=b%2F1");
  EXPECT_EQ(Element(first.body, "Key"), "b/2");
  EXPECT_EQ(Element(first.body, "Size"), "1");
}

TEST_F(GatewayTest, CopiesInsideAndBetweenBuckets) {
  MakeBucket("photos");
  MakeBucket("backup");
  const Answer put = Send("PUT", "/photos/cat", std::string(100'000, 'x'), {{"Content-Type", "image/png"}});
  for (const char* to : {"/photos/copy", "/backup/copy"}) {
    const Answer copied = Send("PUT", to, "", {{"x-amz-copy-source", "/photos/cat"}});
    ASSERT_EQ(copied.status, 200) << copied.body;
    EXPECT_THAT(copied.body, HasSubstr(std::string(put.fields.Get("ETag").substr(1, 32))));
    const Answer got = Send("GET", to);
    EXPECT_EQ(got.body, std::string(100'000, 'x'));
    EXPECT_EQ(got.fields.Get("ETag"), put.fields.Get("ETag"));
    EXPECT_EQ(got.fields.Get("Content-Type"), "image/png");
  }
  EXPECT_EQ(Send("PUT", "/photos/cat", "", {{"x-amz-copy-source", "/photos/cat"}}).status, 400);
  EXPECT_EQ(Send("PUT", "/photos/cat", "",
                 {{"x-amz-copy-source", "/photos/cat"}, {"x-amz-metadata-directive", "REPLACE"}, {"x-amz-meta-a", "b"}})
                .status,
            200);
  const Answer replaced = Send("GET", "/photos/cat");
  EXPECT_EQ(replaced.fields.Get("x-amz-meta-a"), "b");
  EXPECT_EQ(replaced.fields.Get("ETag"), put.fields.Get("ETag"));
}

TEST_F(GatewayTest, ConditionsOfWritesHoldOrNothingHappens) {
  MakeBucket("photos");
  EXPECT_EQ(Send("PUT", "/photos/cat", "one", {{"If-None-Match", "*"}}).status, 200);
  EXPECT_EQ(Send("PUT", "/photos/cat", "two", {{"If-None-Match", "*"}}).status, 412);
  const std::string etag(Send("HEAD", "/photos/cat").fields.Get("ETag"));
  EXPECT_EQ(Send("PUT", "/photos/cat", "three", {{"If-Match", "\"other\""}}).status, 412);
  EXPECT_EQ(Send("GET", "/photos/cat").body, "one");
  EXPECT_EQ(Send("PUT", "/photos/cat", "four", {{"If-Match", etag}}).status, 200);
  EXPECT_EQ(Send("PUT", "/photos/dog", "x", {{"If-Match", etag}}).status, 404);
  EXPECT_EQ(Send("PATCH", "/photos/cat", "F", {{"Content-Range", "bytes 0-0/*"}, {"If-Match", etag}}).status, 412);
  EXPECT_EQ(Send("GET", "/photos/cat").body, "four");
  EXPECT_EQ(Send("GET", "/photos/cat", "", {{"If-None-Match", "\"8a54c3c1b92a5b9cf6d7b5d4ccd7f9b0\""}}).status, 200);
  const std::string now(Send("HEAD", "/photos/cat").fields.Get("ETag"));
  const Answer unchanged = Send("GET", "/photos/cat", "", {{"If-None-Match", now}});
  EXPECT_EQ(unchanged.status, 304);
  EXPECT_EQ(unchanged.body, "");
  EXPECT_EQ(unchanged.fields.Get("ETag"), now);
}

TEST_F(GatewayTest, TagsComeAndGoWithoutTouchingTheContent) {
  MakeBucket("photos");
  const Answer put = Send("PUT", "/photos/cat", "miaow", {{"x-amz-tagging", "a=1&b=2"}});
  EXPECT_EQ(Send("GET", "/photos/cat").fields.Get("x-amz-tagging-count"), "2");
  const std::string tags = "<Tagging><TagSet><Tag><Key>c</Key><Value>3</Value></Tag></TagSet></Tagging>";
  EXPECT_EQ(Send("PUT", "/photos/cat?tagging", tags).status, 200);
  EXPECT_THAT(Send("GET", "/photos/cat?tagging").body, HasSubstr("<Key>c</Key><Value>3</Value>"));
  const Answer got = Send("GET", "/photos/cat");
  EXPECT_EQ(got.body, "miaow");
  EXPECT_EQ(got.fields.Get("ETag"), put.fields.Get("ETag"));
  EXPECT_EQ(Send("DELETE", "/photos/cat?tagging").status, 204);
  EXPECT_FALSE(Send("GET", "/photos/cat").fields.Has("x-amz-tagging-count"));
}

TEST_F(GatewayTest, WhatIsNotServedNeverTurnsIntoSomethingElse) {
  MakeBucket("photos");
  ASSERT_EQ(Send("PUT", "/photos/cat", "miaow").status, 200);
  for (const char* target : {"/photos/cat?acl&tagging&legal-hold", "/photos/cat?torrent", "/photos/cat?restore"}) {
    EXPECT_EQ(Send("PUT", target, "x").status, 501) << target;
    EXPECT_EQ(Send("DELETE", target).status, 501) << target;
  }
  EXPECT_EQ(Send("PUT", "/photos?replication", "x").status, 501);
  EXPECT_EQ(Send("DELETE", "/photos?website").status, 501);
  EXPECT_EQ(Send("GET", "/photos/cat").body, "miaow");
  EXPECT_EQ(Send("BREW", "/photos/cat").status, 501);
  EXPECT_EQ(Send("POST", "/photos/cat").status, 405);
}

TEST_F(GatewayTest, ManyAreDeletedAtOnce) {
  MakeBucket("photos");
  for (const char* key : {"a", "b", "c"}) ASSERT_EQ(Send("PUT", std::string("/photos/") + key, "x").status, 200);
  const std::string document =
      "<Delete><Object><Key>a</Key></Object><Object><Key>none</Key></Object><Object><Key>c</Key></Object></Delete>";
  EXPECT_EQ(Send("POST", "/photos?delete", document).status, 400) << "without a digest";
  s3::Md5 md5;
  md5.Update(AsBytes(document));
  const Answer deleted = Send("POST", "/photos?delete", document, {{"Content-MD5", Base64(md5.Finish())}});
  EXPECT_EQ(deleted.status, 200);
  EXPECT_THAT(deleted.body, HasSubstr("<Deleted><Key>none</Key></Deleted>"));
  EXPECT_EQ(Send("GET", "/photos/a").status, 404);
  EXPECT_EQ(Send("GET", "/photos/b").status, 200);
  EXPECT_EQ(Element(Send("DELETE", "/photos").body, "Code"), "BucketNotEmpty");
  EXPECT_EQ(Send("DELETE", "/photos/b").status, 204);
  EXPECT_EQ(Send("DELETE", "/photos").status, 204);
  EXPECT_EQ(Element(Send("GET", "/photos/b").body, "Code"), "NoSuchBucket");
}

TEST_F(GatewayTest, APolicyOpensABucketToEverybodyAndTakesFromUsers) {
  MakeBucket("photos");
  ASSERT_EQ(Send("PUT", "/photos/public/cat", "miaow").status, 200);
  ASSERT_EQ(Send("PUT", "/photos/private/cat", "purr").status, 200);
  EXPECT_EQ(Element(Send("GET", "/photos?policy").body, "Code"), "NoSuchBucketPolicy");
  EXPECT_EQ(SendRaw(Request("GET", "/photos/public/cat")).status, 403);
  const std::string policy = R"({"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/public/*"},
    {"Effect":"Deny","Principal":{"AWS":"arn:aws:iam:::user/alice"},"Action":"s3:DeleteObject","Resource":"arn:aws:s3:::photos/*"}]})";
  ASSERT_EQ(Send("PUT", "/photos?policy", policy).status, 204);
  EXPECT_EQ(Send("GET", "/photos?policy").body, policy);
  EXPECT_EQ(SendRaw(Request("GET", "/photos/public/cat")).body, "miaow");
  EXPECT_EQ(SendRaw(Request("GET", "/photos/private/cat")).status, 403);
  const Answer missing = SendRaw(Request("GET", "/photos/public/dog"));
  EXPECT_EQ(Element(missing.body, "Code"), "AccessDenied") << "who may not list is not told what is missing";
  EXPECT_EQ(SendRaw(Request("PUT", "/photos/public/cat"), "x").status, 403);
  EXPECT_EQ(Send("DELETE", "/photos/public/cat").status, 403);
  EXPECT_EQ(Send("GET", "/photos/private/cat").body, "purr");
  EXPECT_EQ(Element(Send("PUT", "/photos?policy", "{}").body, "Code"), "MalformedPolicy");
  EXPECT_EQ(Send("DELETE", "/photos?policy").status, 204);
  EXPECT_EQ(SendRaw(Request("GET", "/photos/public/cat")).status, 403);
  EXPECT_EQ(Send("DELETE", "/photos/public/cat").status, 204);
}

TEST_F(GatewayTest, AKeyMayDoWhatItsPolicyAllows) {
  MakeBucket("photos");
  ASSERT_EQ(Send("PUT", "/photos/cat", "miaow").status, 200);
  ASSERT_OK_AND_ASSIGN(key_,
                       keys_.Create(TestContext(), "reader", site_.random,
                                    R"({"Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],)"
                                    R"("Resource":["arn:aws:s3:::photos","arn:aws:s3:::photos/*"]}]})"));
  EXPECT_EQ(Send("GET", "/photos/cat").body, "miaow");
  EXPECT_EQ(Send("GET", "/photos").status, 200);
  EXPECT_EQ(Send("GET", "/photos/dog").status, 404);
  EXPECT_EQ(Send("PUT", "/photos/cat", "x").status, 403);
  EXPECT_EQ(Send("PUT", "/photos/copy", "", {{"x-amz-copy-source", "/photos/cat"}}).status, 403);
  EXPECT_EQ(Send("PUT", "/photos?policy", "{}").status, 403);
}

TEST_F(GatewayTest, BrowsersAreToldWhatTheyMayDo) {
  MakeBucket("photos");
  const HttpFields asked = {{"Origin", "https://app.example"}, {"Access-Control-Request-Method", "PATCH"}};
  EXPECT_EQ(SendRaw(Request("OPTIONS", "/photos/cat", asked)).status, 403);
  const std::string cors =
      "<CORSConfiguration><CORSRule><AllowedOrigin>https://*.example</AllowedOrigin><AllowedMethod>PATCH</"
      "AllowedMethod>"
      "<AllowedMethod>GET</AllowedMethod><ExposeHeader>ETag</ExposeHeader></CORSRule></CORSConfiguration>";
  ASSERT_EQ(Send("PUT", "/photos?cors", cors).status, 200);
  const Answer preflight = SendRaw(Request("OPTIONS", "/photos/cat", asked));
  EXPECT_EQ(preflight.status, 200);
  EXPECT_EQ(preflight.fields.Get("Access-Control-Allow-Origin"), "https://app.example");
  const Answer missing = Send("GET", "/photos/cat", "", {{"Origin", "https://app.example"}});
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.fields.Get("Access-Control-Allow-Origin"), "https://app.example") << "errors too";
  EXPECT_FALSE(
      Send("GET", "/photos/cat", "", {{"Origin", "https://evil.test"}}).fields.Has("Access-Control-Allow-Origin"));
  const Answer plain = SendRaw(Request("OPTIONS", "/photos/cat"));
  EXPECT_EQ(plain.status, 200);
  EXPECT_THAT(std::string(plain.fields.Get("Accept-Patch")), HasSubstr("message/byterange"));
}

TEST_F(GatewayTest, SeveralRangesArePatchedAtOnce) {
  MakeBucket("photos");
  ASSERT_EQ(Send("PUT", "/photos/cat", "0123456789").status, 200);
  const std::string body =
      "--b\r\nContent-Range: bytes 1-2/*\r\n\r\nAB\r\n--b\r\nContent-Range: bytes 10-12/*\r\n\r\n--b\r\n--b--\r\n";
  const Answer patch = Send("PATCH", "/photos/cat", body, {{"Content-Type", "multipart/byteranges; boundary=b"}});
  ASSERT_EQ(patch.status, 200) << patch.body;
  EXPECT_EQ(Send("GET", "/photos/cat").body, "0AB3456789--b");
  const Answer one =
      Send("PATCH", "/photos/cat", "Content-Range: bytes 0-0/*\r\n\r\nX", {{"Content-Type", "message/byterange"}});
  ASSERT_EQ(one.status, 200) << one.body;
  EXPECT_EQ(Send("GET", "/photos/cat").body, "XAB3456789--b");
  const Answer both = Send("PATCH", "/photos/cat", "Content-Range: bytes 0-0/*\r\n\r\nY",
                           {{"Content-Type", "message/byterange"}, {"Content-Range", "bytes 0-0/*"}});
  EXPECT_EQ(both.status, 400);
  const std::string overlapping =
      "--b\r\nContent-Range: bytes 1-2/*\r\n\r\nAB\r\n--b\r\nContent-Range: bytes 2-2/*\r\n\r\nC\r\n--b--\r\n";
  EXPECT_EQ(Send("PATCH", "/photos/cat", overlapping, {{"Content-Type", "multipart/byteranges; boundary=b"}}).status,
            400);
  EXPECT_EQ(Send("GET", "/photos/cat").body, "XAB3456789--b");
}

TEST_F(GatewayTest, APatchWithATokenHappensOnce) {
  MakeBucket("photos");
  ASSERT_EQ(Send("PUT", "/photos/cat", "0123456789").status, 200);
  const HttpFields fields = {{"Content-Range", "bytes 10-11/*"}, {"x-amz-client-token", "token-1"}};
  const Answer first = Send("PATCH", "/photos/cat", "ab", fields);
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(Send("PATCH", "/photos/cat", "xyz", {{"Content-Range", "bytes 11-13/*"}}).status, 200);
  const Answer again = Send("PATCH", "/photos/cat", "ab", fields);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.fields.Get("ETag"), first.fields.Get("ETag"));
  EXPECT_EQ(again.fields.Get("x-amz-object-size"), "12");
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(Send("GET", "/photos/cat").body, "0123456789axyz") << "the repeat wrote over what came after the first";
  const Answer other = Send("PATCH", "/photos/cat", "cd", fields);
  EXPECT_EQ(Element(other.body, "Code"), "IdempotencyParameterMismatch");
  EXPECT_EQ(Send("GET", "/photos/cat").body, "0123456789axyz");
}

TEST_F(GatewayTest, AFormUploadsWhatItsSignerAllows) {
  MakeBucket("photos");
  const std::string date = s3::AmzDate(clock_.NowMillis());
  const s3::Credential credential{key_.id, date.substr(0, 8), "us-east-1", "s3"};
  const std::string policy = Base64(AsBytes(
      R"({"expiration":")" + s3::IsoDate(clock_.NowMillis() + 60'000) + R"(","conditions":[{"bucket":"photos"},)" +
      R"(["starts-with","$key","in/"],["content-length-range",1,10],{"success_action_status":"201"},)" +
      R"({"x-amz-algorithm":"AWS4-HMAC-SHA256"},{"x-amz-credential":")" + key_.id + "/" + credential.Scope() +
      R"("},{"x-amz-date":")" + date + R"("}]})"));
  const auto send = [&](const std::string& key, const std::string& content, const std::string& signature) {
    std::string body;
    for (const auto& [name, value] :
         std::vector<std::pair<std::string, std::string>>{{"key", key},
                                                          {"success_action_status", "201"},
                                                          {"x-amz-algorithm", "AWS4-HMAC-SHA256"},
                                                          {"x-amz-credential", key_.id + "/" + credential.Scope()},
                                                          {"x-amz-date", date},
                                                          {"policy", policy},
                                                          {"x-amz-signature", signature}})
      body += "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
    body += "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"cat.txt\"\r\n\r\n" + content +
            "\r\n--b--\r\n";
    return SendRaw(Request("POST", "/photos", {{"Content-Type", "multipart/form-data; boundary=b"}}), body);
  };
  const std::string good = s3::SignString(key_.secret, credential, policy);
  const Answer sent = send("in/${filename}", "miaow", good);
  EXPECT_EQ(sent.status, 201) << sent.body;
  EXPECT_EQ(Element(sent.body, "Key"), "in/cat.txt");
  EXPECT_EQ(Send("GET", "/photos/in/cat.txt").body, "miaow");
  EXPECT_EQ(Element(send("out/cat", "miaow", good).body, "Code"), "AccessDenied");
  EXPECT_EQ(Element(send("in/long", "miaow miaow miaow", good).body, "Code"), "EntityTooLarge");
  EXPECT_EQ(Element(send("in/forged", "miaow", std::string(64, '0')).body, "Code"), "SignatureDoesNotMatch");
  EXPECT_EQ(Element(Send("GET", "/photos?list-type=2").body, "KeyCount"), "1");
}

TEST_F(GatewayTest, AnUploadInPartsBecomesOneObject) {
  MakeBucket("photos");
  const Answer begun = Send("POST", "/photos/film?uploads", "", {{"Content-Type", "video/mp4"}});
  ASSERT_EQ(begun.status, 200) << begun.body;
  const std::string id = Element(begun.body, "UploadId");
  const std::string big(5 << 20, 'a'), small = "the end";
  std::string etags[3];
  for (const int number : {2, 1}) {
    const Answer part =
        Send("PUT", "/photos/film?partNumber=" + std::to_string(number) + "&uploadId=" + id, number == 1 ? big : small);
    ASSERT_EQ(part.status, 200) << part.body;
    etags[number] = part.fields.Get("ETag");
  }
  const Answer parts = Send("GET", "/photos/film?uploadId=" + id);
  EXPECT_THAT(parts.body, HasSubstr("<PartNumber>1</PartNumber>"));
  EXPECT_THAT(parts.body, HasSubstr("<Size>7</Size>"));
  EXPECT_THAT(Send("GET", "/photos?uploads").body, HasSubstr(id));
  EXPECT_EQ(Send("GET", "/photos/film").status, 404);
  const auto complete = [&](const std::string& first, const std::string& second) {
    return Send("POST", "/photos/film?uploadId=" + id,
                "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + first +
                    "</ETag></Part><Part><PartNumber>2</PartNumber><ETag>" + second +
                    "</ETag></Part></CompleteMultipartUpload>");
  };
  EXPECT_EQ(Element(complete(etags[1], etags[1]).body, "Code"), "InvalidPart");
  const Answer done = complete(etags[1], etags[2]);
  ASSERT_EQ(done.status, 200) << done.body;
  const Answer got = Send("GET", "/photos/film", "", {{"x-amz-checksum-mode", "ENABLED"}});
  EXPECT_EQ(got.body, big + small);
  EXPECT_EQ(got.fields.Get("Content-Type"), "video/mp4");
  EXPECT_TRUE(got.fields.Get("ETag").ends_with("-2\"")) << got.fields.Get("ETag");
  s3::Checksum crc(s3::ChecksumAlgorithm::kCrc64Nvme);
  crc.Update(AsBytes(big + small));
  EXPECT_EQ(got.fields.Get("x-amz-checksum-crc64nvme"), Base64(crc.Finish()));
  const Answer second = Send("GET", "/photos/film?partNumber=2");
  EXPECT_EQ(second.status, 206);
  EXPECT_EQ(second.body, small);
  EXPECT_EQ(second.fields.Get("x-amz-mp-parts-count"), "2");
  const Answer again = complete(etags[1], etags[2]);
  EXPECT_EQ(again.status, 200) << "a repeat answers as the first did";
  EXPECT_EQ(Element(again.body, "ETag"), Element(done.body, "ETag"));
  EXPECT_EQ(Element(Send("DELETE", "/photos/film?uploadId=" + id).body, "Code"), "NoSuchUpload");
}

TEST_F(GatewayTest, PartsAreCopiedAndUploadsAborted) {
  MakeBucket("photos");
  const std::string big(6 << 20, 'b');
  ASSERT_EQ(Send("PUT", "/photos/source", big).status, 200);
  MakeBucket("other");
  for (const char* bucket : {"photos", "other"}) {
    const std::string key = std::string("/") + bucket + "/copy";
    const std::string id = Element(Send("POST", key + "?uploads").body, "UploadId");
    const Answer part = Send("PUT", key + "?partNumber=7&uploadId=" + id, "",
                             {{"x-amz-copy-source", "/photos/source"}, {"x-amz-copy-source-range", "bytes=1-5999999"}});
    ASSERT_EQ(part.status, 200) << part.body;
    const Answer done = Send("POST", key + "?uploadId=" + id,
                             "<CompleteMultipartUpload><Part><PartNumber>7</PartNumber><ETag>" +
                                 Element(part.body, "ETag") + "</ETag></Part></CompleteMultipartUpload>");
    ASSERT_EQ(done.status, 200) << done.body;
    EXPECT_EQ(Send("GET", key).body, big.substr(1, 5'999'999));
  }
  const std::string id = Element(Send("POST", "/photos/gone?uploads").body, "UploadId");
  EXPECT_EQ(Send("PUT", "/photos/gone?partNumber=1&uploadId=" + id, "x").status, 200);
  EXPECT_EQ(Send("DELETE", "/photos/gone?uploadId=" + id).status, 204);
  EXPECT_EQ(Element(Send("PUT", "/photos/gone?partNumber=1&uploadId=" + id, "x").body, "Code"), "NoSuchUpload");
  EXPECT_EQ(Element(Send("PUT", "/photos/gone?partNumber=0&uploadId=" + id, "x").body, "Code"), "InvalidArgument");
}

TEST_F(GatewayTest, ObjectsAndUploadsGoWhenTheirTimeIsOver) {
  MakeBucket("photos");
  for (const char* key : {"tmp/old", "tmp/older", "kept"})
    ASSERT_EQ(Send("PUT", std::string("/photos/") + key, "x").status, 200);
  ASSERT_EQ(Send("POST", "/photos/tmp/film?uploads").status, 200);
  const std::string rules =
      "<LifecycleConfiguration><Rule><ID>r</ID><Status>Enabled</Status><Filter><Prefix>tmp/</Prefix></Filter>"
      "<Expiration><Days>1</Days></Expiration><AbortIncompleteMultipartUpload><DaysAfterInitiation>1</"
      "DaysAfterInitiation>"
      "</AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>";
  ASSERT_EQ(Send("PUT", "/photos?lifecycle", rules).status, 200);
  EXPECT_THAT(std::string(Send("HEAD", "/photos/tmp/old").fields.Get("x-amz-expiration")), HasSubstr("rule-id=\"r\""));
  Lifecycle today(*client_, documents_, clock_);
  ASSERT_OK_AND_ASSIGN(LifecycleReport report, today.Pass(TestContext()));
  EXPECT_EQ(report.expired + report.aborted, 0);
  EXPECT_EQ(report.objects, 3);
  ManualClock in_three_days(clock_.NowMicros() + int64_t{3} * 86'400'000'000);
  Lifecycle later(*client_, documents_, in_three_days);
  ASSERT_OK_AND_ASSIGN(report, later.Pass(TestContext()));
  EXPECT_EQ(report.expired, 2);
  EXPECT_EQ(report.aborted, 1);
  EXPECT_EQ(report.failed, 0);
  EXPECT_EQ(Send("GET", "/photos/tmp/old").status, 404);
  EXPECT_EQ(Send("GET", "/photos/kept").status, 200);
  EXPECT_EQ(Send("DELETE", "/photos?lifecycle").status, 204);
}

TEST_F(GatewayTest, VersionsAreKeptAndDeletedOneByOne) {
  MakeBucket("photos");
  ASSERT_EQ(Send("PUT", "/photos/cat", "null").status, 200);
  SetVersioning("photos", "Enabled");
  EXPECT_EQ(Element(Send("GET", "/photos?versioning").body, "Status"), "Enabled");
  const auto id_of = [](const Answer& answer) { return std::string(answer.fields.Get("x-amz-version-id")); };
  const std::string first = id_of(Send("PUT", "/photos/cat", "one")), second = id_of(Send("PUT", "/photos/cat", "two"));
  ASSERT_EQ(first.size(), 32u);
  EXPECT_LT(first, second);
  EXPECT_EQ(Send("GET", "/photos/cat?versionId=null").body, "null");
  EXPECT_EQ(Send("GET", "/photos/cat?versionId=" + first).body, "one");
  EXPECT_EQ(id_of(Send("GET", "/photos/cat")), second);
  const Answer gone = Send("DELETE", "/photos/cat");
  EXPECT_EQ(gone.fields.Get("x-amz-delete-marker"), "true");
  const Answer missing = Send("GET", "/photos/cat");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.fields.Get("x-amz-delete-marker"), "true");
  EXPECT_EQ(id_of(missing), id_of(gone));
  EXPECT_EQ(Send("GET", "/photos/cat?versionId=" + id_of(gone)).status, 405);
  EXPECT_THAT(Send("GET", "/photos?versions").body, HasSubstr("<DeleteMarker><Key>cat</Key><VersionId>" + id_of(gone)));
  EXPECT_EQ(Element(Send("DELETE", "/photos").body, "Code"), "BucketNotEmpty");
  const Answer undone = Send("DELETE", "/photos/cat?versionId=" + id_of(gone));
  EXPECT_EQ(undone.fields.Get("x-amz-delete-marker"), "true");
  EXPECT_EQ(Send("GET", "/photos/cat").body, "two");
  SetVersioning("photos", "Suspended");
  EXPECT_EQ(id_of(Send("PUT", "/photos/cat", "new null")), "null");
  EXPECT_EQ(Send("GET", "/photos/cat?versionId=null").body, "new null");
  EXPECT_EQ(Element(Send("GET", "/photos/cat?versionId=x").body, "Code"), "InvalidArgument");
  EXPECT_EQ(Element(Send("GET", "/photos/cat?versionId=" + id_of(gone)).body, "Code"), "NoSuchVersion");
  for (const std::string& id : {first, second, std::string("null")})
    EXPECT_EQ(Send("DELETE", "/photos/cat?versionId=" + id).status, 204);
  EXPECT_EQ(Send("DELETE", "/photos").status, 204);
}

TEST_F(GatewayTest, APatchWhereVersionsAreKeptMakesAnother) {
  MakeBucket("photos");
  ASSERT_EQ(Send("PUT", "/photos/cat", "0123456789", {{"Content-Type", "text/plain"}}).status, 200);
  const auto patch = [&](const std::string& target, const std::string& range, const std::string& body,
                         const HttpFields& more = {}) {
    HttpFields fields = more;
    fields.Set("Content-Range", range);
    return Send("PATCH", target, body, fields);
  };
  SetVersioning("photos", "Enabled");
  const Answer patched = patch("/photos/cat", "bytes 2-3/*", "ab", {{"x-amz-client-token", "t"}});
  ASSERT_EQ(patched.status, 200) << patched.body;
  EXPECT_EQ(Send("GET", "/photos/cat").body, "01ab456789");
  EXPECT_EQ(Send("GET", "/photos/cat").fields.Get("ETag"), patched.fields.Get("ETag"));
  EXPECT_EQ(Send("GET", "/photos/cat").fields.Get("Content-Type"), "text/plain");
  EXPECT_EQ(Send("GET", "/photos/cat?versionId=null").body, "0123456789");
  const std::string id(patched.fields.Get("x-amz-version-id"));
  EXPECT_EQ(Send("HEAD", "/photos/cat").fields.Get("x-amz-version-id"), id);
  const Answer repeat = patch("/photos/cat", "bytes 2-3/*", "ab", {{"x-amz-client-token", "t"}});
  EXPECT_EQ(repeat.fields.Get("x-amz-version-id"), id);
  EXPECT_EQ(patch("/photos/cat?versionId=null", "bytes 0-0/*", "X").status, 200);
  EXPECT_EQ(Send("GET", "/photos/cat").body, "X123456789");
  const Answer appended = Send("PUT", "/photos/cat", "!", {{"x-amz-write-offset-bytes", "10"}});
  EXPECT_EQ(appended.fields.Get("x-amz-object-size"), "11");
  EXPECT_EQ(Send("GET", "/photos/cat").body, "X123456789!");
  EXPECT_EQ(patch("/photos/cat", "bytes */3", "").fields.Get("x-amz-object-size"), "3");
  EXPECT_EQ(Send("GET", "/photos/cat").body, "X12");
  EXPECT_EQ(Send("GET", "/photos/cat?versionId=" + id).body, "01ab456789");
  SetVersioning("photos", "Suspended");
  EXPECT_EQ(patch("/photos/cat", "bytes 0-0/*", "n").fields.Get("x-amz-version-id"), "null");
  EXPECT_EQ(patch("/photos/cat", "bytes 1-1/*", "m").fields.Get("x-amz-version-id"), "null");  // in place
  EXPECT_EQ(Send("GET", "/photos/cat?versionId=null").body, "nm2");
  ASSERT_EQ(Send("DELETE", "/photos/cat").status, 204);
  EXPECT_EQ(patch("/photos/cat", "bytes 0-0/*", "n").status, 404);
}

// Whoever is overtaken starts from the newer version: nothing is lost.
TEST_F(GatewayTest, PatchesAtOnceOfAVersionFollowEachOther) {
  MakeBucket("photos");
  SetVersioning("photos", "Enabled");
  ASSERT_EQ(Send("PUT", "/photos/cat", std::string(8, '-')).status, 200);
  Executor writers("writers", 8, 8);
  std::atomic<int> done = 0;
  ParallelFor(writers, 8, [&](size_t i) {
    const std::string at = std::to_string(i);
    done += Send("PATCH", "/photos/cat", at, {{"Content-Range", "bytes " + at + "-" + at + "/*"}}).status == 200;
  });
  EXPECT_EQ(done, 8);
  EXPECT_EQ(Send("GET", "/photos/cat").body, "01234567");
}

TEST_F(GatewayTest, TagsChangeAndTheObjectStaysAsItIs) {
  MakeBucket("photos");
  ASSERT_EQ(Send("PUT", "/photos/cat", "miaow", {{"x-amz-meta-colour", "black"}}).status, 200);
  const Answer before = Send("HEAD", "/photos/cat");
  const std::string tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
  ASSERT_EQ(Send("PUT", "/photos/cat?tagging", tags).status, 200);
  const Answer after = Send("HEAD", "/photos/cat");
  EXPECT_EQ(after.fields.Get("x-amz-tagging-count"), "1");
  for (const char* name : {"ETag", "Last-Modified", "x-amz-meta-colour"})
    EXPECT_EQ(after.fields.Get(name), before.fields.Get(name)) << name;
  ASSERT_EQ(Send("DELETE", "/photos/cat?tagging").status, 204);
  EXPECT_FALSE(Send("HEAD", "/photos/cat").fields.Has("x-amz-tagging-count"));
}

TEST_F(GatewayTest, VersionsGoWhenTheirTimeIsOver) {
  MakeBucket("photos");
  SetVersioning("photos", "Enabled");
  for (const char* body : {"1", "2", "3", "4"}) ASSERT_EQ(Send("PUT", "/photos/cat", body).status, 200);
  ASSERT_EQ(Send("DELETE", "/photos/gone").status, 204);
  ASSERT_EQ(Send("DELETE", "/photos/dog").status, 204);
  ASSERT_EQ(Send("PUT", "/photos/dog", "wow").status, 200);
  ASSERT_EQ(Send("DELETE", "/photos/dog").status, 204);
  const std::string rules =
      "<LifecycleConfiguration><Rule><ID>r</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter>"
      "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"
      "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>1"
      "</NewerNoncurrentVersions></NoncurrentVersionExpiration></Rule></LifecycleConfiguration>";
  ASSERT_EQ(Send("PUT", "/photos?lifecycle", rules).status, 200);
  ManualClock in_three_days(clock_.NowMicros() + int64_t{3} * 86'400'000'000);
  Lifecycle later(*client_, documents_, in_three_days);
  ASSERT_OK_AND_ASSIGN(const LifecycleReport report, later.Pass(TestContext()));
  EXPECT_EQ(report.failed, 0);
  EXPECT_EQ(report.expired, 4);  // 1 and 2 of cat, the first marker of dog, the only one of gone
  ASSERT_OK_AND_ASSIGN(Bucket bucket, client_->OpenBucket(TestContext(), "photos"));
  ASSERT_OK_AND_ASSIGN(const VersionPage page, bucket.ListVersions(TestContext(), ""));
  std::string left;
  for (const NamedVersion& version : page.versions) left += version.name + (version.object ? "+ " : "- ");
  EXPECT_EQ(left, "cat+ cat+ dog- dog+ ");
  EXPECT_EQ(Send("GET", "/photos/cat").body, "4");
}

std::string RetentionUntil(const std::string& mode, int64_t until_ms) {
  return "<Retention><Mode>" + mode + "</Mode><RetainUntilDate>" + s3::IsoDate(until_ms) +
         "</RetainUntilDate></Retention>";
}

TEST_F(GatewayTest, ALockedVersionStaysUntilItsTimeIsOver) {
  ASSERT_EQ(Send("PUT", "/photos", "", {{"x-amz-bucket-object-lock-enabled", "true"}}).status, 200);
  EXPECT_EQ(Element(Send("GET", "/photos?versioning").body, "Status"), "Enabled");
  EXPECT_EQ(Element(Send("GET", "/photos?object-lock").body, "ObjectLockEnabled"), "Enabled");
  const int64_t tomorrow_ms = clock_.NowMillis() + 86'400'000;
  const Answer put = Send(
      "PUT", "/photos/cat", "miaow",
      {{"x-amz-object-lock-mode", "GOVERNANCE"}, {"x-amz-object-lock-retain-until-date", s3::IsoDate(tomorrow_ms)}});
  ASSERT_EQ(put.status, 200) << put.body;
  const std::string version = "/photos/cat?versionId=" + std::string(put.fields.Get("x-amz-version-id"));
  EXPECT_EQ(Send("GET", "/photos/cat").fields.Get("x-amz-object-lock-retain-until-date"), s3::IsoDate(tomorrow_ms));
  EXPECT_EQ(Send("GET", "/photos/cat?retention").body.find("GOVERNANCE") == std::string::npos, false);
  EXPECT_EQ(Element(Send("DELETE", version).body, "Code"), "AccessDenied");
  EXPECT_EQ(Send("PUT", "/photos/cat?retention", RetentionUntil("GOVERNANCE", tomorrow_ms - 1)).status, 403);
  EXPECT_EQ(Send("PUT", "/photos/cat?retention", RetentionUntil("GOVERNANCE", tomorrow_ms + 1)).status, 200);
  const HttpFields bypass = {{"x-amz-bypass-governance-retention", "true"}};
  EXPECT_EQ(Send("PUT", "/photos/cat?legal-hold", "<LegalHold><Status>ON</Status></LegalHold>").status, 200);
  EXPECT_EQ(Send("PUT", "/photos/cat?tagging", "<Tagging><TagSet/></Tagging>").status, 200);
  EXPECT_EQ(Send("DELETE", version, "", bypass).status, 403) << "a hold is not passed by, and new tags do not end it";
  EXPECT_EQ(Send("DELETE", "/photos/cat").status, 204) << "a delete marker may be put over it";
  EXPECT_EQ(Send("GET", version).body, "miaow");
  const std::string hold = version + "&legal-hold";
  EXPECT_EQ(Send("PUT", hold, "<LegalHold><Status>OFF</Status></LegalHold>").status, 200);
  EXPECT_EQ(Send("DELETE", version).status, 403);
  EXPECT_EQ(Send("DELETE", version, "", bypass).status, 204);
  EXPECT_EQ(Element(Send("GET", version).body, "Code"), "NoSuchVersion");
}

TEST_F(GatewayTest, ABucketWithLocksRetainsByDefaultAndKeepsItsVersions) {
  MakeBucket("photos");
  const std::string days =
      "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>"
      "<Mode>COMPLIANCE</Mode><Days>3</Days></DefaultRetention></Rule></ObjectLockConfiguration>";
  EXPECT_EQ(Element(Send("PUT", "/photos?object-lock", days).body, "Code"), "InvalidBucketState");
  EXPECT_EQ(Element(Send("GET", "/photos?object-lock").body, "Code"), "ObjectLockConfigurationNotFoundError");
  const std::string suspended = "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>";
  const std::string enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
  ASSERT_EQ(Send("PUT", "/photos?versioning", enabled).status, 200);
  ASSERT_EQ(Send("PUT", "/photos/cat", "old").status, 200);
  EXPECT_EQ(Element(Send("PUT", "/photos/cat?legal-hold", "<LegalHold><Status>ON</Status></LegalHold>").body, "Code"),
            "InvalidRequest");
  EXPECT_EQ(Send("PUT", "/photos/cat", "x", {{"x-amz-object-lock-legal-hold", "ON"}}).status, 400);
  ASSERT_EQ(Send("PUT", "/photos?object-lock", days).status, 200);
  EXPECT_EQ(Element(Send("PUT", "/photos?versioning", suspended).body, "Code"), "InvalidBucketState");
  EXPECT_EQ(Element(Send("GET", "/photos/cat?retention").body, "Code"), "NoSuchObjectLockConfiguration");
  const Answer put = Send("PUT", "/photos/cat", "new");
  const std::string version = "/photos/cat?versionId=" + std::string(put.fields.Get("x-amz-version-id"));
  const HttpFields bypass = {{"x-amz-bypass-governance-retention", "true"}};
  EXPECT_EQ(Send("DELETE", version, "", bypass).status, 403);
  const Answer patched = Send("PATCH", "/photos/cat", "N", {{"Content-Range", "bytes 0-0/*"}});
  ASSERT_EQ(patched.status, 200) << patched.body;
  EXPECT_EQ(Send("GET", "/photos/cat").fields.Get("x-amz-object-lock-mode"), "COMPLIANCE");
  EXPECT_EQ(Send("GET", version).body, "new");

  ASSERT_EQ(
      Send("PUT", "/photos?lifecycle",
           "<LifecycleConfiguration><Rule><ID>r</ID><Status>Enabled</Status><Filter/><NoncurrentVersionExpiration>"
           "<NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration></Rule></LifecycleConfiguration>")
          .status,
      200);
  const auto expired_after = [&](int64_t hours) {
    ManualClock then(clock_.NowMicros() + hours * 3'600'000'000);
    Lifecycle later(*client_, documents_, then);
    return later.Pass(TestContext())->expired;
  };
  EXPECT_EQ(expired_after(60), 1) << "the one from before; the other is locked";
  EXPECT_EQ(expired_after(80), 1);
}

TEST_F(GatewayTest, AnAclThatChangesNothingIsTaken) {
  MakeBucket("photos");
  ASSERT_EQ(Send("PUT", "/photos/cat", "miaow").status, 200);
  const std::string own = Send("GET", "/photos/cat?acl").body;
  EXPECT_EQ(Send("PUT", "/photos/cat?acl", own).status, 200) << own;
  std::string others = own;
  others.replace(others.find("FULL_CONTROL"), 12, "READ");
  EXPECT_EQ(Element(Send("PUT", "/photos/cat?acl", others).body, "Code"), "AccessControlListNotSupported");
  EXPECT_EQ(Element(Send("PUT", "/photos/cat?acl", "<x/>").body, "Code"), "MalformedXML");
  EXPECT_EQ(Send("GET", "/photos/cat").body, "miaow");
}

TEST_F(GatewayTest, NoSecretIsInTheLog) {
  MakeBucket("photos");
  HttpRequest request = Request("GET", "/photos/cat");
  s3::PresignRequest(signer(), clock_.NowMillis(), 60, request);
  SendRaw(request);
  EXPECT_EQ(served_.path, "/photos/cat");
  EXPECT_EQ(served_.error, "NoSuchKey");
  EXPECT_EQ(served_.access_key, key_.id);
}

}  // namespace
}  // namespace pbfs::gateway
