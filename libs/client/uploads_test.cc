#include <memory>
#include <optional>

#include "libs/base/testing.h"
#include "libs/client/testing/scripted_catalog.h"
#include "libs/client/twin_cluster.h"
#include "libs/model/limits.h"

namespace pbfs {
namespace {

class UploadsTest : public testing::Test {
 protected:
  UploadsTest() : client_(cluster_.NewClient({}, scripted_.ports(), cluster_.keys())) {
    BucketSettings settings;
    settings.name = "b";
    auto made = client_->CreateBucket(TestContext(), settings);
    PBFS_CHECK(made.ok(), made.status().ToString());
    bucket_.emplace(*made);
  }
  static Bytes Content(size_t size, uint8_t first) {
    Bytes bytes(size);
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(first + i * 7 + (i >> 12));
    return bytes;
  }
  Result<UploadedPart> Send(UploadId upload, int32_t number, const Bytes& content) {
    MemorySource source(content);
    return bucket_->UploadPart(TestContext(), upload, number, source,
                               [&]() -> Result<Bytes> { return ToBytes(AsBytes("md5 of " + std::to_string(number))); });
  }
  std::vector<UploadedPart> Parts(UploadId upload) {
    const auto page = bucket_->ListParts(TestContext(), upload);
    EXPECT_OK(page);
    return page.ok() ? page->parts : std::vector<UploadedPart>();
  }
  Bytes Read(const std::string& name) {
    const auto stat = bucket_->Stat(TestContext(), name);
    EXPECT_OK(stat);
    if (!stat.ok()) return {};
    Bytes bytes(static_cast<size_t>(stat->size));
    EXPECT_OK(bucket_->Read(TestContext(), stat->object, 0, bytes));
    return bytes;
  }

