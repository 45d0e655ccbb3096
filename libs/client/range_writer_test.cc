#include <algorithm>
#include <memory>
#include <optional>

#include <gmock/gmock.h>

#include "libs/base/testing.h"
#include "libs/client/twin_cluster.h"
#include "libs/model/limits.h"

namespace pbfs {
namespace {

using testing::HasSubstr;

constexpr int64_t kNowMicros = 1'800'000'000'000'000;

struct Range {
  int64_t offset = 0;
  Bytes bytes;
};

class RangeWriterTest : public testing::Test {
 protected:
  RangeWriterTest()
      : clock_(kNowMicros),
        cluster_(Twins(clock_)),
        client_(cluster_.NewClient({.rehome_offers = {.enabled = false}})) {
    bucket_.emplace(Make("b", Versioning::kOff));
  }
  static TwinCluster::Options Twins(const Clock& clock) {
    TwinCluster::Options options;
    options.clock = &clock;
    return options;
  }
  Bucket Make(const std::string& name, Versioning versioning) {
    BucketSettings settings;
    settings.name = name;
    settings.versioning = versioning;
    auto made = client_->CreateBucket(TestContext(), settings);
    PBFS_CHECK(made.ok(), made.status().ToString());
    return *made;
  }
  Bytes Data(size_t size) {
    Bytes bytes(size);
    random_.Fill(bytes);
    return bytes;
  }
  static Bytes Read(Bucket& bucket, ObjectId object) {
    MemorySink sink;
    EXPECT_OK(bucket.Read(TestContext(), object, 0, kMaxObjectSize, sink));
    return sink.Take();
  }
  static void Apply(const Range& range, Bytes& model) {
    const auto begin = static_cast<size_t>(range.offset);
    model.resize(std::max(model.size(), begin + range.bytes.size()));
    std::copy(range.bytes.begin(), range.bytes.end(), model.begin() + static_cast<ptrdiff_t>(begin));
  }
  // Ranges that do not overlap, some of which touch, in any order.
  std::vector<Range> RandomRanges() {
    std::vector<Range> ranges;
    for (int64_t at = 0; ranges.size() < 12;) {
      at += random_.Below(3) == 0 ? 0 : static_cast<int64_t>(random_.Below(30'000));
      ranges.push_back({at, Data(1 + random_.Below(random_.Below(2) == 0 ? 300 : 60'000))});
      at += static_cast<int64_t>(ranges.back().bytes.size());
    }
    for (size_t i = ranges.size(); i > 1; --i) std::swap(ranges[i - 1], ranges[random_.Below(i)]);
    return ranges;
  }

  SeededRandom random_{TestSeed()};
  ManualClock clock_;
  TwinCluster cluster_;
  std::unique_ptr<Client> client_;
  std::optional<Bucket> bucket_;
};

TEST_F(RangeWriterTest, PiecesAreOneWriteLikeRangesInMemory) {
  SCOPED_TRACE(TestSeed());
  Bytes model = Data(200'000);
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "pieces", model));
  ASSERT_OK_AND_ASSIGN(const Written twin, bucket_->Put(TestContext(), "memory", model));
  for (int round = 0; round < TestScaled(10); ++round) {
    const std::vector<Range> ranges = RandomRanges();
    const auto writer = bucket_->NewRanges(TestContext());
    std::vector<RangeWrite> in_memory;
    for (const Range& range : ranges) {
      ASSERT_OK(writer->Add(range.offset, range.bytes));
      in_memory.push_back({range.offset, range.bytes});
      Apply(range, model);
    }
    ASSERT_OK_AND_ASSIGN(const Written written, bucket_->WriteRanges(TestContext(), put.object, *writer));
    ASSERT_OK_AND_ASSIGN(const Written same, bucket_->WriteRanges(TestContext(), twin.object, in_memory));
    EXPECT_EQ(written.ops, 1);
    EXPECT_EQ(written.lo, same.lo);
    EXPECT_EQ(written.hi, same.hi);
    ASSERT_EQ(Read(*bucket_, put.object), model);
    ASSERT_EQ(Read(*bucket_, twin.object), model);
  }
}

TEST_F(RangeWriterTest, APieceAcrossARegionBorderIsPartOfTheWrite) {
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "x", Bytes{1}));
  const Bytes bytes = Data(100'000);
  const auto writer = bucket_->NewRanges(TestContext());
  ASSERT_OK(writer->Add(0, bytes));
  writer->PlaceAt(kRegionSize - 50'000);
  ASSERT_OK_AND_ASSIGN(const Written written, bucket_->WriteRanges(TestContext(), put.object, *writer));
  EXPECT_EQ(written.lo, kRegionSize - 50'000);
  EXPECT_EQ(written.hi, kRegionSize + 50'000);
  Bytes out(100'000);
  ASSERT_OK(bucket_->Read(TestContext(), put.object, kRegionSize - 50'000, out));
  EXPECT_EQ(out, bytes);
}

TEST_F(RangeWriterTest, WhatLostARaceIsWrittenElsewhereWithoutAnotherUpload) {
  Bytes model = Data(5000);
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "log", model));
  ASSERT_OK_AND_ASSIGN(const ObjectStat before, bucket_->Stat(TestContext(), put.object));
  const Range more{5000, Data(10'000)};
  const auto writer = bucket_->NewRanges(TestContext());
  ASSERT_OK(writer->Add(0, more.bytes));
  ASSERT_OK(bucket_->Append(TestContext(), put.object, Bytes{1, 2, 3}));
  writer->PlaceAt(before.size);
  EXPECT_CODE(bucket_->WriteRanges(TestContext(), put.object, *writer, {.if_opset = before.opset}),
              kFailedPrecondition);
  const int64_t uploaded = client_->Stats().bodies_written;
  ASSERT_OK_AND_ASSIGN(const ObjectStat now, bucket_->Stat(TestContext(), put.object));
  writer->PlaceAt(now.size);
  ASSERT_OK_AND_ASSIGN(const Written written,
                       bucket_->WriteRanges(TestContext(), put.object, *writer, {.if_opset = now.opset}));
  EXPECT_EQ(client_->Stats().bodies_written, uploaded);
  Apply({5000, {1, 2, 3}}, model);
  Apply({5003, more.bytes}, model);
  EXPECT_EQ(Read(*bucket_, put.object), model);
  EXPECT_EQ(bucket_->Stat(TestContext(), put.object)->opset, written.opset);
}

TEST_F(RangeWriterTest, AVersionIsMadeOfPieces) {
  Bucket versioned = Make("v", Versioning::kEnabled);
  const Bytes old = Data(100'000);
  ASSERT_OK_AND_ASSIGN(const Written put, versioned.Put(TestContext(), "a", old));
  Bytes model = old;
  const auto writer = versioned.NewRanges(TestContext());
  for (const Range& range : RandomRanges()) {
    ASSERT_OK(writer->Add(range.offset, range.bytes));
    Apply(range, model);
  }
  ASSERT_OK_AND_ASSIGN(const Written other, versioned.Put(TestContext(), "a", Bytes{1}));
  PutOptions options;
  options.if_bound_to = put.object;
  EXPECT_CODE(versioned.PatchVersion(TestContext(), "a", put.object, *writer, options), kFailedPrecondition);
  const int64_t uploaded = client_->Stats().bodies_written;
  options.if_bound_to = other.object;
  options.op = OpId::New(clock_.NowMillis(), random_);
  ASSERT_OK_AND_ASSIGN(const Written made, versioned.PatchVersion(TestContext(), "a", put.object, *writer, options));
  EXPECT_EQ(client_->Stats().bodies_written, uploaded);
  EXPECT_EQ(Read(versioned, made.object), model);
  EXPECT_EQ(Read(versioned, put.object), old);
  EXPECT_EQ(versioned.ListVersions(TestContext(), "")->versions.size(), 3u);
  EXPECT_CODE(versioned.PatchVersion(TestContext(), "a", put.object, *writer, options), kAlreadyExists);  // a repeat
}

TEST_F(RangeWriterTest, WhatFailsInTheMiddleLeavesNothing) {
  const Bytes model = Data(100'000);
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "x", model));
  const auto writer = bucket_->NewRanges(TestContext());
  ASSERT_OK(writer->Add(0, Data(20'000)));
  for (int i = 0; i < cluster_.stores(); ++i) cluster_.store(i).SetDown(true);
  (void)writer->Add(30'000, Data(20'000));
  EXPECT_CODE(bucket_->WriteRanges(TestContext(), put.object, *writer), kUnavailable);
  for (int i = 0; i < cluster_.stores(); ++i) cluster_.store(i).SetDown(false);
  EXPECT_CODE(bucket_->WriteRanges(TestContext(), put.object, *writer), kUnavailable);  // a piece is missing
  EXPECT_EQ(Read(*bucket_, put.object), model);
  EXPECT_EQ(bucket_->History(TestContext(), put.object)->size(), 2u) << "it was written and bound";
}

TEST_F(RangeWriterTest, PiecesThatExpiredAreToBeSentAgain) {
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "x", Bytes(100, 7)));
  const auto writer = bucket_->NewRanges(TestContext());
  ASSERT_OK(writer->Add(0, Data(20'000)));
  ASSERT_OK(writer->Add(20'000, Bytes{1}));
  // All that is known of the first is durable by now.
  EXPECT_CODE(bucket_->WriteRanges(TestContext(), put.object, *writer, {.if_opset = Opset{}}), kFailedPrecondition);
  clock_.Advance((kMaxEncodingAgeMs + 120'000) * 1000);
  const Result<Written> late = bucket_->WriteRanges(TestContext(), put.object, *writer);
  EXPECT_CODE(late, kUnavailable);
  EXPECT_THAT(late.status().message(), HasSubstr("send them all again"));
  EXPECT_EQ(Read(*bucket_, put.object), Bytes(100, 7));
}

TEST_F(RangeWriterTest, MoreThanTheBudgetPassesThroughIt) {
  const auto small = cluster_.NewClient({.memory_bytes = 16 << 20});
  ASSERT_OK_AND_ASSIGN(Bucket bucket, small->OpenBucket(TestContext(), "b"));
  ASSERT_OK_AND_ASSIGN(const Written put, bucket.Put(TestContext(), "x", Bytes{1}));
  Bytes model;
  const auto writer = bucket.NewRanges(TestContext());
  for (int64_t at = 0; at < 40 << 20; at += 2 << 20) {
    const Range range{at, Data(2 << 20)};
    Apply(range, model);
    ASSERT_OK(writer->Add(at, range.bytes));
  }
  ASSERT_OK_AND_ASSIGN(const Written written, bucket.WriteRanges(TestContext(), put.object, *writer));
  EXPECT_EQ(written.ops, 1);
  EXPECT_LE(small->PeakMemory(), 16 << 20);
  EXPECT_TRUE(Read(bucket, put.object) == model);
}

// 5 GiB in pieces of 1 MiB, as a gateway without memory to spare takes them, are one Commit.
TEST_F(RangeWriterTest, AsManyPiecesAsALongPatchHasAreOneWrite) {
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "x", Bytes{1}));
  const auto writer = bucket_->NewRanges(TestContext());
  constexpr int kPieces = 5120;
  for (int64_t i = 0; i < kPieces; ++i) ASSERT_OK(writer->Add(i << 20, Bytes(4097, static_cast<uint8_t>(i % 251))));
  ASSERT_OK_AND_ASSIGN(const Written written, bucket_->WriteRanges(TestContext(), put.object, *writer));
  EXPECT_EQ(written.ops, 1);
  Bytes out(4098);
  ASSERT_OK(bucket_->Read(TestContext(), put.object, int64_t{4711} << 20, out));
  Bytes want(4097, 4711 % 251);
  want.push_back(0);
  EXPECT_EQ(out, want);
}

TEST_F(RangeWriterTest, WhatIsNoWriteIsRefused) {
  Bucket other = Make("other", Versioning::kOff);
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "x", Bytes(10, 1)));
  const auto empty = bucket_->NewRanges(TestContext());
  EXPECT_CODE(bucket_->WriteRanges(TestContext(), put.object, *empty), kInvalidArgument);
  EXPECT_CODE(empty->Add(0, Bytes()), kInvalidArgument);
  EXPECT_CODE(empty->Add(-1, Bytes{1}), kInvalidArgument);
  EXPECT_CODE(empty->Add(kMaxObjectSize, Bytes{1}), kInvalidArgument);
  EXPECT_CODE(empty->Add(0, Bytes(kMaxBodySize + 1)), kInvalidArgument);
  const auto overlapping = bucket_->NewRanges(TestContext());
  ASSERT_OK(overlapping->Add(5, Bytes{1}));
  ASSERT_OK(overlapping->Add(0, Bytes(6, 2)));
  EXPECT_CODE(bucket_->WriteRanges(TestContext(), put.object, *overlapping), kInvalidArgument);
  EXPECT_EQ(Read(*bucket_, put.object), Bytes(10, 1));
  const auto beyond = bucket_->NewRanges(TestContext());
  ASSERT_OK(beyond->Add(0, Bytes{1}));
  beyond->PlaceAt(kMaxObjectSize);
  EXPECT_CODE(bucket_->WriteRanges(TestContext(), put.object, *beyond), kInvalidArgument);
  const auto elsewhere = other.NewRanges(TestContext());
  ASSERT_OK(elsewhere->Add(0, Bytes{1}));
  EXPECT_CODE(bucket_->WriteRanges(TestContext(), put.object, *elsewhere), kNotFound);
  const auto many = bucket_->NewRanges(TestContext());
  Status added;
  for (int64_t i = 0; added.ok() && i < 10'000; ++i) added = many->Add(i * 5000, Bytes(4096, 1));
  EXPECT_CODE(added, kInvalidArgument);
  EXPECT_THAT(added.message(), HasSubstr("too many pieces"));
}

}  // namespace
}  // namespace pbfs
