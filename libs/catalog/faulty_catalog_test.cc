#include "libs/catalog/faulty_catalog.h"

#include "libs/base/simulated_scheduler.h"
#include "libs/catalog/testing/catalog_fixture.h"

namespace pbfs {
namespace {

class FaultyCatalogTest : public CatalogContract<MemoryCatalogFixture> {
 protected:
  SeededRandom random_{TestSeed()};
  FaultyCatalog faulty_{ports_, random_, {}};
};

TEST_F(FaultyCatalogTest, RefusedCommitDidNotHappen) {
  TestClient client = MakeClient();
  const ObjectId object = client.NewObject();
  TestCommit commit(client);
  commit.Creates(object).Zero(object, 0, 10);
  faulty_.RefuseNext(1);
  EXPECT_CODE(faulty_.Commit(TestContext(), commit.request()), kUnavailable);
  EXPECT_EQ(faulty_.Commit(TestContext(), commit.request())->code, CommitCode::kOk);
}

/// F04: the reply is lost; sending the same again gives REPLAY, and one op.
TEST_F(FaultyCatalogTest, F04LostReplyIsResolvedByTheSameRequest) {
  TestClient client = MakeClient();
  const ObjectId object = client.NewObject();
  TestCommit commit(client);
  commit.Creates(object).Zero(object, 0, 10);
  faulty_.LoseNextReply();
  EXPECT_CODE(faulty_.Commit(TestContext(), commit.request()), kUnavailable);
  EXPECT_EQ(faulty_.Commit(TestContext(), commit.request())->code, CommitCode::kReplay);
  EXPECT_EQ(Stat(object).extents, 1);
}

TEST_F(FaultyCatalogTest, EveryWriteEndsOnceWhateverGetsLost) {
  TestClient client = MakeClient();
  const ObjectId object = MakeObject(client, 1);
  faulty_.SetFaults({.refuse = 300, .lose_reply = 300});
  for (int i = 1; i <= 100; ++i) {
    TestCommit commit(client);
    commit.Zero(object, i * 10, i * 10 + 10);
    Result<CommitReply> reply = faulty_.Commit(TestContext(), commit.request());
    while (!reply.ok()) reply = faulty_.Commit(TestContext(), commit.request());
    EXPECT_TRUE(reply->code == CommitCode::kOk || reply->code == CommitCode::kReplay);
  }
  EXPECT_EQ(Stat(object).extents, 101);
}

TEST_F(FaultyCatalogTest, OneCallFailsBeforeOrAfterItHappens) {
  TestClient client = MakeClient();
  for (const bool happens : {false, true}) {
    const ObjectId object = client.NewObject();
    TestCommit commit(client);
    commit.Creates(object).Zero(object, 0, 10);
    faulty_.FailCall(2, happens);
    EXPECT_OK(faulty_.ListBuckets(TestContext()));
    EXPECT_CODE(faulty_.Commit(TestContext(), commit.request()), kUnavailable);
    EXPECT_EQ(faulty_.Commit(TestContext(), commit.request())->code, happens ? CommitCode::kReplay : CommitCode::kOk);
    EXPECT_EQ(faulty_.calls(), 3);
  }
}

TEST_F(FaultyCatalogTest, LateAnswerEndsWithTheDeadline) {
  SimulatedScheduler(TestSeed()).Run([&] {
    faulty_.SetFaults({.late = 1000, .delay = std::chrono::hours(1)});
    EXPECT_CODE(faulty_.ListBuckets(Context::WithTimeout(std::chrono::seconds(5))), kDeadlineExceeded);
    EXPECT_OK(faulty_.ListBuckets(Context::WithTimeout(std::chrono::hours(2))));
  });
}

}  // namespace
}  // namespace pbfs
