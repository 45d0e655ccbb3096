// ObjectView: one state of an object, whatever happens meanwhile.
#include <algorithm>
#include <set>

#include "libs/client/client.h"
#include "libs/client/testing/twin_site.h"
#include "libs/model/limits.h"

namespace pbfs {
namespace {

class ViewsTest : public testing::Test {
 protected:
  ViewsTest() : site_(clock_), client_(site_.MakeClient()), other_(site_.MakeClient()) {
    BucketSettings settings;
    settings.name = "photos";
    EXPECT_OK(client_->CreateBucket(TestContext(), settings));
    bucket_ = std::make_unique<Bucket>(*client_->OpenBucket(TestContext(), "photos"));
    theirs_ = std::make_unique<Bucket>(*other_->OpenBucket(TestContext(), "photos"));
  }
  Bytes Data(size_t size) {
    Bytes bytes(size);
    site_.random.Fill(bytes);
    return bytes;
  }
  static Bytes ReadView(const ObjectView& view, int64_t lo, int64_t hi) {
    MemorySink sink;
    EXPECT_OK(view.Read(TestContext(), lo, hi, sink));
    return sink.Take();
  }

  SystemClock clock_;
  TwinSite site_;
  std::unique_ptr<Client> client_, other_;
  std::unique_ptr<Bucket> bucket_, theirs_;
};

TEST_F(ViewsTest, ShowsWhatAStatAndAReadShow) {
  const Bytes bytes = Data(300'000);
  PutOptions options;
  options.metadata.content_type = "image/png";
  options.metadata.system = {{"cache-control", "no-store"}};
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "cat", ByteSpan(bytes), options));
  ASSERT_OK_AND_ASSIGN(const ObjectView view, bucket_->Open(TestContext(), "cat", {.lo = 0, .hi = kMaxObjectSize}));
  ASSERT_OK_AND_ASSIGN(const ObjectStat stat, bucket_->Stat(TestContext(), "cat"));
  EXPECT_EQ(view.stat().object, put.object);
  EXPECT_EQ(view.stat().size, 300'000);
  EXPECT_EQ(view.stat().opset, stat.opset);
  EXPECT_EQ(view.stat().opset, put.opset);
  EXPECT_EQ(view.stat().newest, stat.newest);
  EXPECT_EQ(view.stat().bound, stat.bound);
  EXPECT_EQ(view.stat().metadata, options.metadata);
  EXPECT_EQ(ReadView(view, 0, 300'000), bytes);
  EXPECT_EQ(ReadView(view, 70'000, 70'000), Bytes());
  EXPECT_EQ(ReadView(view, 1000, 200'000), Bytes(bytes.begin() + 1000, bytes.begin() + 200'000));
  MemorySink sink;
  EXPECT_CODE(view.Read(TestContext(), 0, 300'001, sink), kInvalidArgument);
  EXPECT_CODE(bucket_->Open(TestContext(), "dog"), kNotFound);
}

TEST_F(ViewsTest, StaysAsItWasWhateverIsWritten) {
  const Bytes bytes = Data(9 << 20);
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "cat", ByteSpan(bytes)));
  ASSERT_OK_AND_ASSIGN(ObjectView view, bucket_->Open(TestContext(), "cat", {.lo = 0, .hi = kMaxObjectSize}));
  ASSERT_OK(theirs_->Write(TestContext(), put.object, 100, Data(5 << 20)));
  ASSERT_OK(theirs_->Truncate(TestContext(), put.object, 10));
  ASSERT_OK(theirs_->Unbind(TestContext(), "cat"));
  EXPECT_EQ(ReadView(view, 0, 9 << 20), bytes);
  EXPECT_OK(view.Cover(TestContext(), 0, 9 << 20));
}

TEST_F(ViewsTest, WhatWasNotCoveredIsListedIfNothingChanged) {
  const Bytes bytes = Data(2 << 20);
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "cat", ByteSpan(bytes)));
  ASSERT_OK_AND_ASSIGN(ObjectView view, bucket_->Open(TestContext(), "cat"));
  ASSERT_OK(view.Cover(TestContext(), (2 << 20) - 100, 2 << 20));
  EXPECT_EQ(ReadView(view, (2 << 20) - 100, 2 << 20), Bytes(bytes.end() - 100, bytes.end()));
  ASSERT_OK_AND_ASSIGN(ObjectView late, bucket_->Open(TestContext(), "cat"));
  ASSERT_OK(theirs_->Write(TestContext(), put.object, 1 << 20, Data(100)));
  EXPECT_CODE(late.Cover(TestContext(), 1000, 2 << 20), kAborted);
  EXPECT_EQ(ReadView(view, (2 << 20) - 100, 2 << 20), Bytes(bytes.end() - 100, bytes.end()));
}

// Whoever takes a stream slowly makes nobody fetch much for him.
TEST_F(ViewsTest, AStreamBeginsWithShortPieces) {
  constexpr int64_t kSize = 20 << 20, kShort = 1 << 20;
  const Bytes bytes = Data(kSize);
  ASSERT_OK(bucket_->Put(TestContext(), "cat", ByteSpan(bytes)));
  ASSERT_OK_AND_ASSIGN(const ObjectView view, bucket_->Open(TestContext(), "cat", {.lo = 0, .hi = kSize}));
  class Sink final : public ByteSink {
   public:
    explicit Sink(const Client& client) : client_(client) {}
    Status Write(const Context&, ByteSpan more) override {
      if (read_at_first_ < 0) read_at_first_ = client_.Stats().plaintext_read;
      bytes_.insert(bytes_.end(), more.begin(), more.end());
      return OkStatus();
    }
    int64_t read_at_first() const { return read_at_first_; }
    const Bytes& bytes() const { return bytes_; }

   private:
    const Client& client_;
    int64_t read_at_first_ = -1;
    Bytes bytes_;
  };
  Sink sink(*client_);
  ASSERT_OK(view.Read(TestContext(), 0, kSize, sink));
  EXPECT_LE(sink.read_at_first(), 2 * kShort);
  EXPECT_TRUE(sink.bytes() == bytes);
}

TEST_F(ViewsTest, ARehomeMayMoveWhatIsRead) {
  Bytes bytes = Data(1 << 20);
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "cat", ByteSpan(bytes)));
  for (int i = 0; i < 300; ++i) {
    const Bytes patch = Data(5000);
    ASSERT_OK(bucket_->Write(TestContext(), put.object, i * 3000, patch));
    std::copy(patch.begin(), patch.end(), bytes.begin() + i * 3000);
  }
  ASSERT_OK_AND_ASSIGN(const ObjectView view, bucket_->Open(TestContext(), "cat", {.lo = 0, .hi = kMaxObjectSize}));
  ASSERT_OK_AND_ASSIGN(const auto extents, bucket_->Extents(TestContext(), put.object, 0, 1 << 20));
  std::set<EncodingId> old;
  for (const VisibleExtent& extent : extents) old.insert(extent.encoding->id);
  RehomePolicy all;
  ASSERT_OK_AND_ASSIGN(const RehomeReport report, theirs_->Rehome(TestContext(), put.object, all));
  ASSERT_GT(report.merged, 0);
  EXPECT_EQ(ReadView(view, 0, 1 << 20), bytes);  // by the old listing: fragments outlive its lease
  for (const auto& store : site_.memory) {       // as a collector would after it, of what the rehome has replaced
    ASSERT_OK_AND_ASSIGN(const auto page, store->List(TestContext(), {}));
    for (const auto& fragment : page.fragments) {
      if (!old.contains(fragment.key.encoding)) continue;
      ASSERT_OK(store->Delete(TestContext(), {fragment.key}, {}));
    }
  }
  EXPECT_EQ(ReadView(view, 0, 1 << 20), bytes);
}

