// What each method of the object API does, over a real channel, and that S3 over HTTP sees the same.
#include "tests/objects/object_wire_fixture.h"

namespace pbfs::gateway {
namespace {

using grpc::StatusCode;
using Stub = v1::Objects::Stub;

std::string Pattern(size_t size) {
  SeededRandom random(7);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random.Below(256));
  return text;
}

TEST_F(ObjectWireTest, WhatIsPutHereIsReadOverHttp) {
  v1::PutRequest first = PutHeader("a cat.txt");
  v1::Properties* properties = first.mutable_header()->mutable_properties();
  properties->set_content_type("text/plain");
  (*properties->mutable_metadata())["Colour"] = "black";
  (*properties->mutable_headers())["cache-control"] = "no-store";
  (*properties->mutable_tags())["kind"] = "pet @home";
  first.mutable_header()->mutable_checksum()->set_algorithm("crc32c");
  s3::Checksum crc(s3::ChecksumAlgorithm::kCrc32c);
  crc.Update(AsBytes("miaow"));
  first.mutable_header()->mutable_checksum()->set_value(Base64(crc.Finish()));
  v1::WriteReply put;
  ASSERT_WORKS(Put(first, "miaow", &put, 2));
  EXPECT_EQ(put.size(), 5);
  EXPECT_EQ(put.checksum().algorithm(), "CRC32C");

  const Answer http = Send("GET", "/photos/a%20cat.txt", "", {{"x-amz-checksum-mode", "ENABLED"}});
  EXPECT_EQ(http.body, "miaow");
  EXPECT_EQ(http.fields.Get("ETag"), "\"" + put.etag() + "\"");
  EXPECT_EQ(http.fields.Get("Content-Type"), "text/plain");
  EXPECT_EQ(http.fields.Get("x-amz-meta-colour"), "black");
  EXPECT_EQ(http.fields.Get("Cache-Control"), "no-store");
  EXPECT_EQ(http.fields.Get("x-amz-tagging-count"), "1");
  EXPECT_EQ(http.fields.Get("x-amz-checksum-crc32c"), put.checksum().value());
  EXPECT_EQ(http.fields.Get("Last-Modified"), s3::HttpDate(put.modified_ms()));
  EXPECT_EQ(Element(Send("GET", "/photos/a%20cat.txt?tagging").body, "Value"), "pet @home");

  const Got got = Get(GetOf("a cat.txt"));
  EXPECT_EQ(got.data, "miaow");
  EXPECT_EQ(got.opened.facts().etag(), put.etag());
  EXPECT_EQ(got.opened.facts().properties().metadata().at("colour"), "black");
}

TEST_F(ObjectWireTest, WhatIsPutOverHttpIsReadHere) {
  const Answer http = Send("PUT", "/photos/cat", "miaow",
                           {{"Content-Type", "text/plain"},
                            {"x-amz-meta-colour", "black"},
                            {"x-amz-tagging", "kind=pet"},
                            {"Expires", "tomorrow"}});
  ASSERT_EQ(http.status, 200) << http.body;
  v1::HeadRequest request;
  request.set_bucket("photos");
  request.set_key("cat");
  v1::HeadReply head;
  ASSERT_WORKS(Ask(&Stub::Head, request, &head));
  EXPECT_EQ("\"" + head.facts().etag() + "\"", http.fields.Get("ETag"));
  EXPECT_EQ(head.facts().size(), 5);
  EXPECT_EQ(head.facts().object_id().size(), 16u);
  EXPECT_EQ(head.facts().properties().content_type(), "text/plain");
  EXPECT_EQ(head.facts().properties().metadata().at("colour"), "black");
  EXPECT_EQ(head.facts().properties().headers().at("expires"), "tomorrow");
  EXPECT_EQ(head.facts().properties().tags().at("kind"), "pet");
  EXPECT_EQ(head.facts().checksum().type(), "FULL_OBJECT");
  EXPECT_EQ(head.facts().checksum().value(), http.fields.Get("x-amz-checksum-crc64nvme"));
}

TEST_F(ObjectWireTest, LongObjectsPassInPiecesBothWays) {
  const std::string data = Pattern((20 << 20) + 12345);
  const v1::WriteReply put = MustPut("long", data);
  EXPECT_EQ(put.size(), static_cast<int64_t>(data.size()));
  EXPECT_TRUE(Text("long") == data);
  EXPECT_TRUE(Send("GET", "/photos/long").body == data);
  EXPECT_EQ(Send("PUT", "/photos/again", data).fields.Get("ETag"), "\"" + put.etag() + "\"");
}

TEST_F(ObjectWireTest, AnEmptyObjectIsOne) {
  MustPut("empty", "");
  const Got got = Get(GetOf("empty"));
  EXPECT_TRUE(got.outcome.status.ok());
  EXPECT_EQ(got.opened.facts().size(), 0);
  EXPECT_EQ(Send("GET", "/photos/empty").status, 200);
}

TEST_F(ObjectWireTest, RangesAreThoseOfHttp) {
  MustPut("cat", "0123456789");
  EXPECT_EQ(Get(GetOf("cat", 3, 4)).data, "3456");
  EXPECT_EQ(Get(GetOf("cat", 3)).data, "3456789");
  EXPECT_EQ(Get(GetOf("cat", -3)).data, "789");
  EXPECT_EQ(Get(GetOf("cat", -30)).data, "0123456789");
  const Got clipped = Get(GetOf("cat", 8, 100));
  EXPECT_EQ(clipped.data, "89");
  EXPECT_EQ(clipped.opened.lo(), 8);
  EXPECT_EQ(clipped.opened.hi(), 10);
  EXPECT_FAILS(Get(GetOf("cat", 10)).outcome, StatusCode::OUT_OF_RANGE, "InvalidRange");
}

TEST_F(ObjectWireTest, ConditionsOfReadsHold) {
  const std::string etag = MustPut("cat", "miaow").etag();
  v1::GetRequest request = GetOf("cat");
  request.mutable_conditions()->set_if_match(etag);
  EXPECT_EQ(Get(request).data, "miaow");
  request.mutable_conditions()->set_if_match("0123");
  EXPECT_FAILS(Get(request).outcome, StatusCode::FAILED_PRECONDITION, "PreconditionFailed");
  request = GetOf("cat");
  request.mutable_conditions()->set_if_none_match(etag);
  const Got same = Get(request);
  EXPECT_TRUE(same.outcome.status.ok());
  EXPECT_TRUE(same.opened.not_modified());
  EXPECT_EQ(same.data, "");
  EXPECT_FAILS(Get(GetOf("dog")).outcome, StatusCode::NOT_FOUND, "NoSuchKey");
}

TEST_F(ObjectWireTest, ConditionsOfPutsHold) {
  v1::PutRequest first = PutHeader("cat");
  first.mutable_header()->mutable_conditions()->set_if_none_match("*");
  v1::WriteReply reply;
  ASSERT_WORKS(Put(first, "miaow", &reply));
  EXPECT_FAILS(Put(first, "other", &reply), StatusCode::FAILED_PRECONDITION, "PreconditionFailed");
  first = PutHeader("cat");
  first.mutable_header()->mutable_conditions()->set_if_match("0123");
  EXPECT_FAILS(Put(first, "other", &reply), StatusCode::FAILED_PRECONDITION, "PreconditionFailed");
  EXPECT_EQ(Text("cat"), "miaow");
  first.mutable_header()->mutable_conditions()->set_if_match(reply.etag());
  ASSERT_WORKS(Put(first, "mew", &reply));
  EXPECT_EQ(Text("cat"), "mew");
}

TEST_F(ObjectWireTest, ListsFoldAndPageAsS3Does) {
  for (const char* key : {"a/1", "a/2", "b", "c/1", "d"}) MustPut(key, key);
  v1::ListRequest request;
  request.set_bucket("photos");
  request.set_delimiter("/");
  request.set_limit(2);
  std::vector<std::string> seen;
  for (int pages = 0; pages < 5; ++pages) {
    v1::ListReply reply;
    ASSERT_WORKS(Ask(&Stub::List, request, &reply));
    seen.insert(seen.end(), reply.prefixes().begin(), reply.prefixes().end());
    for (const auto& object : reply.objects()) {
      seen.push_back(object.key());
      EXPECT_EQ(object.size(), static_cast<int64_t>(object.key().size()));
      EXPECT_EQ("\"" + object.etag() + "\"", Send("HEAD", "/photos/" + object.key()).fields.Get("ETag"));
    }
    if (reply.next().empty()) break;
    request.set_after(reply.next());
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"a/", "b", "c/", "d"}));
  request.Clear();
  request.set_bucket("photos");
  request.set_prefix("a/");
  v1::ListReply reply;
  ASSERT_WORKS(Ask(&Stub::List, request, &reply));
  EXPECT_EQ(reply.objects_size(), 2);
}

