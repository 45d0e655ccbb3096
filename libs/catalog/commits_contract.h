#pragma once

#include "libs/catalog/opset.h"
#include "libs/catalog/testing/catalog_fixture.h"
#include "libs/model/limits.h"

/// What every implementation of Commits keeps (catalog.h). Fixture: see testing/catalog_fixture.h.
namespace pbfs {

template <typename Fixture>
class CommitsContract : public CatalogContract<Fixture> {};
TYPED_TEST_SUITE_P(CommitsContract);

TYPED_TEST_P(CommitsContract, FirstWriteCreatesItsObject) {
  TestClient client = this->MakeClient();
  const ObjectId object = client.NewObject();
  TestCommit commit(client);
  commit.Creates(object).Write(object, 0, Bytes(100, 1));
  const CommitReply reply = this->Send(commit);
  EXPECT_EQ(reply.code, CommitCode::kOk);
  EXPECT_EQ(reply.max_hlc, commit.last_order().hlc);
  EXPECT_GT(reply.now_ms, 0);
  EXPECT_EQ(this->Stat(object).size, 100);
}

TYPED_TEST_P(CommitsContract, EachOfSeveralHasItsOwnOutcome) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  TestCommit again(client);
  again.Write(object, 0, Bytes(10, 2));
  EXPECT_EQ(this->SendCode(again), CommitCode::kOk);
  TestCommit unknown(client), malformed(client), good(client), other(client);
  unknown.Write(client.NewObject(), 0, Bytes(1, 1));
  malformed.Write(object, 0, Bytes(1, 1));
  malformed.request().records[0] = Buffer::CopyOf(AsBytes("no record"));
  good.Write(object, 100, Bytes(50, 3));
  other.Creates(client.NewObject()).Write(client.NewObject(), 0, Bytes(1, 1));
  const std::vector<CommitRequest> requests = {again.request(), unknown.request(), malformed.request(), good.request(),
                                               other.request()};
  std::vector<std::vector<std::string>> told(requests.size());
  this->ports_.commits.CommitEach(TestContext(), requests, [&](std::span<const CommitOutcome> outcomes) {
    for (const CommitOutcome& outcome : outcomes)
      told.at(outcome.index)
          .push_back(outcome.reply.ok() ? CommitCodeName(outcome.reply->code)
                                        : std::string(StatusCodeName(outcome.reply.status().code())));
  });
  const std::vector<std::vector<std::string>> expected = {
      {"REPLAY"}, {"OBJECT_GONE"}, {"INVALID_ARGUMENT"}, {"OK"}, {"OBJECT_GONE"}};
  EXPECT_EQ(told, expected);
  EXPECT_EQ(this->Stat(object).size, 150);
}

TYPED_TEST_P(CommitsContract, WriteToAnUnknownObjectIsObjectGone) {
  TestClient client = this->MakeClient();
  EXPECT_EQ(this->SendCode(TestCommit(client).Write(client.NewObject(), 0, Bytes(1, 1))), CommitCode::kObjectGone);
}

TYPED_TEST_P(CommitsContract, RepeatIsReplayAndChangesNothing) {
  TestClient client = this->MakeClient();
  const ObjectId object = client.NewObject();
  TestCommit commit(client);
  commit.Creates(object).Write(object, 0, Bytes(100, 1));
  EXPECT_EQ(this->SendCode(commit), CommitCode::kOk);
  EXPECT_EQ(this->SendCode(commit), CommitCode::kReplay);
  EXPECT_EQ(this->Stat(object).extents, 1);
}

TYPED_TEST_P(CommitsContract, OtherContentUnderAnOpIdIsRefused) {
  TestClient client = this->MakeClient();
  const ObjectId object = client.NewObject();
  const OpId op = client.NewOp();
  EXPECT_EQ(this->SendCode(TestCommit(client).Creates(object).As(op).Write(object, 0, Bytes(100, 1))), CommitCode::kOk);
  EXPECT_EQ(this->SendCode(TestCommit(client).As(op).Write(object, 0, Bytes(100, 2))), CommitCode::kOpIdReused);
  EXPECT_EQ(this->Stat(object).extents, 1);
}

