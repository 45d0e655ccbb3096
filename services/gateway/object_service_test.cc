// The object API without gRPC: who may do what, what is written down, and what is refused before anything is done. What it does is tested
// over the wire, in tests/objects.
#include "services/gateway/object_service.h"

#include "services/gateway/gateway_fixture.h"

namespace pbfs::gateway {
namespace {

using objects::Caller;
using testing::HasSubstr;
using testing::Not;

class TextSource final : public objects::BodySource {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}
  Result<size_t> Read(const Context&, MutableByteSpan out) override {
    const size_t taken = std::min(out.size(), text_.size() - at_);
    std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(at_), taken, out.begin());
    at_ += taken;
    return taken;
  }

 private:
  const std::string text_;
  size_t at_ = 0;
};

class ListSource final : public objects::PieceSource {
 public:
  explicit ListSource(std::vector<std::pair<int64_t, std::string>> pieces) : pieces_(std::move(pieces)) {}
  Result<std::optional<objects::PatchPiece>> Next(const Context&) override {
    if (at_ == pieces_.size()) return std::optional<objects::PatchPiece>{};
    const auto& [offset, data] = pieces_[at_++];
    return std::optional(objects::PatchPiece{offset, ToBytes(AsBytes(data))});
  }

 private:
  const std::vector<std::pair<int64_t, std::string>> pieces_;
  size_t at_ = 0;
};

class TextSink final : public objects::ObjectSink {
 public:
  Status Begin(const Context&, const objects::Opened& opened) override {
    this->opened = opened;
    return OkStatus();
  }
  Status Write(const Context&, ByteSpan bytes) override {
    text += AsText(bytes);
    return OkStatus();
  }
  objects::Opened opened;
  std::string text;
};

class ObjectServiceTest : public GatewayTest {
 protected:
  ObjectServiceTest() : service_(gateway_) { MakeBucket("photos"); }

  Caller Alice() const { return {objects::BasicCredentials{key_.id, key_.secret}, "127.0.0.1", true}; }
  static Caller Anonymous() { return {std::nullopt, "127.0.0.1", true}; }
  Result<objects::Written> Put(const Caller& caller, const objects::PutRequest& request, const std::string& text) {
    TextSource source(text);
    return service_.Put(TestContext(), caller, request, source);
  }
  Result<objects::Written> Put(const std::string& key, const std::string& text) {
    return Put(Alice(), {.at = {"photos", key}}, text);
  }
  Result<objects::Written> Patch(const objects::PatchRequest& request,
                                 std::vector<std::pair<int64_t, std::string>> pieces) {
    ListSource source(std::move(pieces));
    return service_.Patch(TestContext(), Alice(), request, source);
  }
  Status Head(const Caller& caller, const std::string& key) {
    return service_.Head(TestContext(), caller, {.at = {"photos", key}}).status();
  }
  std::string Text(const std::string& key) {
    TextSink sink;
    EXPECT_OK(service_.Get(TestContext(), Alice(), {.at = {"photos", key}}, sink));
    return sink.text;
  }
  static std::string CodeOf(const Status& status) { return status.Detail("s3-code").value_or("(none)"); }

  ObjectService service_;
};

TEST_F(ObjectServiceTest, ACallIsWrittenDownAsARequestIs) {
  ASSERT_OK(Put("cat", "miaow"));
  EXPECT_EQ(served_.operation, "PutObject");
  EXPECT_EQ(served_.method, "gRPC");
  EXPECT_EQ(served_.path, "/photos/cat");
  EXPECT_EQ(served_.bucket, "photos");
  EXPECT_EQ(served_.key, "cat");
  EXPECT_EQ(served_.user, "alice");
  EXPECT_EQ(served_.access_key, key_.id);
  EXPECT_EQ(served_.peer, "127.0.0.1");
  EXPECT_EQ(served_.status, 200);
  EXPECT_EQ(served_.received_bytes, 5);
  EXPECT_EQ(served_.request_id.size(), 16u);
  EXPECT_EQ(Text("cat"), "miaow");
  EXPECT_EQ(served_.operation, "GetObject");
  EXPECT_EQ(served_.sent_bytes, 5);
  EXPECT_CODE(Head(Alice(), "dog"), kNotFound);
  EXPECT_EQ(served_.status, 404);
  EXPECT_EQ(served_.error, "NoSuchKey");
}

