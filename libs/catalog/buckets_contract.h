#pragma once

#include "libs/catalog/testing/catalog_fixture.h"

/// What every implementation of Buckets keeps (catalog.h).
namespace pbfs {

template <typename Fixture>
class BucketsContract : public CatalogContract<Fixture> {
 protected:
  BucketInfo Fresh() {
    SystemRandom random;
    BucketInfo info;
    info.id = BucketId::NewRandom(random);
    info.settings.name = "fresh-" + info.id.ToString();
    info.settings.k = 2, info.settings.m = 2, info.settings.w = 3;
    info.settings.integrity = Integrity::kSha256;
    info.settings.history_ms = 1000;
    info.keyring = Buffer::CopyOf(AsBytes("keyring"));
    info.keyring_version = 1;
    return info;
  }
  Status Create(const BucketInfo& info) { return this->ports_.buckets.CreateBucket(TestContext(), info); }
};
TYPED_TEST_SUITE_P(BucketsContract);

TYPED_TEST_P(BucketsContract, CreatedBucketIsFoundAsItWas) {
  const BucketInfo info = this->Fresh();
  EXPECT_CODE(this->ports_.buckets.FindBucket(TestContext(), info.settings.name), kNotFound);
  ASSERT_OK(this->Create(info));
  ASSERT_OK_AND_ASSIGN(const BucketInfo found, this->ports_.buckets.FindBucket(TestContext(), info.settings.name));
  EXPECT_EQ(found.id, info.id);
  EXPECT_EQ(found.settings, info.settings);
  EXPECT_EQ(ToBytes(found.keyring), ToBytes(info.keyring));
  EXPECT_EQ(found.keyring_version, 1);
  ASSERT_OK_AND_ASSIGN(const std::vector<BucketInfo> all, this->ports_.buckets.ListBuckets(TestContext()));
  EXPECT_GE(all.size(), 2u);
}

TYPED_TEST_P(BucketsContract, RepeatIsHarmlessAndOtherSettingsAreRefused) {
  const BucketInfo info = this->Fresh();
  ASSERT_OK(this->Create(info));
  EXPECT_OK(this->Create(info));
  BucketInfo same_name = this->Fresh(), same_id = this->Fresh();
  same_name.settings.name = info.settings.name;
  same_id.id = info.id;
  EXPECT_CODE(this->Create(same_name), kAlreadyExists);
  EXPECT_CODE(this->Create(same_id), kAlreadyExists);
}

TYPED_TEST_P(BucketsContract, BadSettingsAreInvalid) {
  const auto broken = [&](auto change) {
    BucketInfo info = this->Fresh();
    change(info);
    return this->Create(info);
  };
  EXPECT_CODE(broken([](BucketInfo& b) { b.settings.name = ""; }), kInvalidArgument);
  EXPECT_CODE(broken([](BucketInfo& b) { b.settings.name = std::string(256, 'a'); }), kInvalidArgument);
  EXPECT_CODE(broken([](BucketInfo& b) { b.settings.name = "\xff"; }), kInvalidArgument);
  EXPECT_CODE(broken([](BucketInfo& b) { b.settings.m.reset(); }), kInvalidArgument);
  EXPECT_CODE(broken([](BucketInfo& b) { b.settings.k = 33; }), kInvalidArgument);
  EXPECT_CODE(broken([](BucketInfo& b) { b.settings.m = 47; }), kInvalidArgument);
  EXPECT_CODE(broken([](BucketInfo& b) { b.settings.w = 1; }), kInvalidArgument);
  EXPECT_CODE(broken([](BucketInfo& b) { b.settings.w = 5; }), kInvalidArgument);
  EXPECT_CODE(broken([](BucketInfo& b) { b.settings.history_ms = -1; }), kInvalidArgument);
  EXPECT_CODE(broken([](BucketInfo& b) { b.id = {}; }), kInvalidArgument);
}

TYPED_TEST_P(BucketsContract, KeyringChangesByVersion) {
  const BucketInfo info = this->Fresh();
  ASSERT_OK(this->Create(info));
  Buckets& buckets = this->ports_.buckets;
  const Buffer next = Buffer::CopyOf(AsBytes("next"));
  EXPECT_CODE(buckets.SetKeyring(TestContext(), info.id, 2, next), kAborted);
  EXPECT_OK(buckets.SetKeyring(TestContext(), info.id, 1, next));
  EXPECT_CODE(buckets.SetKeyring(TestContext(), info.id, 1, next), kAborted);
  EXPECT_EQ(buckets.FindBucket(TestContext(), info.settings.name)->keyring_version, 2);
  EXPECT_CODE(buckets.SetKeyring(TestContext(), BucketId{}, 1, next), kNotFound);
}

TYPED_TEST_P(BucketsContract, OnlyAnEmptyBucketIsDeleted) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  ASSERT_EQ(this->SendCode(TestCommit(client).Bind("a", object)), CommitCode::kOk);
  EXPECT_CODE(this->ports_.buckets.DeleteBucket(TestContext(), this->bucket_), kFailedPrecondition);
  ASSERT_EQ(this->SendCode(TestCommit(client).Unbind("a", object)), CommitCode::kOk);
  EXPECT_OK(this->ports_.buckets.DeleteBucket(TestContext(), this->bucket_));
  EXPECT_CODE(this->ports_.buckets.DeleteBucket(TestContext(), this->bucket_), kNotFound);
  EXPECT_CODE(this->TryList(this->bucket_, object, 0, 1), kNotFound);
}

