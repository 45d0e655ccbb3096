#include "libs/adapters/grpc/grpc_catalog.h"

#include <numeric>

#include "libs/adapters/grpc/catalog_servant.h"
#include "libs/adapters/grpc/loopback.h"
#include "libs/catalog/catalog_decorator.h"
#include "libs/catalog/testing/all_contracts.h"

namespace pbfs {
namespace {

/// Says who asked for what.
class EchoTokens final : public Tokens {
 public:
  Result<TokenGrant> IssueToken(const Context&, const std::string& subject, BucketId bucket, uint16_t verbs) override {
    const std::string text = subject + " " + bucket.ToString() + " " + std::to_string(verbs);
    return TokenGrant{Buffer::CopyOf(AsBytes(text)), 2000, 1000};
  }
};

/// The twin behind a server, seen through a client, by mutual TLS over the loopback interface.
class WireCatalogFixture {
 public:
  Catalog ports() { return client_.ports(); }
  const Clock& clock() const { return twin_.clock(); }
  void ExpireHistory(BucketId bucket, Hlc floor) { twin_.ExpireHistory(bucket, floor); }
  GrpcCatalog& client() { return client_; }
  GrpcServer& server() { return loopback_.server(); }

 private:
  MemoryCatalogFixture twin_;
  EchoTokens tokens_;
  CatalogServant servant_{twin_.ports(), tokens_, {16, 4, 64, nullptr}};
  Loopback loopback_{{&servant_}};
  GrpcCatalog client_{loopback_.address(), loopback_.client()};
};

PBFS_CATALOG_CONTRACTS(Wire, WireCatalogFixture);

/// Commits that answer when the test says so. The first of a call with several is answered with the lone ones.
class GatedCommits final : public CatalogDecorator {
 public:
  void AnswerLoneOnes() { Set(lone_); }
  void AnswerAll() {
    Set(lone_);
    Set(all_);
  }
  /// Waits until `commits` Commits have come, and returns how many each call had.
  std::vector<size_t> Await(size_t commits) {
    MutexLock lock(mutex_);
    while (std::accumulate(sizes_.begin(), sizes_.end(), size_t{0}) < commits) changed_.Wait(mutex_);
    return sizes_;
  }
  void CommitEach(const Context&, std::span<const CommitRequest> requests, const CommitsDone& done) override {
    {
      MutexLock lock(mutex_);
      sizes_.push_back(requests.size());
      changed_.NotifyAll();
    }
    for (size_t i = 0; i < requests.size(); ++i) {
      AwaitFlag(i == 0 ? lone_ : all_);
      const CommitOutcome outcome{i, CommitReply{CommitCode::kOk}};
      done({&outcome, 1});
    }
  }

 private:
  Status Around(const Context&, const Call&) override { return UnimplementedError("Commits only"); }
  void Set(bool& flag) {
    MutexLock lock(mutex_);
    flag = true;
    changed_.NotifyAll();
  }
  void AwaitFlag(const bool& flag) {
    MutexLock lock(mutex_);
    while (!flag) changed_.Wait(mutex_);
  }

  Mutex mutex_;
  CondVar changed_;
  bool lone_ = false, all_ = false;  // under the mutex
  std::vector<size_t> sizes_ PBFS_GUARDED_BY(mutex_);
};

class GatedWire {
 public:
  GatedCommits& gate() { return gate_; }
  GrpcServer& server() { return loopback_.server(); }
  Result<CommitReply> Commit(const Context& context) { return client_.Commit(context, {}); }

 private:
  GatedCommits gate_;
  EchoTokens tokens_;
  CatalogServant servant_{gate_.ports(), tokens_, {16, 4, 64, nullptr}};
  Loopback loopback_{{&servant_}};
  GrpcCatalog client_{loopback_.address(), loopback_.client()};
};

class SharedCallsTest : public testing::Test {
 protected:
  // Two writers, each with a call of its own that is not answered: whoever comes now waits for them.
  void OccupyLanes() {
    for (size_t i = 1; i <= 2; ++i) {
      Begin();
      (void)wire_.gate().Await(i);
    }
  }
  void Begin() {
    writers_.emplace_back("writer", [this] { EXPECT_OK(wire_.Commit(TestContext())); });
  }
  GatedWire wire_;
  std::vector<Thread> writers_;
};

TEST_F(SharedCallsTest, WhatWaitsGoesTogether) {
  OccupyLanes();
  for (int i = 0; i < 10; ++i) Begin();
  SleepFor(std::chrono::milliseconds(100));  // most of them wait by then; none must
  wire_.gate().AnswerAll();
  writers_.clear();
  EXPECT_LT(wire_.gate().Await(12).size(), 12u);
}

TEST_F(SharedCallsTest, ACommitThatTakesLongHoldsUpNoOther) {
  OccupyLanes();
  for (int i = 0; i < 10; ++i) Begin();
  SleepFor(std::chrono::milliseconds(100));
  wire_.gate().AnswerLoneOnes();
  EXPECT_LT(wire_.gate().Await(12).size(), 12u);  // calls with several are open, with all but their first
  EXPECT_OK(wire_.Commit(Context::WithTimeout(std::chrono::seconds(30))));
  wire_.gate().AnswerAll();
}

TEST_F(SharedCallsTest, ACallerGivesUpWithoutTheOthers) {
  OccupyLanes();
  EXPECT_CODE(wire_.Commit(Context::WithTimeout(std::chrono::milliseconds(50))), kDeadlineExceeded);
  wire_.gate().AnswerAll();
}

TEST(GrpcCatalogTest, CommitsOfACallThatBreaksHaveAnUnknownOutcome) {
  GatedWire wire;
  Status outcome;
  Thread writer("writer", [&] { outcome = wire.Commit(Context::WithTimeout(std::chrono::seconds(30))).status(); });
  (void)wire.gate().Await(1);
  Thread opener("opener", [&] {
    SleepFor(std::chrono::milliseconds(300));
    wire.gate().AnswerAll();  // a server's threads end before it does
  });
  wire.server().Stop(std::chrono::milliseconds(50));
  writer.Join();
  EXPECT_FALSE(outcome.ok());
  EXPECT_TRUE(IsRetryable(outcome) || outcome.code() == StatusCode::kCancelled) << outcome.ToString();
}

TEST(GrpcCatalogTest, TokensAreForTheBearerOfTheCertificate) {
  WireCatalogFixture fixture;
  SeededRandom random(TestSeed());
  const BucketId bucket = BucketId::NewRandom(random);
  ASSERT_OK_AND_ASSIGN(const TokenGrant grant, fixture.client().IssueToken(TestContext(), "somebody else", bucket, 3));
  EXPECT_EQ(AsText(grant.token), "client " + bucket.ToString() + " 3");
  EXPECT_EQ(grant.not_after_ms, 2000);
  EXPECT_EQ(grant.now_ms, 1000);
}

TEST(GrpcCatalogTest, AStoppingServerEndsMapStreamsInTime) {
  WireCatalogFixture fixture;
  ASSERT_OK_AND_ASSIGN(const ClusterMap map, fixture.client().WatchMap(TestContext(), -1));
  Status ended;
  Thread watcher("watch", [&] { ended = fixture.client().WatchMap(TestContext(), map.version).status(); });
  fixture.server().Stop(std::chrono::seconds(30));
  watcher.Join();
  EXPECT_CODE(ended, kUnavailable);
}

}  // namespace
}  // namespace pbfs
