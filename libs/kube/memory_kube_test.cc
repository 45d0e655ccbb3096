#include "libs/kube/memory_kube.h"

#include "libs/kube/kube_contract.h"

namespace pbfs::kube {
namespace {

class MemoryFixture {
 public:
  MemoryFixture() { kube_.SetServed(kUnserved, false); }
  KubeApi& kube() { return kube_; }
  KubeApi& other() { return other_; }
  std::string space() { return "space"; }
  std::string forgotten_version() {
    const std::string version = kube_.List(TestContext(), {kSample, "", ""})->version;
    kube_.ForgetVersions();
    return version;
  }

 private:
  ManualClock clock_{0};
  MemoryKube kube_{clock_}, other_ = kube_.As("somebody");
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, KubeContract, MemoryFixture);

class MemoryKubeTest : public testing::Test {
 protected:
  Json Sample(const std::string& space = "space") const {
    return {
        {"apiVersion", "test.pbfs.dev/v1"}, {"kind", "Sample"}, {"metadata", {{"name", "a"}, {"namespace", space}}}};
  }

  ManualClock clock_{1'767'225'599'999'999};
  MemoryKube kube_{clock_};
};

TEST_F(MemoryKubeTest, AClusterThatIsAwayAnswersUnavailableAndKeepsItsObjects) {
  ASSERT_OK_AND_ASSIGN(const Json made, kube_.Create(TestContext(), kSample, Sample()));
  const ObjectRef ref = *RefOf(kSample, made);
  kube_.SetAvailable(false);
  EXPECT_CODE(kube_.Get(TestContext(), ref), kUnavailable);
  EXPECT_CODE(kube_.Apply(TestContext(), kSample, Sample(), OnConflict::kTake), kUnavailable);
  EXPECT_CODE(kube_.Watch(TestContext(), {kSample, "", ""}, "1", std::chrono::minutes(5), [](const WatchEvent&) {}),
              kUnavailable);
  kube_.SetAvailable(true);
  EXPECT_EQ(*kube_.Get(TestContext(), ref), made);
}

TEST_F(MemoryKubeTest, AWatchUnderWayEndsWithItsCluster) {
  Thread away("away", [&] { kube_.SetAvailable(false); });
  EXPECT_CODE(kube_.Watch(TestContext(), {kSample, "", ""}, "1", std::chrono::minutes(5), [](const WatchEvent&) {}),
              kUnavailable);
}

TEST_F(MemoryKubeTest, ASelectionWithoutANamespaceIsOfAll) {
  for (const std::string space : {"one", "two"}) ASSERT_OK(kube_.Create(TestContext(), kSample, Sample(space)));
  EXPECT_EQ(kube_.List(TestContext(), {kSample, "", ""})->items.size(), 2u);
  EXPECT_EQ(kube_.List(TestContext(), {kSample, "two", ""})->items.size(), 1u);
}

TEST_F(MemoryKubeTest, ANamespaceThatEndsTakesNoNewObjects) {
  ASSERT_OK_AND_ASSIGN(Json object, kube_.Create(TestContext(), kSample, Sample("one")));
  kube_.EndSpace("one"), kube_.EndSpace("two");
  EXPECT_EQ(kube_.Create(TestContext(), kSample, Sample("two")).status().Detail(kCause), kSpaceEnding);
  const Status refused = kube_.Apply(TestContext(), kSample, Sample("two"), OnConflict::kTake).status();
  EXPECT_CODE(refused, kFailedPrecondition);
  EXPECT_EQ(refused.Detail(kCause), kSpaceEnding);
  object["spec"]["a"] = 1;
  EXPECT_OK(kube_.Apply(TestContext(), kSample, object, OnConflict::kTake));
  EXPECT_OK(kube_.Delete(TestContext(), *RefOf(kSample, object), {}));
}

TEST_F(MemoryKubeTest, TimesAreOfItsClockInWholeSeconds) {
  ASSERT_OK_AND_ASSIGN(const Json made, kube_.Create(TestContext(), kSample, Sample()));
  EXPECT_EQ(made["metadata"]["creationTimestamp"], "2025-12-31T23:59:59Z");
}

TEST_F(MemoryKubeTest, ItForgetsByItselfWhatIsVeryOld) {
  const std::string version = kube_.List(TestContext(), {kSample, "", ""})->version;
  for (int i = 0; i <= 10'000; ++i) {
    Json object = Sample();
    object["spec"]["i"] = i;
    ASSERT_OK(kube_.Apply(TestContext(), kSample, object, OnConflict::kTake));
  }
  EXPECT_CODE(kube_.Watch(TestContext(), {kSample, "", ""}, version, std::chrono::minutes(5), [](const WatchEvent&) {}),
              kOutOfRange);
}

}  // namespace
}  // namespace pbfs::kube