TEST_F(ObjectWireTest, ADeleteIsOneOverHttpToo) {
  const std::string etag = MustPut("cat", "miaow").etag();
  v1::DeleteRequest request;
  request.set_bucket("photos");
  request.set_key("cat");
  request.mutable_conditions()->set_if_match("0123");
  v1::DeleteReply reply;
  EXPECT_FAILS(Ask(&Stub::Delete, request, &reply), StatusCode::FAILED_PRECONDITION, "PreconditionFailed");
  request.mutable_conditions()->set_if_match(etag);
  ASSERT_WORKS(Ask(&Stub::Delete, request, &reply));
  EXPECT_FALSE(Exists("cat"));
  request.clear_conditions();
  ASSERT_WORKS(Ask(&Stub::Delete, request, &reply));
}

TEST_F(ObjectWireTest, BucketsComeAndGo) {
  v1::CreateBucketRequest create;
  create.set_bucket("albums");
  v1::CreateBucketReply created;
  ASSERT_WORKS(Ask(&Stub::CreateBucket, create, &created));
  EXPECT_FAILS(Ask(&Stub::CreateBucket, create, &created), StatusCode::ALREADY_EXISTS, "BucketAlreadyOwnedByYou");
  EXPECT_EQ(Send("HEAD", "/albums").status, 200);
  v1::ListBucketsReply buckets;
  ASSERT_WORKS(Ask(&Stub::ListBuckets, v1::ListBucketsRequest(), &buckets));
  ASSERT_EQ(buckets.buckets_size(), 2);  // not the one that keys are in
  EXPECT_EQ(buckets.buckets(0).name(), "albums");
  EXPECT_EQ(buckets.buckets(1).name(), "photos");
  v1::ListBucketsRequest page;
  page.set_limit(1);
  ASSERT_WORKS(Ask(&Stub::ListBuckets, page, &buckets));
  EXPECT_EQ(buckets.next(), "albums");
  MustPut("cat", "miaow");
  v1::DeleteBucketRequest remove;
  v1::DeleteBucketReply removed;
  remove.set_bucket("photos");
  EXPECT_FAILS(Ask(&Stub::DeleteBucket, remove, &removed), StatusCode::FAILED_PRECONDITION, "BucketNotEmpty");
  remove.set_bucket("albums");
  ASSERT_WORKS(Ask(&Stub::DeleteBucket, remove, &removed));
  EXPECT_FAILS(Ask(&Stub::DeleteBucket, remove, &removed), StatusCode::NOT_FOUND, "NoSuchBucket");
}

