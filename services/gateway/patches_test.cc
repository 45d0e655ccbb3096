// PATCH and append of many pieces.
#include <algorithm>
#include <cstring>
#include <functional>
#include <tuple>
#include <utility>

#include <gmock/gmock.h>

#include "services/gateway/gateway_fixture.h"
#include "services/gateway/object_service.h"

namespace pbfs::gateway {
namespace {

constexpr size_t kPiece = 10'000, kMost = 300'000;

class PatchesTest : public GatewayTest {
 protected:
  // Without rehomes in the background, whose bodies would count.
  PatchesTest()
      : GatewayTest({.piece_bytes = kPiece, .max_patch_bytes = kMost}, {.rehome_offers = {.enabled = false}}) {}

  std::string Data(size_t size) {
    Bytes bytes(size);
    site_.random.Fill(bytes);
    return std::string(AsText(bytes));
  }
  static std::string Applied(std::string old, size_t at, const std::string& bytes) {
    old.resize(std::max(old.size(), at + bytes.size()));
    return old.replace(at, bytes.size(), bytes);
  }
  static std::string Part(size_t at, const std::string& bytes) {
    return "--b\r\nContent-Range: bytes " + std::to_string(at) +
           "-/*\r\nContent-Length: " + std::to_string(bytes.size()) + "\r\n\r\n" + bytes + "\r\n";
  }
  static std::string RangeAt(size_t at) { return "bytes " + std::to_string(at) + "-/*"; }
  // How many bodies the requests since the last call have made.
  int64_t Bodies() {
    const int64_t now = client_->Stats().bodies_written;
    return now - std::exchange(seen_, now);
  }
  void Make(const std::string& content) {
    MakeBucket("photos");
    ASSERT_EQ(Send("PUT", "/photos/cat", content).status, 200);
    (void)Bodies();
  }
  const HttpFields in_body_ = {{"Content-Type", "multipart/byteranges; boundary=b"}};
  int64_t seen_ = 0;
};

TEST_F(PatchesTest, ARangeOfManyPiecesIsOneWrite) {
  std::string model = Data(100'000);
  Make(model);
  const std::string bytes = Data(123'456);
  const Answer patch = Send("PATCH", "/photos/cat", bytes, {{"Content-Range", RangeAt(70'001)}});
  ASSERT_EQ(patch.status, 200) << patch.body;
  EXPECT_EQ(Bodies(), 13);
  model = Applied(model, 70'001, bytes);
  EXPECT_EQ(patch.fields.Get("x-amz-object-size"), std::to_string(model.size()));
  EXPECT_TRUE(Send("GET", "/photos/cat").body == model);
  ASSERT_OK_AND_ASSIGN(Bucket bucket, client_->OpenBucket(TestContext(), "photos"));
  ASSERT_OK_AND_ASSIGN(const ObjectId object, bucket.Find(TestContext(), "cat"));
  ASSERT_OK_AND_ASSIGN(const auto extents, bucket.Extents(TestContext(), object, 70'001, 193'457));
  EXPECT_EQ(extents.size(), 13u);
  for (const VisibleExtent& extent : extents) EXPECT_EQ(extent.order, extents[0].order);
}

TEST_F(PatchesTest, RangesInTheBodyOfManyPiecesAreOneWrite) {
  std::string model = Data(100'000);
  Make(model);
  const std::string head = Data(25'000), tail = Data(50'000), one = "1";
  const std::string body = Part(90'000, tail) + Part(7, head) + Part(60'000, one) + "--b--\r\n";
  const Answer patch = Send("PATCH", "/photos/cat", body, in_body_);
  ASSERT_EQ(patch.status, 200) << patch.body;
  EXPECT_EQ(Bodies(), 3 + 5 + 1);
  model = Applied(Applied(Applied(model, 90'000, tail), 7, head), 60'000, one);
  EXPECT_TRUE(Send("GET", "/photos/cat").body == model);
}

TEST_F(PatchesTest, AnAppendOfManyPiecesIsOneWrite) {
  std::string model = Data(100);
  Make(model);
  for (const bool versioned : {false, true}) {
    if (versioned) SetVersioning("photos", "Enabled");
    const std::string bytes = Data(54'321);
    const Answer append =
        Send("PUT", "/photos/cat", bytes, {{"x-amz-write-offset-bytes", std::to_string(model.size())}});
    ASSERT_EQ(append.status, 200) << append.body;
    EXPECT_EQ(Bodies(), 6);
    EXPECT_EQ(append.fields.Has("x-amz-version-id"), versioned);
    model += bytes;
    EXPECT_TRUE(Send("GET", "/photos/cat").body == model);
  }
}

TEST_F(PatchesTest, AVersionIsMadeOfManyPieces) {
  const std::string old = Data(50'000);
  Make(old);
  SetVersioning("photos", "Enabled");
  const std::string bytes = Data(45'000);
  const Answer patch = Send("PATCH", "/photos/cat", bytes, {{"Content-Range", RangeAt(20'000)}});
  ASSERT_EQ(patch.status, 200) << patch.body;
  EXPECT_EQ(Bodies(), 5);
  EXPECT_TRUE(Send("GET", "/photos/cat").body == Applied(old, 20'000, bytes));
  EXPECT_TRUE(Send("GET", "/photos/cat?versionId=null").body == old);
}

TEST_F(PatchesTest, ARepeatOfManyPiecesHappensOnce) {
  std::string model = Data(50'000);
  Make(model);
  const std::string bytes = Data(45'000);
  HttpFields fields = {{"Content-Range", RangeAt(10'000)}, {"x-amz-client-token", "once"}};
  const Answer first = Send("PATCH", "/photos/cat", bytes, fields);
  ASSERT_EQ(first.status, 200) << first.body;
  ASSERT_EQ(Send("PATCH", "/photos/cat", "xx", {{"Content-Range", "bytes 10000-10001/*"}}).status, 200);
  const Answer again = Send("PATCH", "/photos/cat", bytes, fields);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.fields.Get("ETag"), first.fields.Get("ETag"));
  model = Applied(Applied(model, 10'000, bytes), 10'000, "xx");
  EXPECT_TRUE(Send("GET", "/photos/cat").body == model);
  std::string other = bytes;
  other.back() ^= 1;
  EXPECT_EQ(Element(Send("PATCH", "/photos/cat", other, fields).body, "Code"), "IdempotencyParameterMismatch");
  EXPECT_TRUE(Send("GET", "/photos/cat").body == model);
}

TEST_F(PatchesTest, WhatIsFoundWrongAtTheEndLeavesNothing) {
  const std::string model = Data(50'000);
  Make(model);
  const std::string bytes = Data(45'000), parts = Part(0, Data(30'000)) + Part(40'000, Data(30'000)) + "--b--\r\n";
  const HttpFields range = {{"Content-Range", RangeAt(10'000)}};
  const HttpFields append = {{"x-amz-write-offset-bytes", "50000"}};
  const std::tuple<const char*, std::string, HttpFields> requests[] = {
      {"PATCH", bytes, range}, {"PATCH", parts, in_body_}, {"PUT", bytes, append}};
  for (const auto& [method, body, fields] : requests) {
    SCOPED_TRACE(std::string(method) + std::string(fields.Get("Content-Range")));
    HttpFields checked = fields;
    checked.Set("x-amz-checksum-crc32", "AAAAAA==");
    EXPECT_EQ(Element(Send(method, "/photos/cat", body, checked).body, "Code"), "BadDigest");
    HttpRequest request = Request(method, "/photos/cat", fields);
    s3::SignRequest(signer(), clock_.NowMillis(), s3::Sha256Hex(AsBytes(body)), request);
    std::string spoiled = body;
    spoiled[body.size() - 100] ^= 1;
    EXPECT_EQ(Element(SendRaw(request, spoiled).body, "Code"), "XAmzContentSHA256Mismatch");
    request.fields.Set("Content-Length", std::to_string(body.size()));
    MemoryExchange cut(request, ToBytes(AsBytes(body)));
    cut.FailReadsAfter(body.size() - 1000, UnavailableError("the connection is lost"));
    EXPECT_EQ(cut.Serve(TestContext(), gateway_).head.status, 400);
    EXPECT_TRUE(Send("GET", "/photos/cat").body == model);
  }
  const std::string unended = Part(0, Data(30'000)) + "--b\r\nContent-Range: bytes 40000-";
  EXPECT_EQ(Send("PATCH", "/photos/cat", unended, in_body_).status, 400);
  const std::string beyond = Part(0, Data(30'000)) + Part(60'000, Data(30'000)) + "--b--\r\n";
  EXPECT_EQ(Send("PATCH", "/photos/cat", beyond, in_body_).status, 416);
  for (auto& store : site_.faulty) store->SetDown(true);
  EXPECT_EQ(Send("PATCH", "/photos/cat", bytes, range).status, 503);
  for (auto& store : site_.faulty) store->SetDown(false);
  EXPECT_TRUE(Send("GET", "/photos/cat").body == model);
}

TEST_F(PatchesTest, MoreThanAPatchMayHaveIsRefused) {
  const std::string model = Data(100);
  Make(model);
  const std::string most = Data(kMost), more = most + "!";
  EXPECT_EQ(Element(Send("PATCH", "/photos/cat", more, {{"Content-Range", RangeAt(0)}}).body, "Code"),
            "EntityTooLarge");
  EXPECT_EQ(Element(Send("PUT", "/photos/cat", more, {{"x-amz-write-offset-bytes", "100"}}).body, "Code"),
            "EntityTooLarge");
  EXPECT_EQ(Element(Send("PATCH", "/photos/cat", Part(0, most) + "--b--\r\n", in_body_).body, "Code"),
            "EntityTooLarge");
  EXPECT_EQ(Bodies(), 0) << "nothing is read";
  EXPECT_EQ(Send("PATCH", "/photos/cat", most, {{"Content-Range", RangeAt(50)}}).status, 200);
  EXPECT_TRUE(Send("GET", "/photos/cat").body == Applied(model, 50, most));
}

/// A body in the middle of which something happens.
class InterruptedSource final : public objects::BodySource {
 public:
  InterruptedSource(std::string text, std::function<void()> meanwhile)
      : text_(std::move(text)), meanwhile_(std::move(meanwhile)) {}
  Result<size_t> Read(const Context&, MutableByteSpan out) override {
    if (at_ >= text_.size() / 2 && meanwhile_) std::exchange(meanwhile_, nullptr)();
    const size_t size = std::min(out.size(), text_.size() - at_);
    std::memcpy(out.data(), text_.data() + at_, size);
    at_ += size;
    return size;
  }

 private:
  const std::string text_;
  std::function<void()> meanwhile_;
  size_t at_ = 0;
};

TEST_F(PatchesTest, WhatHappenedWhileALongBodyCameIsNotLost) {
  std::string model = Data(100);
  Make(model);
  ObjectService service(gateway_);
  const objects::Caller alice{objects::BasicCredentials{key_.id, key_.secret}, "127.0.0.1", true};
  for (const bool versioned : {false, true}) {
    SCOPED_TRACE(versioned);
    if (versioned) SetVersioning("photos", "Enabled");
    const std::string colour = versioned ? "black" : "white";
    const std::string tags =
        "<Tagging><TagSet><Tag><Key>colour</Key><Value>" + colour + "</Value></Tag></TagSet></Tagging>";
    const std::string bytes = Data(40'000);
    InterruptedSource source(bytes, [&] {
      EXPECT_EQ(Send("PUT", "/photos/cat", "+", {{"x-amz-write-offset-bytes", std::to_string(model.size())}}).status,
                200);
      EXPECT_EQ(Send("PUT", "/photos/cat?tagging", tags).status, 200);
    });
    ASSERT_OK(service.Append(TestContext(), alice, {.at = {"photos", "cat"}}, source));
    model += "+" + bytes;
    EXPECT_TRUE(Send("GET", "/photos/cat").body == model);
    EXPECT_EQ(Element(Send("GET", "/photos/cat?tagging").body, "Value"), colour);
  }
}

// Nothing is uploaded for what is refused beforehand.
TEST_F(PatchesTest, ConditionsAreAskedBeforeTheBody) {
  Make(Data(100));
  const std::string bytes = Data(20'000), parts = Part(0, bytes) + "--b--\r\n";
  HttpFields other = in_body_;
  other.Set("If-Match", "\"0123\"");
  EXPECT_EQ(Send("PATCH", "/photos/cat", parts, other).status, 412);
  EXPECT_EQ(Send("PATCH", "/photos/cat", bytes, {{"Content-Range", RangeAt(0)}, {"If-Match", "\"0123\""}}).status, 412);
  EXPECT_EQ(Send("PATCH", "/photos/cat", bytes, {{"Content-Range", RangeAt(101)}}).status, 416);
  EXPECT_EQ(Send("PUT", "/photos/cat", bytes, {{"x-amz-write-offset-bytes", "99"}}).status, 400);
  EXPECT_EQ(Bodies(), 0);
}

}  // namespace
}  // namespace pbfs::gateway
