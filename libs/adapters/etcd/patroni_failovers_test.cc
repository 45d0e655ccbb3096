#include "libs/adapters/etcd/patroni_failovers.h"

#include <fmt/format.h>

#include "libs/adapters/etcd/etcd_client.h"
#include "libs/adapters/etcd/etcd_server.h"
#include "libs/adapters/grpc/loopback.h"
#include "libs/base/sync.h"
#include "libs/base/testing.h"

namespace pbfs {
namespace {

EtcdServer& SharedServer() {
  static TestDirectory directory;
  static EtcdServer server(directory.path(), *TestCertificates::Get().authority.IssueLocal("etcd"));
  static const Status started = server.Start();
  EXPECT_OK(started);
  return server;
}

/// Plays the members of Patroni, as far as their keys go.
class PatroniFailoversTest : public testing::Test {
 protected:
  void SetUp() override {
    // It listens before it has elected itself.
    const Context context = TestContext();
    while (!client_.Get(context, "x").ok() && context.Check().ok()) SleepFor(std::chrono::milliseconds(20));
    Put("initialize", "7001");
    Put("config", R"({"ttl":12,"synchronous_mode":true})");
    Promote("a", 1, 0);
    SetStandbys("a", "\"b\"");
  }
  void Put(const std::string& name, const std::string& value) {
    ASSERT_OK_AND_ASSIGN(const auto old, client_.Get(TestContext(), cluster_ + name));
    ASSERT_OK_AND_ASSIGN(const bool done,
                         client_.PutIf(TestContext(), cluster_ + name, old ? old->mod_revision() : 0, value, 0));
    ASSERT_TRUE(done);
  }
  void SetStandbys(const std::string& leader, const std::string& standbys) {
    Put("sync", fmt::format(R"({{"leader":"{}","sync_standby":{}}})", leader, standbys));
  }
  /// `name` becomes primary on `timeline`; the one before ended at `lsn`.
  void Promote(const std::string& name, int timeline, int64_t lsn) {
    Put("leader", name);
    SetStandbys(name, "null");
    Put("members/" + name, fmt::format(R"({{"role":"master","timeline":{}}})", timeline));
    if (timeline > 1) history_ += fmt::format("{}[{},{},\"\"]", history_.empty() ? "" : ",", timeline - 1, lsn);
    Put("history", "[" + history_ + "]");
  }
  static WalPosition At(int32_t timeline, int64_t lsn) { return {"7001", timeline, lsn}; }
  void ExpectDoubt(int32_t thawed, const WalPosition& now, const std::string& reason) {
    const Status status = failovers_.Vouch(TestContext(), thawed, now);
    EXPECT_CODE(status, kFailedPrecondition);
    EXPECT_THAT(status.message(), testing::HasSubstr(reason));
  }

