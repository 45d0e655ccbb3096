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
  Bytes Read(ObjectId object) {
    const auto stat = bucket_->Stat(TestContext(), object);
    EXPECT_OK(stat);
    if (!stat.ok()) return {};
    Bytes bytes(static_cast<size_t>(stat->size));
    if (bytes.empty()) return bytes;
    EXPECT_OK(bucket_->Read(TestContext(), object, 0, bytes));
    return bytes;
  }

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

TEST_F(VersionsTest, OnlySealedObjectsArePatchedAnew) {
  const Bytes content(10, 1);
  MemorySource source(content);
  ASSERT_OK_AND_ASSIGN(const Written open, bucket_->Create(TestContext(), source));
  EXPECT_CODE(bucket_->PatchVersion(TestContext(), "a", open.object, {{0, Bytes{7}}}), kFailedPrecondition);
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

TEST_F(VersionsTest, WithoutVersionsNoneIsDropped) {
  BucketSettings settings;
  settings.name = "plain";
  ASSERT_OK_AND_ASSIGN(Bucket plain, client_->CreateBucket(TestContext(), settings));
  ASSERT_OK_AND_ASSIGN(const Written put, plain.Put(TestContext(), "a", Bytes{1}));
  EXPECT_CODE(plain.DropVersion(TestContext(), "a", put.order), kFailedPrecondition);
}

}  // namespace
}  // namespace pbfs
