#include "services/operator/pod_trouble.h"

#include "libs/base/testing.h"

namespace pbfs::operators {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Json Pod(Json status) {
  return {
      {"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", {{"name", "demo-fs-main-0"}}}, {"status", std::move(status)}};
}
Json Waiting(const char* reason, const char* message) {
  return {{"name", "store"}, {"state", {{"waiting", {{"reason", reason}, {"message", message}}}}}};
}

TEST(PodTroubleTest, AnImageThatIsNotThereIsNamed) {
  const Json pod = Pod({{"containerStatuses", Json::array({Waiting("ImagePullBackOff", "no such image: pbfs:9")})}});
  EXPECT_EQ(TroubleOfPod(pod), "demo-fs-main-0: ImagePullBackOff: no such image: pbfs:9");
}

TEST(PodTroubleTest, APodWhoseTurnComesIsInNoTrouble) {
  EXPECT_EQ(TroubleOfPod(Pod(Json::object())), "");
  EXPECT_EQ(TroubleOfPod(Pod({{"containerStatuses", Json::array({Waiting("ContainerCreating", "")})}})), "");
  EXPECT_EQ(TroubleOfPod(Pod({{"containerStatuses",
                               Json::array({Json{{"name", "store"}, {"state", {{"running", Json::object()}}}}})}})),
            "");
  EXPECT_EQ(TroubleOfPod(Pod("nonsense")), "");
  EXPECT_EQ(TroubleOfPod(Pod({{"containerStatuses", "nonsense"}, {"conditions", 3}})), "");
}

TEST(PodTroubleTest, AProgramThatEndsAgainAndAgainSaysWithWhat) {
  Json container = Waiting("CrashLoopBackOff", "back-off 10s restarting failed container");
  container["lastState"] = {{"terminated", {{"exitCode", 3}}}};
  EXPECT_EQ(TroubleOfPod(Pod({{"initContainerStatuses", Json::array({container})}})),
            "demo-fs-main-0: store ended with code 3: its log says why");
  const Json ended = {{"name", "store"}, {"state", {{"terminated", {{"exitCode", 2}}}}}};
  EXPECT_THAT(TroubleOfPod(Pod({{"containerStatuses", Json::array({ended})}})), HasSubstr("code 2"));
  const Json done = {{"name", "store"}, {"state", {{"terminated", {{"exitCode", 0}}}}}};
  EXPECT_EQ(TroubleOfPod(Pod({{"containerStatuses", Json::array({done})}})), "");
}

TEST(PodTroubleTest, WhatTheSchedulerSaysComesFirst) {
  const Json condition = {
      {"type", "PodScheduled"}, {"status", "False"}, {"reason", "Unschedulable"}, {"message", "0/3 nodes"}};
  EXPECT_EQ(TroubleOfPod(Pod({{"conditions", Json::array({condition})}})), "demo-fs-main-0: Unschedulable: 0/3 nodes");
}

TEST(PodTroubleTest, LongWordsOfOthersAreCutBetweenCharacters) {
  std::string message;
  for (int i = 0; i < 150; ++i) message += "ü";
  const std::string trouble =
      TroubleOfPod(Pod({{"containerStatuses", Json::array({Waiting("Error", message.c_str())})}}));
  EXPECT_THAT(trouble, HasSubstr("ü…"));
  EXPECT_LT(trouble.size(), 250u);
  EXPECT_NO_THROW(Json(trouble).dump());  // which throws where a character is broken
}

TEST(PodTroubleTest, AClaimThatWaitsNamesItsStorageClass) {
  Json claim = {
      {"metadata", {{"name", "data-0"}}}, {"spec", {{"storageClassName", "fast"}}}, {"status", {{"phase", "Pending"}}}};
  EXPECT_EQ(TroubleOfClaim(claim), "the claim data-0 waits for a volume of the StorageClass fast");
  claim["spec"].erase("storageClassName");
  EXPECT_EQ(TroubleOfClaim(claim), "the claim data-0 waits for a volume of the default StorageClass");
  claim["status"]["phase"] = "Bound";
  EXPECT_EQ(TroubleOfClaim(claim), "");
}

TEST(PodTroubleTest, QuotasThatAllowNoMoreAreNamed) {
  const auto quota = [](const char* name, Json hard, Json used) {
    return Json{{"metadata", {{"name", name}}}, {"status", {{"hard", std::move(hard)}, {"used", std::move(used)}}}};
  };
  const std::vector<Json> quotas{
      quota("tight", {{"pods", "2"}, {"requests.memory", "8Gi"}}, {{"pods", "2"}, {"requests.memory", "1Gi"}}),
      quota("wide", {{"pods", "20"}}, {{"pods", "2"}}), Json{{"metadata", {{"name", "new"}}}}};
  EXPECT_THAT(QuotasUsedUp(quotas), ElementsAre("the quota tight is used up (pods 2 of 2)"));
  EXPECT_THAT(QuotasUsedUp({}), IsEmpty());
}

}  // namespace
}  // namespace pbfs::operators