TYPED_TEST_P(CommitsContract, HalfAReplayIsRefused) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  TestCommit first(client);
  first.Zero(object, 0, 10);
  EXPECT_EQ(this->SendCode(first), CommitCode::kOk);
  TestCommit both(client);
  both.request().records = first.request().records;
  both.Zero(object, 20, 30);
  EXPECT_EQ(this->SendCode(both), CommitCode::kOpIdReused);
}

TYPED_TEST_P(CommitsContract, StaleOrderIsRefusedWithTheNewest) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  const Hlc newest = this->Stat(object).max_hlc;
  const CommitReply reply = this->Send(TestCommit(client).At({newest, client.wid() + 1}).Write(object, 0, Bytes(1, 1)));
  EXPECT_EQ(reply.code, CommitCode::kOrderStale);
  EXPECT_GE(reply.max_hlc, newest);
  EXPECT_EQ(this->SendCode(TestCommit(client).At({reply.max_hlc + 1, client.wid()}).Write(object, 0, Bytes(1, 1))),
            CommitCode::kOk);
}

TYPED_TEST_P(CommitsContract, OtherRegionsDoNotMakeAWriteStaleButASpanDoes) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  const Order early = client.NextOrder(), middle = client.NextOrder(), later = client.NextOrder();
  EXPECT_EQ(this->SendCode(TestCommit(client).At(middle).Write(object, 0, Bytes(1, 1))), CommitCode::kOk);
  EXPECT_EQ(this->SendCode(TestCommit(client).At(early).Trunc(object, 0)), CommitCode::kOrderStale);
  EXPECT_EQ(this->SendCode(TestCommit(client).At(early).Write(object, kRegionSize, Bytes(1, 1))), CommitCode::kOk);
  EXPECT_EQ(this->SendCode(TestCommit(client).At(later).Trunc(object, 0)), CommitCode::kOk);
  const Order again{later.hlc, later.wid + 1};
  EXPECT_EQ(this->SendCode(TestCommit(client).At(again).Write(object, 2 * kRegionSize, Bytes(1, 1))),
            CommitCode::kOrderStale);
}

TYPED_TEST_P(CommitsContract, OrderFarFromTheClockIsRefused) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  const int64_t now = this->fixture_.clock().NowMillis();
  const Order ahead{HlcFromMillis(now + 600'000), client.wid()}, behind{HlcFromMillis(now - 600'000), client.wid()};
  EXPECT_EQ(this->SendCode(TestCommit(client).At(ahead).Write(object, 0, Bytes(1, 1))), CommitCode::kDrift);
  EXPECT_EQ(this->SendCode(TestCommit(client).At(behind).Write(object, kRegionSize, Bytes(1, 1))),
            CommitCode::kOrderStale);
  EXPECT_EQ(this->SendCode(TestCommit(client).At(ahead).Bind("drift", object)), CommitCode::kDrift);
}

TYPED_TEST_P(CommitsContract, OldOpIdIsRefused) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  const OpId old = OpId::New(this->fixture_.clock().NowMillis() - kMaxOpAgeMs - 60'000, client.random());
  EXPECT_EQ(this->SendCode(TestCommit(client).As(old).Zero(object, 0, 1)), CommitCode::kOpTooOld);
}

TYPED_TEST_P(CommitsContract, EncodingOutsideItsTimeIsExpired) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  const int64_t now = this->fixture_.clock().NowMillis();
  const std::vector<StoreId> stores = {{1}, {2}, {3}, {4}, {5}, {6}};
  for (const int64_t birth : {now - kMaxEncodingAgeMs - 60'000, now + kMaxClockSkewMs + 60'000}) {
    const BodyUpload body = client.MakeEncoded(Bytes(100, 1), 4, 6, 1, birth, stores);
    EXPECT_EQ(this->SendCode(TestCommit(client).WriteBody(object, 0, 100, body)), CommitCode::kEncodingExpired);
  }
  const BodyUpload body = client.MakeEncoded(Bytes(100, 1), 4, 6, 1, now, stores);
  EXPECT_EQ(this->SendCode(TestCommit(client).WriteBody(object, 0, 100, body)), CommitCode::kOk);
}

