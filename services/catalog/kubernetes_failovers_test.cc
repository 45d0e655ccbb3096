#include "services/catalog/kubernetes_failovers.h"

#include <fmt/format.h>

#include "libs/base/testing.h"
#include "libs/kube/memory_kube.h"

namespace pbfs::catalog {
namespace {

using kube::Json;
namespace kinds = kube::kinds;
using ::testing::HasSubstr;

constexpr const char* kSpace = "storage";
constexpr const char* kScope = "demo-pg-0";

/// Patroni as it is seen from outside: its records, in the order in which it writes them.
class FakePatroni {
 public:
  explicit FakePatroni(kube::MemoryKube kube) : kube_(std::move(kube)) {
    Put("-config", {{"initialize", "system"}, {"config", R"({"synchronous_mode":true})"}, {"history", "[]"}});
    Sync("a", "b,c");
    Lead("a", 1);
  }
  void Put(const std::string& suffix, const Json& annotations) {
    Apply(kinds::kEndpoints, kScope + suffix, annotations);
  }
  void Sync(const std::string& leader, const std::string& standbys) {
    Put("-sync", {{"leader", leader}, {"sync_standby", standbys}});
  }
  void Lead(const std::string& name, int timeline) {
    Put("", {{"leader", name}, {"optime", std::to_string(++optime_)}});
    Apply(kinds::kPod, name, {{"status", fmt::format(R"({{"role":"master","timeline":{}}})", timeline)}});
  }
  void Left(int timeline, int64_t at) { history_.push_back({timeline, at, "no recovery target specified"}); }
  // The lock, the record, the promotion.
  void Promote(const std::string& name, int timeline, int64_t left_at) {
    Put("", {{"leader", name}});
    Sync(name, "");
    Left(timeline - 1, left_at);
    Put("-config",
        {{"initialize", "system"}, {"config", R"({"synchronous_mode":true})"}, {"history", history_.dump()}});
    Lead(name, timeline);
  }
  void Remove(const std::string& suffix) {
    ASSERT_OK(kube_.Delete(TestContext(), {kinds::kEndpoints, kSpace, kScope + suffix}, {}));
  }

 private:
  void Apply(const kube::Kind& kind, const std::string& name, const Json& annotations) {
    const Json object = {{"apiVersion", kind.ApiVersion()},
                         {"kind", kind.name},
                         {"metadata",
                          {{"name", name},
                           {"namespace", kSpace},
                           {"labels", {{"pbfs.dev/postgres", kScope}}},
                           {"annotations", annotations}}}};
    ASSERT_OK(kube_.Apply(TestContext(), kind, object, kube::OnConflict::kTake));
  }
  kube::MemoryKube kube_;
  Json history_ = Json::array();
  int optime_ = 0;
};

class KubernetesFailoversTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(kube_.Create(TestContext(), kinds::kConfigMap,
                           {{"apiVersion", "v1"},
                            {"kind", "ConfigMap"},
                            {"metadata", {{"name", "demo-pg-0-thawed"}, {"namespace", kSpace}}}}));
  }
  static KubernetesFailovers::Options How(Duration period) {
    return {kSpace, kScope, period, std::chrono::milliseconds(20)};
  }
  static WalPosition At(int timeline, int64_t lsn) { return {"system", timeline, lsn}; }
  Status Remember(int64_t lsn = 100, int timeline = 1) { return failovers_.Remember(TestContext(), At(timeline, lsn)); }
  Status Vouch(int thawed = 1, int timeline = 2) { return failovers_.Vouch(TestContext(), thawed, At(timeline, 300)); }
  void ExpectDoubt(const std::string& why) {
    const Status vouched = Vouch();
    EXPECT_CODE(vouched, kFailedPrecondition);
    EXPECT_THAT(vouched.message(), HasSubstr(why));
  }

  SystemClock clock_;
  kube::MemoryKube kube_{clock_};
  FakePatroni patroni_{kube_.As("patroni")};
  KubernetesFailovers failovers_{kube_, How(Duration::zero())};
};

TEST_F(KubernetesFailoversTest, ASynchronousStandbyThatTookOverIsVouchedFor) {
  ASSERT_OK(Remember());
  patroni_.Promote("b", 2, 200);
  EXPECT_OK(Vouch());
  patroni_.Sync("b", "c,a");
  EXPECT_OK(Vouch());
}

