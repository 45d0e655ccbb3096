#pragma once

#include "libs/catalog/testing/catalog_fixture.h"
#include "libs/model/limits.h"

/// What every implementation of Lists keeps (catalog.h). Fixture: see testing/catalog_fixture.h.
namespace pbfs {

template <typename Fixture>
class ListsContract : public CatalogContract<Fixture> {};
TYPED_TEST_SUITE_P(ListsContract);

TYPED_TEST_P(ListsContract, UnknownIsNotFound) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  EXPECT_CODE(this->TryList(this->bucket_, client.NewObject(), 0, 1), kNotFound);
  EXPECT_CODE(this->TryList(BucketId::NewRandom(client.random()), object, 0, 1), kNotFound);
  EXPECT_CODE(this->TryList(this->MakeBucket({}), object, 0, 1), kNotFound);  // of another bucket
  EXPECT_CODE(this->ports_.lists.Stat(TestContext(), {this->bucket_, client.NewObject()}), kNotFound);
}

TYPED_TEST_P(ListsContract, BadRangesAreInvalid) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  EXPECT_CODE(this->TryList(this->bucket_, object, -1, 1), kInvalidArgument);
  EXPECT_CODE(this->TryList(this->bucket_, object, 5, 5), kInvalidArgument);
  EXPECT_CODE(this->TryList(this->bucket_, object, 6, 5), kInvalidArgument);
  EXPECT_CODE(this->TryList(this->bucket_, object, 0, kMaxObjectSize + 1), kInvalidArgument);
  EXPECT_CODE(this->TryList(this->bucket_, object, INT64_MAX - 1, INT64_MAX), kInvalidArgument);
}

TYPED_TEST_P(ListsContract, FindsExactlyWhatOverlaps) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client, 1);
  std::vector<Extent> all;
  for (const int64_t size :
       {int64_t{100}, int64_t{20'000}, int64_t{200'000}, int64_t{2} << 20, int64_t{10} << 20, kRegionSize + 1}) {
    for (int i = 0; i < 5; ++i) {
      const int64_t lo = kRegionSize + static_cast<int64_t>(client.random().Below(4)) * (13 << 20) + i * 1000;
      ASSERT_EQ(this->SendCode(TestCommit(client).Zero(object, lo, std::min(lo + size, 2 * kRegionSize))),
                CommitCode::kOk);
    }
  }
  all = this->List(object).extents;
  for (int i = 0; i < 100; ++i) {
    const int64_t lo = static_cast<int64_t>(client.random().Below(2 * kRegionSize)),
                  hi = lo + 1 + static_cast<int64_t>(client.random().Below(1 << 20));
    std::vector<Extent> want, got = this->List(object, lo, hi).extents;
    for (const Extent& e : all)
      if (e.lo < hi && e.hi > lo) want.push_back(e);
    const auto by_order = [](const Extent& a, const Extent& b) {
      return std::pair(a.order, a.lo) < std::pair(b.order, b.lo);
    };
    std::sort(want.begin(), want.end(), by_order), std::sort(got.begin(), got.end(), by_order);
    EXPECT_EQ(got, want);
  }
}

TYPED_TEST_P(ListsContract, BodiesAndRecordsAreThoseOfTheVisible) {
  TestClient client = this->MakeClient();
  const ObjectId object = client.NewObject();
  TestCommit hidden(client), left(client), right(client);
  ASSERT_EQ(this->SendCode(hidden.Creates(object).Write(object, 10, Bytes(100, 1))), CommitCode::kOk);
  ASSERT_EQ(this->SendCode(left.Write(object, 0, Bytes(60, 2))), CommitCode::kOk);
  ASSERT_EQ(this->SendCode(right.Write(object, 60, Bytes(60, 3))), CommitCode::kOk);
  ListReply list = this->List(object, 0, 60);
  EXPECT_EQ(list.extents.size(), 2u);
  ASSERT_EQ(list.bodies.size(), 1u);
  EXPECT_EQ(list.bodies[0].id, left.last_body());
  EXPECT_EQ(ToBytes(list.bodies[0].inline_ct), ToBytes(left.request().bodies[0].inline_ct));
  ASSERT_EQ(list.records.size(), 1u);
  EXPECT_EQ(ToBytes(list.records[0]), ToBytes(left.request().records[0]));
  ListRequest request;
  request.bucket = this->bucket_, request.object = object, request.lo = 0, request.hi = 120;
  request.known_ops = {left.last_op()};
  ASSERT_OK_AND_ASSIGN(list, this->ports_.lists.List(TestContext(), request));
  EXPECT_EQ(list.bodies.size(), 2u);
  ASSERT_EQ(list.records.size(), 1u);
  EXPECT_EQ(ToBytes(list.records[0]), ToBytes(right.request().records[0]));
}