TEST_F(ObjectWireTest, APatchWritesAllItsRangesOrNone) {
  MustPut("cat", "0123456789");
  v1::WriteReply reply;
  ASSERT_WORKS(Patch("cat", {{8, "xy"}, {10, "z"}, {0, "ab"}}, &reply));
  EXPECT_EQ(reply.size(), 11);
  EXPECT_EQ(Text("cat"), "ab234567xyz");
  EXPECT_EQ(Send("GET", "/photos/cat").fields.Get("ETag"), "\"" + reply.etag() + "\"");
  EXPECT_FAILS(Patch("cat", {{0, "----"}, {3, "--"}}, &reply), StatusCode::INVALID_ARGUMENT, "InvalidRequest");
  EXPECT_FAILS(Patch("cat", {{0, "--"}, {12, "-"}}, &reply), StatusCode::OUT_OF_RANGE, "InvalidRange");
  EXPECT_FAILS(Patch("cat", {{0, "--"}}, &reply, "0123"), StatusCode::FAILED_PRECONDITION, "PreconditionFailed");
  EXPECT_EQ(Text("cat"), "ab234567xyz");
  const std::string etag = reply.etag();
  ASSERT_WORKS(Patch("cat", {{0, "01"}}, &reply, etag));
  EXPECT_FAILS(Patch("cat", {{0, "--"}}, &reply, etag), StatusCode::FAILED_PRECONDITION, "PreconditionFailed");
  EXPECT_FAILS(Patch("dog", {{0, "--"}}, &reply), StatusCode::NOT_FOUND, "NoSuchKey");
}

