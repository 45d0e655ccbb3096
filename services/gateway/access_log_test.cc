#include "services/gateway/access_log.h"

#include <nlohmann/json.hpp>

#include "services/gateway/gateway_fixture.h"

namespace pbfs::gateway {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class AccessLogTest : public GatewayTest {
 protected:
  json Line() const { return json::parse(AccessLine(served_)); }
};

TEST_F(AccessLogTest, ARequestIsOneObject) {
  const int64_t before_ms = clock_.NowMillis();
  MakeBucket("photos");
  ASSERT_EQ(Send("PUT", "/photos/my%20cat", "miaow").status, 200);
  const Answer answer = Send("GET", "/photos/my%20cat");
  const json line = Line();
  EXPECT_EQ(line["ts"], s3::IsoDate(served_.began_ms));
  EXPECT_GE(served_.began_ms, before_ms);
  EXPECT_LE(served_.began_ms, clock_.NowMillis());
  EXPECT_EQ(line["request_id"], answer.fields.Get("x-amz-request-id"));
  EXPECT_EQ(line["operation"], "GetObject");
  EXPECT_EQ(line["method"], "GET");
  EXPECT_EQ(line["path"], "/photos/my%20cat");
  EXPECT_EQ(line["bucket"], "photos");
  EXPECT_EQ(line["key"], "my cat");
  EXPECT_EQ(line["status"], 200);
  EXPECT_EQ(line["peer"], "127.0.0.1");
  EXPECT_EQ(line["user"], "alice");
  EXPECT_EQ(line["access_key"], key_.id);
  EXPECT_EQ(line["received_bytes"], 0);
  EXPECT_EQ(line["sent_bytes"], 5);
  EXPECT_GE(line["microseconds"], 0);
  EXPECT_FALSE(line.contains("error"));
  EXPECT_FALSE(line.contains("detail"));
}

TEST_F(AccessLogTest, WhatFailedSaysWhy) {
  EXPECT_EQ(SendRaw(Request("GET", "/photos/cat")).status, 403);
  const json line = Line();
  EXPECT_EQ(line["status"], 403);
  EXPECT_EQ(line["error"], "AccessDenied");
  EXPECT_EQ(line["user"], "");
  EXPECT_EQ(line["access_key"], "");
}

TEST_F(AccessLogTest, NoSecretStandsInIt) {
  MakeBucket("photos");
  HttpRequest presigned = Request("GET", "/photos/cat?X-Amz-Security-Token=sometoken");
  s3::PresignRequest(signer(), clock_.NowMillis(), 60, presigned);
  SendRaw(presigned);
  EXPECT_EQ(served_.error, "NoSuchKey");
  const std::string signature = presigned.target.substr(presigned.target.find("X-Amz-Signature=") + 16, 64);
  for (const std::string& secret :
       {signature, key_.secret, std::string("sometoken"), std::string("X-Amz"), std::string("?")})
    EXPECT_THAT(AccessLine(served_), Not(HasSubstr(secret)));
  // One that does not fit is told to its sender, not to the log.
  presigned.target.back() = presigned.target.back() == '0' ? '1' : '0';
  const Answer refused = SendRaw(presigned);
  EXPECT_EQ(served_.error, "SignatureDoesNotMatch");
  EXPECT_THAT(refused.body, HasSubstr("CanonicalRequest"));
  EXPECT_THAT(AccessLine(served_), Not(HasSubstr("X-Amz")));
  HttpRequest request = Request("PUT", "/photos/cat", {{"x-amz-client-token", "mytoken"}, {"x-amz-meta-a", "secret"}});
  s3::SignRequest(signer(), clock_.NowMillis(), s3::Sha256Hex({}), request);
  SendRaw(request);
  for (const char* secret : {"mytoken", "secret", "Signature", "AWS4"})
    EXPECT_THAT(AccessLine(served_), Not(HasSubstr(secret)));
}

TEST_F(AccessLogTest, WhateverWasSentALineIsOne) {
  served_.path = "/a\nb\"\\\x01\xff\xe2\x80\xa8";
  served_.key = "c\r\nd";
  const std::string line = AccessLine(served_);
  EXPECT_EQ(line.find_first_of("\r\n"), std::string::npos);
  EXPECT_TRUE(std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7f; })) << line;
  EXPECT_EQ(json::parse(line)["key"], "c\r\nd");
}

}  // namespace
}  // namespace pbfs::gateway
