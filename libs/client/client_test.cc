// The client over the in-memory twins: what each operation does, and what it does when the world misbehaves.
#include "libs/client/client.h"

#include <algorithm>

#include "libs/client/testing/twin_site.h"
#include "libs/model/limits.h"

namespace pbfs {
namespace {

Bytes RandomBytes(Random& random, size_t size) {
  Bytes bytes(size);
  random.Fill(bytes);
  return bytes;
}

class ClientTest : public testing::Test {
 protected:
  ClientTest() : site_(clock_), client_(site_.MakeClient()) {
    BucketSettings settings;
    settings.name = "photos";
    settings.history_ms = 3'600'000;
    auto bucket = client_->CreateBucket(TestContext(), settings);
    EXPECT_OK(bucket);
    bucket_ = std::make_unique<Bucket>(*std::move(bucket));
  }
  Bytes Data(size_t size) { return RandomBytes(site_.random, size); }
  ObjectId Put(const std::string& name, const Bytes& bytes) {
    auto put = bucket_->Put(TestContext(), name, ByteSpan(bytes));
    EXPECT_OK(put);
    return put->object;
  }
  Bytes ReadAll(ObjectId object, const ReadOptions& options = {}) {
    MemorySink sink;
    EXPECT_OK(bucket_->Read(TestContext(), object, 0, kMaxObjectSize, sink, options));
    return sink.Take();
  }

  SystemClock clock_;
  TwinSite site_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<Bucket> bucket_;
};

TEST_F(ClientTest, EverySizeComesBack) {
  for (const size_t size : {1, 4096, 4097, 16383, 16384, 65535, 65536, 65537, 300000, 5 << 20}) {
    const Bytes bytes = Data(size);
    const ObjectId object = Put("n" + std::to_string(size), bytes);
    EXPECT_EQ(ReadAll(object), bytes) << size;
    EXPECT_EQ(bucket_->Find(TestContext(), "n" + std::to_string(size)).value(), object);
  }
}

TEST_F(ClientTest, DescribedClusterIsThatOfNow) {
  ASSERT_OK(client_->DescribeCluster(TestContext()));
  ASSERT_OK(site_.catalog.PutStore(TestContext(), {StoreId{99}, "127.0.0.1:99", "host-99", StoreState::kUp, 1}));
  ASSERT_OK_AND_ASSIGN(const ClusterMap map, client_->DescribeCluster(TestContext()));
  EXPECT_EQ(map.stores.back().id, StoreId{99});
}

TEST_F(ClientTest, AnEmptyObjectIsAnObject) {
  const ObjectId object = Put("empty", {});
  EXPECT_EQ(bucket_->Stat(TestContext(), "empty")->size, 0);
  EXPECT_TRUE(ReadAll(object).empty());
}

TEST_F(ClientTest, AStreamLongerThanARegionComesBack) {
  const Bytes bytes = Data(static_cast<size_t>(kRegionSize) + 70001);
  MemorySource source(bytes);
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "long", source));
  EXPECT_EQ(put.ops, 3) << "two patches and the name";
  EXPECT_EQ(ReadAll(put.object), bytes);
}

TEST_F(ClientTest, PatchesMergeInTheirOrder) {
  Bytes model = Data(200000);
  const ObjectId object = Put("x", model);
  for (int i = 0; i < 60; ++i) {
    const size_t at = site_.random.Below(220000);
    const Bytes patch = Data(1 + site_.random.Below(i % 3 == 0 ? 30000 : 500));
    ASSERT_OK(bucket_->Write(TestContext(), object, static_cast<int64_t>(at), ByteSpan(patch)));
    model.resize(std::max(model.size(), at + patch.size()));
    std::copy(patch.begin(), patch.end(), model.begin() + static_cast<ptrdiff_t>(at));
  }
  EXPECT_EQ(ReadAll(object), model);
  for (int i = 0; i < 50; ++i) {
    const size_t lo = site_.random.Below(model.size()), size = 1 + site_.random.Below(model.size() - lo);
    Bytes out(size);
    ASSERT_OK_AND_ASSIGN(const int64_t got, bucket_->Read(TestContext(), object, static_cast<int64_t>(lo), out));
    ASSERT_EQ(got, static_cast<int64_t>(size));
    EXPECT_TRUE(Equal(out, ByteSpan(model).subspan(lo, size)));
  }
}

TEST_F(ClientTest, AWriteAcrossARegionBorderIsOnePatch) {
  const ObjectId object = Put("x", {1});
  const Bytes patch = Data(100000);
  ASSERT_OK_AND_ASSIGN(const Written done, bucket_->Write(TestContext(), object, kRegionSize - 50000, ByteSpan(patch)));
  EXPECT_EQ(done.ops, 1);
  Bytes out(100000);
  ASSERT_OK(bucket_->Read(TestContext(), object, kRegionSize - 50000, out));
  EXPECT_EQ(out, patch);
}