TEST_F(ObjectWireTest, LongPatchesAndAppendsAreOneWrite) {
  std::string model = Pattern((20 << 20) + 12345);
  MustPut("long", "0123456789");
  std::vector<std::pair<int64_t, std::string>> pieces;
  constexpr size_t kPiece = 1 << 20;
  for (size_t at = 0; at < model.size(); at += kPiece)
    pieces.emplace_back(static_cast<int64_t>(at), model.substr(at, kPiece));
  v1::WriteReply reply;
  ASSERT_WORKS(Patch("long", pieces, &reply));
  EXPECT_EQ(reply.size(), static_cast<int64_t>(model.size()));
  EXPECT_TRUE(Text("long") == model);
  std::vector<v1::AppendRequest> messages(1);
  messages[0].mutable_header()->set_bucket("photos");
  messages[0].mutable_header()->set_key("long");
  for (const auto& [at, data] : pieces) messages.emplace_back().set_chunk(data);
  ASSERT_WORKS(Send<v1::AppendRequest>(&Stub::Append, messages, &reply));
  model += model;
  EXPECT_EQ(reply.size(), static_cast<int64_t>(model.size()));
  EXPECT_TRUE(Text("long") == model);
}

TEST_F(ObjectWireTest, VersionsAreNamedListedAndDeleted) {
  SetVersioning("photos", "Enabled");
  const v1::WriteReply first = MustPut("cat", "miaow");
  const v1::WriteReply second = MustPut("cat", "purr");
  EXPECT_NE(first.version_id(), second.version_id());
  v1::GetRequest of_first = GetOf("cat");
  of_first.set_version_id(first.version_id());
  const Got got = Get(of_first);
  EXPECT_EQ(got.data, "miaow");
  EXPECT_EQ(got.opened.facts().version_id(), first.version_id());
  v1::ZeroRequest zero;
  zero.set_bucket("photos");
  zero.set_key("cat");
  zero.set_version_id(first.version_id());
  zero.set_hi(2);
  v1::WriteReply zeroed;
  ASSERT_WORKS(Ask(&Stub::Zero, zero, &zeroed));
  EXPECT_EQ(Text("cat"), std::string("\0\0aow", 5));
  v1::DeleteRequest remove;
  remove.set_bucket("photos");
  remove.set_key("cat");
  v1::DeleteReply removed;
  ASSERT_WORKS(Ask(&Stub::Delete, remove, &removed));
  EXPECT_TRUE(removed.delete_marker());
  EXPECT_FAILS(Get(GetOf("cat")).outcome, StatusCode::NOT_FOUND, "NoSuchKey");
  v1::ListVersionsRequest list;
  list.set_bucket("photos");
  v1::ListVersionsReply versions;
  ASSERT_WORKS(Ask(&Stub::ListVersions, list, &versions));
  std::vector<std::string> ids;
  for (const auto& version : versions.versions()) ids.push_back(version.version_id());
  EXPECT_EQ(ids, (std::vector<std::string>{removed.version_id(), zeroed.version_id(), second.version_id(),
                                           first.version_id()}));
  EXPECT_TRUE(versions.versions(0).delete_marker() && versions.versions(0).current());
  EXPECT_EQ(versions.versions(3).size(), 5);
  remove.set_version_id(removed.version_id());
  ASSERT_WORKS(Ask(&Stub::Delete, remove, &removed));
  EXPECT_EQ(Text("cat"), std::string("\0\0aow", 5));
}