  TwinCluster cluster_;
  ScriptedCatalog scripted_{cluster_.catalog().ports()};
  std::unique_ptr<Client> client_;
  std::optional<Bucket> bucket_;
};

TEST_F(UploadsTest, PartsInAnyOrderBecomeOneObjectInOneCommit) {
  ObjectMetadata metadata;
  metadata.content_type = "text/plain";
  ASSERT_OK_AND_ASSIGN(const UploadId upload, bucket_->CreateUpload(TestContext(), "dir/a", metadata));
  const Bytes first = Content(200'000, 1), second = Content(100, 2), replaced = Content(5000, 3);
  ASSERT_OK(Send(upload, 7, second));
  ASSERT_OK(Send(upload, 2, replaced));
  ASSERT_OK(Send(upload, 2, first));
  EXPECT_CODE(bucket_->Find(TestContext(), "dir/a"), kNotFound);
  const std::vector<UploadedPart> parts = Parts(upload);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].number, 2);
  EXPECT_EQ(parts[0].size, 200'000);
  EXPECT_EQ(AsText(parts[0].metadata), "md5 of 2");
  ASSERT_OK_AND_ASSIGN(const UploadStat stat, bucket_->FindUpload(TestContext(), upload));
  EXPECT_EQ(stat.name, "dir/a");
  EXPECT_EQ(stat.metadata, metadata);
  ASSERT_OK_AND_ASSIGN(const UploadPage page, bucket_->ListUploads(TestContext(), {.prefix = "dir/"}));
  ASSERT_EQ(page.uploads.size(), 1u);
  EXPECT_EQ(page.uploads[0].upload, upload);

  ASSERT_OK_AND_ASSIGN(const Written written,
                       bucket_->CompleteUpload(TestContext(), upload, parts, {.metadata = metadata}));
  EXPECT_EQ(written.hi, 200'100);
  EXPECT_EQ(written.ops, 1);
  Bytes whole = first;
  whole.insert(whole.end(), second.begin(), second.end());
  EXPECT_EQ(Read("dir/a"), whole);
  EXPECT_EQ(bucket_->Stat(TestContext(), "dir/a")->metadata.content_type, "text/plain");
  EXPECT_CODE(bucket_->CompleteUpload(TestContext(), upload, parts), kNotFound);
  EXPECT_CODE(bucket_->AbortUpload(TestContext(), upload), kNotFound);
}

TEST_F(UploadsTest, PartsAcrossRegionsAndLongOnesKeepTheirPlaces) {
  ASSERT_OK_AND_ASSIGN(const UploadId upload, bucket_->CreateUpload(TestContext(), "large"));
  const Bytes long_one = Content(static_cast<size_t>(kRegionSize) + 100'000, 1), last = Content(50'000, 2);
  const Bytes crossing = Content(static_cast<size_t>(kRegionSize) - 150'000, 3);
  ASSERT_OK(Send(upload, 1, long_one));
  ASSERT_OK(Send(upload, 2, crossing));
  ASSERT_OK(Send(upload, 3, last));
  ASSERT_OK_AND_ASSIGN(const UploadedPart empty, Send(upload, 4, {}));
  EXPECT_EQ(empty.size, 0);
  ASSERT_OK_AND_ASSIGN(const Written written, bucket_->CompleteUpload(TestContext(), upload, Parts(upload)));
  ASSERT_OK_AND_ASSIGN(const auto extents, bucket_->Extents(TestContext(), written.object, 0, written.hi));
  EXPECT_EQ(extents.size(), 3u) << "a span, one up to the border of a region, and what lies behind it";
  Bytes whole = long_one;
  whole.insert(whole.end(), crossing.begin(), crossing.end());
  whole.insert(whole.end(), last.begin(), last.end());
  EXPECT_TRUE(Read("large") == whole);
}

TEST_F(UploadsTest, AnUploadOfNothingIsAnEmptyObject) {
  ASSERT_OK_AND_ASSIGN(const UploadId upload, bucket_->CreateUpload(TestContext(), "empty"));
  ASSERT_OK(Send(upload, 1, {}));
  ASSERT_OK(bucket_->CompleteUpload(TestContext(), upload, Parts(upload)));
  EXPECT_EQ(bucket_->Stat(TestContext(), "empty")->size, 0);
}

TEST_F(UploadsTest, APartIsNotSetIfItsMetadataFail) {
  ASSERT_OK_AND_ASSIGN(const UploadId upload, bucket_->CreateUpload(TestContext(), "a"));
  const Bytes content = Content(10, 1);
  MemorySource source(content);
  const auto fail = []() -> Result<Bytes> { return InvalidArgumentError("the checksum is another"); };
  EXPECT_CODE(bucket_->UploadPart(TestContext(), upload, 1, source, fail), kInvalidArgument);
  EXPECT_TRUE(Parts(upload).empty());
}

// Copied are bytes of an object that is written to, with a hole in it and one at its end; and of a sealed one.
TEST_F(UploadsTest, PartsAreCopiedWithoutMovingBytes) {
  const Bytes content = Content(300'000, 1);
  ASSERT_OK_AND_ASSIGN(const Written open, bucket_->Put(TestContext(), "open", content));
  ASSERT_OK(bucket_->Write(TestContext(), open.object, kRegionSize - 1000, Content(5000, 2)));
  ASSERT_OK(bucket_->Truncate(TestContext(), open.object, kRegionSize + 10'000));
  const Bytes source = Read("open");
  ASSERT_OK_AND_ASSIGN(const UploadId upload, bucket_->CreateUpload(TestContext(), "copy"));
  const int64_t end = static_cast<int64_t>(source.size());
  ASSERT_OK(bucket_->UploadPartCopy(TestContext(), upload, 1, open.object, 100, 250'000));
  ASSERT_OK_AND_ASSIGN(const UploadedPart tail,
                       bucket_->UploadPartCopy(TestContext(), upload, 2, open.object, 1000, end));
  EXPECT_EQ(tail.size, end - 1000);
  ASSERT_OK(bucket_->UploadPartCopy(TestContext(), upload, 3, tail.object, 5, 70));
  EXPECT_CODE(bucket_->UploadPartCopy(TestContext(), upload, 4, open.object, 0, end + 1), kOutOfRange);
  EXPECT_CODE(bucket_->UploadPartCopy(TestContext(), upload, 4, open.object, 7, 7), kInvalidArgument);
  ASSERT_OK(bucket_->CompleteUpload(TestContext(), upload, Parts(upload)));
  Bytes expected(source.begin() + 100, source.begin() + 250'000);
  expected.insert(expected.end(), source.begin() + 1000, source.end());
  expected.insert(expected.end(), source.begin() + 1005, source.begin() + 1070);
  EXPECT_TRUE(Read("copy") == expected);
}

// Each round refers to the one before, deeper and deeper: then rows are copied.
TEST_F(UploadsTest, CopiesOfCopiesGoOnForEver) {
  const Bytes content = Content(30'000, 1);
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "0", content));
  ObjectId from = put.object;
  for (int round = 1; round <= kMaxReferenceDepth + 4; ++round) {
    const std::string name = std::to_string(round);
    ASSERT_OK_AND_ASSIGN(const UploadId upload, bucket_->CreateUpload(TestContext(), name));
    ASSERT_OK_AND_ASSIGN(const UploadedPart part, bucket_->UploadPartCopy(TestContext(), upload, 1, from, 0, 30'000));
    ASSERT_OK(bucket_->CompleteUpload(TestContext(), upload, {part}));
    ASSERT_EQ(Read(name), content) << round;
    from = part.object;
  }
}

TEST_F(UploadsTest, ConditionsOfACompleteAreThoseOfAPut) {
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "a", Content(3, 1)));
  ASSERT_OK_AND_ASSIGN(const UploadId upload, bucket_->CreateUpload(TestContext(), "a"));
  ASSERT_OK(Send(upload, 1, Content(10, 1)));
  const std::vector<UploadedPart> parts = Parts(upload);
  EXPECT_CODE(bucket_->CompleteUpload(TestContext(), upload, parts, {.if_none_match = true}), kFailedPrecondition);
  EXPECT_OK(bucket_->CompleteUpload(TestContext(), upload, parts, {.if_bound_to = put.object}));
  EXPECT_EQ(Read("a"), Content(10, 1));
}

TEST_F(UploadsTest, LostRepliesDoNotMatter) {
  ASSERT_OK_AND_ASSIGN(const UploadId upload, bucket_->CreateUpload(TestContext(), "a"));
  scripted_.LoseCommitReply(1);
  ASSERT_OK(Send(upload, 1, Content(10, 1)));
  scripted_.LoseCommitReply(1);
  ASSERT_OK(bucket_->CompleteUpload(TestContext(), upload, Parts(upload)));
  EXPECT_EQ(Read("a"), Content(10, 1));
  for (int64_t call = 1; call <= 3; ++call) {
    ASSERT_OK_AND_ASSIGN(const UploadId other, bucket_->CreateUpload(TestContext(), "b"));
    scripted_.FailCall(call, UnavailableError("away"));
    ASSERT_OK(Send(other, 1, Content(10, 1)));
    ASSERT_OK(bucket_->AbortUpload(TestContext(), other));
    EXPECT_CODE(bucket_->FindUpload(TestContext(), other), kNotFound);
  }
}

// What the catalog says of uploads and parts is what a key holder said.
TEST_F(UploadsTest, RowsOfAForgerAreRefused) {
  ASSERT_OK_AND_ASSIGN(const UploadId upload, bucket_->CreateUpload(TestContext(), "a"));
  ASSERT_OK(Send(upload, 1, Content(10, 1)));
  const BucketId id = bucket_->info().id;
  MemoryCatalog& catalog = cluster_.catalog();
  ASSERT_OK_AND_ASSIGN(const PartsPage honest, catalog.ListParts(TestContext(), {id, upload, 0, 10}));
  UploadPart forged = honest.parts.at(0);
  forged.size = 11;
  ASSERT_OK(catalog.SetPart(TestContext(), id, upload, forged));
  EXPECT_CODE(bucket_->ListParts(TestContext(), upload), kDataLoss);
  forged = honest.parts.at(0);
  forged.number = 2;
  ASSERT_OK(catalog.SetPart(TestContext(), id, upload, forged));
  EXPECT_CODE(bucket_->ListParts(TestContext(), upload), kDataLoss);
  ASSERT_OK_AND_ASSIGN(UploadInfo info, catalog.FindUpload(TestContext(), id, upload));
  ASSERT_OK(catalog.AbortUpload(TestContext(), id, upload));
  info.name = "b";
  ASSERT_OK(catalog.CreateUpload(TestContext(), info));
  EXPECT_CODE(bucket_->FindUpload(TestContext(), upload), kDataLoss);
  EXPECT_CODE(bucket_->ListUploads(TestContext()), kDataLoss);
}

}  // namespace
}  // namespace pbfs
