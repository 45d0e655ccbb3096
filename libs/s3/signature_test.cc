#include "libs/s3/signature.h"

#include <functional>

#include "libs/s3/chunked.h"
#include "libs/s3/dates.h"
#include "libs/s3/testing.h"

namespace pbfs::s3 {
namespace {

// The examples of the S3 API reference ("Signature Calculations for the Authorization Header" and "Using Query
// Parameters"): its credentials, its time.
const Signer kSigner{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1"};
const int64_t kNow = *ParseAmzDate("20130524T000000Z");
constexpr std::string_view kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr int64_t kMinuteMs = 60'000;

HttpRequest Request(std::string method, std::string target, HttpFields fields = {}) {
  HttpRequest request{std::move(method), std::move(target), std::move(fields)};
  if (!request.fields.Has("host")) request.fields.Add("Host", "examplebucket.s3.amazonaws.com");
  return request;
}

Result<Verified> Verify(const HttpRequest& request, std::string_view secret = kSigner.secret, int64_t now_ms = kNow,
                        std::string_view region = "us-east-1") {
  PBFS_ASSIGN_OR_RETURN(const Query query, ParseQuery(request.query()));
  PBFS_ASSIGN_OR_RETURN(const auto authorization, ReadAuthorization(request, query));
  if (!authorization) return NotFoundError("anonymous");
  return VerifySignature(request, query, *authorization, secret, region, now_ms);
}

std::string SignatureOf(const HttpRequest& request) {
  const std::string header(request.fields.Get("authorization"));
  return header.substr(header.find("Signature=") + 10);
}

TEST(Signature, PublishedExamples) {
  struct Case {
    HttpRequest request;
    std::string payload;
    std::string signature;
  };
  const Case cases[] = {
      {Request("GET", "/test.txt", {{"Range", "bytes=0-9"}}), std::string(kEmpty),
       "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
      {Request("PUT", "/test%24file.text",
               {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}}),
       Sha256Hex(AsBytes("Welcome to Amazon S3.")), "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
      {Request("GET", "/?lifecycle"), std::string(kEmpty),
       "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
      {Request("GET", "/?max-keys=2&prefix=J"), std::string(kEmpty),
       "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
  };
  for (Case c : cases) {
    SignRequest(kSigner, kNow, c.payload, c.request);
    EXPECT_EQ(SignatureOf(c.request), c.signature) << c.request.target;
    ASSERT_OK_AND_ASSIGN(const Verified verified, Verify(c.request));
    EXPECT_EQ(verified.access_key, kSigner.access_key);
    EXPECT_EQ(verified.payload.kind, PayloadKind::kDigest);
    EXPECT_EQ(verified.payload.sha256, c.payload);
  }
}

TEST(Signature, PublishedPresignedUrl) {
  HttpRequest request = Request("GET", "/test.txt");
  PresignRequest(kSigner, kNow, 86400, request);
  EXPECT_EQ(
      request.target,
      "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3"
      "%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
      "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
  ASSERT_OK_AND_ASSIGN(const Verified verified, Verify(request, kSigner.secret, kNow + 86'400'000));
  EXPECT_EQ(verified.payload.kind, PayloadKind::kUnsigned);
  const Status expired = Verify(request, kSigner.secret, kNow + 86'400'001).status();
  EXPECT_S3(expired, "AccessDenied");
  EXPECT_EQ(expired.message(), "Request has expired");
  EXPECT_S3(Verify(request, kSigner.secret, kNow - 16 * kMinuteMs), "AccessDenied");
}

TEST(Signature, PublishedChunkedUpload) {
  HttpRequest request = Request("PUT", "/examplebucket/chunkObject.txt",
                                {{"Host", "s3.amazonaws.com"},
                                 {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                                 {"Content-Encoding", "aws-chunked"},
                                 {"x-amz-decoded-content-length", "66560"},
                                 {"Content-Length", "66824"}});
  ChunkChain chain = SignRequest(kSigner, kNow, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", request);
  EXPECT_EQ(chain.signature(), "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
  ASSERT_OK_AND_ASSIGN(Verified verified, Verify(request));
  EXPECT_EQ(verified.payload.kind, PayloadKind::kSigned);
  EXPECT_EQ(verified.chain.SignChunk(Sha256Hex(Bytes(65536, 'a'))),
            "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648");
  EXPECT_EQ(verified.chain.SignChunk(Sha256Hex(Bytes(1024, 'a'))),
            "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497");
  EXPECT_EQ(verified.chain.SignChunk(kEmpty), "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9");
  EXPECT_EQ(EncodeChunked(PayloadKind::kSigned, chain, Bytes(66560, 'a'), 65536).size(), 66824);
}

TEST(Signature, PublishedChunkedUploadWithTrailer) {
  HttpRequest request = Request("PUT", "/examplebucket/chunkObject.txt",
                                {{"Host", "s3.amazonaws.com"},
                                 {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                                 {"Content-Encoding", "aws-chunked"},
                                 {"x-amz-decoded-content-length", "66560"},
                                 {"x-amz-trailer", "x-amz-checksum-crc32c"}});
  ChunkChain chain = SignRequest(kSigner, kNow, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", request);
  EXPECT_EQ(chain.signature(), "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
  EXPECT_EQ(Verify(request)->payload.kind, PayloadKind::kSignedTrailer);
  EXPECT_EQ(chain.SignChunk(Sha256Hex(Bytes(65536, 'a'))),
            "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2");
  EXPECT_EQ(chain.SignChunk(Sha256Hex(Bytes(1024, 'a'))),
            "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7");
  EXPECT_EQ(chain.SignChunk(kEmpty), "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992");
  EXPECT_EQ(chain.SignTrailers("x-amz-checksum-crc32c:sOO8/Q==\n"),
            "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435");
}

TEST(Signature, WhatIsSignedCannotBeChanged) {
  HttpRequest good = Request("PUT", "/a%20b?x=1&y", {{"x-amz-meta-a", "1  2"}, {"Content-Type", "text/plain"}});
  SignRequest(kSigner, kNow, "UNSIGNED-PAYLOAD", good);
  ASSERT_OK(Verify(good));
  const std::function<void(HttpRequest&)> changes[] = {
      [](HttpRequest& r) { r.method = "POST"; },
      [](HttpRequest& r) { r.target = "/a%20c?x=1&y"; },
      [](HttpRequest& r) { r.target = "/a%20b?x=2&y"; },
      [](HttpRequest& r) { r.target = "/a%20b?x=1&y&z"; },
      [](HttpRequest& r) { r.fields.Set("host", "other"); },
      [](HttpRequest& r) { r.fields.Set("x-amz-meta-a", "1 3"); },
      [](HttpRequest& r) { r.fields.Set("content-type", "text/html"); },
      [](HttpRequest& r) { r.fields.Remove("content-type"); },
      [](HttpRequest& r) { r.fields.Add("content-type", "text/html"); },
      [](HttpRequest& r) { r.fields.Set("x-amz-content-sha256", std::string(kEmpty)); },
      [](HttpRequest& r) { r.fields.Set("x-amz-date", "20130524T000001Z"); },
  };
  int row = 0;
  for (const auto& change : changes) {
    HttpRequest bad = good;
    change(bad);
    EXPECT_S3(Verify(bad), "SignatureDoesNotMatch") << row++;
  }
  EXPECT_S3(Verify(good, "another secret"), "SignatureDoesNotMatch");
}

TEST(Signature, WhatMeansTheSameVerifies) {
  HttpRequest good = Request("PUT", "/a%20b/(c)?x=1&y", {{"x-amz-meta-a", "1  2"}});
  SignRequest(kSigner, kNow, "UNSIGNED-PAYLOAD", good);
  const std::function<void(HttpRequest&)> changes[] = {
      [](HttpRequest& r) { r.target = "/%61%20b/%28c%29?y=&x=%31"; },
      [](HttpRequest& r) { r.fields.Set("x-amz-meta-a", " 1 2 "); },
      [](HttpRequest& r) { r.fields.Add("User-Agent", "proxy"); },
  };
  for (const auto& change : changes) {
    HttpRequest same = good;
    change(same);
    EXPECT_OK(Verify(same)) << same.target;
  }
}

TEST(Signature, MismatchShowsWhatWasSignedButNoSecret) {
  HttpRequest request = Request("GET", "/k");
  SignRequest(kSigner, kNow, "UNSIGNED-PAYLOAD", request);
  const Status status = Verify(request, "other-secret").status();
  EXPECT_EQ(status.Detail("CanonicalRequest"),
            "GET\n/k\n\nhost:examplebucket.s3.amazonaws.com\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:"
            "20130524T000000Z\n\nhost;x-amz-content-sha256;x-amz-date\nUNSIGNED-PAYLOAD");
  EXPECT_THAT(*status.Detail("StringToSign"),
              testing::StartsWith("AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n"));
  for (const auto& [name, value] : status.details())
    EXPECT_THAT(value, testing::Not(testing::HasSubstr("other-secret")));
}

TEST(Signature, EveryAmzHeaderAndTheHostMustBeSigned) {
  HttpRequest request = Request("PUT", "/k");
  SignRequest(kSigner, kNow, "UNSIGNED-PAYLOAD", request);
  request.fields.Add("X-Amz-Acl", "public-read");
  const Status status = Verify(request).status();
  EXPECT_S3(status, "AccessDenied");
  EXPECT_EQ(status.Detail("HeadersNotSigned"), "x-amz-acl");

  HttpRequest presigned = Request("PUT", "/k");
  PresignRequest(kSigner, kNow, 60, presigned);
  presigned.fields.Add("x-amz-meta-a", "1");
  EXPECT_S3(Verify(presigned), "AccessDenied");

  HttpRequest hostless{"GET", "/k", {}};
  SignRequest(kSigner, kNow, "UNSIGNED-PAYLOAD", hostless);
  EXPECT_S3(Verify(hostless), "AccessDenied");
}

TEST(Signature, ClocksMayDifferByAQuarterOfAnHour) {
  HttpRequest request = Request("GET", "/k");
  SignRequest(kSigner, kNow, "UNSIGNED-PAYLOAD", request);
  EXPECT_OK(Verify(request, kSigner.secret, kNow + 15 * kMinuteMs));
  EXPECT_OK(Verify(request, kSigner.secret, kNow - 15 * kMinuteMs));
  EXPECT_S3(Verify(request, kSigner.secret, kNow + 15 * kMinuteMs + 1), "RequestTimeTooSkewed");
  EXPECT_S3(Verify(request, kSigner.secret, kNow - 15 * kMinuteMs - 1), "RequestTimeTooSkewed");
}

TEST(Signature, TheScopeMustFit) {
  HttpRequest request = Request("GET", "/k");
  SignRequest(kSigner, kNow, "UNSIGNED-PAYLOAD", request);
  const Status region = Verify(request, kSigner.secret, kNow, "eu-west-1").status();
  EXPECT_S3(region, "AuthorizationHeaderMalformed");
  EXPECT_EQ(region.Detail("Region"), "eu-west-1");
  const auto with = [&](std::string_view from, std::string_view to) {
    HttpRequest changed = request;
    std::string header(request.fields.Get("authorization"));
    header.replace(header.find(from), from.size(), to);
    changed.fields.Set("Authorization", header);
    return changed;
  };
  EXPECT_S3(Verify(with("/s3/", "/iam/")), "AuthorizationHeaderMalformed");
  EXPECT_S3(Verify(with("/20130524/", "/20130523/")), "AuthorizationHeaderMalformed");
  EXPECT_OK(Verify(with("AKIAIOSFODNN7EXAMPLE", "a/b")));
}

TEST(Signature, DateStandsInForAmzDate) {
  HttpRequest request = Request("GET", "/k");
  SignRequest(kSigner, kNow, "UNSIGNED-PAYLOAD", request);
  request.fields.Remove("x-amz-date");
  EXPECT_S3(Verify(request), "AccessDenied");
  request.fields.Add("Date", "Fri, 24 May 2013 00:00:00 GMT");
  EXPECT_S3(Verify(request), "SignatureDoesNotMatch");  // it was signed with the other header
}

TEST(Signature, ThePayloadMustBeSaid) {
  HttpRequest request = Request("GET", "/k");
  SignRequest(kSigner, kNow, "nonsense", request);
  EXPECT_S3(Verify(request), "InvalidArgument");
  request.fields.Remove("x-amz-content-sha256");
  EXPECT_S3(Verify(request), "InvalidRequest");
  SignRequest(kSigner, kNow, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", request);
  EXPECT_EQ(Verify(request)->payload.kind, PayloadKind::kUnsignedTrailer);
}

TEST(Signature, AnonymousRequestsHaveNoAuthorization) {
  ASSERT_OK_AND_ASSIGN(const auto none, ReadAuthorization(Request("GET", "/k"), {}));
  EXPECT_FALSE(none.has_value());
  EXPECT_EQ(ReadPayload({})->kind, PayloadKind::kUnsigned);
  EXPECT_EQ(ReadPayload({{"x-amz-content-sha256", std::string(kEmpty)}})->sha256, kEmpty);
  EXPECT_S3(ReadPayload({{"x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}}), "AccessDenied");
  EXPECT_S3(ReadPayload({{"x-amz-content-sha256", ""}}), "InvalidArgument");
}

TEST(Signature, OtherAuthorizationsAreRefused) {
  const std::string scope = "AK/20130524/us-east-1/s3/aws4_request";
  const std::string hex(64, 'a');
  const std::string whole = "AWS4-HMAC-SHA256 Credential=" + scope + ", SignedHeaders=host, Signature=" + hex;
  EXPECT_OK(ReadAuthorization(Request("GET", "/", {{"Authorization", whole}}), {}));
  const std::pair<std::string, std::string> headers[] = {
      {"AWS AKIA:abc=", "InvalidRequest"},
      {"AWS4-ECDSA-P256-SHA256 Credential=x", "InvalidRequest"},
      {"Basic abc", "InvalidArgument"},
      {"", "InvalidArgument"},
      {"AWS4-HMAC-SHA256", "AuthorizationHeaderMalformed"},
      {"AWS4-HMAC-SHA256 Credential=" + scope + ",SignedHeaders=host", "AuthorizationHeaderMalformed"},
      {"AWS4-HMAC-SHA256 Credential=" + scope + ",SignedHeaders=,Signature=" + hex, "AuthorizationHeaderMalformed"},
      {"AWS4-HMAC-SHA256 Credential=AK/20130524/us-east-1/s3,SignedHeaders=host,Signature=" + hex,
       "AuthorizationHeaderMalformed"},
      {"AWS4-HMAC-SHA256 Credential=" + scope + ",SignedHeaders=host,Signature=abc", "AuthorizationHeaderMalformed"},
      {whole + ",Signature=" + hex, "AuthorizationHeaderMalformed"},
      {whole + ",Extra=1", "AuthorizationHeaderMalformed"},
  };
  for (const auto& [header, code] : headers) {
    EXPECT_S3(ReadAuthorization(Request("GET", "/", {{"Authorization", header}}), {}), code) << header;
  }
  EXPECT_S3(ReadAuthorization(Request("GET", "/", {{"Authorization", whole}, {"authorization", whole}}), {}),
            "InvalidArgument");
  EXPECT_S3(ReadAuthorization(Request("GET", "/", {{"Authorization", whole}}), {{"X-Amz-Signature", hex}}),
            "InvalidArgument");
  EXPECT_S3(ReadAuthorization(Request("GET", "/"), {{"AWSAccessKeyId", "AK"}, {"Signature", "s"}}), "InvalidRequest");
}

TEST(Signature, WrongPresignedQueriesAreRefused) {
  const Query good{
      {"X-Amz-Algorithm", "AWS4-HMAC-SHA256"}, {"X-Amz-Credential", "AK/20130524/us-east-1/s3/aws4_request"},
      {"X-Amz-Date", "20130524T000000Z"},      {"X-Amz-Expires", "604800"},
      {"X-Amz-SignedHeaders", "host"},         {"X-Amz-Signature", std::string(64, 'a')}};
  const HttpRequest request = Request("GET", "/k");
  ASSERT_OK(ReadAuthorization(request, good));
  const std::pair<std::string, std::string> changes[] = {{"X-Amz-Algorithm", "AWS4-HMAC-SHA1"},
                                                         {"X-Amz-Credential", "AK/x/s3/aws4_request"},
                                                         {"X-Amz-Expires", "0"},
                                                         {"X-Amz-Expires", "604801"},
                                                         {"X-Amz-Expires", "-1"},
                                                         {"X-Amz-Expires", ""},
                                                         {"X-Amz-SignedHeaders", ""},
                                                         {"X-Amz-Signature", "a"}};
  for (const auto& [name, value] : changes) {
    Query bad;
    for (const auto& parameter : good) bad.Add(parameter.first, parameter.first == name ? value : parameter.second);
    EXPECT_S3(ReadAuthorization(request, bad), "AuthorizationQueryParametersError") << name << "=" << value;
  }
  for (const auto& [name, value] : good) {
    Query twice = good;
    twice.Add(name, value);
    EXPECT_S3(ReadAuthorization(request, twice), "AuthorizationQueryParametersError") << name;
  }
}

}  // namespace
}  // namespace pbfs::s3