TEST_F(ObjectWireTest, AnAppendNeedsTheEndOrTakesAny) {
  const auto append = [&](std::optional<int64_t> expected, const std::string& data, v1::WriteReply* reply) {
    std::vector<v1::AppendRequest> messages(3);
    messages[0].mutable_header()->set_bucket("photos");
    messages[0].mutable_header()->set_key("log");
    if (expected.has_value()) messages[0].mutable_header()->set_expected_size(*expected);
    messages[1].set_chunk(data.substr(0, 1));
    messages[2].set_chunk(data.substr(1));
    return Send<v1::AppendRequest>(&Stub::Append, messages, reply);
  };
  v1::WriteReply reply;
  EXPECT_FAILS(append(std::nullopt, "one", &reply), StatusCode::NOT_FOUND, "NoSuchKey");
  ASSERT_WORKS(append(0, "one,", &reply));
  ASSERT_WORKS(append(4, "two,", &reply));
  EXPECT_EQ(reply.size(), 8);
  EXPECT_FAILS(append(4, "---", &reply), StatusCode::FAILED_PRECONDITION, "InvalidWriteOffset");
  EXPECT_FAILS(append(0, "---", &reply), StatusCode::FAILED_PRECONDITION, "InvalidWriteOffset");
  ASSERT_WORKS(append(std::nullopt, "three", &reply));
  EXPECT_EQ(reply.size(), 13);
  EXPECT_EQ(Send("GET", "/photos/log").body, "one,two,three");
}

TEST_F(ObjectWireTest, HolesAreZerosThatTheMapShows) {
  MustPut("disk", std::string(100, 'x'));
  v1::ZeroRequest zero;
  zero.set_bucket("photos");
  zero.set_key("disk");
  zero.set_lo(10);
  zero.set_hi(20);
  v1::WriteReply reply;
  ASSERT_WORKS(Ask(&Stub::Zero, zero, &reply));
  EXPECT_EQ(reply.size(), 100);
  EXPECT_EQ(Text("disk"), std::string(10, 'x') + std::string(10, '\0') + std::string(80, 'x'));
  v1::ExtentsRequest request;
  request.set_bucket("photos");
  request.set_key("disk");
  v1::ExtentsReply map;
  ASSERT_WORKS(Ask(&Stub::Extents, request, &map));
  ASSERT_EQ(map.extents_size(), 3);
  EXPECT_FALSE(map.extents(0).zeros());
  EXPECT_TRUE(map.extents(1).zeros());
  EXPECT_EQ(map.extents(1).lo(), 10);
  EXPECT_EQ(map.extents(1).hi(), 20);
  request.set_limit(2);
  ASSERT_WORKS(Ask(&Stub::Extents, request, &map));
  EXPECT_EQ(map.next(), 20);

  v1::TruncateRequest truncate;
  truncate.set_bucket("photos");
  truncate.set_key("disk");
  truncate.set_size(12);
  ASSERT_WORKS(Ask(&Stub::Truncate, truncate, &reply));
  EXPECT_EQ(reply.size(), 12);
  truncate.set_size(14);
  ASSERT_WORKS(Ask(&Stub::Truncate, truncate, &reply));
  EXPECT_EQ(Send("GET", "/photos/disk").body, std::string(10, 'x') + std::string(4, '\0'));
  zero.mutable_conditions()->set_if_match("0123");
  EXPECT_FAILS(Ask(&Stub::Zero, zero, &reply), StatusCode::FAILED_PRECONDITION, "PreconditionFailed");
}

TEST_F(ObjectWireTest, AClonesEtagIsThatOfItsSource) {
  v1::PutRequest first = PutHeader("cat");
  (*first.mutable_header()->mutable_properties()->mutable_metadata())["colour"] = "black";
  v1::WriteReply put, clone;
  ASSERT_WORKS(Put(first, "miaow", &put));
  v1::CloneRequest request;
  request.set_source_key("cat");
  request.set_bucket("photos");
  request.set_key("kitten");
  ASSERT_WORKS(Ask(&Stub::Clone, request, &clone));
  EXPECT_EQ(clone.etag(), put.etag());
  EXPECT_EQ(clone.size(), 5);
  EXPECT_EQ(Send("GET", "/photos/kitten").fields.Get("x-amz-meta-colour"), "black");
  request.mutable_conditions()->set_if_none_match("*");
  EXPECT_FAILS(Ask(&Stub::Clone, request, &clone), StatusCode::FAILED_PRECONDITION, "PreconditionFailed");
  request.clear_conditions();
  request.set_source_if_match("0123");
  EXPECT_FAILS(Ask(&Stub::Clone, request, &clone), StatusCode::FAILED_PRECONDITION, "PreconditionFailed");
  request.set_source_if_match(put.etag());
  (*request.mutable_properties()->mutable_metadata())["colour"] = "white";
  ASSERT_WORKS(Ask(&Stub::Clone, request, &clone));
  EXPECT_EQ(Send("GET", "/photos/kitten").fields.Get("x-amz-meta-colour"), "white");

  MakeBucket("albums");
  request.Clear();
  request.set_source_bucket("photos");
  request.set_source_key("cat");
  request.set_bucket("albums");
  request.set_key("cat");
  ASSERT_WORKS(Ask(&Stub::Clone, request, &clone));
  EXPECT_EQ(Send("GET", "/albums/cat").body, "miaow");
  request.set_source_key("dog");
  EXPECT_FAILS(Ask(&Stub::Clone, request, &clone), StatusCode::NOT_FOUND, "NoSuchKey");
}

