#include "libs/s3/errors.h"

#include "libs/s3/testing.h"

namespace pbfs::s3 {
namespace {

TEST(Errors, StatusOfACodeComesOutAsItsNameStatusAndMessage) {
  const Failure usual = ToFailure(Error(Code::kNoSuchBucket));
  EXPECT_EQ(usual.code, "NoSuchBucket");
  EXPECT_EQ(usual.http_status, 404);
  EXPECT_EQ(usual.message, "The specified bucket does not exist");
  const Failure told = ToFailure(Error(Code::kInvalidUri, "bad escape").WithDetail("Where", "path"));
  EXPECT_EQ(told.code, "InvalidURI");
  EXPECT_EQ(told.http_status, 400);
  EXPECT_EQ(told.message, "bad escape");
  EXPECT_THAT(told.extra, testing::ElementsAre(testing::Pair("Where", "path")));
}

TEST(Errors, EachCodeHasItsHttpStatus) {
  const std::pair<Code, int> cases[] = {
      {Code::kPermanentRedirect, 301},  {Code::kTemporaryRedirect, 307},
      {Code::kBadDigest, 400},          {Code::kRequestTimeTooSkewed, 403},
      {Code::kNoSuchVersion, 404},      {Code::kMethodNotAllowed, 405},
      {Code::kBucketNotEmpty, 409},     {Code::kMissingContentLength, 411},
      {Code::kPreconditionFailed, 412}, {Code::kInvalidRange, 416},
      {Code::kInternalError, 500},      {Code::kNotImplemented, 501},
      {Code::kSlowDown, 503},           {Code::kServiceUnavailable, 503},
      {Code::kOperationAborted, 409},   {Code::kConditionalRequestConflict, 409},
      {Code::kInvalidWriteOffset, 400},
  };
  for (const auto& [code, status] : cases) EXPECT_EQ(HttpStatusOf(code), status) << CodeName(code);
}

TEST(Errors, OtherStatusesAreTranslatedWithoutTheirMessages) {
  const std::tuple<Status, std::string, int> cases[] = {
      {NotFoundError("row 17"), "NoSuchKey", 404},
      {ResourceExhaustedError("store-3"), "SlowDown", 503},
      {UnavailableError("10.0.0.1"), "ServiceUnavailable", 503},
      {DeadlineExceededError("10.0.0.1"), "ServiceUnavailable", 503},
      {PermissionDeniedError("inside"), "AccessDenied", 403},
      {UnimplementedError("inside"), "NotImplemented", 501},
      {DataLossError("inside"), "InternalError", 500},
      {InvalidArgumentError("inside"), "InternalError", 500},
      {Status(StatusCode::kInternal, "inside").WithDetail("s3-code", "NoSuchCode"), "InternalError", 500},
      {Error(Code::kInternalError, "inside"), "InternalError", 500},
  };
  for (const auto& [status, code, http_status] : cases) {
    const Failure failure = ToFailure(status);
    EXPECT_EQ(failure.code, code) << status.ToString();
    EXPECT_EQ(failure.http_status, http_status);
    EXPECT_THAT(failure.message, testing::Not(testing::HasSubstr(status.message())));
    EXPECT_TRUE(failure.extra.empty());
  }
}

TEST(Errors, IsErrorKnowsItsOwn) {
  EXPECT_TRUE(IsError(Error(Code::kNoSuchKey), Code::kNoSuchKey));
  EXPECT_FALSE(IsError(Error(Code::kNoSuchKey), Code::kNoSuchBucket));
  EXPECT_FALSE(IsError(NotFoundError("x"), Code::kNoSuchKey));
  EXPECT_FALSE(IsError(OkStatus(), Code::kNoSuchKey));
}

TEST(Errors, DocumentEscapesWhatTheClientSent) {
  const Failure failure{"NoSuchKey", 404, "a < b", {{"StringToSign", "x\ny\x01"}}};
  EXPECT_EQ(ErrorDocument(failure, "/b/<k>&", "id1", "id2"),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>NoSuchKey</Code><Message>a &lt; b</Message>"
            "<StringToSign>x\ny&#01;</StringToSign><Resource>/b/&lt;k&gt;&amp;</Resource><RequestId>id1</RequestId>"
            "<HostId>id2</HostId></Error>");
}

}  // namespace
}  // namespace pbfs::s3