TYPED_TEST_P(BucketsContract, BucketsOwnSchemeSaysHowManyReceipts) {
  const BucketInfo info = this->Fresh();  // 2+2, w = 3
  ASSERT_OK(this->Create(info));
  TestClient client = this->MakeClient(info.id);
  const ObjectId object = client.NewObject();
  const auto commit = [&](std::vector<StoreId> stores) {
    const BodyUpload body = client.MakeEncoded(Bytes(100, 1), 2, 4, 1, this->fixture_.clock().NowMillis(), stores);
    return this->ports_.commits.Commit(TestContext(),
                                       TestCommit(client).Creates(object).WriteBody(object, 0, 100, body).request());
  };
  EXPECT_CODE(commit({{1}, {2}}), kInvalidArgument);
  EXPECT_OK(commit({{1}, {2}, {3}}));
}

TYPED_TEST_P(BucketsContract, SchemeChangesFromWhatWasExpected) {
  for (uint32_t id = 931; id < 937; ++id)
    ASSERT_OK(this->ports_.groups.PutStore(
        TestContext(), {StoreId{id}, "127.0.0.1:1", "host-" + std::to_string(id), StoreState::kUp, 1}));
  const BucketInfo info = this->Fresh();  // 2+2, w = 3
  ASSERT_OK(this->Create(info));
  Buckets& buckets = this->ports_.buckets;
  const BucketScheme old{2, 2, 3}, wanted{4, 2, 6}, site;
  EXPECT_CODE(buckets.SetScheme(TestContext(), info.id, site, wanted), kAborted);
  for (int i = 0; i < 2; ++i)
    EXPECT_OK(buckets.SetScheme(TestContext(), info.id, old, wanted));  // a repeat is harmless
  ASSERT_OK_AND_ASSIGN(const BucketInfo found, buckets.FindBucket(TestContext(), info.settings.name));
  EXPECT_EQ(SchemeOf(found.settings), wanted);
  EXPECT_EQ(found.settings.integrity, info.settings.integrity);
  EXPECT_OK(buckets.SetScheme(TestContext(), info.id, wanted, site));
  EXPECT_CODE(buckets.SetScheme(TestContext(), info.id, site, {2, {}, {}}), kInvalidArgument);
  EXPECT_CODE(buckets.SetScheme(TestContext(), info.id, site, {33, 2, {}}), kInvalidArgument);
  EXPECT_CODE(buckets.SetScheme(TestContext(), info.id, site, {4, 2, 7}), kInvalidArgument);
  EXPECT_CODE(buckets.SetScheme(TestContext(), BucketId{}, site, wanted), kNotFound);
  const Status refused = buckets.SetScheme(TestContext(), info.id, site, {32, 16, {}});
  EXPECT_CODE(refused, kFailedPrecondition);
  EXPECT_THAT(refused.message(), testing::HasSubstr("stores are missing"));
}

// Clients that opened the bucket before go on with its old scheme, and those that open it now with the new one.
TYPED_TEST_P(BucketsContract, BodiesOfBothSchemesAreTakenAfterAChange) {
  for (uint32_t id = 931; id < 937; ++id)
    ASSERT_OK(this->ports_.groups.PutStore(
        TestContext(), {StoreId{id}, "127.0.0.1:1", "host-" + std::to_string(id), StoreState::kUp, 1}));
  const BucketInfo info = this->Fresh();  // 2+2, w = 3
  ASSERT_OK(this->Create(info));
  TestClient client = this->MakeClient(info.id);
  const auto commit = [&](uint8_t k, uint8_t n, std::vector<StoreId> stores) {
    const ObjectId object = client.NewObject();
    const BodyUpload body = client.MakeEncoded(Bytes(100, 1), k, n, 1, this->fixture_.clock().NowMillis(), stores);
    return this->ports_.commits.Commit(TestContext(),
                                       TestCommit(client).Creates(object).WriteBody(object, 0, 100, body).request());
  };
  EXPECT_OK(commit(2, 4, {{1}, {2}, {3}}));
  ASSERT_OK(this->ports_.buckets.SetScheme(TestContext(), info.id, {2, 2, 3}, {3, 2, 5}));
  EXPECT_OK(commit(2, 4, {{1}, {2}, {3}}));
  EXPECT_CODE(commit(3, 5, {{1}, {2}, {3}, {4}}), kInvalidArgument);
  EXPECT_OK(commit(3, 5, {{1}, {2}, {3}, {4}, {5}}));
}

REGISTER_TYPED_TEST_SUITE_P(BucketsContract, CreatedBucketIsFoundAsItWas, RepeatIsHarmlessAndOtherSettingsAreRefused,
                            BadSettingsAreInvalid, KeyringChangesByVersion, OnlyAnEmptyBucketIsDeleted,
                            BucketsOwnSchemeSaysHowManyReceipts, SchemeChangesFromWhatWasExpected,
                            BodiesOfBothSchemesAreTakenAfterAChange);

}  // namespace pbfs