TYPED_TEST_P(ListsContract, EncodedBodyComesBackAsItWent) {
  TestClient client = this->MakeClient();
  const ObjectId object = client.NewObject();
  const BodyUpload body = client.MakeBody(Bytes(5000, 1));
  ASSERT_EQ(this->SendCode(TestCommit(client).Creates(object).WriteBody(object, 7, 5000, body)), CommitCode::kOk);
  const ListReply list = this->List(object);
  ASSERT_EQ(list.bodies.size(), 1u);
  const BodyRow& row = list.bodies[0];
  EXPECT_EQ(row.id, body.id);
  EXPECT_EQ(row.encoding, body.encoding);
  EXPECT_EQ(row.wrapped_dek, body.wrapped_dek);
  EXPECT_EQ(LoadLe<int64_t>(row.header.data() + 8), 5000);
  EXPECT_TRUE(row.inline_ct.empty());
}

TYPED_TEST_P(ListsContract, ReplyTellsHeadsClockAndLease) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  TestCommit second(client), span(client);
  ASSERT_EQ(this->SendCode(second.Write(object, kRegionSize, Bytes(1, 1))), CommitCode::kOk);
  const ListReply list = this->List(object, kRegionSize, kRegionSize + 1);
  EXPECT_EQ(list.regions, (std::vector<RegionHead>{{1, second.last_order().hlc}}));
  EXPECT_EQ(list.span_hlc, 0);
  EXPECT_EQ(list.covered_hi, kRegionSize + 1);
  EXPECT_EQ(list.size, kRegionSize + 1);
  EXPECT_EQ(list.frontier, INT64_MAX);
  EXPECT_EQ(list.lease_ms, kListLeaseMs);
  EXPECT_NEAR(static_cast<double>(list.now_ms), static_cast<double>(this->fixture_.clock().NowMillis()), 60'000);
  ASSERT_EQ(this->SendCode(span.Trunc(object, 5)), CommitCode::kOk);
  EXPECT_EQ(this->List(object).span_hlc, span.last_order().hlc);
}

TYPED_TEST_P(ListsContract, ListsTheObjectOfAName) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client), other = this->MakeObject(client);
  TestCommit bind(client), again(client);
  ASSERT_EQ(this->SendCode(bind.Bind("cat", object)), CommitCode::kOk);
  ListRequest request;
  request.bucket = this->bucket_, request.name = "cat", request.hi = 50, request.with_opset = true;
  for (const bool newest : {false, true}) {
    request.newest = newest;
    ASSERT_OK_AND_ASSIGN(const ListReply list, this->ports_.lists.List(TestContext(), request));
    ASSERT_TRUE(list.name.has_value());
    EXPECT_EQ(list.name->name, "cat");
    EXPECT_EQ(list.name->object, object);
    EXPECT_EQ(list.name->order, bind.last_order());
    EXPECT_EQ(ToBytes(list.name->record), ToBytes(bind.request().records[0]));
    EXPECT_EQ(list.extents.size(), 1u);
    EXPECT_EQ(list.opset, this->Stat(object).opset);
    EXPECT_EQ(list.newest, this->Stat(object).max_hlc);
  }
  ASSERT_EQ(this->SendCode(again.Bind("cat", other)), CommitCode::kOk);
  ASSERT_OK_AND_ASSIGN(const ListReply rebound, this->ports_.lists.List(TestContext(), request));
  EXPECT_EQ(rebound.name->object, other);
  ASSERT_EQ(this->SendCode(TestCommit(client).Unbind("cat", other)), CommitCode::kOk);
  EXPECT_CODE(this->ports_.lists.List(TestContext(), request), kNotFound);
  request.name = "dog";
  EXPECT_CODE(this->ports_.lists.List(TestContext(), request), kNotFound);
}

TYPED_TEST_P(ListsContract, TellsTheOpsetOfAllOfTheObject) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  TestCommit far(client);
  ASSERT_EQ(this->SendCode(far.Write(object, 3 * kRegionSize, Bytes(5, 2))), CommitCode::kOk);
  ListRequest request;
  request.bucket = this->bucket_, request.object = object, request.hi = 1, request.with_opset = true;
  ASSERT_OK_AND_ASSIGN(const ListReply list, this->ports_.lists.List(TestContext(), request));
  EXPECT_EQ(list.opset, this->Stat(object).opset);
  EXPECT_EQ(list.newest, far.last_order().hlc);
  request.with_opset = false;
  ASSERT_OK_AND_ASSIGN(const ListReply without, this->ports_.lists.List(TestContext(), request));
  EXPECT_FALSE(without.opset.has_value());
  request.with_opset = true, request.as_of = client.hlc().Seen();
  EXPECT_CODE(this->ports_.lists.List(TestContext(), request), kInvalidArgument);
}