TYPED_TEST_P(CommitsContract, ReceiptsMustBeEnoughAndTrue) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  const int64_t now = this->fixture_.clock().NowMillis();
  const auto commit = [&](BodyUpload body) {
    return this->ports_.commits.Commit(TestContext(), TestCommit(client).WriteBody(object, 0, 100, body).request());
  };
  const auto body = [&](std::vector<StoreId> stores) {
    return client.MakeEncoded(Bytes(100, 1), 4, 6, 1, now, stores);
  };
  EXPECT_CODE(commit(body({{1}, {2}, {3}, {4}})), kInvalidArgument);       // w = 5
  EXPECT_CODE(commit(body({{1}, {2}, {3}, {4}, {1}})), kInvalidArgument);  // one store twice
  BodyUpload twice = body({{1}, {2}, {3}, {4}});
  twice.receipts.push_back(TestReceipt(twice.encoding->id, 3, {5}));
  EXPECT_CODE(commit(twice), kInvalidArgument);  // one shard twice
  BodyUpload forged = body({{1}, {2}, {3}, {4}, {5}});
  forged.receipts[0][63] ^= 1;
  EXPECT_CODE(commit(forged), kInvalidArgument);
  BodyUpload other = body({{1}, {2}, {3}, {4}});
  other.receipts.push_back(TestReceipt(NewEncodingId(now, 1, client.random()), 4, {5}));
  EXPECT_CODE(commit(other), kInvalidArgument);
  EXPECT_EQ(commit(body({{1}, {2}, {3}, {4}, {5}}))->code, CommitCode::kOk);
}

TYPED_TEST_P(CommitsContract, MalformedRequestsAreInvalid) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  const auto code = [&](const CommitRequest& request) { return this->ports_.commits.Commit(TestContext(), request); };
  CommitRequest none;
  none.bucket = this->bucket_;
  EXPECT_CODE(code(none), kInvalidArgument);
  CommitRequest garbage = none;
  garbage.records.push_back(Buffer::CopyOf(AsBytes("no record")));
  EXPECT_CODE(code(garbage), kInvalidArgument);
  TestCommit many(client);
  for (int i = 0; i <= kMaxOpsPerCommit; ++i) many.Zero(object, i, i + 1);
  EXPECT_CODE(code(many.request()), kInvalidArgument);
  TestCommit stray(client);
  stray.Zero(object, 0, 1).AddBody(client.MakeBody(Bytes(5, 1)));
  EXPECT_CODE(code(stray.request()), kInvalidArgument);
  TestCommit short_body(client);
  short_body.Write(object, 0, Bytes(5, 1));
  short_body.request().bodies[0].inline_ct = Buffer::CopyOf(Bytes(5, 1));
  EXPECT_CODE(code(short_body.request()), kInvalidArgument);
  CommitRequest unknown = TestCommit(client).Zero(object, 0, 1).request();
  unknown.bucket = BucketId::NewRandom(client.random());
  EXPECT_CODE(code(unknown), kNotFound);
}

TYPED_TEST_P(CommitsContract, BodyOrEncodingTwiceIsABadOp) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  const BodyUpload body = client.MakeBody(Bytes(5000, 1));
  EXPECT_EQ(this->SendCode(TestCommit(client).WriteBody(object, 0, 5000, body)), CommitCode::kOk);
  EXPECT_EQ(this->SendCode(TestCommit(client).WriteBody(object, 0, 5000, body)), CommitCode::kBadOp);
  BodyUpload other = client.MakeBody(Bytes(5000, 1));
  other.encoding = body.encoding;
  other.receipts = body.receipts;
  EXPECT_EQ(this->SendCode(TestCommit(client).WriteBody(object, 0, 5000, other)), CommitCode::kBadOp);
  EXPECT_EQ(this->Stat(object).extents, 1);
}

