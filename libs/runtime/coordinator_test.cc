#include "libs/runtime/coordinator.h"

#include "libs/adapters/kube/testing/fake_kube.h"
#include "libs/base/testing.h"

namespace pbfs {
namespace {

class CoordinatorTest : public testing::Test {
 protected:
  LeaseSettings Kubernetes(const std::string& cluster = "demo") const {
    const auto options = kube_.Options();
    LeaseSettings settings;
    settings.kubernetes = {cluster, "ns", options.server, options.ca_file, options.token_file};
    return settings;
  }
  kube::FakeKube kube_;
};

TEST_F(CoordinatorTest, NothingConfiguredIsNoCoordinator) {
  ASSERT_OK_AND_ASSIGN(const auto none, Coordinator::Open({}));
  EXPECT_EQ(none->leases(), nullptr);
}

TEST_F(CoordinatorTest, AKeeperHoldsItsLeaseInKubernetes) {
  ASSERT_OK_AND_ASSIGN(const auto coordinator, Coordinator::Open(Kubernetes()));
  const LeaseInfo lease{"roles/garbage-collector", "life-1", ""};
  {
    const LeaseKeeper keeper(*coordinator->leases(), lease, coordinator->keeping());
    const Context context = TestContext();
    while (!keeper.Held() && context.Check().ok()) SleepFor(std::chrono::milliseconds(10));
    EXPECT_EQ(*coordinator->leases()->List(TestContext(), "roles/"), std::vector{lease});
    const kube::Json object = kube_.server().Find("demo-roles.garbage-collector");
    EXPECT_EQ(object["spec"]["leaseDurationSeconds"], 30);
  }
  EXPECT_TRUE(coordinator->leases()->List(TestContext(), "roles/")->empty());
}

TEST_F(CoordinatorTest, WhatIsMissingIsNamed) {
  EXPECT_CODE(Coordinator::Open(Kubernetes("A B")), kInvalidArgument);
  LeaseSettings settings = Kubernetes();
  settings.kubernetes.token_file = "/none/token";
  EXPECT_CODE(Coordinator::Open(settings), kFailedPrecondition);
  EXPECT_THAT(Coordinator::Open(settings).status().message(), testing::HasSubstr("/none/token"));
  settings = Kubernetes();
  settings.kubernetes.space = "";  // and this is no pod
  EXPECT_THAT(Coordinator::Open(settings).status().message(), testing::HasSubstr("namespace"));
}

}  // namespace
}  // namespace pbfs