TEST_F(ClientTest, TruncateZeroAndHolesReadAsZeros) {
  const ObjectId object = Put("x", Bytes(10000, 7));
  ASSERT_OK(bucket_->Truncate(TestContext(), object, 4000));
  EXPECT_EQ(ReadAll(object), Bytes(4000, 7));
  ASSERT_OK(bucket_->Truncate(TestContext(), object, 6000));
  ASSERT_OK(bucket_->Zero(TestContext(), object, 10, 20));
  Bytes model(6000, 0);
  std::fill(model.begin(), model.begin() + 4000, 7);
  std::fill(model.begin() + 10, model.begin() + 20, 0);
  EXPECT_EQ(ReadAll(object), model);
  ASSERT_OK(bucket_->Zero(TestContext(), object, 0, 3 * kRegionSize));
  EXPECT_EQ(bucket_->Stat(TestContext(), object)->size, 3 * kRegionSize);
  Bytes out(100, 1);
  ASSERT_OK(bucket_->Read(TestContext(), object, 2 * kRegionSize, out));
  EXPECT_EQ(out, Bytes(100, 0));
}

TEST_F(ClientTest, AppendsNeverOverlap) {
  const ObjectId object = Put("log", {});
  std::vector<Thread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back("append", [&, w] {
      for (int i = 0; i < 5; ++i)
        EXPECT_OK(bucket_->Append(TestContext(), object, ByteSpan(Bytes(100, static_cast<uint8_t>(w + 1)))));
    });
  }
  for (Thread& writer : writers) writer.Join();
  const Bytes all = ReadAll(object);
  ASSERT_EQ(all.size(), 2000u);
  for (uint8_t w = 1; w <= 4; ++w) EXPECT_EQ(std::count(all.begin(), all.end(), w), 500);
}

TEST_F(ClientTest, SeveralRangesAreOneCommit) {
  const ObjectId object = Put("x", Bytes(100000, 1));
  const Bytes a = Data(5000), b = Data(50);
  ASSERT_OK_AND_ASSIGN(const Written done, bucket_->WriteRanges(TestContext(), object, {{70000, b}, {10, a}}));
  EXPECT_EQ(done.ops, 1);
  Bytes out(50);
  ASSERT_OK(bucket_->Read(TestContext(), object, 70000, out));
  EXPECT_EQ(out, b);
  EXPECT_CODE(bucket_->WriteRanges(TestContext(), object, {{0, a}, {4999, b}}), kInvalidArgument);
}

TEST_F(ClientTest, AConditionOnContentIsTestedByTheCommit) {
  const ObjectId object = Put("x", Bytes(100, 1));
  const Opset opset = bucket_->Stat(TestContext(), object)->opset;
  ASSERT_OK_AND_ASSIGN(const Written first, bucket_->Write(TestContext(), object, 0, ByteSpan(Bytes(10, 2)), {opset}));
  EXPECT_CODE(bucket_->Write(TestContext(), object, 0, ByteSpan(Bytes(10, 3)), {opset}), kFailedPrecondition);
  EXPECT_EQ(*first.opset, bucket_->Stat(TestContext(), object)->opset);
  EXPECT_OK(bucket_->Write(TestContext(), object, 0, ByteSpan(Bytes(10, 3)), {first.opset}));
}

TEST_F(ClientTest, NamesBindRenameUnbindAndComeBack) {
  PutOptions options;
  options.metadata.content_type = "image/png";
  options.metadata.user["a"] = "b";
  const Bytes bytes = Data(100);
  ASSERT_OK(bucket_->Put(TestContext(), "a//..", ByteSpan(bytes), options));
  options.if_none_match = true;
  EXPECT_CODE(bucket_->Put(TestContext(), "a//..", ByteSpan(bytes), options), kFailedPrecondition);
  ASSERT_OK(bucket_->Rename(TestContext(), "a//..", "b"));
  EXPECT_CODE(bucket_->Find(TestContext(), "a//.."), kNotFound);
  ASSERT_OK_AND_ASSIGN(const ObjectStat stat, bucket_->Stat(TestContext(), "b"));
  EXPECT_EQ(stat.metadata.content_type, "image/png");
  EXPECT_EQ(stat.metadata.user.at("a"), "b");
  EXPECT_EQ(bucket_->ListNames(TestContext(), "")->names.size(), 1u);
  ASSERT_OK(bucket_->Unbind(TestContext(), "b"));
  EXPECT_CODE(bucket_->Find(TestContext(), "b"), kNotFound);
  ASSERT_OK(bucket_->Restore(TestContext(), "b"));
  EXPECT_EQ(ReadAll(*bucket_->Find(TestContext(), "b")), bytes);
}

