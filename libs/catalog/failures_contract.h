#pragma once

#include "libs/catalog/garbage_contract.h"

/// Rows of the failure matrix (docs/operations/failures.md) that every implementation of the catalog shows by itself.
namespace pbfs {

template <typename Fixture>
class FailureMatrixContract : public GarbageContract<Fixture> {
 protected:
  static Extent Reference(int64_t lo, ObjectId part) { return {lo, lo + 100, {}, Source::Of(part), 0, {}}; }
  ObjectId MakePart(TestClient& client) {
    const ObjectId part = this->MakeObject(client, 100);
    EXPECT_EQ(this->SendCode(TestCommit(client).Seal(part)), CommitCode::kOk);
    return part;
  }
  bool IsBound(const std::string& name) {
    return this->ports_.names.Resolve(TestContext(), {this->bucket_, name, {}, 0}).ok();
  }
};
TYPED_TEST_SUITE_P(FailureMatrixContract);

// The merger wrote wrong bytes: what it replaced is still there to be named again.
TYPED_TEST_P(FailureMatrixContract, F32_SourcesOfARehomeCanBePutBackWhileTheyAreHeld) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeNamed(client, "f32");
  const std::vector<Extent> sources = this->List(object).extents;
  TestCommit rehome(client);
  rehome.Rehome(object, Bytes(5000, 66), {{0, 5000, sources.at(0).order, 0}}, sources);
  ASSERT_EQ(this->Send(rehome).removed, 1);
  EXPECT_EQ(this->BodyOf(object), rehome.last_body());
  this->PurgeMark();
  ASSERT_EQ(this->SendCode(TestCommit(client).Clone(object, sources)), CommitCode::kOk);
  EXPECT_EQ(this->BodyOf(object), sources[0].source.body);
  this->PurgeMark();
  EXPECT_FALSE(this->IsPurging(sources[0].source.body));
}

// Each merged what it had listed. The second finds its source gone and leaves the first one's copy alone.
TYPED_TEST_P(FailureMatrixContract, F33_TwoRehomesFromOneListLeaveACopyTooManyForTheNext) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client, 100);
  const std::vector<Extent> sources = this->List(object).extents;
  const std::vector<TestRun> runs = {{0, 100, sources.at(0).order, 0}};
  EXPECT_EQ(this->Send(TestCommit(client).Rehome(object, Bytes(100, 3), runs, sources)).removed, 1);
  const CommitReply second = this->Send(TestCommit(client).Rehome(object, Bytes(100, 3), runs, sources));
  EXPECT_EQ(second.code, CommitCode::kOk);
  EXPECT_EQ(second.removed + second.kept, 0);
  const std::vector<Extent> copies = this->List(object).extents;
  EXPECT_EQ(copies.size(), 2u);
  EXPECT_EQ(this->List(object).bodies.size(), 1u) << "one of them is visible";
  EXPECT_EQ(this->Send(TestCommit(client).Rehome(object, Bytes(100, 3), runs, copies)).removed, 2);
  EXPECT_EQ(this->Stat(object).extents, 1);
}

// The object of a version that is deleted stays as long as a later version refers to it.
TYPED_TEST_P(FailureMatrixContract, F62_ADeletedVersionStaysUntilTheLastReferenceGoes) {
  this->bucket_ = this->MakeVersionedBucket();
  TestClient client = this->MakeClient();
  const ObjectId first = client.NewObject(), second = client.NewObject();
  TestCommit put(client), patch(client);
  ASSERT_EQ(this->SendCode(put.Creates(first).Write(first, 0, Bytes(5000, 1)).Bind("n", first)), CommitCode::kOk);
  patch.Creates(second).CloneObject(second, 0, 5000, first).Write(second, 100, Bytes(10, 2)).Bind("n", second);
  ASSERT_EQ(this->SendCode(patch), CommitCode::kOk);
  const BodyId body = this->BodyOf(first);
  const auto drop = [&](const TestCommit& version) {
    TestCommit commit(client);
    EXPECT_EQ(this->SendCode(commit.Drop("n", version.last_order())), CommitCode::kOk);
    this->fixture_.RaiseFloor(commit.last_order().hlc);
    for (int pass = 0; pass < 2; ++pass) this->ReapAll();  // what the first pass reaps may have held others
    this->PurgeMark();
  };
  drop(put);
  EXPECT_TRUE(this->IsThere(first));
  EXPECT_FALSE(this->IsPurging(body));
  EXPECT_EQ(this->BodyOf(first), body);
  drop(patch);
  EXPECT_FALSE(this->IsThere(second));
  EXPECT_FALSE(this->IsThere(first));
  EXPECT_TRUE(this->IsPurging(body));
}

// What completes an upload of parts is one CLONE of all of them and a BIND.
TYPED_TEST_P(FailureMatrixContract, F63_ACompleteHasAllItsPartsOrDoesNotHappen) {
  TestClient client = this->MakeClient();
  const ObjectId one = this->MakePart(client), two = this->MakePart(client), expired = this->MakePart(client);
  this->fixture_.ExpireOpen(expired);
  this->ReapAll();
  const ObjectId holed = client.NewObject(), whole = client.NewObject();
  TestCommit late(client), complete(client);
  late.Creates(holed).Clone(holed, {this->Reference(0, one), this->Reference(100, expired)}).Bind("holed", holed);
  EXPECT_EQ(this->SendCode(late), CommitCode::kSourceGone);
  EXPECT_FALSE(this->IsThere(holed));
  EXPECT_FALSE(this->IsBound("holed"));
  complete.Creates(whole).Clone(whole, {this->Reference(0, one), this->Reference(100, two)}).Bind("whole", whole);
  ASSERT_EQ(this->SendCode(complete), CommitCode::kOk);
  for (const ObjectId& part : {one, two}) this->fixture_.ExpireOpen(part);
  this->ReapAll();
  for (const ObjectId& part : {one, two}) EXPECT_EQ(this->List(part).bodies.size(), 1u);
  EXPECT_EQ(this->List(whole).extents.size(), 2u);
}

REGISTER_TYPED_TEST_SUITE_P(FailureMatrixContract, F32_SourcesOfARehomeCanBePutBackWhileTheyAreHeld,
                            F33_TwoRehomesFromOneListLeaveACopyTooManyForTheNext,
                            F62_ADeletedVersionStaysUntilTheLastReferenceGoes,
                            F63_ACompleteHasAllItsPartsOrDoesNotHappen);

}  // namespace pbfs
