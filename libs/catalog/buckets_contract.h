#pragma once

#include <algorithm>
#include <utility>

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

  using Dek = std::array<uint8_t, 72>;
  static Dek DekOf(uint8_t fill) {
    Dek dek;
    dek.fill(fill);
    return dek;
  }
  /// A body of `bucket_` in an object of its own, which becomes object_, with its key wrapped under `epoch` as DekOf(fill).
  BodyId MakeWrapped(TestClient& client, uint32_t epoch, uint8_t fill, size_t size = 100) {
    BodyUpload body = client.MakeBody(Bytes(size, 1));
    body.key_epoch = epoch;
    body.wrapped_dek = DekOf(fill);
    object_ = client.NewObject();
    EXPECT_EQ(
        this->SendCode(TestCommit(client).Creates(object_).WriteBody(object_, 0, static_cast<int64_t>(size), body)),
        CommitCode::kOk);
    return body.id;
  }
  std::vector<WrappedBody> Wrapped(uint32_t below, int32_t page = kMaxRewraps) {
    std::vector<WrappedBody> all;
    for (WrappedQuery query{this->bucket_, below, {}, page};;) {
      const auto reply = this->ports_.buckets.ListWrapped(TestContext(), query);
      EXPECT_OK(reply);
      if (!reply.ok()) return all;
      all.insert(all.end(), reply->begin(), reply->end());
      if (reply->size() < static_cast<size_t>(page)) return all;
      query.after = {all.back().key_epoch, all.back().body};
    }
  }
  int64_t Rewrap(uint32_t epoch, const std::vector<RewrapRequest::Change>& changes) {
    const auto changed = this->ports_.buckets.Rewrap(TestContext(), {this->bucket_, epoch, changes});
    EXPECT_OK(changed);
    return changed.ok() ? *changed : -1;
  }

  ObjectId object_;  // of the last MakeWrapped
};
TYPED_TEST_SUITE_P(BucketsContract);

TYPED_TEST_P(BucketsContract, CreatedBucketIsFoundAsItWas) {
  const BucketInfo info = this->Fresh();
  EXPECT_CODE(this->ports_.buckets.FindBucket(TestContext(), info.settings.name, 0), kNotFound);
  ASSERT_OK(this->Create(info));
  ASSERT_OK_AND_ASSIGN(const BucketInfo found, this->ports_.buckets.FindBucket(TestContext(), info.settings.name, 0));
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
  EXPECT_EQ(buckets.FindBucket(TestContext(), info.settings.name, 0)->keyring_version, 2);
  EXPECT_CODE(buckets.SetKeyring(TestContext(), BucketId{}, 1, next), kNotFound);
}

// What was asked for is the least; a newer one is as good, and one that nobody has is not waited for.
TYPED_TEST_P(BucketsContract, BucketIsFoundWithAKeyringThatIsNewEnough) {
  const BucketInfo info = this->Fresh();
  ASSERT_OK(this->Create(info));
  Buckets& buckets = this->ports_.buckets;
  ASSERT_OK(buckets.SetKeyring(TestContext(), info.id, 1, Buffer::CopyOf(AsBytes("next"))));
  for (const int64_t wanted : {1, 2, 3}) {
    ASSERT_OK_AND_ASSIGN(const BucketInfo found, buckets.FindBucket(TestContext(), info.settings.name, wanted));
    EXPECT_EQ(found.keyring_version, 2) << wanted;
    EXPECT_EQ(AsText(found.keyring), "next") << wanted;
  }
  EXPECT_CODE(buckets.FindBucket(TestContext(), info.settings.name + "x", 3), kNotFound);
}

TYPED_TEST_P(BucketsContract, WrappedKeysOfOlderEpochsAreListedInPages) {
  TestClient client = this->MakeClient();
  std::vector<WrappedBody> want;
  for (const uint32_t epoch : {3, 1, 2, 1, 2}) {
    const auto fill = static_cast<uint8_t>(want.size());
    want.push_back({this->MakeWrapped(client, epoch, fill, fill % 2 == 0 ? 100 : 5000), epoch, this->DekOf(fill)});
  }
  std::sort(want.begin(), want.end(), [](const WrappedBody& a, const WrappedBody& b) {
    return std::pair(a.key_epoch, a.body) < std::pair(b.key_epoch, b.body);
  });
  for (const int32_t page : {1, 2, 5, kMaxRewraps}) EXPECT_EQ(this->Wrapped(4, page), want) << page;
  want.resize(4);
  EXPECT_EQ(this->Wrapped(3), want);
  want.resize(2);
  EXPECT_EQ(this->Wrapped(2, 2), want);
  EXPECT_TRUE(this->Wrapped(1).empty());
  this->bucket_ = this->MakeBucket({});
  EXPECT_TRUE(this->Wrapped(4).empty()) << "they are another bucket's";
  this->bucket_ = BucketId{};
  EXPECT_TRUE(this->Wrapped(4).empty());
}