TEST_F(ViewsTest, AtEndMayCompleteTheMetadataOrRefuse) {
  PutOptions options;
  options.at_end = [](ObjectMetadata& metadata) {
    metadata.etag = "abc";
    return OkStatus();
  };
  for (const size_t size : {size_t{0}, size_t{10}, size_t{70} << 20}) {
    const Bytes bytes = Data(size);
    ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "cat", ByteSpan(bytes), options));
    ASSERT_OK_AND_ASSIGN(const ObjectStat stat, bucket_->Stat(TestContext(), "cat"));
    EXPECT_EQ(stat.metadata.etag, "abc");
    EXPECT_EQ(stat.metadata.opset, stat.opset) << "the etag is not of this content";
    EXPECT_EQ(put.opset, stat.opset);
  }
  options.at_end = [](ObjectMetadata&) { return InvalidArgumentError("the digest is another one"); };
  EXPECT_CODE(bucket_->Put(TestContext(), "dog", ByteSpan(Data(10)), options), kInvalidArgument);
  EXPECT_CODE(bucket_->Put(TestContext(), "cat", ByteSpan(Data(10)), options), kInvalidArgument);
  EXPECT_CODE(bucket_->Find(TestContext(), "dog"), kNotFound);
  EXPECT_EQ(bucket_->Stat(TestContext(), "cat")->size, 70 << 20);
}

