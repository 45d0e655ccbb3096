#include "libs/adapters/kube/kube_leases.h"

#include "libs/adapters/kube/testing/fake_kube.h"
#include "libs/coordination/leases_contract.h"

namespace pbfs::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Two clients of one API server that share nothing.
class KubeFixture {
 public:
  Leases& leases() { return leases_; }
  Leases& other() { return other_; }
  void SetAvailable(bool up) { kube_.server().SetAvailable(up); }
  Duration short_ttl() const { return seconds(1); }

  FakeApiServer& server() { return kube_.server(); }
  KubeClient& client() { return *client_; }

 private:
  FakeKube kube_;
  SystemClock clock_;
  SystemRandom random_;
  const LeaseObjects objects_ = *LeaseObjects::Make("demo", "ns");
  std::unique_ptr<KubeClient> client_ = kube_.Client(), other_client_ = kube_.Client();
  KubeLeases leases_{*client_, clock_, random_, objects_};
  KubeLeases other_{*other_client_, clock_, random_, objects_};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Kube, LeasesContract, KubeFixture);

class KubeLeasesTest : public testing::Test {
 protected:
  void Take(const std::string& key, const std::string& holder, Duration ttl = seconds(60)) {
    ASSERT_OK(fixture_.leases().Acquire(TestContext(), {key, holder, "v"}, ttl));
  }
  FakeApiServer& server() { return fixture_.server(); }
  Leases& leases() { return fixture_.leases(); }
  int Requests() { return server().Count("GET") + server().Count("POST") + server().Count("PUT"); }

  KubeFixture fixture_;
  const LeaseInfo lease_{"stores/7", "a", "v"};
};

TEST_F(KubeLeasesTest, ARenewalIsOneWriteAndNoRead) {
  Take("stores/7", "a");
  const int before = Requests(), puts = server().Count("PUT");
  for (int i = 0; i < 10; ++i) ASSERT_OK(leases().Renew(TestContext(), lease_, seconds(60)));
  EXPECT_EQ(server().Count("PUT") - puts, 10);
  EXPECT_EQ(Requests() - before, 10);
  EXPECT_EQ(server().Count("WATCH"), 0);
}

TEST_F(KubeLeasesTest, RenewalsOfOthersWakeNobody) {
  Take("stores/7", "a");
  ASSERT_OK_AND_ASSIGN(const int64_t revision, fixture_.other().AwaitChange(TestContext(), "stores/", 0));
  const Context a_while = Context::WithTimeout(milliseconds(300));
  Status awaited;
  Thread waiter("waiter", [&] { awaited = fixture_.other().AwaitChange(a_while, "stores/", revision).status(); });
  while (a_while.Check().ok()) ASSERT_OK(leases().Renew(TestContext(), lease_, seconds(60)));
  waiter.Join();
  EXPECT_CODE(awaited, kDeadlineExceeded);
}

TEST_F(KubeLeasesTest, PrefixesOfOneFirstSegmentShareAWatch) {
  Take("stores/7", "a");
  for (const std::string prefix : {"stores/", "stores/7", "stores/8"})
    ASSERT_OK(leases().AwaitChange(TestContext(), prefix, 0));
  ASSERT_OK_AND_ASSIGN(const int64_t revision, leases().AwaitChange(TestContext(), "stores/", 0));
  ASSERT_OK(fixture_.other().Acquire(TestContext(), {"stores/8", "b", ""}, seconds(60)));
  ASSERT_OK(leases().AwaitChange(TestContext(), "stores/", revision));
  const Context context = TestContext();  // the list before the watch may have told the change
  while (server().Count("WATCH") == 0 && context.Check().ok()) SleepFor(milliseconds(10));
  EXPECT_EQ(server().Count("WATCH"), 1);
}

TEST_F(KubeLeasesTest, ARenewalWhoseAnswerIsLostIsStillOurs) {
  Take("stores/7", "a");
  server().FailNext("PUT", 1, 500, true);
  EXPECT_CODE(leases().Renew(TestContext(), lease_, seconds(60)), kUnavailable);
  EXPECT_OK(leases().Renew(TestContext(), lease_, seconds(60)));
}

TEST_F(KubeLeasesTest, AnAcquireWhoseAnswerIsLostSucceedsTheNextTime) {
  server().FailNext("POST", 1, 500, true);
  EXPECT_CODE(leases().Acquire(TestContext(), lease_, seconds(60)), kUnavailable);
  EXPECT_OK(leases().Acquire(TestContext(), lease_, seconds(60)));
}

TEST_F(KubeLeasesTest, AChangeByThirdPartiesIsReadAndKept) {
  Take("stores/7", "a");
  Json object = server().Find("demo-stores.7");
  object["metadata"]["ownerReferences"] = {{{"uid", "x"}}};
  server().Put(object);
  ASSERT_OK(leases().Renew(TestContext(), lease_, seconds(60)));
  EXPECT_TRUE(server().Find("demo-stores.7")["metadata"].contains("ownerReferences"));
}