TEST_F(ClientTest, ClonesShareBodiesAndStayApart) {
  const Bytes bytes = Data(100000);
  const ObjectId source = Put("a", bytes);
  ASSERT_OK_AND_ASSIGN(const Written copy, bucket_->Clone(TestContext(), "a", "b"));
  ASSERT_OK(bucket_->Write(TestContext(), source, 0, ByteSpan(Bytes(50, 9))));
  EXPECT_EQ(ReadAll(copy.object), bytes);
  MemorySource parts(bytes);
  ASSERT_OK_AND_ASSIGN(const Written open, bucket_->Create(TestContext(), parts));
  ASSERT_OK(bucket_->Seal(TestContext(), open.object));
  EXPECT_CODE(bucket_->Write(TestContext(), open.object, 0, ByteSpan(bytes)), kFailedPrecondition);
  ASSERT_OK_AND_ASSIGN(const Written reference, bucket_->Clone(TestContext(), open.object, "c"));
  ASSERT_OK(bucket_->Write(TestContext(), reference.object, 10, ByteSpan(Bytes(5, 1))));
  Bytes model = bytes;
  std::fill_n(model.begin() + 10, 5, 1);
  EXPECT_EQ(ReadAll(reference.object), model);
}

TEST_F(ClientTest, ReadsAsOfAnEarlierOrder) {
  const Bytes first = Data(50000);
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "x", ByteSpan(first)));
  const Hlc before = put.order.hlc;
  ASSERT_OK(bucket_->Write(TestContext(), put.object, 0, ByteSpan(Data(50000))));
  ASSERT_OK(bucket_->Truncate(TestContext(), put.object, 5));
  EXPECT_EQ(ReadAll(put.object, {before}), first);
  ASSERT_OK_AND_ASSIGN(const auto history, bucket_->History(TestContext(), put.object));
  EXPECT_GE(history.size(), 3u);
  for (const HistoryEntry& entry : history) EXPECT_TRUE(entry.authentic);
}

TEST_F(ClientTest, ARehomeChangesNoByteAndTakesAwayExtents) {
  Bytes model = Data(300000);
  const ObjectId object = Put("x", model);
  for (int i = 0; i < 40; ++i) {
    const size_t at = site_.random.Below(290000);
    const Bytes patch = Data(1 + site_.random.Below(9000));
    ASSERT_OK(bucket_->Write(TestContext(), object, static_cast<int64_t>(at), ByteSpan(patch)));
    model.resize(std::max(model.size(), at + patch.size()));
    std::copy(patch.begin(), patch.end(), model.begin() + static_cast<ptrdiff_t>(at));
  }
  RehomePolicy policy;
  policy.always_rewrite = true;
  ASSERT_OK_AND_ASSIGN(const RehomeReport report, bucket_->Rehome(TestContext(), object, policy));
  EXPECT_EQ(report.merged, 1);
  EXPECT_EQ(report.kept, 0);
  EXPECT_GT(report.removed, 30);
  EXPECT_EQ(ReadAll(object), model);
  ASSERT_OK(bucket_->Write(TestContext(), object, 5, ByteSpan(Bytes(10, 1))));
  std::fill_n(model.begin() + 5, 10, 1);
  EXPECT_EQ(ReadAll(object), model);
}

// ---- stores that fail ---------------------------------------------------------------------------------------------------------

TEST_F(ClientTest, TwoDeadStoresStopNeitherWritesNorReads) {
  const Bytes before = Data(500000);
  const ObjectId old = Put("old", before);
  site_.faulty[0]->SetDown(true);
  site_.faulty[3]->SetDown(true);
  EXPECT_EQ(ReadAll(old), before);
  for (int i = 0; i < 10; ++i) {
    const Bytes bytes = Data(100000);
    EXPECT_EQ(ReadAll(Put("n" + std::to_string(i), bytes)), bytes);
  }
  EXPECT_EQ(ReadAll(old), before);
}

TEST_F(ClientTest, ThreeDeadStoresAreAnErrorNeverWrongBytes) {
  const Bytes bytes = Data(500000);
  const ObjectId object = Put("x", bytes);
  int readable = 0;
  for (int dead = 0; dead < 8; ++dead) {
    for (int i = 0; i < 8; ++i) site_.faulty[i]->SetDown(i == dead || i == (dead + 1) % 8 || i == (dead + 2) % 8);
    MemorySink sink;
    const auto read = bucket_->Read(TestContext(), object, 0, kMaxObjectSize, sink);
    if (read.ok()) {
      EXPECT_EQ(sink.bytes(), bytes);
      ++readable;
    } else {
      EXPECT_CODE(read, kUnavailable);
      EXPECT_NE(read.status().message().find(object.ToString()), std::string::npos);
    }
  }
  EXPECT_LT(readable, 8);
}

