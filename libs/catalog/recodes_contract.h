#pragma once

#include <algorithm>

#include "libs/catalog/testing/catalog_fixture.h"

/// What every implementation of Recodes keeps (catalog.h). State may be shared with other tests, so each looks for what is its own.
namespace pbfs {

template <typename Fixture>
class RecodesContract : public CatalogContract<Fixture> {
 protected:
  static constexpr int32_t kLimit = 10'000;
  static constexpr uint16_t kGroup = 11;
  Recodes& recodes() { return this->fixture_.recodes(); }

  void SetUp() override {
    for (uint32_t id = 951; id < 959; ++id) {
      const std::string text = std::to_string(id);
      ASSERT_OK(this->ports_.groups.PutStore(TestContext(),
                                             {StoreId{id}, "127.0.0.1:" + text, "host-" + text, StoreState::kUp, 1}));
    }
    CatalogContract<Fixture>::SetUp();
  }
  void SetScheme(uint8_t k, uint8_t m) {
    const BucketScheme wanted{k, m, {}};
    ASSERT_OK(this->ports_.buckets.SetScheme(TestContext(), this->bucket_, scheme_, wanted));
    scheme_ = wanted;
  }
  /// The n stores where kGroup wants the shards of an encoding.
  std::vector<StoreId> Places(int n) {
    const ClusterMap map = *this->ports_.groups.WatchMap(TestContext(), -1);
    std::vector<StoreId> stores = map.groups.at(kGroup).stores;
    stores.resize(static_cast<size_t>(n));
    return stores;
  }
  BodyUpload Encoded(TestClient& client, size_t size, uint8_t k, uint8_t n) {
    return client.MakeEncoded(Bytes(size, 1), k, n, kGroup, this->fixture_.clock().NowMillis(), Places(n));
  }
  /// A body of an object of its own, with all its receipts.
  BodyUpload MakeBody(TestClient& client, size_t size = 20'000, uint8_t k = 4, uint8_t n = 6) {
    const BodyUpload upload = Encoded(client, size, k, n);
    object_ = client.NewObject();
    EXPECT_EQ(
        this->SendCode(TestCommit(client).Creates(object_).WriteBody(object_, 0, static_cast<int64_t>(size), upload)),
        CommitCode::kOk);
    return upload;
  }
  EncodingChange ChangeOf(const BodyUpload& body, const BodyUpload& anew) {
    return {body.id, body.encoding->id, *anew.encoding, anew.receipts};
  }
  Status Set(const EncodingChange& change) { return recodes().SetEncoding(TestContext(), change); }
  BodyRow Row() { return this->List(object_).bodies.at(0); }

  std::optional<Recoding> Listed() {
    const Result<std::vector<Recoding>> all = recodes().ListRecodings(TestContext());
    EXPECT_OK(all);
    if (!all.ok()) return {};
    const auto found =
        std::find_if(all->begin(), all->end(), [&](const Recoding& r) { return r.bucket == this->bucket_; });
    return found == all->end() ? std::nullopt : std::optional<Recoding>(*found);
  }
  std::vector<BodyId> Otherwise(int32_t page = kLimit) {
    std::vector<BodyId> ids;
    BucketPosition after;
    for (bool more = true; more;) {
      const Result<OtherwisePage> reply = recodes().ListOtherwise(TestContext(), this->bucket_, after, page);
      EXPECT_OK(reply);
      if (!reply.ok()) break;
      for (const EncodedBody& body : reply->bodies) ids.push_back(body.body);
      more = reply->more;
      EXPECT_TRUE(!more || after < reply->last);
      after = reply->last;
    }
    return ids;
  }
  std::optional<RetiredEncoding> Retired(EncodingId encoding, Duration grace = {}) {
    const Result<std::vector<RetiredEncoding>> all = recodes().ListRetired(TestContext(), grace, kLimit);
    EXPECT_OK(all);
    if (!all.ok()) return {};
    const auto found =
        std::find_if(all->begin(), all->end(), [&](const RetiredEncoding& r) { return r.encoding == encoding; });
    return found == all->end() ? std::nullopt : std::optional<RetiredEncoding>(*found);
  }