TEST_F(ViewsTest, AnObjectIsWrittenPieceByPiece) {
  for (const std::vector<size_t>& sizes :
       std::vector<std::vector<size_t>>{{}, {10}, {200'000}, {1 << 20, 1}, {4 << 20, 4 << 20, 4 << 20, 70'000}}) {
    const auto writer = bucket_->NewObject(TestContext());
    Bytes all;
    for (const size_t size : sizes) {
      const Bytes piece = Data(size);
      all.insert(all.end(), piece.begin(), piece.end());
      ASSERT_OK(writer->Add(piece));
    }
    EXPECT_CODE(bucket_->Find(TestContext(), "cat"), kNotFound);
    ASSERT_OK_AND_ASSIGN(const Written put, writer->Bind("cat", {}));
    EXPECT_EQ(put.hi, static_cast<int64_t>(all.size()));
    EXPECT_EQ(put.ops, 1);
    ASSERT_OK_AND_ASSIGN(const ObjectView view, bucket_->Open(TestContext(), "cat", {.lo = 0, .hi = kMaxObjectSize}));
    EXPECT_EQ(view.stat().opset, put.opset);
    EXPECT_EQ(ReadView(view, 0, view.stat().size), all);
    ASSERT_OK(bucket_->Unbind(TestContext(), "cat"));
  }
  const auto writer = bucket_->NewObject(TestContext());
  EXPECT_CODE(writer->Add(Bytes()), kInvalidArgument);
}

// As many as need a second Commit, and some more.
TEST_F(ViewsTest, AnObjectMayHaveMorePiecesThanACommit) {
  const auto writer = bucket_->NewObject(TestContext());
  const Bytes piece = Data(4096);
  Bytes all;
  for (int i = 0; i < 3000; ++i) {
    all.insert(all.end(), piece.begin(), piece.end());
    ASSERT_OK(writer->Add(piece));
  }
  EXPECT_CODE(bucket_->Find(TestContext(), "cat"), kNotFound);
  ASSERT_OK_AND_ASSIGN(const Written put, writer->Bind("cat", {}));
  EXPECT_EQ(put.ops, 2);
  ASSERT_OK_AND_ASSIGN(const ObjectView view, bucket_->Open(TestContext(), "cat", {.lo = 0, .hi = kMaxObjectSize}));
  EXPECT_EQ(view.stat().opset, put.opset);
  EXPECT_EQ(ReadView(view, 0, view.stat().size), all);
}

}  // namespace
}  // namespace pbfs
