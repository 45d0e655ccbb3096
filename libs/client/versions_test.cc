#include <algorithm>
#include <memory>
#include <optional>

#include "libs/base/testing.h"
#include "libs/client/twin_cluster.h"
#include "libs/model/limits.h"

namespace pbfs {
namespace {

class VersionsTest : public testing::Test {
 protected:
  VersionsTest() : client_(cluster_.NewClient()) {
    BucketSettings settings;
    settings.name = "b";
    settings.versioning = Versioning::kEnabled;
    auto made = client_->CreateBucket(TestContext(), settings);
    PBFS_CHECK(made.ok(), made.status().ToString());
    bucket_.emplace(*made);
  }
  Result<Bucket> MakePlain() {
    BucketSettings settings;
    settings.name = "plain";
    return client_->CreateBucket(TestContext(), settings);
  }
  Bytes Read(ObjectId object) {
    const auto stat = bucket_->Stat(TestContext(), object);
    EXPECT_OK(stat);
    if (!stat.ok()) return {};
    Bytes bytes(static_cast<size_t>(stat->size));
    if (bytes.empty()) return bytes;
    EXPECT_OK(bucket_->Read(TestContext(), object, 0, bytes));
    return bytes;
  }

  SystemRandom random_;
  TwinCluster cluster_;
  std::unique_ptr<Client> client_;
  std::optional<Bucket> bucket_;
};

TEST_F(VersionsTest, APatchedVersionLeavesTheOldOneAlone) {
  Bytes content(200'000, 1);
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "a", content));
  const Bytes patch(100, 2), tail(5000, 3);
  PutOptions options;
  options.metadata.content_type = "text/plain";
  options.if_bound_to = put.object;
  const std::vector<RangeWrite> ranges = {{199'000, tail}, {50, patch}};
  ASSERT_OK_AND_ASSIGN(const Written patched, bucket_->PatchVersion(TestContext(), "a", put.object, ranges, options));
  EXPECT_EQ(patched.ops, 1);
  EXPECT_EQ(Read(put.object), content);
  std::copy(patch.begin(), patch.end(), content.begin() + 50);
  content.resize(204'000);
  std::copy(tail.begin(), tail.end(), content.begin() + 199'000);
  ASSERT_OK_AND_ASSIGN(const ObjectStat stat, bucket_->Stat(TestContext(), "a"));
  EXPECT_EQ(stat.object, patched.object);
  EXPECT_EQ(stat.metadata.content_type, "text/plain");
  EXPECT_EQ(Read(stat.object), content);
  // Another version came between.
  EXPECT_CODE(bucket_->PatchVersion(TestContext(), "a", put.object, ranges, options), kFailedPrecondition);
}

TEST_F(VersionsTest, AnEmptyVersionIsPatched) {
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "a", Bytes{}));
  ASSERT_OK_AND_ASSIGN(const Written patched, bucket_->PatchVersion(TestContext(), "a", put.object, {{0, Bytes{7}}}));
  EXPECT_EQ(Read(patched.object), Bytes{7});
}

// Each version refers to the one before, deeper and deeper: then rows are copied.
TEST_F(VersionsTest, VersionsArePatchedForEver) {
  Bytes content(10'000, 0);
  ASSERT_OK_AND_ASSIGN(Written version, bucket_->Put(TestContext(), "a", content));
  for (int round = 1; round <= kMaxReferenceDepth + 4; ++round) {
    const Bytes patch(300, static_cast<uint8_t>(round));
    std::copy(patch.begin(), patch.end(), content.begin() + 250 * round);
    ASSERT_OK_AND_ASSIGN(version, bucket_->PatchVersion(TestContext(), "a", version.object, {{250 * round, patch}}));
    ASSERT_EQ(Read(version.object), content) << round;
  }
}

TEST_F(VersionsTest, WhatNamesShowAsWritableIsNotPatchedAnew) {
  ASSERT_OK_AND_ASSIGN(Bucket plain, MakePlain());
  ASSERT_OK_AND_ASSIGN(const Written put, plain.Put(TestContext(), "a", Bytes{1}));
  EXPECT_CODE(plain.PatchVersion(TestContext(), "a", put.object, {{0, Bytes{7}}}), kFailedPrecondition);
}

// What was bound before versions were kept is the null version, and is patched like any other.
TEST_F(VersionsTest, TheNullVersionIsPatchedAnew) {
  ASSERT_OK_AND_ASSIGN(Bucket plain, MakePlain());
  ASSERT_OK_AND_ASSIGN(const Written put, plain.Put(TestContext(), "a", Bytes{1, 2}));
  EXPECT_EQ(put.versioning, Versioning::kOff);
  ASSERT_OK(plain.SetVersioning(TestContext(), Versioning::kEnabled));
  EXPECT_CODE(plain.Write(TestContext(), put.object, 0, Bytes{9}), kFailedPrecondition);
  ASSERT_OK_AND_ASSIGN(const Written patched, plain.PatchVersion(TestContext(), "a", put.object, {{1, Bytes{7}}}));
  EXPECT_EQ(patched.versioning, Versioning::kEnabled);
  ASSERT_OK_AND_ASSIGN(const VersionPage page, plain.ListVersions(TestContext(), ""));
  ASSERT_EQ(page.versions.size(), 2u);
  EXPECT_EQ(page.versions[0].order, patched.order);
  EXPECT_TRUE(page.versions[0].current && !page.versions[0].is_null);
  EXPECT_TRUE(!page.versions[1].current && page.versions[1].is_null);
  Bytes bytes(2);
  ASSERT_OK(plain.Read(TestContext(), *page.versions[1].object, 0, bytes));
  EXPECT_EQ(bytes, (Bytes{1, 2}));
  ASSERT_OK(plain.Read(TestContext(), *page.versions[0].object, 0, bytes));
  EXPECT_EQ(bytes, (Bytes{1, 7}));
}

TEST_F(VersionsTest, AVersionOfAnotherSizeIsMadeWithoutItsBytes) {
  const Bytes content(200'000, 1);
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "a", content));
  for (const int64_t size : {int64_t{0}, int64_t{100}, int64_t{200'000}, int64_t{500'000}}) {
    ASSERT_OK_AND_ASSIGN(const Written resized, bucket_->ResizeVersion(TestContext(), "a", put.object, size));
    Bytes want = content;
    want.resize(static_cast<size_t>(size));
    EXPECT_EQ(Read(resized.object), want);
    ASSERT_OK_AND_ASSIGN(const ObjectStat stat, bucket_->Stat(TestContext(), "a"));
    EXPECT_EQ(stat.size, size);
    EXPECT_EQ(stat.opset, *resized.opset);
  }
  EXPECT_EQ(Read(put.object), content);
}

TEST_F(VersionsTest, AVersionWithAHoleLeavesTheOldOneAlone) {
  const Bytes content(200'000, 1);
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "a", content));
  const std::pair<int64_t, int64_t> holes[] = {{0, 1}, {100, 150'000}, {199'000, 300'000}, {250'000, 260'000}};
  for (const auto& [lo, hi] : holes) {
    ASSERT_OK_AND_ASSIGN(const Written zeroed, bucket_->ZeroVersion(TestContext(), "a", put.object, lo, hi));
    Bytes want = content;
    want.resize(std::max(want.size(), static_cast<size_t>(hi)));
    std::fill(want.begin() + lo, want.begin() + hi, 0);
    EXPECT_EQ(Read(zeroed.object), want);
    EXPECT_EQ(zeroed.hi, hi);
    EXPECT_EQ(bucket_->Stat(TestContext(), "a")->opset, *zeroed.opset);
  }
  EXPECT_EQ(Read(put.object), content);
  EXPECT_CODE(bucket_->ZeroVersion(TestContext(), "a", put.object, 5, 5), kInvalidArgument);
}

// A repeat with the id of a patch whose answer was lost makes no second version.
TEST_F(VersionsTest, APatchWithAnIdMakesOneVersion) {
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "a", Bytes{1, 2}));
  PutOptions options;
  options.op = OpId::New(SystemClock().NowMillis(), random_);
  ASSERT_OK_AND_ASSIGN(const Written patched,
                       bucket_->PatchVersion(TestContext(), "a", put.object, {{0, Bytes{7}}}, options));
  EXPECT_EQ(patched.object, ObjectId::FromBytes(options.op->span()));
  EXPECT_CODE(bucket_->PatchVersion(TestContext(), "a", put.object, {{0, Bytes{7}}}, options), kAlreadyExists);
  EXPECT_EQ(bucket_->ListVersions(TestContext(), "")->versions.size(), 2u);
}

// Another client has enabled versions meanwhile: the one that does not know is told, and makes a version all the same.
TEST_F(VersionsTest, WhoDoesNotKnowOfVersionsFindsOut) {
  ASSERT_OK_AND_ASSIGN(Bucket plain, MakePlain());
  const auto other_client = cluster_.NewClient();
  ASSERT_OK_AND_ASSIGN(Bucket other, other_client->OpenBucket(TestContext(), "plain"));
  ASSERT_OK_AND_ASSIGN(const Written first, other.Put(TestContext(), "a", Bytes{1}));
  ASSERT_OK(plain.SetVersioning(TestContext(), Versioning::kEnabled));
  EXPECT_EQ(other.versioning(), Versioning::kOff);
  ASSERT_OK_AND_ASSIGN(const Written second, other.Put(TestContext(), "a", Bytes{2}));
  EXPECT_EQ(second.versioning, Versioning::kEnabled);
  EXPECT_EQ(other.versioning(), Versioning::kEnabled);
  ASSERT_OK_AND_ASSIGN(const Unbound gone, other.Unbind(TestContext(), "a"));
  EXPECT_EQ(gone.versioning, Versioning::kEnabled);
  EXPECT_CODE(other.Find(TestContext(), "a"), kNotFound);
  ASSERT_OK_AND_ASSIGN(const NamedVersion marker, plain.FindVersion(TestContext(), "a", gone.order));
  EXPECT_FALSE(marker.object.has_value());
  ASSERT_OK_AND_ASSIGN(const NamedVersion null, plain.FindVersion(TestContext(), "a", kNullVersion));
  EXPECT_EQ(null.object, first.object);
  ViewOptions options;
  options.version = second.order;
  ASSERT_OK_AND_ASSIGN(const ObjectView view, plain.Open(TestContext(), "a", options));
  EXPECT_EQ(view.stat().object, second.object);
  EXPECT_EQ(view.stat().versioning, Versioning::kEnabled);
}

TEST_F(VersionsTest, AMarkerIsMadeWhereNothingIsBound) {
  ASSERT_OK(bucket_->Unbind(TestContext(), "never"));
  ASSERT_OK(bucket_->Unbind(TestContext(), "never"));
  EXPECT_EQ(bucket_->ListVersions(TestContext(), "")->versions.size(), 2u);
  ASSERT_OK_AND_ASSIGN(Bucket plain, MakePlain());
  EXPECT_CODE(plain.Unbind(TestContext(), "never"), kNotFound);
}

TEST_F(VersionsTest, MetadataOfAVersionChange) {
  PutOptions options;
  options.metadata.content_type = "text/plain";
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "a", Bytes{1}, options));
  ASSERT_OK_AND_ASSIGN(const ObjectStat before, bucket_->Stat(TestContext(), "a"));
  EXPECT_EQ(before.meta, Order{});
  ObjectMetadata metadata = before.metadata;
  metadata.user["colour"] = "black";
  ASSERT_OK_AND_ASSIGN(const Order order, bucket_->SetMetadata(TestContext(), put.object, metadata, before.meta));
  EXPECT_CODE(bucket_->SetMetadata(TestContext(), put.object, metadata, before.meta), kFailedPrecondition);
  ASSERT_OK_AND_ASSIGN(const ObjectStat after, bucket_->Stat(TestContext(), "a"));
  EXPECT_EQ(after.meta, order);
  EXPECT_EQ(after.metadata, metadata);
  EXPECT_EQ(after.bound, before.bound);
  ASSERT_OK_AND_ASSIGN(const ObjectView view, bucket_->Open(TestContext(), "a"));
  EXPECT_EQ(view.stat().metadata, metadata);
  EXPECT_EQ(bucket_->ListVersions(TestContext(), "")->versions[0].metadata, metadata);
  EXPECT_EQ(bucket_->ListNames(TestContext(), "", {.with_content = true})->names[0].metadata, metadata);
  // What is bound anew brings its own.
  ASSERT_OK(bucket_->Bind(TestContext(), "a", put.object));
  EXPECT_EQ(bucket_->Stat(TestContext(), "a")->metadata, ObjectMetadata{});
}

