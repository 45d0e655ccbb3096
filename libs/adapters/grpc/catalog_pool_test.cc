#include "libs/adapters/grpc/catalog_pool.h"

#include "libs/base/testing.h"
#include "libs/catalog/memory_catalog.h"

namespace pbfs {
namespace {

/// A catalog that fails its next calls with given statuses, after doing what was asked if `does` is set.
class FailingCommits final : public Commits {
 public:
  explicit FailingCommits(Commits& inner) : inner_(&inner) {}
  Result<CommitReply> Commit(const Context& context, const CommitRequest& request) override {
    ++calls;
    if (failures.empty()) return inner_->Commit(context, request);
    const Status status = failures.back();
    failures.pop_back();
    if (does) (void)inner_->Commit(context, request);
    return status;
  }
  std::vector<Status> failures;
  bool does = false;
  int calls = 0;

 private:
  Commits* inner_;
};

class NoTokens final : public Tokens {
 public:
  Result<TokenGrant> IssueToken(const Context&, const std::string&, BucketId, uint16_t) override {
    return PermissionDeniedError("no tokens here");
  }
};

/// Two ways to one catalog that knows no bucket: a Commit that arrives is answered NOT_FOUND.
class CatalogPoolTest : public testing::Test {
 protected:
  CatalogEndpoint Endpoint(Commits& commits) {
    Catalog ports = twin_.ports();
    return {{commits, ports.lists, ports.names, ports.uploads, ports.buckets, ports.groups, ports.journal}, tokens_};
  }
  CatalogPool MakePool() {
    CatalogPool::Options options;
    options.sleep = [this](Duration pause) { pauses_.push_back(pause); };
    return CatalogPool({Endpoint(one_), Endpoint(two_)}, random_, options);
  }
  SystemClock clock_;
  SeededRandom random_{TestSeed()};
  MemoryCatalog twin_{clock_};
  NoTokens tokens_;
  FailingCommits one_{twin_}, two_{twin_};
  std::vector<Duration> pauses_;
};

TEST_F(CatalogPoolTest, AnotherCatalogIsTriedAtOnceAndKept) {
  CatalogPool pool = MakePool();
  one_.failures = two_.failures = {UnavailableError("down")};
  EXPECT_CODE(pool.Commit(TestContext(), {}), kNotFound);
  EXPECT_EQ(one_.calls + two_.calls, 3) << "one, the other, and the first again";
  EXPECT_EQ(pauses_.size(), 1u) << "a pause after each round only";
  EXPECT_CODE(pool.Commit(TestContext(), {}), kNotFound);
  EXPECT_EQ(one_.calls + two_.calls, 4);
}

TEST_F(CatalogPoolTest, AReplySaysWhetherACopyMayArriveYet) {
  class Answering final : public Commits {
   public:
    Result<CommitReply> Commit(const Context&, const CommitRequest&) override {
      return CommitReply{CommitCode::kDrift};
    }
  } answers;
  one_ = FailingCommits(answers), two_ = FailingCommits(answers);
  CatalogPool pool = MakePool();
  const auto repeated = [&](const std::vector<Status>& failures) {
    one_.failures = two_.failures = failures;
    const Result<CommitReply> reply = pool.Commit(TestContext(), {});
    EXPECT_OK(reply);
    return reply.ok() && reply->repeated;
  };
  EXPECT_FALSE(repeated({}));
  EXPECT_FALSE(repeated({ResourceExhaustedError("busy: nothing of it happened")}));
  EXPECT_TRUE(repeated({DeadlineExceededError("frozen")}));
  EXPECT_TRUE(repeated({UnavailableError("down")}));
}

TEST_F(CatalogPoolTest, WhatIsNotRetryableIsTheAnswer) {
  CatalogPool pool = MakePool();
  one_.failures = two_.failures = {AbortedError("lost a race")};
  EXPECT_CODE(pool.Commit(TestContext(), {}), kAborted);
  EXPECT_EQ(one_.calls + two_.calls, 1);
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(CatalogPoolTest, BackOffGrowsAndEndsWithTheDeadline) {
  CatalogPool pool = MakePool();
  one_.failures = two_.failures = std::vector<Status>(1000, UnavailableError("down"));
  EXPECT_CODE(pool.Commit(Context::WithTimeout(std::chrono::milliseconds(400)), {}), kUnavailable);
  ASSERT_GT(pauses_.size(), 3u);
  EXPECT_GT(pauses_[3], pauses_[0]);
  EXPECT_LT(pauses_.size(), 500u) << "the pause that does not fit ends it";
}

TEST_F(CatalogPoolTest, AKeyringIsNotSetTwice) {
  CatalogPool pool = MakePool();
  EXPECT_CODE(pool.SetKeyring(TestContext(), BucketId::NewRandom(random_), 1, {}), kNotFound);
}

}  // namespace
}  // namespace pbfs