  BucketScheme scheme_;
  ObjectId object_;  // of the last MakeBody
};
TYPED_TEST_SUITE_P(RecodesContract);

TYPED_TEST_P(RecodesContract, BodiesThatAreCodedOtherwiseAreListed) {
  TestClient client = this->MakeClient();
  const BodyUpload coded = this->MakeBody(client);
  this->MakeBody(client, 5'000, 1, 3);
  ASSERT_EQ(this->SendCode(TestCommit(client).Write(this->object_, 0, Bytes(10, 1))), CommitCode::kOk);  // inline
  EXPECT_EQ(this->Listed(), std::nullopt);
  EXPECT_TRUE(this->Otherwise().empty());
  this->SetScheme(2, 2);
  EXPECT_EQ(this->Otherwise(), std::vector<BodyId>{coded.id}) << "one of 5,000 bytes is 1+2 under both";
  this->SetScheme(2, 1);
  EXPECT_EQ(this->Otherwise().size(), 2u);
  EXPECT_EQ(this->Otherwise(1).size(), 2u);
  ASSERT_OK_AND_ASSIGN(const auto nobodys, this->recodes().ListOtherwise(TestContext(), BucketId{}, {}, 10));
  EXPECT_TRUE(nobodys.bodies.empty() && !nobodys.more);
  EXPECT_CODE(this->recodes().ListOtherwise(TestContext(), this->bucket_, {}, 0), kInvalidArgument);
  EXPECT_CODE(this->recodes().ListRetired(TestContext(), {}, 0), kInvalidArgument);
}

TYPED_TEST_P(RecodesContract, PagesMissNoBody) {
  TestClient client = this->MakeClient();
  std::vector<BodyId> mine;
  for (int i = 0; i < 7; ++i)
    mine.push_back(this->MakeBody(client, i % 3 == 0 ? 5'000 : 30'000, i % 3 == 0 ? 1 : 4, i % 3 == 0 ? 3 : 6).id);
  this->SetScheme(2, 2);
  const std::vector<BodyId> whole = this->Otherwise();
  EXPECT_EQ(whole.size(), 4u);
  for (const int32_t page : {1, 2, 3, 7}) EXPECT_EQ(this->Otherwise(page), whole) << page;
}

TYPED_TEST_P(RecodesContract, WhatIsLeftIsNotedForTheSchemeThatWasCounted) {
  this->SetScheme(2, 1);
  const Recoding before = *this->Listed();
  EXPECT_EQ(before.k, 2);
  EXPECT_EQ(before.m, 1);
  EXPECT_EQ(before.left, std::nullopt);
  const auto note = [&](int64_t changed_ms, int64_t bodies) {
    ASSERT_OK(this->recodes().NoteLeft(TestContext(), this->bucket_, changed_ms, {bodies, 1000 * bodies}));
  };
  note(before.changed_ms, 3);
  EXPECT_EQ(this->Listed()->left, (BodyCount{3, 3000}));
  this->SetScheme(3, 2);
  EXPECT_GT(this->Listed()->changed_ms, before.changed_ms);
  EXPECT_EQ(this->Listed()->left, std::nullopt) << "counted by another scheme";
  note(before.changed_ms, 1);
  EXPECT_EQ(this->Listed()->left, std::nullopt);
  note(this->Listed()->changed_ms, 0);
  EXPECT_EQ(this->Listed()->left, BodyCount{});
}

TYPED_TEST_P(RecodesContract, ABodyGetsAnotherEncodingAndTheOldOneIsRetired) {
  TestClient client = this->MakeClient();
  const BodyUpload body = this->MakeBody(client);
  const BodyRow before = this->Row();
  this->SetScheme(2, 2);
  const BodyUpload anew = this->Encoded(client, 20'000, 2, 4);
  for (int i = 0; i < 2; ++i) ASSERT_OK(this->Set(this->ChangeOf(body, anew)));  // a repeat is harmless
  BodyRow expected = before;
  expected.encoding = anew.encoding;
  const BodyRow now = this->Row();
  EXPECT_EQ(now.encoding, expected.encoding);
  EXPECT_EQ(now.missing, 0u);
  EXPECT_EQ(now.header, expected.header);
  EXPECT_TRUE(this->Otherwise().empty());
  EXPECT_EQ(this->Retired(body.encoding->id, std::chrono::hours(1)), std::nullopt);
  EXPECT_EQ(this->Retired(body.encoding->id), (RetiredEncoding{body.encoding->id, 6}));
  const EncodingId done[] = {body.encoding->id};
  for (int i = 0; i < 2; ++i) ASSERT_OK(this->recodes().RetiredDone(TestContext(), done));
  EXPECT_EQ(this->Retired(body.encoding->id), std::nullopt);
}

TYPED_TEST_P(RecodesContract, ShardsWithoutAReceiptOfTheirPlaceAreMissing) {
  TestClient client = this->MakeClient();
  const BodyUpload body = this->MakeBody(client);
  this->SetScheme(2, 2);
  BodyUpload anew = this->Encoded(client, 20'000, 2, 4);
  anew.receipts.pop_back();
  anew.receipts[1] = TestReceipt(anew.encoding->id, 1, StoreId{4711});
  ASSERT_OK(this->Set(this->ChangeOf(body, anew)));
  EXPECT_EQ(this->Row().missing, 0b1010u);
}

TYPED_TEST_P(RecodesContract, WhatACommitWouldRefuseIsRefused) {
  TestClient client = this->MakeClient();
  const BodyUpload other = this->MakeBody(client), body = this->MakeBody(client);
  this->SetScheme(2, 2);
  const EncodingChange good = this->ChangeOf(body, this->Encoded(client, 20'000, 2, 4));
  const auto broken = [&](auto change) {
    EncodingChange bad = good;
    change(bad);
    return this->Set(bad);
  };
  EXPECT_CODE(broken([](EncodingChange& c) { c.receipts.resize(2); }), kInvalidArgument);
  EXPECT_CODE(broken([](EncodingChange& c) { c.receipts[0][60] ^= 1; }), kInvalidArgument);
  EXPECT_CODE(broken([](EncodingChange& c) { c.receipts[0] = c.receipts[1]; }), kInvalidArgument);
  EXPECT_CODE(broken([&](EncodingChange& c) { c.receipts = other.receipts; }), kInvalidArgument);
  EXPECT_CODE(broken([](EncodingChange& c) { c.encoding.n = 1; }), kInvalidArgument);
  EXPECT_CODE(broken([](EncodingChange& c) { c.encoding.scheme = 1; }), kInvalidArgument);
  EXPECT_CODE(broken([&](EncodingChange& c) { c.old = other.encoding->id; }), kAborted);
  EXPECT_CODE(broken([&](EncodingChange& c) { c.body = BodyId::New(1, client.random()); }), kNotFound);
  const auto born = [&](int64_t ago_ms, std::vector<StoreId> places) {
    const int64_t birth = this->fixture_.clock().NowMillis() - ago_ms;
    return this->ChangeOf(body, client.MakeEncoded(Bytes(20'000, 1), 2, 4, TestFixture::kGroup, birth, places));
  };
  EXPECT_CODE(this->Set(born(2 * kMaxEncodingAgeMs, this->Places(4))), kFailedPrecondition);
  EXPECT_CODE(this->Set(born(-2 * kMaxClockSkewMs, this->Places(4))), kFailedPrecondition);
  EncodingChange taken = this->ChangeOf(body, other);
  EXPECT_CODE(this->Set(taken), kFailedPrecondition);
  EXPECT_EQ(this->Row().encoding, body.encoding);
  EXPECT_OK(this->Set(good));
}

TYPED_TEST_P(RecodesContract, TheFirstOfTwoWins) {
  TestClient client = this->MakeClient();
  const BodyUpload body = this->MakeBody(client);
  this->SetScheme(2, 2);
  const BodyUpload one = this->Encoded(client, 20'000, 2, 4), two = this->Encoded(client, 20'000, 2, 4);
  ASSERT_OK(this->Set(this->ChangeOf(body, one)));
  EXPECT_CODE(this->Set(this->ChangeOf(body, two)), kAborted);
  EXPECT_EQ(this->Row().encoding, one.encoding);
  BodyUpload back = body;  // whose id cannot come back while it is retired
  EXPECT_CODE(this->Set(this->ChangeOf(one, back)), kNotFound);
  EncodingChange again = this->ChangeOf(body, back);
  again.old = one.encoding->id;
  EXPECT_CODE(this->Set(again), kFailedPrecondition);
}

// Bit j of the new encoding is another shard than bit j of the old one.
TYPED_TEST_P(RecodesContract, WordsAboutTheOldEncodingTouchNothing) {
  TestClient client = this->MakeClient();
  const BodyUpload body = this->MakeBody(client);
  this->SetScheme(2, 2);
  BodyUpload anew = this->Encoded(client, 20'000, 2, 4);
  anew.receipts.pop_back();
  ASSERT_OK(this->Set(this->ChangeOf(body, anew)));
  const Shard marked[] = {{body.encoding->id, 0}};
  ASSERT_OK(this->fixture_.repairs().MarkMissing(TestContext(), marked));
  const int64_t version = this->ports_.groups.WatchMap(TestContext(), -1)->groups.at(TestFixture::kGroup).version;
  const PlacedShard cleared[] = {{{body.encoding->id, 3}, version}};
  ASSERT_OK(this->fixture_.repairs().ClearMissing(TestContext(), cleared));
  EXPECT_EQ(this->Row().missing, 0b1000u);
  const PlacedShard of_new[] = {{{anew.encoding->id, 3}, version}};
  ASSERT_OK(this->fixture_.repairs().ClearMissing(TestContext(), of_new));
  EXPECT_EQ(this->Row().missing, 0u);
}

TYPED_TEST_P(RecodesContract, OfAPurgedBodyBothEncodingsGo) {
  TestClient client = this->MakeClient();
  const BodyUpload body = this->MakeBody(client);
  this->SetScheme(2, 2);
  const BodyUpload anew = this->Encoded(client, 20'000, 2, 4);
  ASSERT_OK(this->Set(this->ChangeOf(body, anew)));
  ASSERT_EQ(this->SendCode(TestCommit(client).Write(this->object_, 0, Bytes(20'000, 2))), CommitCode::kOk);
  Garbage& garbage = this->fixture_.garbage();
  for (int64_t looked = 1; looked > 0;) looked = *garbage.PurgeMark(TestContext(), {}, 1000);
  const auto purging = *garbage.ListPurging(TestContext(), TestFixture::kLimit);
  const auto found =
      std::find_if(purging.begin(), purging.end(), [&](const PurgingBody& row) { return row.body == body.id; });
  ASSERT_NE(found, purging.end());
  EXPECT_EQ(found->encoding, anew.encoding->id);
  EXPECT_EQ(found->n, 4);
  const BodyUpload late = this->Encoded(client, 20'000, 2, 4);
  EXPECT_CODE(this->Set(this->ChangeOf(anew, late)), kNotFound);
  const BodyId gone[] = {body.id};
  ASSERT_OK(garbage.PurgeDone(TestContext(), gone));
  EXPECT_EQ(this->Retired(body.encoding->id), (RetiredEncoding{body.encoding->id, 6}));
}

// Who clones or rehomes names bodies, not encodings.
TYPED_TEST_P(RecodesContract, ABodyThatGotAnotherEncodingIsNamedAsBefore) {
  TestClient client = this->MakeClient();
  const BodyUpload body = this->MakeBody(client);
  const ObjectId clone = client.NewObject();
  const std::vector<Extent> before = this->List(this->object_).extents;
  this->SetScheme(2, 2);
  ASSERT_OK(this->Set(this->ChangeOf(body, this->Encoded(client, 20'000, 2, 4))));
  EXPECT_EQ(this->SendCode(TestCommit(client).Creates(clone).Clone(clone, before)), CommitCode::kOk);
  TestCommit rehome(client);
  rehome.Rehome(this->object_, Bytes(20'000, 1), {{0, 20'000, before.at(0).order, 0}}, before);
  EXPECT_EQ(this->Send(rehome).removed, 1);
  EXPECT_EQ(this->List(clone).bodies.at(0).id, body.id);
}

REGISTER_TYPED_TEST_SUITE_P(RecodesContract, BodiesThatAreCodedOtherwiseAreListed, PagesMissNoBody,
                            WhatIsLeftIsNotedForTheSchemeThatWasCounted, ABodyGetsAnotherEncodingAndTheOldOneIsRetired,
                            ShardsWithoutAReceiptOfTheirPlaceAreMissing, WhatACommitWouldRefuseIsRefused,
                            TheFirstOfTwoWins, WordsAboutTheOldEncodingTouchNothing, OfAPurgedBodyBothEncodingsGo,
                            ABodyThatGotAnotherEncodingIsNamedAsBefore);

}  // namespace pbfs