TEST_F(ObjectServiceTest, OnlyKeysOfTheSiteAreLetIn) {
  ASSERT_OK(Put("cat", "miaow"));
  Caller caller = Alice();
  caller.credentials->secret = "wrong";
  const Status wrong = Head(caller, "cat");
  EXPECT_CODE(wrong, kUnauthenticated);
  EXPECT_THAT(wrong.ToString(), Not(HasSubstr(key_.secret)));
  EXPECT_EQ(served_.error, "SignatureDoesNotMatch");
  EXPECT_EQ(served_.user, "");
  caller = Alice();
  caller.credentials->id = "PBFS0000000000000000";
  EXPECT_CODE(Head(caller, "cat"), kUnauthenticated);
  EXPECT_EQ(served_.error, "InvalidAccessKeyId");
  ASSERT_OK_AND_ASSIGN(const AccessKey bob, keys_.Create(TestContext(), "bob", site_.random));
  ASSERT_OK(keys_.SetEnabled(TestContext(), bob.id, false));
  caller.credentials = {bob.id, bob.secret};
  EXPECT_CODE(Head(caller, "cat"), kUnauthenticated);
  caller = Alice();
  caller.secure = false;
  EXPECT_CODE(Head(caller, "cat"), kUnauthenticated);
  EXPECT_OK(Head(Alice(), "cat"));
}

