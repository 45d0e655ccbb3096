// The client over the in-memory twins: what each operation does, and what it does when the world misbehaves.
#include "libs/client/client.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "libs/client/testing/twin_site.h"
#include "libs/format/fragment.h"
#include "libs/format/geometry.h"
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

// The client has still the map from before, and what was removed still takes fragments: as good as lost.
TEST_F(ClientTest, StoresThatWereRemovedDuringAnUploadDoNotCount) {
  Put("first", Data(100'000));
  for (const uint32_t id : {1u, 2u}) {
    for (const StoreState state : {StoreState::kDown, StoreState::kGone})
      ASSERT_OK(
          site_.catalog.PutStore(TestContext(), {StoreId{id}, "memory", "domain-" + std::to_string(id), state, 1}));
  }
  std::vector<std::pair<ObjectId, Bytes>> objects;
  for (int i = 0; i < 10; ++i) {  // most groups have both of them
    Bytes bytes = Data(100'000);
    const ObjectId object = Put("o" + std::to_string(i), bytes);
    objects.emplace_back(object, std::move(bytes));
  }
  for (const int lost : {0, 1, 2}) site_.faulty[lost]->SetDown(true);
  for (const auto& [object, bytes] : objects) EXPECT_EQ(ReadAll(object), bytes);
}

// With few data shards much of a body stands in one fragment, and a store gives only so much in a call.
TEST_F(ClientTest, LargeObjectsOfFewDataShardsComeBack) {
  for (const int k : {1, 2, 3}) {
    SCOPED_TRACE(k);
    BucketSettings settings;
    settings.name = "few-" + std::to_string(k);
    settings.k = k, settings.m = 1;
    ASSERT_OK_AND_ASSIGN(Bucket bucket, client_->CreateBucket(TestContext(), settings));
    Bytes bytes = Data(20 << 20), patch = Data(9 << 20);
    ASSERT_OK_AND_ASSIGN(const Written put, bucket.Put(TestContext(), "o", bytes));
    ASSERT_OK(bucket.Write(TestContext(), put.object, 5'000'001, patch));
    std::copy(patch.begin(), patch.end(), bytes.begin() + 5'000'001);
    Bytes got(bytes.size());
    ASSERT_OK(bucket.Read(TestContext(), put.object, 0, got));
    EXPECT_EQ(got, bytes);
    MemorySink sink;
    ASSERT_OK(bucket.Read(TestContext(), put.object, 0, kMaxObjectSize, sink));
    EXPECT_EQ(sink.Take(), bytes);
    RehomePolicy rewriting;
    rewriting.always_rewrite = true;
    ASSERT_OK(bucket.Rehome(TestContext(), put.object, rewriting));
    ASSERT_OK(bucket.Read(TestContext(), put.object, 0, got));
    EXPECT_EQ(got, bytes);
    ASSERT_OK_AND_ASSIGN(const VerifyReport report, bucket.Verify(TestContext(), put.object));
    EXPECT_EQ(report.sound, report.fragments);
    EXPECT_GT(report.fragments, 0);
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

// A record cannot even say it, so it must not come that far.
TEST_F(ClientTest, TheIdOfNoObjectIsNotFound) {
  const ObjectId nobody;
  const Bytes bytes = Data(300'000);
  EXPECT_CODE(bucket_->Write(TestContext(), nobody, 0, ByteSpan(bytes)), kNotFound);
  EXPECT_CODE(bucket_->Append(TestContext(), nobody, ByteSpan(bytes)), kNotFound);
  EXPECT_CODE(bucket_->Truncate(TestContext(), nobody, 5), kNotFound);
  EXPECT_CODE(bucket_->Zero(TestContext(), nobody, 0, 5), kNotFound);
  EXPECT_CODE(bucket_->Seal(TestContext(), nobody), kNotFound);
  EXPECT_CODE(bucket_->Bind(TestContext(), "x", nobody), kNotFound);
  EXPECT_CODE(bucket_->Clone(TestContext(), nobody, "x"), kNotFound);
  EXPECT_CODE(bucket_->Rehome(TestContext(), nobody), kNotFound);
  EXPECT_CODE(bucket_->Find(TestContext(), "x"), kNotFound);
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
  std::vector<ObjectId> objects;
  for (int i = 0; i < 10; ++i) objects.push_back(Put("n" + std::to_string(i), bytes));
  site_.faulty[1]->SetCorruptReads(true);
  site_.faulty[6]->SetCorruptReads(true);
  for (const ObjectId& object : objects) EXPECT_EQ(ReadAll(object), bytes);
  const ClientStats stats = client_->Stats();
  EXPECT_GT(stats.decoded_around, 0);
  ASSERT_EQ(stats.corrupt.size(), 2u) << "the liars and nobody else";
  EXPECT_GT(stats.corrupt.at(StoreId{2}), 0);
  EXPECT_GT(stats.corrupt.at(StoreId{7}), 0);
}

/// Puts wrong bytes under right checksums in the place of everything that `store` has.
void MakeLiar(MemoryFragmentStore& store) {
  ASSERT_OK_AND_ASSIGN(const auto all, store.List(TestContext(), {}));
  for (const FragmentInfo& info : all.fragments) {
    ASSERT_OK_AND_ASSIGN(auto read,
                         store.StartRead(TestContext(), {{{info.key, 0, info.length}}, {}}, {})->Wait(TestContext()));
    Bytes bytes = ToBytes(read.parts[0].bytes);
    ASSERT_OK_AND_ASSIGN(const FragmentHeader header, FragmentHeader::Decode(ByteSpan(bytes).first(128)));
    for (int64_t i = 0; i < header.geometry.Segments(); ++i) {
      uint8_t* const block = bytes.data() + header.geometry.StripeBegin(i);
      const auto size = static_cast<size_t>(header.geometry.Block(i));
      block[0] ^= 1;
      StoreLe(block + size, BlockCrc(info.key.encoding, info.key.shard, static_cast<uint32_t>(i), {block, size}));
    }
    ASSERT_TRUE(store.Lose(info.key));
    const auto put = store.StartPut(TestContext(), {info.key, info.length, {}}, {});
    ASSERT_OK(put->Append(TestContext(), Buffer::FromBytes(std::move(bytes))));
    ASSERT_OK(put->Finish(TestContext()));
  }
}

// Three sound shards and a wrong one: nothing is lost, the fourth is with a store that will come back.
TEST_F(ClientTest, ALiarBesideStoresThatAreAwayIsNoLoss) {
  TwinSite six(clock_, 6);  // every encoding has a fragment in every store
  const auto client = six.MakeClient({});
  ASSERT_OK_AND_ASSIGN(Bucket bucket, client->CreateBucket(TestContext(), {.name = "b"}));
  const Bytes bytes = Data(300000);
  ASSERT_OK_AND_ASSIGN(const Written put, bucket.Put(TestContext(), "x", ByteSpan(bytes)));
  MakeLiar(*six.memory[0]);
  six.faulty[1]->SetDown(true);
  six.faulty[2]->SetDown(true);
  Bytes out(bytes.size());
  EXPECT_CODE(bucket.Read(TestContext(), put.object, 0, out), kUnavailable);
  six.faulty[1]->SetDown(false);
  ASSERT_OK(bucket.Read(TestContext(), put.object, 0, out));
  EXPECT_EQ(out, bytes);
}

TEST_F(ClientTest, AFullStoreIsGivenUp) {
  site_.faulty[2]->SetFull(true);
  const Bytes bytes = Data(300000);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ReadAll(Put("x", bytes)), bytes);
  EXPECT_GT(client_->Stats().fragments_missing + client_->Stats().groups_given_up, 0) << "a put met the full store";
  EXPECT_EQ(site_.memory[2]->Stat(TestContext())->fragments, 0);
}

TEST_F(ClientTest, AHangingStoreIsGivenUp) {
  TwinSite six(clock_, 6);  // every encoding has a fragment in every store
  const auto client = six.MakeClient({.store_timeout = std::chrono::milliseconds(500)});
  ASSERT_OK_AND_ASSIGN(Bucket bucket, client->CreateBucket(TestContext(), {.name = "b"}));
  const Bytes bytes = Data(300000);
  ASSERT_OK_AND_ASSIGN(const Written before, bucket.Put(TestContext(), "before", ByteSpan(bytes)));
  six.faulty[2]->Hold();
  ASSERT_OK_AND_ASSIGN(const Written meanwhile, bucket.Put(TestContext(), "meanwhile", ByteSpan(bytes)));
  EXPECT_EQ(client->Stats().fragments_missing, 1);
  for (const ObjectId& object : {before.object, meanwhile.object}) {
    Bytes out(bytes.size());
    ASSERT_OK(bucket.Read(TestContext(), object, 0, out));
    EXPECT_EQ(out, bytes);
  }
  six.faulty[2]->Release();
}

/// The fragments of the body that is visible at `offset`.
class DamageTest : public ClientTest {
 protected:
  FragmentKey Fragment(ObjectId object, int64_t offset, uint8_t shard) {
    const auto extents = bucket_->Extents(TestContext(), object, offset, offset + 1);
    PBFS_CHECK(extents.ok() && extents->size() == 1);
    return {extents->front().encoding->id, shard};
  }
  /// Spoils what `damage` (of one store) finds in whichever store has it.
  template <typename Damage>
  void Spoil(const FragmentKey& key, const Damage& damage) {
    int stores = 0;
    for (const auto& store : site_.memory) stores += damage(*store, key) ? 1 : 0;
    ASSERT_EQ(stores, 1);
  }
  void Flip(const FragmentKey& key) {
    Spoil(key, [](MemoryFragmentStore& store, const FragmentKey& it) { return store.Damage(it, 200); });
  }
  void Lose(const FragmentKey& key) {
    Spoil(key, [](MemoryFragmentStore& store, const FragmentKey& it) { return store.Lose(it); });
  }
  static int64_t Sum(const std::map<StoreId, int64_t>& by_store) {
    int64_t sum = 0;
    for (const auto& [store, count] : by_store) sum += count;
    return sum;
  }
};

TEST_F(DamageTest, UpToMFragmentsAreDecodedAroundAndCounted) {
  const Bytes bytes = Data(500000);
  const ObjectId object = Put("x", bytes);
  EXPECT_EQ(ReadAll(object), bytes);
  EXPECT_EQ(client_->Stats().decoded_around, 0);
  Flip(Fragment(object, 0, 0));
  Lose(Fragment(object, 0, 3));
  EXPECT_EQ(ReadAll(object), bytes);
  const ClientStats stats = client_->Stats();
  EXPECT_EQ(stats.decoded_around, 8) << "every segment of 64 KiB";
  EXPECT_EQ(Sum(stats.corrupt), 1);
  EXPECT_EQ(Sum(stats.missing), 1);
}

TEST_F(DamageTest, StripesAreDecodedAroundOneByOne) {
  const Bytes bytes = Data(500000);
  const ObjectId object = Put("x", bytes);
  const Geometry geometry{4, 6, 16, false, 500000};
  for (uint8_t shard = 0; shard < 6; ++shard) {
    Spoil(Fragment(object, 0, shard), [&](MemoryFragmentStore& store, const FragmentKey& it) {
      return store.Damage(it, geometry.StripeBegin(shard) + 7);
    });
  }
  EXPECT_EQ(ReadAll(object), bytes) << "every fragment is damaged, no stripe in more than one";
}

TEST_F(DamageTest, MoreThanMAreDataLossNamingTheObjectAndTheRange) {
  const Bytes bytes = Data(500000);
  const ObjectId object = Put("x", bytes);
  ASSERT_OK(bucket_->Write(TestContext(), object, 200000, ByteSpan(Data(100000))));
  for (const uint8_t shard : {0, 2, 5}) Flip(Fragment(object, 200000, shard));
  MemorySink sink;
  const auto read = bucket_->Read(TestContext(), object, 0, kMaxObjectSize, sink);
  EXPECT_CODE(read, kDataLoss);
  EXPECT_TRUE(sink.bytes().empty()) << "nothing of a stretch that is not whole";
  EXPECT_THAT(read.status().message(), testing::HasSubstr("object " + object.ToString()));
  EXPECT_THAT(read.status().message(), testing::HasSubstr("bytes [200000, 265536)")) << "one segment of it";
  EXPECT_THAT(read.status().message(), testing::HasSubstr("3 corrupt, 0 missing"));
  Bytes out(200000);
  ASSERT_OK(bucket_->Read(TestContext(), object, 0, out));
  EXPECT_TRUE(Equal(out, ByteSpan(bytes).first(200000))) << "the rest of the object is not lost";
  ASSERT_OK(bucket_->Read(TestContext(), object, 300000, out));
  EXPECT_TRUE(Equal(out, ByteSpan(bytes).last(200000)));
}

TEST_F(DamageTest, WhatAnErrorNamesIsLostAndNothingElse) {
  const ObjectId object = Put("x", Data(60000));
  for (const int64_t at : {10000, 30000}) ASSERT_OK(bucket_->Write(TestContext(), object, at, ByteSpan(Data(5000))));
  for (const uint8_t shard : {0, 2, 5}) Flip(Fragment(object, 0, shard));
  Bytes out(60000);
  const auto read = bucket_->Read(TestContext(), object, 0, out);
  EXPECT_CODE(read, kDataLoss);
  EXPECT_THAT(read.status().message(), testing::HasSubstr("bytes [0, 10000), [15000, 30000), [35000, 60000) of body"));
}

TEST_F(DamageTest, FragmentsThatNoStoreHasAreLostNotUnavailable) {
  const ObjectId object = Put("x", Data(500000));
  for (const uint8_t shard : {1, 2}) Lose(Fragment(object, 0, shard));
  Flip(Fragment(object, 0, 4));
  Bytes out(500000);
  const auto read = bucket_->Read(TestContext(), object, 0, out);
  EXPECT_CODE(read, kDataLoss);
  EXPECT_THAT(read.status().message(), testing::HasSubstr("1 corrupt, 2 missing"));
}

TEST_F(DamageTest, ASilentStoreMayStillHaveIt) {
  const ObjectId object = Put("x", Data(500000));
  for (const uint8_t shard : {1, 2, 3}) Lose(Fragment(object, 0, shard));
  for (const auto& store : site_.faulty) store->SetDown(store == site_.faulty[0]);
  Bytes out(500000);
  EXPECT_CODE(bucket_->Read(TestContext(), object, 0, out), kUnavailable);
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

// Whatever single call to a store fails, or loses its answer: the write succeeds, is there whole and reads back.
TEST_F(ClientTest, AnySingleStoreCallMayFail) {
  const Bytes bytes = Data(200000);
  for (const bool lose : {false, true}) {
    for (size_t store = 0; store < 6; ++store) {
      int n = 0;
      for (bool happened = true; happened;) {  // until a run has no n-th call
        ++n;
        SCOPED_TRACE(testing::Message() << (lose ? "lost reply of" : "failed") << " call " << n << " of store "
                                        << store);
        TwinSite six(clock_, 6);
        const auto client = six.MakeClient();
        ASSERT_OK_AND_ASSIGN(Bucket bucket, client->CreateBucket(TestContext(), {.name = "b"}));
        lose ? six.faulty[store]->LoseReply(n) : six.faulty[store]->FailCall(n, UnavailableError("injected"));
        ASSERT_OK_AND_ASSIGN(const Written put, bucket.Put(TestContext(), "x", ByteSpan(bytes)));
        Bytes out(bytes.size());
        ASSERT_OK(bucket.Read(TestContext(), put.object, 0, out));
        EXPECT_EQ(out, bytes);
        ASSERT_OK_AND_ASSIGN(const ObjectStat stat, bucket.Stat(TestContext(), "x"));
        EXPECT_EQ(stat.object, put.object);
        EXPECT_EQ(stat.size, static_cast<int64_t>(bytes.size()));
        happened = six.faulty[store]->calls() >= n;
      }
      EXPECT_GT(n, 3) << "the start of a put, its bytes and its end have failed";
    }
  }
}

// ---- keys ---------------------------------------------------------------------------------------------------------------------

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