TEST_F(VersionsTest, ADroppedVersionIsForgottenByAllClients) {
  const auto other_client = cluster_.NewClient();
  ASSERT_OK_AND_ASSIGN(Bucket other, other_client->OpenBucket(TestContext(), "b"));
  ASSERT_OK_AND_ASSIGN(const Written first, bucket_->Put(TestContext(), "a", Bytes{1}));
  ASSERT_OK_AND_ASSIGN(const Written second, bucket_->Put(TestContext(), "a", Bytes{2}));
  ASSERT_OK_AND_ASSIGN(const Written third, bucket_->Put(TestContext(), "a", Bytes{3}));
  ASSERT_OK(bucket_->DropVersion(TestContext(), "a", third.order));
  EXPECT_EQ(*bucket_->Find(TestContext(), "a"), second.object);
  EXPECT_OK(bucket_->DropVersion(TestContext(), "a", third.order)) << "a repeat";
  EXPECT_CODE(bucket_->DropVersion(TestContext(), "a", {1, 1}), kNotFound);

  ASSERT_OK(bucket_->Put(TestContext(), "a", Bytes{4}));
  ASSERT_OK_AND_ASSIGN(const ObjectStat newest, other.Stat(TestContext(), "a"));
  ASSERT_OK(other.DropVersion(TestContext(), "a", newest.bound));
  EXPECT_EQ(bucket_->NameHistory(TestContext(), "a")->size(), 2u) << "this client bound one that is gone";
  EXPECT_EQ(*bucket_->Find(TestContext(), "a"), second.object);
  ASSERT_OK(bucket_->Put(TestContext(), "a", Bytes{5}));
  ASSERT_OK_AND_ASSIGN(const ObjectStat last, other.Stat(TestContext(), "a"));
  ASSERT_OK(other.DropVersion(TestContext(), "a", last.bound));
  ASSERT_OK_AND_ASSIGN(const NamePage page, bucket_->ListNames(TestContext(), ""));
  ASSERT_EQ(page.names.size(), 1u);
  EXPECT_EQ(page.names[0].object, second.object);
  ASSERT_OK(bucket_->DropVersion(TestContext(), "a", second.order));
  ASSERT_OK(bucket_->DropVersion(TestContext(), "a", first.order));
  EXPECT_CODE(bucket_->Find(TestContext(), "a"), kNotFound);
}

