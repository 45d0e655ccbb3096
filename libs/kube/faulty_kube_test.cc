#include "libs/kube/faulty_kube.h"

#include "libs/base/clock.h"
#include "libs/base/testing.h"
#include "libs/kube/memory_kube.h"

namespace pbfs::kube {
namespace {

using When = FaultyKube::When;

class FaultyKubeTest : public testing::Test {
 protected:
  Status Make(const std::string& name) {
    const Json object = {
        {"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", name}, {"namespace", "space"}}}};
    return kube_.Create(TestContext(), kinds::kConfigMap, object).status();
  }
  bool IsThere(const std::string& name) { return inner_.Get(TestContext(), {kinds::kConfigMap, "space", name}).ok(); }
  Status Watch() {
    return kube_.Watch(TestContext(), {kinds::kConfigMap, "", ""}, "1", Duration{}, [](const WatchEvent&) {});
  }

  ManualClock clock_{0};
  MemoryKube inner_{clock_};
  FaultyKube kube_{inner_};
};

TEST_F(FaultyKubeTest, ACallThatFailsBeforehandHasDoneNothing) {
  kube_.Fail(2, When::kBefore);
  EXPECT_OK(Make("a"));
  EXPECT_CODE(Make("b"), kUnavailable);
  EXPECT_OK(Make("c"));
  EXPECT_TRUE(IsThere("a") && !IsThere("b") && IsThere("c"));
  EXPECT_EQ(kube_.calls(), 3);
}

TEST_F(FaultyKubeTest, ACallThatFailsAfterwardsHasHappened) {
  kube_.Fail(1, When::kAfter);
  EXPECT_CODE(Make("a"), kUnavailable);
  EXPECT_CODE(Make("a"), kAlreadyExists);
}

TEST_F(FaultyKubeTest, NothingHappensAfterACrashUntilItIsHealed) {
  kube_.Crash(2, When::kAfter);
  EXPECT_OK(Make("a"));
  EXPECT_OK(Watch());
  EXPECT_CODE(Make("b"), kUnavailable);
  EXPECT_CODE(Make("c"), kUnavailable);
  EXPECT_CODE(Watch(), kUnavailable);
  EXPECT_TRUE(IsThere("a") && IsThere("b") && !IsThere("c"));
  kube_.Heal();
  EXPECT_EQ(kube_.calls(), 0);
  EXPECT_OK(Make("c"));
}

TEST_F(FaultyKubeTest, ACrashAtAWriteLetsTheReadsBeforeItPass) {
  kube_.CrashAtWrite(2, When::kBefore);
  EXPECT_OK(Make("a"));
  const ObjectRef ref{kinds::kConfigMap, "space", "a"};
  EXPECT_OK(kube_.Get(TestContext(), ref));
  EXPECT_OK(kube_.Get(TestContext(), ref));
  EXPECT_CODE(Make("b"), kUnavailable);
  EXPECT_CODE(kube_.Get(TestContext(), ref), kUnavailable);
  EXPECT_CODE(Watch(), kUnavailable);
  EXPECT_FALSE(IsThere("b"));
  EXPECT_EQ(kube_.writes(), 2);
}

TEST_F(FaultyKubeTest, EveryMethodIsACallThatCanFail) {
  const ObjectRef ref{kinds::kConfigMap, "space", "a"};
  const Json object = {
      {"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "a"}, {"namespace", "space"}}}};
  kube_.Crash(1, When::kBefore);
  EXPECT_CODE(kube_.Get(TestContext(), ref), kUnavailable);
  EXPECT_CODE(kube_.List(TestContext(), {kinds::kConfigMap, "", ""}), kUnavailable);
  EXPECT_CODE(kube_.Create(TestContext(), ref.kind, object), kUnavailable);
  EXPECT_CODE(kube_.Apply(TestContext(), ref.kind, object, OnConflict::kTake), kUnavailable);
  EXPECT_CODE(kube_.ApplyStatus(TestContext(), ref.kind, object), kUnavailable);
  EXPECT_CODE(kube_.Delete(TestContext(), ref, {}), kUnavailable);
  EXPECT_EQ(kube_.calls(), 6);
}

}  // namespace
}  // namespace pbfs::kube