TYPED_TEST_P(CommitsContract, OpsOfOneCommitHappenTogether) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  const ObjectInfo before = this->Stat(object);
  TestCommit refused(client);
  refused.Write(object, 1000, Bytes(10, 1)).Zero(object, 2000, 2010).Write(client.NewObject(), 0, Bytes(1, 1));
  EXPECT_EQ(this->SendCode(refused), CommitCode::kObjectGone);
  EXPECT_EQ(this->Stat(object).size, before.size);
  EXPECT_EQ(this->Stat(object).opset, before.opset);
  EXPECT_EQ(this->SendCode(TestCommit(client).Write(object, 1000, Bytes(10, 1)).Zero(object, 2000, 2010)),
            CommitCode::kOk);
  EXPECT_EQ(this->Stat(object).size, 2010);
}

TYPED_TEST_P(CommitsContract, ConditionOnContentIsMetOnceOnly) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  const Opset opset = this->Stat(object).opset;
  // Across a region border, where an op touches two heads: it must not cancel itself out.
  const int64_t at = kRegionSize - 5;
  EXPECT_EQ(this->SendCode(TestCommit(client).IfOpset(opset).Write(object, at, Bytes(10, 1))), CommitCode::kOk);
  EXPECT_NE(this->Stat(object).opset, opset);
  EXPECT_EQ(this->SendCode(TestCommit(client).IfOpset(opset).Write(object, at, Bytes(10, 2))),
            CommitCode::kPrecondition);
  EXPECT_EQ(this->SendCode(TestCommit(client).IfOpset(this->Stat(object).opset).Trunc(object, 7)), CommitCode::kOk);
  EXPECT_EQ(this->Stat(object).size, 7);
}

TYPED_TEST_P(CommitsContract, OpsetIsTheXorOfAllContentOps) {
  TestClient client = this->MakeClient();
  const ObjectId object = client.NewObject();
  Opset want{};
  TestCommit write(client), zero(client), trunc(client), meta(client);
  write.Creates(object).Write(object, 0, Bytes(10, 1));
  zero.Zero(object, 0, 2 * kRegionSize);
  trunc.Trunc(object, 3);
  meta.Meta(object, Bytes(9, 9));
  for (TestCommit* commit : {&write, &zero, &trunc, &meta}) {
    EXPECT_EQ(this->SendCode(*commit), CommitCode::kOk);
    if (commit != &meta) XorInto(want, OpBits(commit->last_op()));
  }
  EXPECT_EQ(this->Stat(object).opset, want);
}

TYPED_TEST_P(CommitsContract, SealedObjectsTakeNoMoreWrites) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  EXPECT_EQ(this->SendCode(TestCommit(client).Seal(object)), CommitCode::kOk);
  EXPECT_EQ(this->SendCode(TestCommit(client).Write(object, 0, Bytes(1, 1))), CommitCode::kSealed);
  EXPECT_EQ(this->SendCode(TestCommit(client).Trunc(object, 0)), CommitCode::kSealed);
  EXPECT_TRUE(this->Stat(object).sealed);
}

TYPED_TEST_P(CommitsContract, CloneByReferenceNeedsASealedSource) {
  TestClient client = this->MakeClient();
  const ObjectId source = this->MakeObject(client);
  const ObjectId target = client.NewObject();
  const auto clone = [&] {
    return this->SendCode(TestCommit(client).Creates(target).CloneObject(target, 0, 100, source));
  };
  EXPECT_EQ(clone(), CommitCode::kSourceGone);
  EXPECT_EQ(this->SendCode(TestCommit(client).Seal(source)), CommitCode::kOk);
  EXPECT_EQ(clone(), CommitCode::kOk);
  const ListReply list = this->List(target);
  ASSERT_EQ(list.extents.size(), 1u);
  EXPECT_EQ(list.extents[0].source, Source::Of(source));
  EXPECT_EQ(list.size, 100);
}

