// Further behaviour that users rely on: integrity modes, keys and members, memory, cancellation.
#include <algorithm>

#include <gmock/gmock.h>

#include "libs/base/testing.h"
#include "libs/client/twin_cluster.h"

namespace pbfs {
namespace {

Bytes Pattern(size_t size, uint64_t seed) {
  SeededRandom random(seed);
  Bytes bytes(size);
  random.Fill(bytes);
  return bytes;
}

/// Hands its bytes out in odd portions, and counts.
class CountingSource final : public ByteSource {
 public:
  explicit CountingSource(int64_t size) : size_(size) {}
  Result<size_t> Read(const Context&, MutableByteSpan out) override {
    const auto taken = static_cast<size_t>(std::min<int64_t>(static_cast<int64_t>(out.size()), size_ - at_));
    for (size_t i = 0; i < taken; ++i) out[i] = ByteAt(at_ + static_cast<int64_t>(i));
    at_ += static_cast<int64_t>(taken);
    return taken;
  }
  static uint8_t ByteAt(int64_t at) { return static_cast<uint8_t>((at >> 12) * 31 + at); }

 private:
  const int64_t size_;
  int64_t at_ = 0;
};

class CheckingSink final : public ByteSink {
 public:
  Status Write(const Context&, ByteSpan bytes) override {
    for (const uint8_t byte : bytes) wrong_ += byte != CountingSource::ByteAt(at_++);
    return OkStatus();
  }
  int64_t at_ = 0;
  int64_t wrong_ = 0;
};

class ClientBehaviourTest : public testing::Test {
 protected:
  ClientBehaviourTest() : client(cluster.NewClient()) {
    auto made = client->CreateBucket(TestContext(), Settings("b"));
    PBFS_CHECK(made.ok(), made.status().ToString());
    bucket.emplace(*made);
  }
  static BucketSettings Settings(const std::string& name) {
    BucketSettings settings;
    settings.name = name;
    settings.history_ms = 86'400'000;
    return settings;
  }
  ObjectId PutObject(const std::string& name, const Bytes& content) {
    auto put = bucket->Put(TestContext(), name, content);
    PBFS_CHECK(put.ok(), put.status().ToString());
    return put->object;
  }
  Bytes All(ObjectId object, const ReadOptions& options = {}) {
    MemorySink sink;
    const auto got = bucket->Read(TestContext(), object, 0, kMaxObjectSize, sink, options);
    EXPECT_OK(got);
    return sink.Take();
  }