TEST_F(VersionsTest, AVersionWhoseMetadataWereChangedIsNotDroppedAsItWasSeen) {
  const auto other_client = cluster_.NewClient();
  ASSERT_OK_AND_ASSIGN(Bucket other, other_client->OpenBucket(TestContext(), "b"));
  ASSERT_OK_AND_ASSIGN(const Written first, bucket_->Put(TestContext(), "a", Bytes{1}));
  ASSERT_OK(bucket_->Put(TestContext(), "a", Bytes{2}));
  ASSERT_OK_AND_ASSIGN(const NamedVersion seen, bucket_->FindVersion(TestContext(), "a", first.order));
  ObjectMetadata held;
  held.system["legal-hold"] = "ON";
  ASSERT_OK(other.SetMetadata(TestContext(), first.object, held, seen.meta));
  EXPECT_CODE(bucket_->DropVersion(TestContext(), seen), kFailedPrecondition);
  ASSERT_OK_AND_ASSIGN(const NamedVersion again, bucket_->FindVersion(TestContext(), "a", first.order));
  EXPECT_EQ(again.metadata, held);
  EXPECT_EQ(again.object, first.object);
  // And the other way round: whoever saw it before it was dropped changes nothing of it.
  ASSERT_OK(bucket_->DropVersion(TestContext(), again));
  EXPECT_CODE(bucket_->FindVersion(TestContext(), "a", first.order), kNotFound);
  EXPECT_CODE(other.SetMetadata(TestContext(), first.object, held, again.meta), kFailedPrecondition);
  EXPECT_CODE(bucket_->DropVersion(TestContext(), again), kFailedPrecondition);  // no repeat
}

TEST_F(VersionsTest, DeleteMarkersAreDroppedAsTheyWereSeen) {
  ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "a", Bytes{1}));
  ASSERT_OK(bucket_->Unbind(TestContext(), "a"));
  ASSERT_OK_AND_ASSIGN(const VersionPage page, bucket_->ListVersions(TestContext(), ""));
  ASSERT_EQ(page.versions.size(), 2u);
  ASSERT_OK(bucket_->DropVersion(TestContext(), page.versions[0]));
  EXPECT_EQ(*bucket_->Find(TestContext(), "a"), put.object);
}

TEST_F(VersionsTest, WithoutVersionsNoneIsDropped) {
  ASSERT_OK_AND_ASSIGN(Bucket plain, MakePlain());
  ASSERT_OK_AND_ASSIGN(const Written put, plain.Put(TestContext(), "a", Bytes{1}));
  EXPECT_CODE(plain.DropVersion(TestContext(), "a", put.order), kFailedPrecondition);
}

}  // namespace
}  // namespace pbfs