TYPED_TEST_P(ListsContract, PagesCoverTheRange) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client, 1);
  for (int i = 0; i < 40; ++i) {
    const int64_t lo = i % 8 == 0 ? 0 : i * 10;
    ASSERT_EQ(this->SendCode(TestCommit(client).Zero(object, lo, i * 10 + 15)), CommitCode::kOk);
  }
  const std::vector<Extent> all = this->List(object).extents;
  for (int64_t lo = 0; lo < 1000;) {
    ListRequest request;
    request.bucket = this->bucket_, request.object = object, request.lo = lo, request.hi = 1000,
    request.max_extents = 3;
    ASSERT_OK_AND_ASSIGN(const ListReply page, this->ports_.lists.List(TestContext(), request));
    ASSERT_GT(page.covered_hi, lo);
    size_t overlap = 0;
    for (const Extent& e : all) overlap += e.lo < page.covered_hi && e.hi > lo;
    EXPECT_EQ(page.extents.size(), overlap);
    lo = page.covered_hi;
  }
}

TYPED_TEST_P(ListsContract, ReadsAsOfAnEarlierOrder) {
  this->bucket_ = this->MakeHistoryBucket();
  TestClient client = this->MakeClient();
  const ObjectId object = client.NewObject();
  TestCommit first(client), second(client), cut(client);
  ASSERT_EQ(this->SendCode(first.Creates(object).Write(object, 0, Bytes(100, 1))), CommitCode::kOk);
  ASSERT_EQ(this->SendCode(second.Write(object, 0, Bytes(200, 2))), CommitCode::kOk);
  ASSERT_EQ(this->SendCode(cut.Trunc(object, 10)), CommitCode::kOk);
  const auto at = [&](Hlc hlc) { return *this->TryList(this->bucket_, object, 0, 1000, hlc); };
  EXPECT_EQ(at(first.last_order().hlc).size, 100);
  ASSERT_EQ(at(first.last_order().hlc).bodies.size(), 1u);
  EXPECT_EQ(at(first.last_order().hlc).bodies[0].id, first.last_body());
  EXPECT_EQ(at(second.last_order().hlc).size, 200);
  EXPECT_EQ(at(second.last_order().hlc).bodies[0].id, second.last_body());
  EXPECT_EQ(at(cut.last_order().hlc).size, 10);
  EXPECT_EQ(at(first.last_order().hlc - 1).size, 0);
}

TYPED_TEST_P(ListsContract, HistoryExpires) {
  TestClient plain = this->MakeClient();
  const ObjectId kept_not = this->MakeObject(plain);
  const auto expired = this->TryList(this->bucket_, kept_not, 0, 1, plain.hlc().Seen());
  EXPECT_CODE(expired, kOutOfRange);
  EXPECT_EQ(expired.status().Detail("pbfs-code"), "HISTORY_EXPIRED");

  this->bucket_ = this->MakeHistoryBucket();
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  const Hlc before = client.hlc().Seen();
  ASSERT_EQ(this->SendCode(TestCommit(client).Write(object, 0, Bytes(100, 2))), CommitCode::kOk);
  EXPECT_OK(this->TryList(this->bucket_, object, 0, 1, before));
  this->fixture_.ExpireHistory(this->bucket_, client.hlc().Seen());
  EXPECT_CODE(this->TryList(this->bucket_, object, 0, 1, before), kOutOfRange);
  EXPECT_OK(this->TryList(this->bucket_, object, 0, 1, client.hlc().Seen()));
}

TYPED_TEST_P(ListsContract, HistoryIsNewestFirstInPages) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  std::vector<OpId> ops;
  for (int i = 0; i < 5; ++i) {
    TestCommit commit(client);
    ASSERT_EQ(this->SendCode(commit.Zero(object, i, i + 1)), CommitCode::kOk);
    ops.insert(ops.begin(), commit.last_op());
  }
  HistoryRequest request;
  request.bucket = this->bucket_, request.object = object, request.limit = 2;
  std::vector<OpId> seen;
  for (;;) {
    ASSERT_OK_AND_ASSIGN(const std::vector<OpEntry> page, this->ports_.lists.History(TestContext(), request));
    if (page.empty()) break;
    for (const OpEntry& entry : page) seen.push_back(entry.op);
    request.before = page.back().order.hlc;
  }
  ASSERT_EQ(seen.size(), 6u);
  seen.pop_back();
  EXPECT_EQ(seen, ops);
}

REGISTER_TYPED_TEST_SUITE_P(ListsContract, UnknownIsNotFound, BadRangesAreInvalid, FindsExactlyWhatOverlaps,
                            BodiesAndRecordsAreThoseOfTheVisible, EncodedBodyComesBackAsItWent,
                            ReplyTellsHeadsClockAndLease, ListsTheObjectOfAName, TellsTheOpsetOfAllOfTheObject,
                            PagesCoverTheRange, ReadsAsOfAnEarlierOrder, HistoryExpires, HistoryIsNewestFirstInPages);

}  // namespace pbfs
