// Random histories of several clients held against the byte-array model, with stores that die, lie, fill up and lose things.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "libs/base/testing.h"
#include "libs/client/testing/scripted_catalog.h"
#include "libs/client/twin_cluster.h"
#include "libs/model/byte_array_model.h"

namespace pbfs {
namespace {

constexpr int64_t kMaxSize = 400'000;

class RandomHistory {
 public:
  explicit RandomHistory(uint64_t seed) : random_(seed), cluster_(Options(seed)) {
    BucketSettings settings;
    settings.name = "b";
    settings.history_ms = 86'400'000;
    settings.integrity = random_.Below(2) == 0 ? Integrity::kCrc32c : Integrity::kSha256;
    ClientOptions options;
    options.store_avoided = std::chrono::milliseconds(20);
    for (int i = 0; i < 3; ++i) {
      clients_.push_back(cluster_.NewClient(options, lists_.ports(), cluster_.keys()));
      buckets_.push_back(i == 0 ? *clients_[0]->CreateBucket(TestContext(), settings)
                                : *clients_.back()->OpenBucket(TestContext(), "b"));
    }
    const Written made = *buckets_[0].Put(TestContext(), "x", Bytes{});
    object_ = made.object;
  }

  void Step() {
    Trouble();
    Bucket& bucket = buckets_[random_.Below(buckets_.size())];
    switch (random_.Below(13)) {
      case 0: return Truncate(bucket);
      case 1: return Zero(bucket);
      case 2: return Append(bucket);
      case 3: return Ranges(bucket);
      case 4: return Rehome(bucket);
      case 5: return Past(bucket);
      case 6: return Rotate(bucket);
      default: return Write(bucket);
    }
  }

  void Check() {
    Bucket& bucket = buckets_[random_.Below(buckets_.size())];
    const std::vector<uint8_t> expected = model_.Fold();
    const int64_t lo = static_cast<int64_t>(random_.Below(expected.size() + 10));
    Bytes out(random_.Below(kMaxSize) + 1);
    ASSERT_OK_AND_ASSIGN(const int64_t got, bucket.Read(TestContext(), object_, lo, out));
    const int64_t right =
        std::clamp<int64_t>(static_cast<int64_t>(expected.size()) - lo, 0, static_cast<int64_t>(out.size()));
    ASSERT_EQ(got, right);
    ASSERT_TRUE(std::equal(out.begin(), out.begin() + got,
                           expected.begin() + std::min<int64_t>(lo, static_cast<int64_t>(expected.size()))))
        << "bytes from " << lo;
  }

 private:
  static TwinCluster::Options Options(uint64_t seed) {
    TwinCluster::Options options;
    options.seed = seed;
    return options;
  }

  /// Two stores at most are in trouble. One that is full costs every body of that time a shard for good, so then one liar is
  /// all that m = 2 leaves room for.
  void Trouble() {
    if (random_.Below(4) != 0) return;
    for (const int i : troubled_) {
      cluster_.store(i).SetCorruptReads(false);
      cluster_.store(i).SetFull(false);
    }
    troubled_ = {AnyStore(), AnyStore()};
    if (random_.Below(3) > 0) cluster_.store(troubled_[0]).SetCorruptReads(true);
    if (stores_fill_up_)
      cluster_.store(troubled_[1]).SetFull(true);
    else if (random_.Below(3) > 0)
      cluster_.store(troubled_[1]).SetCorruptReads(true);
  }
  int AnyStore() { return static_cast<int>(random_.Below(static_cast<uint64_t>(cluster_.stores()))); }

  Bytes Content() {
    // Log-uniform: inline, replicated and coded ones.
    Bytes bytes(1 + random_.Below(uint64_t{1} << (1 + random_.Below(17))));
    random_.Fill(bytes);
    return bytes;
  }
  int64_t Offset() { return static_cast<int64_t>(random_.Below(kMaxSize / 2)); }