TEST_F(KubernetesFailoversTest, SeveralFailoversAreFollowedOneByOne) {
  ASSERT_OK(Remember());
  patroni_.Promote("b", 2, 200);
  patroni_.Sync("b", "c");
  patroni_.Promote("c", 3, 250);
  EXPECT_OK(Vouch(1, 3));
}

TEST_F(KubernetesFailoversTest, ThePrimaryThatStartsAgainIsItsOwnSuccessor) {
  ASSERT_OK(Remember());
  patroni_.Promote("a", 2, 200);
  EXPECT_OK(Vouch());
}

TEST_F(KubernetesFailoversTest, WhoWasNoSynchronousStandbyAtThatMomentIsNot) {
  ASSERT_OK(Remember());
  patroni_.Sync("a", "c");  // b has left, and what is acknowledged from now on it may not have
  patroni_.Promote("b", 2, 200);
  patroni_.Sync("b", "a,c");
  ExpectDoubt("b took over from a");
}

// What is there afterwards looks well in each of these.
TEST_F(KubernetesFailoversTest, SynchronousModeThatWasOffMeanwhileIsSeen) {
  ASSERT_OK(Remember());
  patroni_.Sync("", "");
  patroni_.Sync("a", "b,c");
  patroni_.Promote("b", 2, 200);
  patroni_.Sync("b", "a,c");
  ExpectDoubt("took over");
}

TEST_F(KubernetesFailoversTest, ARecordThatWasMadeAnewIsNoEvidence) {
  ASSERT_OK(Remember());
  patroni_.Remove("-sync");
  patroni_.Sync("a", "b,c");
  patroni_.Promote("b", 2, 200);
  ExpectDoubt("made anew");
}

TEST_F(KubernetesFailoversTest, APastThatKubernetesNoLongerTellsIsNoEvidence) {
  ASSERT_OK(Remember());
  patroni_.Promote("b", 2, 200);
  kube_.ForgetVersions();
  ExpectDoubt("no longer tells");
}

TEST_F(KubernetesFailoversTest, WithoutAMemoryNobodyIsVouchedFor) {
  patroni_.Promote("b", 2, 200);
  ExpectDoubt("nothing is remembered");
}

TEST_F(KubernetesFailoversTest, ABackupThatWasRestoredIsSeenByWhereItLeftItsTimeline) {
  ASSERT_OK(Remember(100));
  patroni_.Promote("b", 2, 99);
  ExpectDoubt("was a backup restored?");
}

TEST_F(KubernetesFailoversTest, AnotherPrimaryThanPatronisIsNotJudged) {
  EXPECT_CODE(Remember(100, 7), kFailedPrecondition);
  ASSERT_OK(Remember());
  patroni_.Promote("b", 2, 200);
  EXPECT_CODE(Vouch(1, 3), kFailedPrecondition);
}

// The evidence has to be as young as what Kubernetes still tells; a write for every look would be too many.
TEST_F(KubernetesFailoversTest, WhatIsRememberedIsWrittenAnewFromTimeToTime) {
  const auto version = [&] {
    return kube_.Get(TestContext(), {kinds::kConfigMap, kSpace, "demo-pg-0-thawed"})
        .value()["metadata"]["resourceVersion"];
  };
  KubernetesFailovers patient(kube_, How(std::chrono::hours(1)));
  ASSERT_OK(patient.Remember(TestContext(), At(1, 100)));
  const Json first = version();
  ASSERT_OK(patient.Remember(TestContext(), At(1, 150)));
  EXPECT_EQ(version(), first);
  patroni_.Sync("a", "c,b");
  ASSERT_OK(patient.Remember(TestContext(), At(1, 150)));
  EXPECT_NE(version(), first) << "another version of the record";
  const Json second = version();
  ASSERT_OK(Remember(160));
  EXPECT_NE(version(), second) << "it was long enough ago";
}

// A promotion between the look at PostgreSQL and the one at Patroni is no reason to remember the wrong one.
TEST_F(KubernetesFailoversTest, AnOlderTimelineThanTheRememberedOneIsDoubted) {
  patroni_.Lead("a", 5);
  ASSERT_OK(Remember(100, 5));
  patroni_.Lead("a", 4);
  EXPECT_CODE(Remember(100, 4), kFailedPrecondition);
}

}  // namespace
}  // namespace pbfs::catalog