TEST_F(KubeLeasesTest, ADeletedObjectIsALostLease) {
  Take("stores/7", "a");
  server().Remove("demo-stores.7");
  EXPECT_CODE(leases().Renew(TestContext(), lease_, seconds(60)), kAborted);
  EXPECT_OK(leases().Acquire(TestContext(), lease_, seconds(60)));
}

TEST_F(KubeLeasesTest, ReleaseKeepsTheObject) {
  Take("stores/7", "a");
  ASSERT_OK(leases().Release(TestContext(), lease_));
  EXPECT_EQ(server().Find("demo-stores.7")["spec"]["holderIdentity"], "");
  ASSERT_OK(fixture_.other().Acquire(TestContext(), {"stores/7", "b", "v"}, seconds(60)));
  EXPECT_EQ(server().Find("demo-stores.7")["spec"]["leaseTransitions"], 1);
}

TEST_F(KubeLeasesTest, OfManyWhoTryOneGetsIt) {
  constexpr int kTries = 8;
  std::vector<Status> got(kTries);
  std::vector<Thread> threads;
  for (int i = 0; i < kTries; ++i) {
    threads.emplace_back("try", [&, i] {
      Leases& leases = i % 2 == 0 ? fixture_.leases() : fixture_.other();
      got[i] = leases.Acquire(TestContext(), {"roles/x", std::to_string(i), ""}, seconds(60));
    });
  }
  threads.clear();
  int winners = 0;
  for (const Status& status : got) {
    winners += status.ok() ? 1 : 0;
    if (!status.ok()) EXPECT_CODE(status, kAlreadyExists);
  }
  EXPECT_EQ(winners, 1);
}

TEST_F(KubeLeasesTest, AnotherClustersObjectOfTheSameNameIsNotTaken) {
  Json object = *LeaseObjects::Make("demo-x", "ns")->Held(Json(), {"y", "b", ""}, seconds(60), 0);
  server().Put(object);  // demo-x-y
  const Status refused = leases().Acquire(TestContext(), {"x-y", "a", ""}, seconds(60));
  EXPECT_CODE(refused, kFailedPrecondition);
  EXPECT_TRUE(leases().List(TestContext(), "")->empty());
}

TEST_F(KubeLeasesTest, ABusyServerIsToBeAskedAgain) {
  Take("stores/7", "a");
  server().FailNext("PUT", 1, 429);
  EXPECT_CODE(leases().Renew(TestContext(), lease_, seconds(60)), kUnavailable);
  server().FailNext("GET", 1, 403);
  EXPECT_CODE(leases().List(TestContext(), ""), kPermissionDenied);
}

TEST_F(KubeLeasesTest, WatchersGoOnThroughExpiredVersionsAndCutLines) {
  ASSERT_OK_AND_ASSIGN(int64_t revision, leases().AwaitChange(TestContext(), "stores/", 0));
  const auto await_change = [&] {
    const Context context = TestContext();
    Result<int64_t> changed = UnavailableError("");
    while (!changed.ok() && context.Check().ok()) {  // UNAVAILABLE while the watch is broken
      changed = leases().AwaitChange(context, "stores/", revision);
      if (!changed.ok()) SleepFor(milliseconds(10));  // a poll, bounded by the deadline
    }
    ASSERT_OK(changed);
    revision = *changed;
  };
  server().Compact();
  ASSERT_OK(fixture_.other().Acquire(TestContext(), {"stores/1", "b", ""}, seconds(60)));
  await_change();
  server().CutWatches();
  ASSERT_OK(fixture_.other().Acquire(TestContext(), {"stores/2", "b", ""}, seconds(60)));
  await_change();
  server().EndWatches();
  ASSERT_OK(fixture_.other().Release(TestContext(), {"stores/1", "b", ""}));
  await_change();
  EXPECT_EQ(*leases().List(TestContext(), "stores/"), (std::vector<LeaseInfo>{{"stores/2", "b", ""}}));
}

TEST_F(KubeLeasesTest, WhoComesFirstAfterAnOutageFindsEverybodyAlive) {
  Take("stores/7", "a", seconds(1));
  ASSERT_OK(fixture_.other().AwaitChange(TestContext(), "stores/", 0));
  server().SetAvailable(false);
  EXPECT_CODE(fixture_.other().List(TestContext(), "stores/"), kUnavailable);
  SleepFor(seconds(2));  // twice its time to live, in which nobody could renew
  server().SetAvailable(true);
  EXPECT_EQ(fixture_.other().List(TestContext(), "stores/")->size(), 1u);
}

}  // namespace
}  // namespace pbfs::kube
