#include "libs/adapters/kube/kube_objects.h"
#include "libs/adapters/kube/testing/real_cluster.h"
#include "libs/kube/kube_contract.h"

namespace pbfs::kube {
namespace {

class ClusterObjectsFixture {
 public:
  KubeApi& kube() { return kube_; }
  KubeApi& other() { return other_; }
  std::string space() { return RealCluster::Get().space; }
  std::string forgotten_version() { return "1"; }

 private:
  const std::unique_ptr<KubeClient> client_ = RealCluster::Get().Client();
  KubeObjects kube_{*client_}, other_{*client_, "somebody"};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Cluster, KubeContract, ClusterObjectsFixture);

/// Kinds of Kubernetes' own, which a server treats unlike those of others.
class ClusterObjectsTest : public testing::Test {
 protected:
  void TearDown() override {
    const Status deleted = kube().Delete(TestContext(), Ref(), {});
    EXPECT_TRUE(deleted.ok() || deleted.code() == StatusCode::kNotFound) << deleted.ToString();
  }
  KubeApi& kube() { return fixture_.kube(); }
  ObjectRef Ref() { return {kinds::kConfigMap, fixture_.space(), name_}; }
  Json ConfigMap(const Json& data) {
    return {{"apiVersion", "v1"},
            {"kind", "ConfigMap"},
            {"metadata", {{"name", name_}, {"namespace", fixture_.space()}, {"labels", {{"run", name_}}}}},
            {"data", data}};
  }
  Result<Json> Apply(const Json& intent) {
    return kube().Apply(TestContext(), kinds::kConfigMap, intent, OnConflict::kTake);
  }

  ClusterObjectsFixture fixture_;
  const std::string name_ = "r" + std::to_string(SystemRandom().U64());
};

TEST_F(ClusterObjectsTest, ItemsOfAListSayWhatTheyAre) {
  ASSERT_OK_AND_ASSIGN(const Json made, Apply(ConfigMap({{"a", "1"}})));
  ASSERT_OK_AND_ASSIGN(const ObjectList list,
                       kube().List(TestContext(), {kinds::kConfigMap, fixture_.space(), "run=" + name_}));
  EXPECT_EQ(list.items, std::vector{made});
}

TEST_F(ClusterObjectsTest, AnApplyRemovesAndRepeatsAsWithKindsOfOthers) {
  ASSERT_OK(Apply(ConfigMap({{"a", "1"}, {"b", "2"}})));
  ASSERT_OK_AND_ASSIGN(const Json changed, Apply(ConfigMap({{"b", "2"}})));
  EXPECT_EQ(changed["data"], Json({{"b", "2"}}));
  EXPECT_EQ(*Apply(ConfigMap({{"b", "2"}})), changed);
}

TEST_F(ClusterObjectsTest, WhatItsSchemaRefusesIsInvalid) {
  EXPECT_CODE(Apply(ConfigMap({{"a", Json::array({1})}})), kInvalidArgument);
  EXPECT_CODE(Apply(ConfigMap({{"a/b", "1"}})), kInvalidArgument);
  EXPECT_CODE(kube().Get(TestContext(), Ref()), kNotFound);
}

TEST_F(ClusterObjectsTest, AnObjectThatIsTooLargeIsRefusedForThat) {
  const Status refused = Apply(ConfigMap({{"a", std::string(4 << 20, 'x')}})).status();
  EXPECT_CODE(refused, kInvalidArgument);
  EXPECT_EQ(refused.Detail(kCause), kTooLarge);
}

TEST_F(ClusterObjectsTest, WhatTheAccountMayNotDoIsSaid) {
  const Status refused = kube().List(TestContext(), {kinds::kSecret, fixture_.space(), ""}).status();
  EXPECT_CODE(refused, kPermissionDenied);
  EXPECT_THAT(refused.message(), testing::AllOf(testing::HasSubstr("secrets"), testing::HasSubstr("list")));
}

}  // namespace
}  // namespace pbfs::kube