  TwinCluster cluster;
  std::unique_ptr<Client> client;
  std::optional<Bucket> bucket;
};

TEST_F(ClientBehaviourTest, AllKindsOfBodiesAreReadableWithSha256) {
  BucketSettings settings = Settings("sha");
  settings.integrity = Integrity::kSha256;
  ASSERT_OK_AND_ASSIGN(Bucket sha, client->CreateBucket(TestContext(), settings));
  for (const size_t size : {100, 10'000, 300'000}) {
    const Bytes content = Pattern(size, size);
    ASSERT_OK_AND_ASSIGN(const Written put, sha.Put(TestContext(), "x", content));
    Bytes out(size);
    ASSERT_OK_AND_ASSIGN(const int64_t got, sha.Read(TestContext(), put.object, 0, out));
    EXPECT_EQ(got, static_cast<int64_t>(size));
    EXPECT_TRUE(out == content);
  }
}

TEST_F(ClientBehaviourTest, WhatWasNeverWrittenIsZero) {
  const ObjectId object = PutObject("x", {1});
  ASSERT_OK(bucket->Write(TestContext(), object, 1'000'000, Bytes{9}));
  const Bytes all = All(object);
  ASSERT_EQ(all.size(), 1'000'001u);
  EXPECT_EQ(std::count(all.begin(), all.end(), 0), 999'999);
}

TEST_F(ClientBehaviourTest, SeveralRangesAreOneCommit) {
  const ObjectId object = PutObject("x", Bytes(100'000, 7));
  const Bytes a(10, 1), b(5000, 2), c(1, 3);
  ASSERT_OK_AND_ASSIGN(const Written written,
                       bucket->WriteRanges(TestContext(), object, {{50'000, b}, {10, a}, {99'999, c}}));
  EXPECT_EQ(written.ops, 1);
  const Bytes all = All(object);
  EXPECT_EQ(all[9], 7);
  EXPECT_EQ(all[10], 1);
  EXPECT_EQ(all[54'999], 2);
  EXPECT_EQ(all[99'999], 3);
  ASSERT_OK_AND_ASSIGN(const auto extents, bucket->Extents(TestContext(), object, 0, 100'000));
  EXPECT_EQ(
      std::count_if(extents.begin(), extents.end(), [&](const VisibleExtent& e) { return e.order == written.order; }),
      3);
  EXPECT_CODE(bucket->WriteRanges(TestContext(), object, {{0, a}, {9, b}}), kInvalidArgument);
}

TEST_F(ClientBehaviourTest, AConditionalWriteHappensOnlyOverTheContentItNames) {
  const ObjectId object = PutObject("x", Bytes(1000, 7));
  ASSERT_OK_AND_ASSIGN(const ObjectStat stat, bucket->Stat(TestContext(), object));
  WriteOptions condition;
  condition.if_opset = stat.opset;
  ASSERT_OK_AND_ASSIGN(const Written first, bucket->Write(TestContext(), object, 0, Bytes{1}, condition));
  EXPECT_CODE(bucket->Write(TestContext(), object, 0, Bytes{2}, condition), kFailedPrecondition);
  ASSERT_TRUE(first.opset.has_value());
  condition.if_opset = first.opset;
  EXPECT_OK(bucket->Write(TestContext(), object, 1, Bytes{3}, condition));
  const Bytes all = All(object);
  EXPECT_EQ(all[0], 1);
  EXPECT_EQ(all[1], 3);
}

TEST_F(ClientBehaviourTest, NamesAreBoundRenamedUnboundAndRestored) {
  PutOptions options;
  options.metadata.content_type = "text/plain";
  options.metadata.user["colour"] = "blue";
  ASSERT_OK_AND_ASSIGN(const Written put, bucket->Put(TestContext(), "a", Bytes{1}, options));
  options.if_none_match = true;
  EXPECT_CODE(bucket->Put(TestContext(), "a", Bytes{2}, options), kFailedPrecondition);
  ASSERT_OK(bucket->Rename(TestContext(), "a", "dir//../b"));
  EXPECT_CODE(bucket->Find(TestContext(), "a"), kNotFound);
  ASSERT_OK_AND_ASSIGN(const ObjectStat stat, bucket->Stat(TestContext(), "dir//../b"));
  EXPECT_EQ(stat.object, put.object);
  EXPECT_EQ(stat.metadata.user, options.metadata.user);
  EXPECT_EQ(stat.metadata.content_type, "text/plain");
  ASSERT_OK_AND_ASSIGN(const NamePage page, bucket->ListNames(TestContext(), "dir"));
  ASSERT_EQ(page.names.size(), 1u);
  EXPECT_EQ(page.names[0].name, "dir//../b");
  ASSERT_OK(bucket->Unbind(TestContext(), "dir//../b"));
  EXPECT_CODE(bucket->Unbind(TestContext(), "dir//../b"), kNotFound);
  ASSERT_OK_AND_ASSIGN(const ObjectId restored, bucket->Restore(TestContext(), "dir//../b"));
  EXPECT_EQ(restored, put.object);
  EXPECT_EQ(All(restored), Bytes{1});
}

TEST_F(ClientBehaviourTest, ASealedObjectIsClonedByReferenceAndTakesNoWrites) {
  const Bytes content = Pattern(150'000, 9);
  MemorySource bytes(content);
  ASSERT_OK_AND_ASSIGN(const Written made, bucket->Create(TestContext(), bytes));
  ASSERT_OK(bucket->Seal(TestContext(), made.object));
  EXPECT_CODE(bucket->Write(TestContext(), made.object, 0, Bytes{1}), kFailedPrecondition);
  ASSERT_OK_AND_ASSIGN(const Written clone, bucket->Clone(TestContext(), made.object, "y"));
  EXPECT_TRUE(All(clone.object) == content);
  ASSERT_OK_AND_ASSIGN(const auto extents, bucket->Extents(TestContext(), clone.object, 0, 150'000));
  ASSERT_EQ(extents.size(), 1u);
  EXPECT_EQ(extents[0].source.kind, SourceKind::kObject);
  ASSERT_OK(bucket->Write(TestContext(), clone.object, 5, Bytes{42}));
  EXPECT_EQ(All(clone.object)[5], 42);
}

TEST_F(ClientBehaviourTest, ReadsAsOfAnEarlierOrderShowTheBytesOfThen) {
  const ObjectId object = PutObject("x", Bytes(20'000, 1));
  ASSERT_OK_AND_ASSIGN(const Written second, bucket->Write(TestContext(), object, 10, Bytes(5, 2)));
  ASSERT_OK(bucket->Write(TestContext(), object, 0, Bytes(20'000, 3)));
  ReadOptions then;
  then.as_of = second.order.hlc;
  const Bytes all = All(object, then);
  ASSERT_EQ(all.size(), 20'000u);
  EXPECT_EQ(all[9], 1);
  EXPECT_EQ(all[10], 2);
  ASSERT_OK_AND_ASSIGN(const auto history, bucket->History(TestContext(), object));
  EXPECT_GE(history.size(), 3u);
  EXPECT_TRUE(std::all_of(history.begin(), history.end(), [](const HistoryEntry& e) { return e.authentic; }));
}

TEST_F(ClientBehaviourTest, AStreamLargerThanTheBudgetPassesThroughIt) {
  ClientOptions options;
  options.memory_bytes = 64 << 20;
  const auto small = cluster.NewClient(options);
  ASSERT_OK_AND_ASSIGN(Bucket b, small->OpenBucket(TestContext(), "b"));
  constexpr int64_t kSize = (int64_t{300} << 20) + 17;
  CountingSource source(kSize);
  ASSERT_OK_AND_ASSIGN(const Written put, b.Put(TestContext(), "big", source));
  EXPECT_EQ(put.hi, kSize);
  CheckingSink sink;
  ASSERT_OK_AND_ASSIGN(const int64_t got, b.Read(TestContext(), put.object, 0, kMaxObjectSize, sink));
  EXPECT_EQ(got, kSize);
  EXPECT_EQ(sink.wrong_, 0);
  EXPECT_LE(small->PeakMemory(), options.memory_bytes);
  EXPECT_GT(small->PeakMemory(), 0);
}

TEST_F(ClientBehaviourTest, StoresThatAllFailedLatelyAreBetterThanNone) {
  for (int i = 0; i < cluster.stores(); ++i) cluster.store(i).SetDown(true);
  const Bytes content = Pattern(100'000, 1);
  EXPECT_CODE(bucket->Put(TestContext(), "x", content), kUnavailable);
  for (int i = 0; i < cluster.stores(); ++i) cluster.store(i).SetDown(false);
  ASSERT_OK_AND_ASSIGN(const Written put, bucket->Put(TestContext(), "x", content));
  EXPECT_EQ(All(put.object), content);
}

// ---- keys, members, cancellation -----------------------------------------------------------------------------------------------

TEST_F(ClientBehaviourTest, WithoutTheKeyABucketDoesNotOpen) {
  MemoryKeyStore stranger(cluster.random(), *cluster.keys().AdminKey(), false);
  const auto other = cluster.NewClient({}, cluster.catalog().ports(), stranger);
  EXPECT_CODE(other->OpenBucket(TestContext(), "b"), kPermissionDenied);
  EXPECT_CODE(other->CreateBucket(TestContext(), Settings("c")), kPermissionDenied);
  MemoryKeyStore impostor(cluster.random());  // another administrator is pinned
  const auto third = cluster.NewClient({}, cluster.catalog().ports(), impostor);
  EXPECT_CODE(third->OpenBucket(TestContext(), "b"), kPermissionDenied);
}

TEST_F(ClientBehaviourTest, AMemberOpensTheBucketAndItsWritesAreSigned) {
  MemoryKeyStore member(cluster.random(), *cluster.keys().AdminKey(), false);
  const ClientIdentity identity = *member.Identity();
  ASSERT_OK_AND_ASSIGN(Bucket shared,
                       client->CreateBucket(TestContext(), Settings("shared"),
                                            {{identity.box.public_key, identity.signing.public_key, true}}));
  const auto other = cluster.NewClient({}, cluster.catalog().ports(), member);
  ASSERT_OK_AND_ASSIGN(Bucket theirs, other->OpenBucket(TestContext(), "shared"));
  ASSERT_OK_AND_ASSIGN(const Written put, theirs.Put(TestContext(), "x", Bytes(5000, 4)));
  Bytes out(5000);
  ASSERT_OK(shared.Read(TestContext(), put.object, 0, out));
  EXPECT_EQ(out, Bytes(5000, 4));
}

TEST_F(ClientBehaviourTest, ACancelledCallEndsAndADeadlineHolds) {
  const ObjectId object = PutObject("x", Bytes(100'000, 1));
  Context cancelled = TestContext();
  cancelled.Cancel();
  Bytes out(100);
  EXPECT_CODE(bucket->Read(cancelled, object, 0, out), kCancelled);
  EXPECT_CODE(bucket->Write(cancelled, object, 0, Bytes(100'000, 2)), kCancelled);
  for (int i = 0; i < cluster.stores(); ++i) cluster.store(i).Hold();
  const Context brief = Context::WithTimeout(std::chrono::milliseconds(100));
  EXPECT_FALSE(bucket->Write(brief, object, 0, Bytes(100'000, 2)).ok());
  EXPECT_FALSE(bucket->Read(brief, object, 0, out).ok());
  for (int i = 0; i < cluster.stores(); ++i) cluster.store(i).Release();
  EXPECT_EQ(All(object), Bytes(100'000, 1));
}

}  // namespace
}  // namespace pbfs