  void Write(Bucket& bucket) {
    const int64_t lo = Offset();
    const Bytes bytes = Content();
    ASSERT_OK_AND_ASSIGN(const Written done, bucket.Write(TestContext(), object_, lo, bytes));
    model_.Write(done.order, lo, bytes);
  }
  void Truncate(Bucket& bucket) {
    const int64_t size = Offset();
    ASSERT_OK_AND_ASSIGN(const Written done, bucket.Truncate(TestContext(), object_, size));
    model_.Truncate(done.order, size);
  }
  void Zero(Bucket& bucket) {
    const int64_t lo = Offset(), hi = lo + 1 + static_cast<int64_t>(random_.Below(50'000));
    ASSERT_OK_AND_ASSIGN(const Written done, bucket.Zero(TestContext(), object_, lo, hi));
    model_.Zero(done.order, lo, hi);
  }
  void Append(Bucket& bucket) {
    if (model_.Fold().size() > kMaxSize) return;
    const auto size = static_cast<int64_t>(model_.Fold().size());
    const Bytes bytes = Content();
    ASSERT_OK_AND_ASSIGN(const Written done, bucket.Append(TestContext(), object_, bytes));
    ASSERT_EQ(done.lo, size);
    model_.Write(done.order, size, bytes);
  }
  void Ranges(Bucket& bucket) {
    const Bytes a = Content(), b = Content();
    const int64_t at = Offset(), gap = static_cast<int64_t>(random_.Below(1000));
    const int64_t next = at + static_cast<int64_t>(a.size()) + gap;
    ASSERT_OK_AND_ASSIGN(const Written done, bucket.WriteRanges(TestContext(), object_, {{next, b}, {at, a}}));
    // One op of two ranges: what lies between keeps what it had.
    std::vector<uint8_t> all = model_.Fold();
    all.resize(std::max<size_t>(all.size(), static_cast<size_t>(next) + b.size()));
    std::copy(a.begin(), a.end(), all.begin() + at);
    std::copy(b.begin(), b.end(), all.begin() + next);
    model_.Write(done.order, at, {all.begin() + at, all.begin() + next + static_cast<int64_t>(b.size())});
  }
  void Rehome(Bucket& bucket) {
    RehomePolicy policy;
    policy.gather_bodies = 3;
    policy.tier_bodies = 3;
    policy.merge_extents = in_stretches_ ? 3 : 16384;
    policy.always_rewrite = random_.Below(2) == 0;
    // As if a peer had promised no more than some order of the past: the less, the fewer runs may be raised (I10).
    Hlc frontier = INT64_MAX;
    if (random_.Below(2) == 0 && !model_.ops().empty()) {
      auto op = model_.ops().begin();
      std::advance(op, static_cast<int64_t>(random_.Below(model_.ops().size())));
      frontier = op->first.hlc;
    }
    lists_.ForgeLists([frontier](ListReply& reply) { reply.frontier = frontier; });
    ASSERT_OK_AND_ASSIGN(const RehomeReport report, bucket.Rehome(TestContext(), object_, policy));
    // A crossing extent whose order no stretch raised stays beneath its copies, and yields to none of them later (I7).
    if (!in_stretches_) {
      EXPECT_EQ(report.kept, 0);
    }
  }
  // The other clients find out by themselves.
  void Rotate(Bucket& bucket) {
    RotationOptions options;
    options.fresh_key = random_.Below(4) > 0;
    options.page = 1 + static_cast<int32_t>(random_.Below(8));
    ASSERT_OK_AND_ASSIGN(const RotationReport report, bucket.RotateKey(TestContext(), options));
    EXPECT_EQ(report.unreadable, 0);
    EXPECT_EQ(report.passed_over, 0);
  }
  void Past(Bucket& bucket) {
    if (model_.ops().empty()) return;
    auto op = model_.ops().begin();
    std::advance(op, static_cast<int64_t>(random_.Below(model_.ops().size())));
    ReadOptions then;
    then.as_of = op->first.hlc;
    const std::vector<uint8_t> expected = model_.Fold({op->first.hlc, INT64_MAX});
    MemorySink sink;
    ASSERT_OK(bucket.Read(TestContext(), object_, 0, kMaxObjectSize, sink, then));
    ASSERT_TRUE(sink.bytes() == expected) << "as of " << op->first.hlc;
  }

  SeededRandom random_;
  TwinCluster cluster_;
  ScriptedCatalog lists_{cluster_.catalog().ports()};
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Bucket> buckets_;
  ObjectId object_;
  ByteArrayModel model_;
  std::vector<int> troubled_;
  const bool stores_fill_up_ = random_.Below(2) == 0;
  const bool in_stretches_ = random_.Below(2) == 0;
};

TEST(ClientHistory, EveryReadIsTheFoldOfWhatWasAcknowledged) {
  const uint64_t seed = TestSeed();
  for (int run = 0; run < TestScaled(6); ++run) {
    SCOPED_TRACE(fmt::format("PBFS_TEST_SEED={}", seed + static_cast<uint64_t>(run)));
    RandomHistory history(seed + static_cast<uint64_t>(run));
    for (int step = 0; step < 60; ++step) {
      SCOPED_TRACE(step);
      history.Step();
      if (testing::Test::HasFatalFailure()) return;
      history.Check();
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(ClientHistory, WritersSideBySideLeaveOneOrderOnEveryByte) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(fmt::format("PBFS_TEST_SEED={}", seed));
  TwinCluster cluster;
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<Bucket> buckets;
  BucketSettings settings;
  settings.name = "b";
  for (int i = 0; i < 4; ++i) {
    clients.push_back(cluster.NewClient());
    buckets.push_back(i == 0 ? *clients[0]->CreateBucket(TestContext(), settings)
                             : *clients.back()->OpenBucket(TestContext(), "b"));
  }
  const ObjectId object = buckets[0].Put(TestContext(), "x", Bytes(100'000, 0))->object;
  Mutex mutex;
  ByteArrayModel model;
  model.Write({1, 1}, 0, std::vector<uint8_t>(100'000, 0));
  std::vector<Thread> writers;
  for (uint64_t w = 0; w < 4; ++w) {
    writers.emplace_back("writer", [&, w] {
      SeededRandom random(seed * 4 + w);
      for (int i = 0; i < 40; ++i) {
        Bytes bytes(1 + random.Below(uint64_t{1} << (1 + random.Below(15))));
        random.Fill(bytes);
        const auto lo = static_cast<int64_t>(random.Below(90'000));
        const auto done = buckets[w].Write(TestContext(), object, lo, bytes);
        ASSERT_OK(done);
        MutexLock lock(mutex);
        model.Write(done->order, lo, bytes);
      }
    });
  }
  for (Thread& writer : writers) writer.Join();
  const std::vector<uint8_t> expected = model.Fold();
  MemorySink sink;
  ASSERT_OK(buckets[0].Read(TestContext(), object, 0, kMaxObjectSize, sink));
  EXPECT_TRUE(sink.bytes() == expected);
}

}  // namespace
}  // namespace pbfs