TYPED_TEST_P(BucketsContract, ARewrapChangesWrapAndEpochAndNothingElse) {
  TestClient client = this->MakeClient();
  for (const size_t size : {100, 5000}) {
    const BodyId body = this->MakeWrapped(client, 1, 7, size);
    const ListReply before = this->List(this->object_);
    EXPECT_EQ(this->Rewrap(2, {{body, this->DekOf(7), this->DekOf(8)}}), 1);
    const ListReply after = this->List(this->object_);
    BodyRow want = before.bodies.at(0), got = after.bodies.at(0);
    EXPECT_EQ(got.key_epoch, 2u);
    EXPECT_EQ(got.wrapped_dek, this->DekOf(8));
    EXPECT_EQ(got.header, want.header);
    EXPECT_EQ(got.ct_root, want.ct_root);
    EXPECT_EQ(got.encoding, want.encoding);
    EXPECT_EQ(got.missing, want.missing);
    EXPECT_EQ(ToBytes(got.inline_ct), ToBytes(want.inline_ct));
    EXPECT_EQ(after.extents, before.extents);
    EXPECT_EQ(after.records.size(), before.records.size());
  }
}

TYPED_TEST_P(BucketsContract, OfTwoRewrapsTheSecondFindsNothingToChange) {
  TestClient client = this->MakeClient();
  const BodyId first = this->MakeWrapped(client, 1, 1), second = this->MakeWrapped(client, 1, 2);
  EXPECT_EQ(this->Rewrap(2, {{first, this->DekOf(1), this->DekOf(11)}}), 1);
  EXPECT_EQ(this->Rewrap(2, {{first, this->DekOf(1), this->DekOf(21)}, {second, this->DekOf(2), this->DekOf(22)}}), 1)
      << "the other of its bodies is changed all the same";
  EXPECT_EQ(this->Rewrap(2, {{second, this->DekOf(2), this->DekOf(22)}}), 0) << "a repeat";
  EXPECT_THAT(this->Wrapped(3), testing::UnorderedElementsAre(WrappedBody{first, 2, this->DekOf(11)},
                                                              WrappedBody{second, 2, this->DekOf(22)}));
}

TYPED_TEST_P(BucketsContract, ARewrapPassesOverWhatItIsNotMeantFor) {
  TestClient client = this->MakeClient();
  const BodyId body = this->MakeWrapped(client, 3, 1);
  const RewrapRequest::Change change{body, this->DekOf(1), this->DekOf(2)};
  EXPECT_EQ(this->Rewrap(3, {change}), 0) << "no older epoch";
  EXPECT_EQ(this->Rewrap(2, {change}), 0) << "a newer one";
  EXPECT_EQ(this->Rewrap(4, {{body, this->DekOf(9), this->DekOf(2)}}), 0) << "another wrap";
  EXPECT_EQ(this->Rewrap(4, {{BodyId{}, this->DekOf(1), this->DekOf(2)}}), 0) << "no such body";
  EXPECT_EQ(this->Rewrap(4, {}), 0);
  const BucketId mine = std::exchange(this->bucket_, this->MakeBucket({}));
  EXPECT_EQ(this->Rewrap(4, {change}), 0) << "another bucket's";
  this->bucket_ = BucketId{};
  EXPECT_EQ(this->Rewrap(4, {change}), 0);
  this->bucket_ = mine;
  EXPECT_EQ(this->Wrapped(5), (std::vector<WrappedBody>{{body, 3, this->DekOf(1)}}));
  EXPECT_EQ(this->Rewrap(4, {change}), 1);
}

TYPED_TEST_P(BucketsContract, LimitsOfRewrapsAreChecked) {
  Buckets& buckets = this->ports_.buckets;
  const auto list = [&](uint32_t below, int32_t limit) {
    return buckets.ListWrapped(TestContext(), {this->bucket_, below, {}, limit});
  };
  EXPECT_CODE(list(0, 10), kInvalidArgument);
  EXPECT_CODE(list(uint32_t{1} << 31, 10), kInvalidArgument);
  EXPECT_CODE(list(1, 0), kInvalidArgument);
  EXPECT_CODE(list(1, kMaxRewraps + 1), kInvalidArgument);
  EXPECT_OK(list(INT32_MAX, kMaxRewraps));
  EXPECT_CODE(buckets.Rewrap(TestContext(), {this->bucket_, 0, {}}), kInvalidArgument);
  EXPECT_CODE(buckets.Rewrap(TestContext(), {this->bucket_, uint32_t{1} << 31, {}}), kInvalidArgument);
  RewrapRequest many{this->bucket_, 2, std::vector<RewrapRequest::Change>(kMaxRewraps)};
  EXPECT_OK(buckets.Rewrap(TestContext(), many));
  many.changes.emplace_back();
  EXPECT_CODE(buckets.Rewrap(TestContext(), many), kInvalidArgument);
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
  ASSERT_OK_AND_ASSIGN(const BucketInfo found, buckets.FindBucket(TestContext(), info.settings.name, 0));
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
                            BadSettingsAreInvalid, KeyringChangesByVersion, BucketIsFoundWithAKeyringThatIsNewEnough,
                            WrappedKeysOfOlderEpochsAreListedInPages, ARewrapChangesWrapAndEpochAndNothingElse,
                            OfTwoRewrapsTheSecondFindsNothingToChange, ARewrapPassesOverWhatItIsNotMeantFor,
                            LimitsOfRewrapsAreChecked, OnlyAnEmptyBucketIsDeleted, BucketsOwnSchemeSaysHowManyReceipts,
                            SchemeChangesFromWhatWasExpected, BodiesOfBothSchemesAreTakenAfterAChange);

}  // namespace pbfs