TYPED_TEST_P(CommitsContract, ReferencesNestEightDeep) {
  TestClient client = this->MakeClient();
  ObjectId source = this->MakeObject(client);
  for (int depth = 1; depth <= kMaxReferenceDepth + 1; ++depth) {
    ASSERT_EQ(this->SendCode(TestCommit(client).Seal(source)), CommitCode::kOk);
    const ObjectId target = client.NewObject();
    const CommitCode want = depth <= kMaxReferenceDepth ? CommitCode::kOk : CommitCode::kTooDeep;
    EXPECT_EQ(this->SendCode(TestCommit(client).Creates(target).CloneObject(target, 0, 100, source)), want) << depth;
    source = target;
  }
}

TYPED_TEST_P(CommitsContract, CloneByRowsNamesLiveBodiesOfTheBucket) {
  TestClient client = this->MakeClient();
  const ObjectId source = this->MakeObject(client);
  const ObjectId target = client.NewObject();
  EXPECT_EQ(this->SendCode(TestCommit(client).Creates(target).Clone(target, this->List(source).extents)),
            CommitCode::kOk);
  EXPECT_EQ(this->List(target).extents[0].source, this->List(source).extents[0].source);
  const Extent stray{0, 10, {}, Source::Of(BodyId::New(1, client.random())), 0, {}};
  EXPECT_EQ(this->SendCode(TestCommit(client).Clone(target, {stray})), CommitCode::kSourceGone);
  TestClient other = this->MakeClient(this->MakeBucket({}));
  const ObjectId foreign = other.NewObject();
  EXPECT_EQ(this->SendCode(TestCommit(other).Creates(foreign).Clone(foreign, this->List(source).extents)),
            CommitCode::kSourceGone);
}

TYPED_TEST_P(CommitsContract, CoveredExtentsArePruned) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client, 100);
  EXPECT_EQ(this->SendCode(TestCommit(client).Write(object, 10, Bytes(20, 2))), CommitCode::kOk);
  EXPECT_EQ(this->Stat(object).extents, 2);
  EXPECT_EQ(this->SendCode(TestCommit(client).Write(object, 0, Bytes(100, 3))), CommitCode::kOk);
  EXPECT_EQ(this->Stat(object).extents, 1);
  EXPECT_EQ(this->SendCode(TestCommit(client).Write(object, 50, Bytes(100, 4)).Write(object, 40, Bytes(120, 5))),
            CommitCode::kOk);
  EXPECT_EQ(this->Stat(object).extents, 2);  // within one Commit as well
}

TYPED_TEST_P(CommitsContract, SizeFollowsTruncateZeroAndWrite) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client, 100);
  const auto size_after = [&](const TestCommit& commit) {
    EXPECT_EQ(this->SendCode(commit), CommitCode::kOk);
    return this->Stat(object).size;
  };
  EXPECT_EQ(size_after(TestCommit(client).Trunc(object, 30)), 30);
  EXPECT_EQ(size_after(TestCommit(client).Zero(object, 10, 60)), 60);
  EXPECT_EQ(size_after(TestCommit(client).Trunc(object, 200)), 200);
  EXPECT_EQ(size_after(TestCommit(client).Write(object, 0, Bytes(10, 1))), 200);
  EXPECT_EQ(size_after(TestCommit(client).Trunc(object, 0)), 0);
  EXPECT_EQ(size_after(TestCommit(client).Zero(object, 0, 3 * kRegionSize)), 3 * kRegionSize);
}

TYPED_TEST_P(CommitsContract, MetaIsTheNewestOne) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  EXPECT_EQ(this->SendCode(TestCommit(client).Meta(object, Bytes(9, 1))), CommitCode::kOk);
  TestCommit newer(client);
  EXPECT_EQ(this->SendCode(newer.Meta(object, Bytes(9, 2))), CommitCode::kOk);
  EXPECT_EQ(ToBytes(this->Stat(object).meta), ToBytes(newer.request().records[0]));
  EXPECT_EQ(this->Stat(object).meta_order, newer.last_order());
}