TEST_F(ClientTest, LyingStoresAreDecodedAroundAndCounted) {
  const Bytes bytes = Data(500000);
  const ObjectId object = Put("x", bytes);
  site_.faulty[1]->SetCorruptReads(true);
  site_.faulty[6]->SetCorruptReads(true);
  EXPECT_EQ(ReadAll(object), bytes);
}

TEST_F(ClientTest, AFullOrHangingStoreIsGivenUp) {
  site_.faulty[2]->SetFull(true);
  const Bytes bytes = Data(300000);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ReadAll(Put("x", bytes)), bytes);
}

TEST_F(ClientTest, VerifyNamesEveryBadFragment) {
  const ObjectId object = Put("x", Data(500000));
  ASSERT_OK_AND_ASSIGN(const VerifyReport sound, bucket_->Verify(TestContext(), object));
  EXPECT_EQ(sound.fragments, 6);
  EXPECT_EQ(sound.sound, 6);
  ASSERT_OK_AND_ASSIGN(const auto extents, bucket_->Extents(TestContext(), object, 0, kRegionSize));
  const FragmentKey key{extents[0].encoding->id, 2};
  int damaged = 0;
  for (const auto& store : site_.memory) damaged += store->Damage(key, 200) ? 1 : 0;
  ASSERT_EQ(damaged, 1);
  ASSERT_OK_AND_ASSIGN(const VerifyReport report, bucket_->Verify(TestContext(), object));
  EXPECT_EQ(report.corrupt, 1);
  EXPECT_EQ(report.sound, 5);
  ASSERT_EQ(report.bad.size(), 1u);
  EXPECT_EQ(report.bad[0].shard, 2);
}

// Whatever single call to a store fails, or loses its answer, the write is there whole and reads back.
TEST_F(ClientTest, AnySingleStoreCallMayFail) {
  const Bytes bytes = Data(200000);
  for (int n = 1; n <= 12; ++n) {
    for (const bool lose : {false, true}) {
      for (auto& store : site_.faulty) lose ? store->LoseReply(n) : store->FailCall(n, UnavailableError("injected"));
      const auto put = bucket_->Put(TestContext(), "x", ByteSpan(bytes));
      for (auto& store : site_.faulty) store->FailCall(0, OkStatus());
      if (put.ok()) {
        EXPECT_EQ(ReadAll(put->object), bytes) << n;
      }
    }
  }
}

// ---- bad input ----------------------------------------------------------------------------------------------------------------

TEST_F(ClientTest, BadInputIsRefusedWithItsReason) {
  const ObjectId object = Put("x", {1, 2, 3});
  const Bytes one(1, 1);
  EXPECT_CODE(bucket_->Write(TestContext(), object, -1, ByteSpan(one)), kInvalidArgument);
  EXPECT_CODE(bucket_->Write(TestContext(), object, kMaxObjectSize, ByteSpan(one)), kInvalidArgument);
  EXPECT_CODE(bucket_->Write(TestContext(), object, INT64_MAX, ByteSpan(one)), kInvalidArgument);
  EXPECT_CODE(bucket_->Write(TestContext(), object, 0, ByteSpan()), kInvalidArgument);
  EXPECT_CODE(bucket_->Truncate(TestContext(), object, -1), kInvalidArgument);
  EXPECT_CODE(bucket_->Zero(TestContext(), object, 5, 5), kInvalidArgument);
  for (const std::string& name : {std::string(), std::string(1025, 'x'), std::string("\xff"), std::string("a\0b", 3)}) {
    EXPECT_CODE(bucket_->Put(TestContext(), name, ByteSpan(one)), kInvalidArgument);
    EXPECT_CODE(bucket_->Find(TestContext(), name), kInvalidArgument);
  }
  EXPECT_CODE(bucket_->Find(TestContext(), "nothing"), kNotFound);
  EXPECT_CODE(bucket_->Write(TestContext(), ObjectId::NewRandom(site_.random), 0, ByteSpan(one)), kNotFound);
  EXPECT_CODE(client_->OpenBucket(TestContext(), "nothing"), kNotFound);
}

TEST_F(ClientTest, AnotherClientsKeyOpensNothing) {
  SeededRandom random(99);
  MemoryKeyStore stranger(random);
  ClientDependencies dependencies = site_.Dependencies();
  ClientDependencies others{dependencies.catalog, nullptr, dependencies.stores, stranger, dependencies.clock,
                            dependencies.random};
  ASSERT_OK_AND_ASSIGN(const auto client, Client::Create({}, others));
  EXPECT_CODE(client->OpenBucket(TestContext(), "photos"), kPermissionDenied);
}

}  // namespace
}  // namespace pbfs