TEST_F(ObjectWireTest, ThePastIsReadListedAndCloned) {
  const int64_t then_ms = MustPut("cat", "miaow").modified_ms();
  while (clock_.NowMillis() <= then_ms) {
    // at most a millisecond, by the machine's clock: what follows is later
  }
  v1::WriteReply reply;
  ASSERT_WORKS(Patch("cat", {{0, "MI"}}, &reply));
  MustPut("dog", "wuff");
  MustPut("cat", "another");

  v1::GetRequest request = GetOf("cat", 1);
  request.set_as_of_ms(then_ms);
  const Got past = Get(request);
  ASSERT_TRUE(past.outcome.status.ok()) << past.outcome.status.error_message();
  EXPECT_EQ(past.data, "iaow");
  EXPECT_FALSE(past.opened.facts().has_size());
  request.mutable_conditions()->set_if_match("0123");
  EXPECT_FAILS(Get(request).outcome, StatusCode::INVALID_ARGUMENT, "InvalidArgument");

  v1::ListRequest list;
  list.set_bucket("photos");
  list.set_as_of_ms(then_ms);
  v1::ListReply page;
  ASSERT_WORKS(Ask(&Stub::List, list, &page));
  ASSERT_EQ(page.objects_size(), 1);
  EXPECT_EQ(page.objects(0).key(), "cat");
  EXPECT_FALSE(page.objects(0).has_size());

  v1::CloneRequest clone;
  clone.set_source_key("cat");
  clone.set_bucket("photos");
  clone.set_key("old cat");
  clone.set_as_of_ms(then_ms);
  ASSERT_WORKS(Ask(&Stub::Clone, clone, &reply));
  const Answer old = Send("GET", "/photos/old%20cat");
  EXPECT_EQ(old.body, "miaow");
  EXPECT_EQ(old.fields.Get("ETag"), "\"" + reply.etag() + "\"");

  v1::NameHistoryRequest names;
  names.set_bucket("photos");
  names.set_key("cat");
  v1::NameHistoryReply values;
  ASSERT_WORKS(Ask(&Stub::NameHistory, names, &values));
  ASSERT_EQ(values.values_size(), 2);
  EXPECT_TRUE(values.values(0).current());
  EXPECT_NE(values.values(0).object_id(), values.values(1).object_id());

  ASSERT_WORKS(Patch("dog", {{0, "W"}}, &reply));
  v1::HistoryRequest ops;
  ops.set_bucket("photos");
  ops.set_key("dog");
  v1::HistoryReply history;
  ASSERT_WORKS(Ask(&Stub::History, ops, &history));
  ASSERT_GE(history.ops_size(), 3);  // the patch, the binding, what was put
  EXPECT_EQ(history.ops(0).kind(), v1::HistoryReply::WRITE);
  EXPECT_EQ(history.ops(0).bytes(), 1);
  EXPECT_TRUE(history.ops(0).authentic());
  ops.set_before(history.ops(0).order());
  v1::HistoryReply older;
  ASSERT_WORKS(Ask(&Stub::History, ops, &older));
  EXPECT_EQ(older.ops_size(), history.ops_size() - 1);
}

}  // namespace
}  // namespace pbfs::gateway
