#include "libs/catalog/decide.h"

#include "libs/base/testing.h"
#include "libs/catalog/memory_catalog.h"
#include "libs/catalog/opset.h"
#include "libs/catalog/testing/test_client.h"

namespace pbfs {
namespace {

constexpr int64_t kNowMs = 1'800'000'000'000;

/// Commits of one batch over a bucket with one object that has nothing yet.
class DecideTest : public testing::Test {
 protected:
  DecideTest() {
    state_.site.now_ms = kNowMs;
    state_.buckets[bucket_] = {};
    ObjectState object;
    object.bucket = bucket_;
    state_.objects[object_] = object;
  }
  ParsedCommit Parse(const TestCommit& commit) {
    Result<ParsedCommit> parsed = ParseCommit(commit.request(), ParseRules());
    EXPECT_OK(parsed);
    return *std::move(parsed);
  }
  Decision Run(const std::vector<ParsedCommit>& commits) {
    std::vector<const ParsedCommit*> batch;
    for (const ParsedCommit& commit : commits) batch.push_back(&commit);
    return Decide(state_, batch);
  }

  ManualClock clock_{kNowMs * 1000};
  BucketId bucket_{{7}};
  TestClient client_{clock_, bucket_, 1};
  ObjectId object_ = client_.NewObject();
  LoadedState state_;
};

TEST_F(DecideTest, CommitsAreTakenInTheOrderOfTheirHlc) {
  const Order early = client_.NextOrder(), late = client_.NextOrder();
  const std::vector<ParsedCommit> commits = {Parse(TestCommit(client_).At(late).Zero(object_, 0, 9)),
                                             Parse(TestCommit(client_).At(early).Zero(object_, 0, 9))};
  const Decision decision = Run(commits);
  EXPECT_EQ(decision.replies[0].code, CommitCode::kOk);
  EXPECT_EQ(decision.replies[1].code, CommitCode::kOk);
  ASSERT_EQ(decision.changes.ops.size(), 2u);
  EXPECT_EQ(decision.changes.ops[0].order, early);
  EXPECT_EQ(decision.changes.ops[0].part, 0);
  EXPECT_EQ(decision.changes.ops[1].part, 1);
  ASSERT_EQ(decision.changes.heads.size(), 1u);
  EXPECT_EQ(decision.changes.heads[0].max_hlc, late.hlc);
}

TEST_F(DecideTest, LaterCommitSeesNothingOfARefusedOne) {
  const Order first = client_.NextOrder(), high = client_.NextOrder();
  const ObjectId unknown = client_.NewObject();
  const std::vector<ParsedCommit> commits = {
      Parse(TestCommit(client_).At(first).Zero(object_, 0, 9).At(high).Zero(unknown, 0, 9)),
      Parse(TestCommit(client_).At({first.hlc, first.wid + 1}).Zero(object_, 0, 9))};
  const Decision decision = Run(commits);
  EXPECT_EQ(decision.replies[0].code, CommitCode::kObjectGone);
  EXPECT_EQ(decision.replies[1].code, CommitCode::kOk);
  EXPECT_EQ(decision.changes.extents.size(), 1u);
}

TEST_F(DecideTest, AnUploadIsCompletedOnce) {
  const UploadId upload = UploadId::New(kNowMs, client_.random());
  state_.uploads[upload] = {bucket_, "a"};
  const auto complete = [&](const Order& order, const std::string& name, std::optional<ObjectId> bound = {}) {
    const ObjectId object = client_.NewObject();
    TestCommit commit(client_);
    commit.At(order).Creates(object).Bind(name, object);
    commit.request().complete_upload = upload;
    if (bound) commit.IfName(bound);
    return Parse(commit);
  };
  const Order first = client_.NextOrder(), second = client_.NextOrder(), third = client_.NextOrder();
  const std::vector<ParsedCommit> commits = {complete(first, "a", object_), complete(second, "a"),
                                             complete(third, "a")};
  const Decision decision = Run(commits);
  EXPECT_EQ(decision.replies[0].code, CommitCode::kPrecondition) << "and the upload is there yet";
  EXPECT_EQ(decision.replies[1].code, CommitCode::kOk);
  EXPECT_EQ(decision.replies[2].code, CommitCode::kObjectGone);
  EXPECT_EQ(decision.changes.uploads, std::vector<UploadId>{upload});
}

TEST_F(DecideTest, LaterCommitSeesAnAcceptedOne) {
  TestCommit seal(client_);
  seal.Seal(object_);
  const std::vector<ParsedCommit> commits = {Parse(seal), Parse(TestCommit(client_).Zero(object_, 0, 9)), Parse(seal)};
  const Decision decision = Run(commits);
  EXPECT_EQ(decision.replies[0].code, CommitCode::kOk);
  EXPECT_EQ(decision.replies[1].code, CommitCode::kSealed);
  EXPECT_EQ(decision.replies[2].code, CommitCode::kReplay);
}

TEST_F(DecideTest, OneBodyTwiceInABatchIsTakenOnce) {
  const BodyUpload body = client_.MakeBody(Bytes(10, 1));
  const std::vector<ParsedCommit> commits = {Parse(TestCommit(client_).WriteBody(object_, 0, 10, body)),
                                             Parse(TestCommit(client_).WriteBody(object_, 0, 10, body))};
  const Decision decision = Run(commits);
  EXPECT_EQ(decision.replies[1].code, CommitCode::kBadOp);
  EXPECT_EQ(decision.changes.bodies.size(), 1u);
}

TEST_F(DecideTest, SweptEncodingIsExpired) {
  const ParsedCommit commit = Parse(TestCommit(client_).Write(object_, 0, Bytes(5000, 1)));
  state_.encodings[commit.bodies[0].row.encoding->id] = {true};
  EXPECT_EQ(Run({commit}).replies[0].code, CommitCode::kEncodingExpired);
}

TEST_F(DecideTest, ReceiptsOfStoresThatAreGoneDoNotCount) {
  const ParsedCommit commit = Parse(TestCommit(client_).Write(object_, 0, Bytes(5000, 1)));
  const ParsedBody& body = commit.bodies.at(0);
  for (const ParsedBody::Held& receipt : body.held) state_.stores.push_back({receipt.store, "", 1, true});
  const size_t spare = body.held.size() - static_cast<size_t>(body.required);
  for (size_t gone = 0; gone <= spare; ++gone) {
    EXPECT_EQ(Run({commit}).replies[0].code, CommitCode::kOk) << gone;
    state_.stores[gone].up = false;
  }
  EXPECT_EQ(Run({commit}).replies[0].code, CommitCode::kEncodingExpired);
}

TEST_F(DecideTest, NothingAtOrBelowTheFloorIsOriginated) {
  state_.site.floor = client_.NextOrder().hlc + 1;
  const Order low{state_.site.floor, client_.wid()};
  const auto code = [&](const TestCommit& commit) { return Run({Parse(commit)}).replies[0].code; };
  EXPECT_EQ(code(TestCommit(client_).At(low).Zero(object_, 0, 1)), CommitCode::kOrderStale);
  EXPECT_EQ(code(TestCommit(client_).At(low).Meta(object_, Bytes(40, 1))), CommitCode::kOrderStale);
  EXPECT_EQ(code(TestCommit(client_).At(low).Bind("a", object_)), CommitCode::kOrderStale);
  EXPECT_EQ(code(TestCommit(client_).At(low).Seal(object_)), CommitCode::kOrderStale);
}

TEST_F(DecideTest, PoisonedRegionStaysWritable) {
  const Hlc far = HlcFromMillis(kNowMs + 3'600'000);
  state_.heads[{object_, 0}] = {far};
  const auto code = [&](Hlc hlc) {
    return Run({Parse(TestCommit(client_).At({hlc, client_.wid()}).Zero(object_, 0, 1))}).replies[0].code;
  };
  EXPECT_EQ(code(far), CommitCode::kOrderStale);
  EXPECT_EQ(code(far + 1), CommitCode::kOk);
  EXPECT_EQ(code(far + (1 << 16) + 1), CommitCode::kDrift);
}

TEST_F(DecideTest, TakenOrderIsStaleEvenInAnotherRegion) {
  const Order order = client_.NextOrder();
  state_.orders[{object_, order}] = true;
  const Decision decision = Run({Parse(TestCommit(client_).At(order).Zero(object_, 0, 1))});
  EXPECT_EQ(decision.replies[0].code, CommitCode::kOrderStale);
  EXPECT_GE(decision.replies[0].max_hlc, order.hlc);
}

TEST_F(DecideTest, RowInsertedForItsLockIsAbsentForOthers) {
  state_.objects[object_].inserted = true;
  EXPECT_EQ(Run({Parse(TestCommit(client_).Zero(object_, 0, 1))}).replies[0].code, CommitCode::kObjectGone);
  const Decision decision = Run({Parse(TestCommit(client_).Creates(object_).Zero(object_, 0, 1))});
  EXPECT_EQ(decision.replies[0].code, CommitCode::kOk);
  ASSERT_EQ(decision.changes.objects.size(), 1u);
  EXPECT_TRUE(decision.changes.objects[0].created);
  EXPECT_TRUE(decision.changes.prunes.empty()) << "nothing to prune in a new object";
}

TEST_F(DecideTest, UnbindingChangesAnUnlockedObjectByADelta) {
  const ObjectId other = client_.NewObject();
  state_.names[{bucket_, "a"}].current = {client_.NextOrder(), other, {}};
  TestCommit unbind(client_);
  const Decision decision = Run({Parse(unbind.Unbind("a", other))});
  ASSERT_EQ(decision.changes.objects.size(), 1u);
  EXPECT_EQ(decision.changes.objects[0].object, other);
  EXPECT_EQ(decision.changes.objects[0].bindings_delta, -1);
  EXPECT_EQ(decision.changes.objects[0].gone, unbind.last_order().hlc);
}

TEST_F(DecideTest, PlanAsksForTheStrongestLock) {
  const ParsedCommit write = Parse(TestCommit(client_).Zero(object_, 0, 1));
  const ParsedCommit span = Parse(TestCommit(client_).Trunc(object_, 0));
  const ParsedCommit* const one[] = {&write};
  const ParsedCommit* const both[] = {&write, &span};
  EXPECT_FALSE(PlanBatch(one).objects.at(0).alone);
  EXPECT_TRUE(PlanBatch(both).objects.at(0).alone);
  EXPECT_EQ(PlanBatch(both).heads.size(), 1u);
}

/// I14: a run at or below a dropped tombstone is discarded, and its body looked at.
TEST_F(DecideTest, RunBelowTheZeroFloorIsDiscarded) {
  const Order order = client_.NextOrder();
  state_.objects[object_].zero_floor = order.hlc;
  state_.heads[{object_, 0}] = {order.hlc + 10};
  const Extent source{0, 10, order, Source::Of(BodyId{{1}}), 0, {}};
  const ParsedCommit rehome = Parse(TestCommit(client_).Rehome(object_, Bytes(10, 1), {{0, 10, order, 0}}, {source}));
  const RehomeDecision decision = DecideRehome(state_, rehome);
  EXPECT_EQ(decision.reply.code, CommitCode::kOk);
  EXPECT_TRUE(decision.changes.extents.empty());
  EXPECT_EQ(decision.changes.garbage.size(), 1u);
}

TEST(JudgeSourcesTest, EqualOrderYieldsToThisRehomesCopiesOnly) {
  const Order order{5, 1};
  const OpId mine{{1}}, other{{2}};
  const BodyId old{{1}}, copy{{9}};
  const Extent source{0, 10, order, Source::Of(old), 0, other};
  const RehomeSource named{0, 10, order, old};
  const auto removed = [&](Extent above, OpId rehome) {
    const Extent extents[] = {source, above};
    return JudgeSources(extents, std::span(&named, 1), rehome).removed.size();
  };
  EXPECT_EQ(removed({0, 10, order, Source::Of(copy), 0, mine}, mine), 1u);
  EXPECT_EQ(removed({0, 10, order, Source::Of(copy), 0, other}, mine), 0u);
  EXPECT_EQ(removed({0, 9, order, Source::Of(copy), 0, mine}, mine), 0u);
  EXPECT_EQ(removed({0, 10, {5, 2}, Source::Zeros(), 0, other}, mine), 1u);
  EXPECT_EQ(removed({0, 10, {4, 9}, Source::Of(copy), 0, mine}, mine), 0u);
}

}  // namespace
}  // namespace pbfs
