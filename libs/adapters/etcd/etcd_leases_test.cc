#include "libs/adapters/etcd/etcd_leases.h"

#include <string>

#include "libs/adapters/etcd/etcd_server.h"
#include "libs/adapters/grpc/loopback.h"
#include "libs/base/sync.h"
#include "libs/coordination/leases_contract.h"

namespace pbfs {
namespace {

/// One etcd for all tests of this program; each test has a prefix of its own.
EtcdServer& SharedServer() {
  static TestDirectory directory;
  static EtcdServer server(directory.path(), *TestCertificates::Get().authority.IssueLocal("etcd"));
  static const Status started = server.Start();
  EXPECT_OK(started);
  return server;
}

std::string NewPrefix() {
  static int tests = 0;
  return "/test" + std::to_string(++tests) + "/";
}

class EtcdFixture {
 public:
  EtcdFixture() {
    // It listens before it has elected itself.
    const Context context = TestContext();
    while (!leases_.List(context, "").ok() && context.Check().ok()) SleepFor(std::chrono::milliseconds(20));
  }
  Leases& leases() { return leases_; }
  Leases& other() { return other_; }
  void SetAvailable(bool up) {
    if (!up) return SharedServer().Kill();
    EXPECT_OK(SharedServer().Start());
  }
  Duration short_ttl() const { return std::chrono::seconds(1); }

 private:
  const std::string prefix_ = NewPrefix();
  EtcdLeases leases_{{SharedServer().endpoint()}, TestCertificates::Get().client, prefix_};
  EtcdLeases other_{{SharedServer().endpoint()}, TestCertificates::Get().client, prefix_};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Etcd, LeasesContract, EtcdFixture);

TEST(EtcdLeasesTest, ADeadMemberIsPassedOver) {
  EtcdLeases leases({"127.0.0.1:1", SharedServer().endpoint()}, TestCertificates::Get().client, NewPrefix());
  EXPECT_OK(leases.Acquire(TestContext(), {"k", "a", "v"}, std::chrono::seconds(60)));
}

}  // namespace
}  // namespace pbfs