  static std::string NewCluster() {
    static int tests = 0;
    return fmt::format("/patroni/{}/", ++tests);
  }
  const std::string cluster_ = NewCluster();
  std::string history_;
  EtcdClient client_{{SharedServer().endpoint()}, TestCertificates::Get().client};
  PatroniFailovers failovers_{
      {SharedServer().endpoint()}, TestCertificates::Get().client, cluster_, "/pbfs" + cluster_ + "thawed"};
};

TEST_F(PatroniFailoversTest, VouchesForPromotionsOfSynchronousStandbysHoweverMany) {
  ASSERT_OK(failovers_.Remember(TestContext(), At(1, 1000)));
  SetStandbys("a", "\"b,c\"");
  Promote("c", 2, 1500);
  EXPECT_OK(failovers_.Vouch(TestContext(), 1, At(2, 1600)));
  Promote("c", 3, 1700);  // the primary itself, after a crash
  SetStandbys("c", "\"a\"");
  Promote("a", 4, 1800);
  EXPECT_OK(failovers_.Vouch(TestContext(), 1, At(4, 1900)));
  ASSERT_OK(failovers_.Remember(TestContext(), At(4, 1900)));
  ASSERT_OK(failovers_.Remember(TestContext(), At(4, 1900)));
}

TEST_F(PatroniFailoversTest, DoubtsAPrimaryThatWasNoSynchronousStandby) {
  ASSERT_OK(failovers_.Remember(TestContext(), At(1, 1000)));
  Promote("c", 2, 1500);
  ExpectDoubt(1, At(2, 1600), "c took over from a");
  SetStandbys("c", "\"b\"");
  Promote("b", 3, 1700);  // what was lost before stays lost
  ExpectDoubt(1, At(3, 1800), "c took over from a");
}

TEST_F(PatroniFailoversTest, DoubtsAPrimaryThatLeftBeforeWhatWasAcknowledged) {
  ASSERT_OK(failovers_.Remember(TestContext(), At(1, 1000)));
  Promote("b", 2, 900);
  ExpectDoubt(1, At(2, 1600), "before 1000");
}

TEST_F(PatroniFailoversTest, DoubtsWhatItDoesNotRemember) {
  Promote("b", 2, 900);
  ExpectDoubt(1, At(2, 1600), "nothing is remembered");
  ASSERT_OK(failovers_.Remember(TestContext(), At(2, 1600)));
  SetStandbys("b", "\"a\"");
  Promote("a", 3, 1700);
  ExpectDoubt(1, At(3, 1800), "backup");
}

TEST_F(PatroniFailoversTest, DoubtsAKeyThatWasMadeAnew) {
  ASSERT_OK(failovers_.Remember(TestContext(), At(1, 1000)));
  ASSERT_OK_AND_ASSIGN(const int64_t lease, client_.Grant(TestContext(), 60));
  ASSERT_OK_AND_ASSIGN(const auto old, client_.Get(TestContext(), cluster_ + "sync"));
  ASSERT_OK(client_.PutIf(TestContext(), cluster_ + "sync", old->mod_revision(), "{}", lease));
  ASSERT_OK(client_.Revoke(TestContext(), lease));  // deletes the key
  Promote("b", 2, 1500);
  ExpectDoubt(1, At(2, 1600), "made anew");
}

TEST_F(PatroniFailoversTest, DoubtsAPrimaryOfBefore) {
  Promote("b", 2, 500);
  ASSERT_OK(failovers_.Remember(TestContext(), At(2, 1000)));
  Put("leader", "a");
  SetStandbys("a", "null");
  const Status status = failovers_.Remember(TestContext(), At(1, 2000));
  EXPECT_CODE(status, kFailedPrecondition);
  EXPECT_THAT(status.message(), testing::HasSubstr("is lost"));
}

TEST_F(PatroniFailoversTest, DoubtsAPrimaryThatIsNotPatronis) {
  EXPECT_CODE(failovers_.Remember(TestContext(), At(2, 1000)), kFailedPrecondition);
  EXPECT_CODE(failovers_.Remember(TestContext(), {"7002", 1, 1000}), kFailedPrecondition);
  ASSERT_OK(failovers_.Remember(TestContext(), At(1, 1000)));
  Promote("b", 2, 1500);
  ExpectDoubt(1, At(3, 1600), "not the one on timeline 3");
  Put("members/b", R"({"role":"promoted","timeline":1})");
  ExpectDoubt(1, At(2, 1600), "not the one on timeline 2");
}

TEST_F(PatroniFailoversTest, DoubtsAPatroniThatIsNotSynchronous) {
  ASSERT_OK(failovers_.Remember(TestContext(), At(1, 1000)));
  Put("config", R"({"synchronous_mode":false})");
  Promote("b", 2, 1500);
  ExpectDoubt(1, At(2, 1600), "synchronous_mode is off");
}

TEST_F(PatroniFailoversTest, TakesNoHarmFromKeysThatAreNonsense) {
  for (const char* name : {"leader", "members/a", "config", "sync", "history", "initialize"}) {
    for (const char* value : {"", "{", "[]", "[[1]]", R"({"leader":1,"sync_standby":[],"role":{},"timeline":"1"})"}) {
      Put(name, value);
      const Status status = failovers_.Vouch(TestContext(), 1, At(2, 1000));
      EXPECT_CODE(status, kFailedPrecondition);
    }
  }
}

}  // namespace
}  // namespace pbfs