// ---- rehome ------------------------------------------------------------------------------------------------------------------

TYPED_TEST_P(CommitsContract, RehomeTakesCoveredSourcesAway) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client, 100);
  ASSERT_EQ(this->SendCode(TestCommit(client).Write(object, 20, Bytes(20, 2))), CommitCode::kOk);
  const std::vector<Extent> sources = this->List(object).extents;
  const Order old = std::min(sources[0].order, sources[1].order), young = std::max(sources[0].order, sources[1].order);
  const std::vector<TestRun> runs = {{0, 20, old, 0}, {20, 40, young, 20}, {40, 100, old, 40}};
  TestCommit rehome(client);
  rehome.Rehome(object, Bytes(100, 3), runs, sources);
  const ObjectInfo before = this->Stat(object);
  const CommitReply reply = this->Send(rehome);
  EXPECT_EQ(reply.code, CommitCode::kOk);
  EXPECT_EQ(reply.removed, 2);
  EXPECT_EQ(reply.kept, 0);
  EXPECT_EQ(this->Stat(object).extents, 3);
  EXPECT_EQ(this->Stat(object).max_hlc, before.max_hlc);
  EXPECT_EQ(this->Stat(object).opset, before.opset);
  EXPECT_EQ(this->SendCode(rehome), CommitCode::kReplay);
}

TYPED_TEST_P(CommitsContract, RehomeKeepsWhatItsRunsLeaveOut) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client, 100);
  const std::vector<Extent> sources = this->List(object).extents;
  const CommitReply reply =
      this->Send(TestCommit(client).Rehome(object, Bytes(50, 3), {{0, 50, sources[0].order, 0}}, sources));
  EXPECT_EQ(reply.removed, 0);
  EXPECT_EQ(reply.kept, 1);
  EXPECT_EQ(this->Stat(object).extents, 2);
}

TYPED_TEST_P(CommitsContract, RehomeOfWhatWasOverwrittenIsDominated) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client, 100);
  const std::vector<Extent> sources = this->List(object).extents;
  TestCommit newer(client);
  ASSERT_EQ(this->SendCode(newer.Write(object, 0, Bytes(100, 9))), CommitCode::kOk);
  const CommitReply reply =
      this->Send(TestCommit(client).Rehome(object, Bytes(100, 3), {{0, 100, sources[0].order, 0}}, sources));
  EXPECT_EQ(reply.code, CommitCode::kOk);
  EXPECT_EQ(reply.removed + reply.kept, 0);  // the source went meanwhile
  const ListReply list = this->List(object);
  ASSERT_EQ(list.bodies.size(), 1u);  // the visible one
  EXPECT_EQ(list.bodies[0].id, newer.last_body());
}

TYPED_TEST_P(CommitsContract, RehomeAboveTheRegionsNewestOrderIsABadOp) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client, 100);
  const std::vector<Extent> sources = this->List(object).extents;
  const Order above{sources[0].order.hlc + 1, 1};
  EXPECT_EQ(this->SendCode(TestCommit(client).Rehome(object, Bytes(100, 3), {{0, 100, above, 0}}, sources)),
            CommitCode::kBadOp);
  EXPECT_EQ(this->Stat(object).extents, 1);
}

TYPED_TEST_P(CommitsContract, SealedObjectsAreRehomed) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client, 100);
  ASSERT_EQ(this->SendCode(TestCommit(client).Seal(object)), CommitCode::kOk);
  const std::vector<Extent> sources = this->List(object).extents;
  TestCommit rehome(client);
  EXPECT_EQ(this->Send(rehome.Rehome(object, Bytes(100, 3), {{0, 100, sources[0].order, 0}}, sources)).removed, 1);
  const ListReply list = this->List(object);
  ASSERT_EQ(list.extents.size(), 1u);
  EXPECT_EQ(list.extents[0].source, Source::Of(rehome.last_body()));
}