TEST_F(ObjectServiceTest, PoliciesDecideAsTheyDoOverHttp) {
  ASSERT_OK(Put("public/cat", "miaow"));
  ASSERT_OK(Put("cat", "miaow"));
  EXPECT_CODE(Head(Anonymous(), "public/cat"), kPermissionDenied);
  const std::string policy =
      R"({"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/public/*"}]})";
  ASSERT_EQ(Send("PUT", "/photos?policy", policy).status, 204);
  EXPECT_OK(Head(Anonymous(), "public/cat"));
  const Status denied = Head(Anonymous(), "cat");
  EXPECT_CODE(denied, kPermissionDenied);
  EXPECT_EQ(CodeOf(denied), "AccessDenied");
  // Whoever may not list is not told which keys there are, nor what they were.
  EXPECT_CODE(Head(Anonymous(), "public/dog"), kPermissionDenied);
  EXPECT_CODE(service_.NameHistory(TestContext(), Anonymous(), {"photos", "public/cat"}), kPermissionDenied);
  EXPECT_CODE(service_.Head(TestContext(), Anonymous(), {.at = {"photos", "public/cat"}, .as_of_ms = 1}),
              kPermissionDenied);
  EXPECT_CODE(Put(Anonymous(), {.at = {"photos", "public/dog"}}, "wuff"), kPermissionDenied);
  EXPECT_CODE(service_.CreateBucket(TestContext(), Anonymous(), {"theirs"}), kPermissionDenied);
  EXPECT_CODE(service_.ListBuckets(TestContext(), Anonymous(), {}), kPermissionDenied);
  const std::string reader =
      R"({"Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::photos","arn:aws:s3:::photos/*"]}]})";
  ASSERT_OK_AND_ASSIGN(const AccessKey bob, keys_.Create(TestContext(), "bob", site_.random, reader));
  const Caller may_read{objects::BasicCredentials{bob.id, bob.secret}, "127.0.0.1", true};
  EXPECT_OK(Head(may_read, "cat"));
  EXPECT_CODE(Head(may_read, "dog"), kNotFound);
  EXPECT_CODE(service_.Delete(TestContext(), may_read, {.at = {"photos", "cat"}}), kPermissionDenied);
  EXPECT_CODE(service_.Clone(TestContext(), may_read, {.source = {"", "cat"}, .at = {"photos", "dog"}}),
              kPermissionDenied);
}

TEST_F(ObjectServiceTest, ACloneNeedsWhatReadsItsSource) {
  ASSERT_OK(Put("secret/cat", "miaow"));
  const std::string policy =
      R"({"Statement":[{"Effect":"Allow","Action":["s3:PutObject","s3:GetObject"],"Resource":"arn:aws:s3:::photos/open/*"}]})";
  ASSERT_OK_AND_ASSIGN(const AccessKey bob, keys_.Create(TestContext(), "bob", site_.random, policy));
  const Caller caller{objects::BasicCredentials{bob.id, bob.secret}, "127.0.0.1", true};
  EXPECT_CODE(service_.Clone(TestContext(), caller, {.source = {"", "secret/cat"}, .at = {"photos", "open/cat"}}),
              kPermissionDenied);
  EXPECT_CODE(
      service_.Clone(TestContext(), caller,
                     {.source = {"", "secret/cat"}, .at = {"photos", "open/cat"}, .as_of_ms = clock_.NowMillis()}),
      kPermissionDenied);
}

TEST_F(ObjectServiceTest, NamesThatNoObjectCanHaveAreRefused) {
  for (const std::string& key :
       {std::string(), std::string(1025, 'x'), std::string("a\0b", 3), std::string("\xff\xfe")}) {
    SCOPED_TRACE(key);
    EXPECT_CODE(Put(key, "miaow"), kInvalidArgument);
  }
  for (const char* bucket : {"", "_pbfs", "A", "x/y", "photos/../other"}) {
    SCOPED_TRACE(bucket);
    EXPECT_CODE(Put(Alice(), {.at = {bucket, "cat"}}, "miaow"), kInvalidArgument);
  }
  EXPECT_EQ(CodeOf(Put(Alice(), {.at = {"no-such-bucket", "cat"}}, "").status()), "NoSuchBucket");
}

TEST_F(ObjectServiceTest, WhatWouldBreakAnAnswerOverHttpIsRefused) {
  const auto with = [&](const objects::Properties& properties) {
    return Put(Alice(), {.at = {"photos", "cat"}, .properties = properties}, "miaow");
  };
  EXPECT_CODE(with({.content_type = "text/plain\r\nSet-Cookie: a=b"}), kInvalidArgument);
  EXPECT_CODE(with({.metadata = {{"a\r\nb", "x"}}}), kInvalidArgument);
  EXPECT_CODE(with({.metadata = {{"", "x"}}}), kInvalidArgument);
  EXPECT_CODE(with({.metadata = {{"a", "x\ny"}}}), kInvalidArgument);
  EXPECT_CODE(with({.metadata = {{"a", " x"}}}), kInvalidArgument);
  EXPECT_CODE(with({.headers = {{"set-cookie", "a=b"}}}), kInvalidArgument);
  EXPECT_CODE(with({.headers = {{"expires", std::string("\0", 1)}}}), kInvalidArgument);
  EXPECT_EQ(CodeOf(with({.metadata = {{"a", std::string(2048, 'x')}}}).status()), "MetadataTooLarge");
  EXPECT_EQ(CodeOf(with({.tags = {{"aws:x", "y"}}}).status()), "InvalidTag");
  EXPECT_CODE(Put(Alice(), {.at = {"photos", "cat"}, .conditions = {.if_match = "a\"b"}}, ""), kInvalidArgument);
  EXPECT_EQ(Send("HEAD", "/photos/cat").status, 404);
}

TEST_F(ObjectServiceTest, RangesThatNoObjectCanHaveAreRefused) {
  ASSERT_OK(Put("cat", "miaow"));
  constexpr int64_t kHuge = INT64_MAX;
  const objects::Key cat{"photos", "cat"};
  TextSink sink;
  for (const objects::GetRequest& request :
       {objects::GetRequest{cat, {}, kHuge, 0}, objects::GetRequest{cat, {}, INT64_MIN, 0},
        objects::GetRequest{cat, {}, 0, -1}, objects::GetRequest{cat, {}, 1, kHuge},
        objects::GetRequest{cat, {}, -1, 1}, objects::GetRequest{cat, {}, 0, 0, -1},
        objects::GetRequest{cat, {}, 0, 0, kHuge}})
    EXPECT_CODE(service_.Get(TestContext(), Alice(), request, sink), kInvalidArgument);
  EXPECT_CODE(service_.Get(TestContext(), Alice(), {cat, {}, 5, 0}, sink), kOutOfRange);
  EXPECT_CODE(Patch({.at = cat}, {{-1, "x"}}), kInvalidArgument);
  EXPECT_CODE(Patch({.at = cat}, {{kHuge, "x"}}), kInvalidArgument);
  EXPECT_CODE(Patch({.at = cat}, {{0, ""}}), kInvalidArgument);
  EXPECT_CODE(Patch({.at = cat}, {}), kInvalidArgument);
  EXPECT_CODE(Patch({.at = cat}, {{0, "xxx"}, {2, "y"}}), kInvalidArgument);
  EXPECT_CODE(Patch({.at = cat}, {{2, "xx"}, {0, "yyy"}}), kInvalidArgument);
  EXPECT_CODE(Patch({.at = cat}, {{6, "x"}}), kOutOfRange);
  std::vector<std::pair<int64_t, std::string>> many;
  for (int64_t i = 0; i < 1001; ++i) many.emplace_back(2 * i, "x");
  EXPECT_EQ(CodeOf(Patch({.at = cat}, many).status()), "InvalidRequest");
  EXPECT_CODE(service_.Truncate(TestContext(), Alice(), {.at = cat, .size = -1}), kInvalidArgument);
  EXPECT_CODE(service_.Truncate(TestContext(), Alice(), {.at = cat, .size = kHuge}), kInvalidArgument);
  EXPECT_CODE(service_.Zero(TestContext(), Alice(), {.at = cat, .lo = 3, .hi = 3}), kInvalidArgument);
  EXPECT_CODE(service_.Zero(TestContext(), Alice(), {.at = cat, .lo = 0, .hi = kHuge}), kInvalidArgument);
  EXPECT_CODE(service_.Extents(TestContext(), Alice(), {.at = cat, .lo = 4, .hi = 3}), kInvalidArgument);
  EXPECT_CODE(service_.History(TestContext(), Alice(), {.at = cat, .limit = 10'001}), kInvalidArgument);
  EXPECT_EQ(Text("cat"), "miaow");
}

TEST_F(ObjectServiceTest, ABodyThatIsNotWhatWasAnnouncedLeavesNothing) {
  const objects::Key cat{"photos", "cat"};
  EXPECT_EQ(CodeOf(Put(Alice(), {.at = cat, .size = 6}, "miaow").status()), "IncompleteBody");
  EXPECT_EQ(CodeOf(Put(Alice(), {.at = cat, .size = 4}, "miaow").status()), "IncompleteBody");
  EXPECT_CODE(Put(Alice(), {.at = cat, .size = -1}, "miaow"), kInvalidArgument);
  EXPECT_EQ(CodeOf(Put(Alice(), {.at = cat, .size = int64_t{6} << 30}, "miaow").status()), "EntityTooLarge");
  EXPECT_EQ(CodeOf(Put(Alice(), {.at = cat, .checksum = objects::Checksum{"CRC32", "AAAAAA=="}}, "miaow").status()),
            "BadDigest");
  EXPECT_CODE(Put(Alice(), {.at = cat, .checksum = objects::Checksum{"CRC99", "AAAAAA=="}}, "miaow"), kInvalidArgument);
  EXPECT_CODE(Head(Alice(), "cat"), kNotFound);
}

TEST_F(ObjectServiceTest, VersionsAreReadPatchedAndDeletedByTheirIds) {
  ASSERT_OK_AND_ASSIGN(const objects::Written plain, Put("cat", "0123456789"));
  EXPECT_EQ(plain.version_id, "");
  SetVersioning("photos", "Enabled");
  ASSERT_OK_AND_ASSIGN(const objects::Written put, Put("cat", "miaow"));
  EXPECT_EQ(Send("HEAD", "/photos/cat").fields.Get("x-amz-version-id"), put.version_id);
  const objects::Key cat{"photos", "cat"}, null{"photos", "cat", "null"}, first{"photos", "cat", put.version_id};
  const auto read = [&](const objects::Key& key) {
    TextSink sink;
    EXPECT_OK(service_.Get(TestContext(), Alice(), {.at = key}, sink));
    EXPECT_TRUE(key.version_id.empty() || sink.opened.facts.version_id == key.version_id);
    return sink.text;
  };
  ASSERT_OK_AND_ASSIGN(const objects::Written patched, Patch({.at = null}, {{0, "ab"}, {9, "yz"}}));
  EXPECT_EQ(read(cat), "ab2345678yz");
  EXPECT_EQ(read({"photos", "cat", patched.version_id}), "ab2345678yz");
  EXPECT_EQ(read(null), "0123456789");
  TextSource more("!");
  ASSERT_OK_AND_ASSIGN(const objects::Written appended,
                       service_.Append(TestContext(), Alice(), {.at = first, .expected_size = 5}, more));
  EXPECT_EQ(read({"photos", "cat", appended.version_id}), "miaow!");
  ASSERT_OK_AND_ASSIGN(const objects::Written zeroed,
                       service_.Zero(TestContext(), Alice(), {.at = first, .lo = 1, .hi = 3}));
  EXPECT_EQ(read({"photos", "cat", zeroed.version_id}), std::string("m\0\0ow", 5));
  EXPECT_EQ(zeroed.size, 5);
  ASSERT_OK_AND_ASSIGN(const objects::Written cut, service_.Truncate(TestContext(), Alice(), {.at = first, .size = 2}));
  EXPECT_EQ(read({"photos", "cat", cut.version_id}), "mi");
  EXPECT_EQ(read(first), "miaow");
  ASSERT_OK_AND_ASSIGN(const objects::Written clone,
                       service_.Clone(TestContext(), Alice(), {.source = null, .at = {"photos", "copy"}}));
  EXPECT_EQ(read({"photos", "copy", clone.version_id}), "0123456789");

  ASSERT_OK_AND_ASSIGN(const objects::Deleted gone, service_.Delete(TestContext(), Alice(), {.at = cat}));
  EXPECT_TRUE(gone.delete_marker);
  const Status missing = Head(Alice(), "cat");
  EXPECT_CODE(missing, kNotFound);
  EXPECT_EQ(missing.Detail("delete-marker"), gone.version_id);
  const objects::Key marker{"photos", "cat", gone.version_id};
  EXPECT_EQ(CodeOf(service_.Head(TestContext(), Alice(), {.at = marker}).status()), "MethodNotAllowed");
  ASSERT_OK_AND_ASSIGN(const objects::Deleted undone, service_.Delete(TestContext(), Alice(), {.at = marker}));
  EXPECT_TRUE(undone.delete_marker);
  EXPECT_EQ(read(cat), "mi");
  ASSERT_OK_AND_ASSIGN(const objects::Deleted dropped, service_.Delete(TestContext(), Alice(), {.at = first}));
  EXPECT_FALSE(dropped.delete_marker);
  EXPECT_EQ(dropped.version_id, put.version_id);
  EXPECT_EQ(CodeOf(service_.Head(TestContext(), Alice(), {.at = first}).status()), "NoSuchVersion");
  EXPECT_CODE(service_.Head(TestContext(), Alice(), {.at = {"photos", "cat", "x"}}), kInvalidArgument);
  EXPECT_CODE(service_.Head(TestContext(), Alice(), {.at = null, .as_of_ms = 1}), kInvalidArgument);
}

TEST_F(ObjectServiceTest, VersionsAreListedInPages) {
  SetVersioning("photos", "Enabled");
  std::vector<std::string> want;
  for (const char* key : {"a", "b"}) {
    std::vector<std::string> newest_first;
    for (int i = 0; i < 3; ++i) {
      ASSERT_OK_AND_ASSIGN(const objects::Written put, Put(key, std::string(static_cast<size_t>(i), 'x')));
      newest_first.insert(newest_first.begin(), key + (" " + put.version_id) + " " + std::to_string(i));
    }
    want.insert(want.end(), newest_first.begin(), newest_first.end());
  }
  ASSERT_OK(Put("deep/er", "x"));
  ASSERT_OK_AND_ASSIGN(const objects::Deleted gone,
                       service_.Delete(TestContext(), Alice(), {.at = {"photos", "deep/er"}}));
  std::vector<std::string> listed;
  objects::ListVersionsRequest request{.bucket = "photos", .delimiter = "/", .limit = 2};
  for (bool more = true; more;) {
    ASSERT_OK_AND_ASSIGN(const objects::VersionPage page, service_.ListVersions(TestContext(), Alice(), request));
    for (const objects::ListedVersion& version : page.versions)
      listed.push_back(version.at.key + " " + version.at.version_id + " " + std::to_string(version.size));
    if (page.next.empty()) {
      EXPECT_THAT(page.prefixes, testing::ElementsAre("deep/"));
    }
    request.after = page.next, request.after_version_id = page.next_version_id;
    more = !page.next.empty();
  }
  EXPECT_EQ(listed, want);
  ASSERT_OK_AND_ASSIGN(const objects::VersionPage deep,
                       service_.ListVersions(TestContext(), Alice(), {.bucket = "photos", .prefix = "deep/"}));
  ASSERT_EQ(deep.versions.size(), 2u);
  EXPECT_TRUE(deep.versions[0].delete_marker && deep.versions[0].current);
  EXPECT_EQ(deep.versions[0].at.version_id, gone.version_id);
  EXPECT_FALSE(deep.versions[1].delete_marker || deep.versions[1].current);
  EXPECT_CODE(service_.ListVersions(TestContext(), Anonymous(), {.bucket = "photos"}), kPermissionDenied);
  EXPECT_CODE(service_.ListVersions(TestContext(), Alice(), {.bucket = "photos", .limit = 1001}), kInvalidArgument);
}

// A version by its id is an action of its own.
TEST_F(ObjectServiceTest, WhoMayReadTheKeyMayNotReadItsVersions) {
  ASSERT_OK(Put("cat", "miaow"));
  const std::string reader =
      R"({"Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:DeleteObject"],"Resource":"arn:aws:s3:::photos/*"}]})";
  ASSERT_OK_AND_ASSIGN(const AccessKey bob, keys_.Create(TestContext(), "bob", site_.random, reader));
  const Caller may_read{objects::BasicCredentials{bob.id, bob.secret}, "127.0.0.1", true};
  const objects::Key null{"photos", "cat", "null"};
  EXPECT_OK(Head(may_read, "cat"));
  EXPECT_CODE(service_.Head(TestContext(), may_read, {.at = null}), kPermissionDenied);
  EXPECT_CODE(service_.Delete(TestContext(), may_read, {.at = null}), kPermissionDenied);
  EXPECT_CODE(service_.Clone(TestContext(), may_read, {.source = null, .at = {"photos", "dog"}}), kPermissionDenied);
}

TEST_F(ObjectServiceTest, ABucketKeepsThePastThatItsMakerAsksFor) {
  ASSERT_OK(service_.CreateBucket(TestContext(), Alice(), {.bucket = "past", .history_ms = 3'600'000}));
  ASSERT_OK_AND_ASSIGN(const Bucket bucket, client_->OpenBucket(TestContext(), "past"));
  EXPECT_EQ(bucket.info().settings.history_ms, 3'600'000);
  EXPECT_CODE(service_.CreateBucket(TestContext(), Alice(), {.bucket = "past"}), kAlreadyExists);
  EXPECT_CODE(service_.CreateBucket(TestContext(), Alice(), {.bucket = "future", .history_ms = -1}), kInvalidArgument);
  EXPECT_CODE(service_.CreateBucket(TestContext(), Alice(), {.bucket = "_pbfs"}), kInvalidArgument);
}

class SchemeTest : public GatewayTest {
 protected:
  SchemeTest() : GatewayTest({.scheme = {2, 1, 2}}), service_(gateway_) {}
  BucketScheme SchemeOfBucket(const std::string& name) {
    const Result<BucketInfo> bucket = site_.catalog.FindBucket(TestContext(), name, 0);
    EXPECT_OK(bucket);
    return bucket.ok() ? SchemeOf(bucket->settings) : BucketScheme();
  }
  ObjectService service_;
};

TEST_F(SchemeTest, BucketsOfBothProtocolsHaveTheSchemeOfTheGateway) {
  MakeBucket("by-s3");
  const Caller alice{objects::BasicCredentials{key_.id, key_.secret}, "127.0.0.1", true};
  ASSERT_OK(service_.CreateBucket(TestContext(), alice, {.bucket = "by-grpc", .history_ms = 1000}));
  EXPECT_EQ(SchemeOfBucket("by-s3"), (BucketScheme{2, 1, 2}));
  EXPECT_EQ(SchemeOfBucket("by-grpc"), (BucketScheme{2, 1, 2}));
  const std::string body(300'000, 'x');
  EXPECT_EQ(Send("PUT", "/by-s3/cat", body).status, 200);
  EXPECT_EQ(Send("GET", "/by-s3/cat").body, body);
}

TEST_F(SchemeTest, SoHasTheirOwnBucket) {
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> names, documents_.List(TestContext(), ""));
  for (const std::string& name : names) ASSERT_OK(documents_.Delete(TestContext(), name));
  ASSERT_OK(client_->DeleteBucket(TestContext(), kSystemBucket));
  ASSERT_OK(documents_.Create(TestContext(), {2, 1, std::nullopt}));
  EXPECT_EQ(SchemeOfBucket(kSystemBucket), (BucketScheme{2, 1, std::nullopt}));
}

TEST_F(ObjectServiceTest, WithoutASchemeItIsTheSites) {
  const Result<BucketInfo> bucket = site_.catalog.FindBucket(TestContext(), "photos", 0);
  ASSERT_OK(bucket);
  EXPECT_EQ(SchemeOf(bucket->settings), BucketScheme());
}

TEST_F(ObjectServiceTest, ATokenMakesARepeatHappenOnceAlsoAcrossProtocols) {
  ASSERT_OK(Put("cat", "miaow"));
  const objects::PatchRequest request{.at = {"photos", "cat"}, .token = "once"};
  ASSERT_OK_AND_ASSIGN(const objects::Written first, Patch(request, {{0, "MI"}, {4, "W"}}));
  ASSERT_OK(Patch({.at = {"photos", "cat"}}, {{0, "xx"}}));
  ASSERT_OK_AND_ASSIGN(const objects::Written repeat, Patch(request, {{0, "MI"}, {4, "W"}}));
  EXPECT_EQ(repeat.etag, first.etag);
  EXPECT_EQ(Text("cat"), "xxaoW");
  EXPECT_EQ(CodeOf(Patch(request, {{0, "other"}}).status()), "IdempotencyParameterMismatch");
  ASSERT_OK(Patch({.at = {"photos", "cat"}, .token = "both"}, {{0, "ab"}}));
  ASSERT_OK(Patch({.at = {"photos", "cat"}}, {{0, "yy"}}));
  const Answer http =
      Send("PATCH", "/photos/cat", "ab", {{"Content-Range", "bytes 0-1/*"}, {"x-amz-client-token", "both"}});
  EXPECT_EQ(http.status, 200) << http.body;
  EXPECT_EQ(Text("cat"), "yyaoW");
}

}  // namespace
}  // namespace pbfs::gateway