TYPED_TEST_P(CommitsContract, SecondRehomeReplacesTheFirstsRuns) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client, 100);
  for (int i = 0; i < 3; ++i) {  // whichever body id is greater
    const std::vector<Extent> sources = this->List(object).extents;
    ASSERT_EQ(sources.size(), 1u);
    EXPECT_EQ(
        this->Send(TestCommit(client).Rehome(object, Bytes(100, 3), {{0, 100, sources[0].order, 0}}, sources)).removed,
        1);
  }
}

// 5 GiB in pieces of 1 MiB.
TYPED_TEST_P(CommitsContract, AWriteHasAsManyBodiesAsALongPatch) {
  constexpr int64_t kBodies = 5120, kStep = 1 << 20, kSize = 5000;
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client, 100);
  std::vector<BodyUpload> bodies;
  for (int64_t i = 0; i < kBodies; ++i) bodies.push_back(client.MakeBody(Bytes(kSize, 1)));
  EXPECT_EQ(this->SendCode(TestCommit(client).WriteBodies(object, kStep, kStep, kSize, bodies)), CommitCode::kOk);
  EXPECT_EQ(this->Stat(object).extents, kBodies + 1);
  EXPECT_EQ(this->Stat(object).size, kBodies * kStep + kSize);
}

TYPED_TEST_P(CommitsContract, ManyWritersAtOnceAllGetAnAnswer) {
  constexpr int kWriters = 8, kEach = 20;
  TestClient maker = this->MakeClient();
  const ObjectId object = this->MakeObject(maker, 1);
  std::vector<Thread> threads;
  for (int w = 0; w < kWriters; ++w) {
    threads.emplace_back("writer", [this, object, w] {
      TestClient client = this->MakeClient();
      for (int i = 0; i < kEach; ++i) {
        for (;;) {
          const CommitReply reply = this->Send(TestCommit(client).Write(object, (w * kEach + i) * 10, Bytes(10, 1)));
          client.hlc().Observe(reply.max_hlc);
          if (reply.code == CommitCode::kOk) break;
          ASSERT_EQ(reply.code, CommitCode::kOrderStale);
        }
      }
    });
  }
  threads.clear();
  EXPECT_EQ(this->Stat(object).extents, kWriters * kEach);
}

REGISTER_TYPED_TEST_SUITE_P(
    CommitsContract, FirstWriteCreatesItsObject, EachOfSeveralHasItsOwnOutcome, WriteToAnUnknownObjectIsObjectGone,
    RepeatIsReplayAndChangesNothing, OtherContentUnderAnOpIdIsRefused, HalfAReplayIsRefused,
    StaleOrderIsRefusedWithTheNewest, OtherRegionsDoNotMakeAWriteStaleButASpanDoes, OrderFarFromTheClockIsRefused,
    OldOpIdIsRefused, EncodingOutsideItsTimeIsExpired, ReceiptsMustBeEnoughAndTrue, MalformedRequestsAreInvalid,
    BodyOrEncodingTwiceIsABadOp, OpsOfOneCommitHappenTogether, ConditionOnContentIsMetOnceOnly,
    OpsetIsTheXorOfAllContentOps, SealedObjectsTakeNoMoreWrites, CloneByReferenceNeedsASealedSource,
    ReferencesNestEightDeep, CloneByRowsNamesLiveBodiesOfTheBucket, CoveredExtentsArePruned,
    SizeFollowsTruncateZeroAndWrite, MetaIsTheNewestOne, RehomeTakesCoveredSourcesAway, RehomeKeepsWhatItsRunsLeaveOut,
    RehomeOfWhatWasOverwrittenIsDominated, RehomeAboveTheRegionsNewestOrderIsABadOp, SealedObjectsAreRehomed,
    SecondRehomeReplacesTheFirstsRuns, AWriteHasAsManyBodiesAsALongPatch, ManyWritersAtOnceAllGetAnAnswer);

}  // namespace pbfs
