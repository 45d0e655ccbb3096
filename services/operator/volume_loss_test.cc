#include "services/operator/volume_loss.h"

#include "libs/base/testing.h"
#include "services/operator/object_text.h"

namespace pbfs::operators {
namespace {

Json Requirement(const char* key, std::vector<std::string> values, const char* op = "In") {
  return {{"key", key}, {"operator", op}, {"values", std::move(values)}};
}
Json Volume(const std::vector<Json>& terms) {
  Json list = Json::array();
  for (const Json& term : terms) list.push_back({{"matchExpressions", Json::array({term})}});
  return {{"spec", {{"nodeAffinity", {{"required", {{"nodeSelectorTerms", list}}}}}}}};
}
Json Node(const std::string& name, bool out_of_service = false) {
  Json node = {{"metadata", {{"name", name}, {"labels", {{"kubernetes.io/hostname", name + ".example"}}}}}};
  if (out_of_service)
    node["spec"]["taints"] =
        Json::array({{{"key", "node.kubernetes.io/out-of-service"}, {"value", "x"}, {"effect", "NoExecute"}}});
  return node;
}

TEST(VolumeLossTest, AVolumeIsLostWithItsNodeOnly) {
  const Json local = Volume({Requirement("kubernetes.io/hostname", {"a.example"})});
  EXPECT_EQ(WhyUnreachable(local, {Node("a"), Node("b")}), "");
  EXPECT_EQ(WhyUnreachable(local, {Node("b")}), "node a.example is gone");
  EXPECT_EQ(WhyUnreachable(local, {Node("a", true), Node("b")}), "node a.example is out of service");
}

TEST(VolumeLossTest, ANodeIsFoundByItsNameToo) {
  const Json local = Volume({Requirement("topology.example.org/node", {"a"})});
  EXPECT_EQ(WhyUnreachable(local, {Node("a")}), "");
  EXPECT_EQ(WhyUnreachable(local, {Node("b")}), "node a is gone");
}

TEST(VolumeLossTest, WhatOtherNodesMayReachIsNotLost) {
  const std::vector<Json> nodes{Node("b")};
  EXPECT_EQ(WhyUnreachable(Json::object(), nodes), "");
  EXPECT_EQ(WhyUnreachable(Volume({Requirement("topology.kubernetes.io/zone", {"z"})}), nodes), "");
  EXPECT_EQ(WhyUnreachable(Volume({Requirement("kubernetes.io/hostname", {"a"}, "NotIn")}), nodes), "");
  const Json either = Volume({Requirement("kubernetes.io/hostname", {"a"}), Requirement("topology/zone", {"z"})});
  EXPECT_EQ(WhyUnreachable(either, nodes), "");
}

TEST(VolumeLossTest, OfTwoReplicasOneIsEnough) {
  const Json both = Volume({Requirement("kubernetes.io/hostname", {"a", "b"})});
  EXPECT_EQ(WhyUnreachable(both, {Node("b"), Node("c")}), "");
  EXPECT_EQ(WhyUnreachable(both, {Node("a", true), Node("b")}), "");
  EXPECT_EQ(WhyUnreachable(both, {Node("c")}), "node a, b is gone");
}

TEST(VolumeLossTest, ANodeIsReadyIfItSaysSo) {
  Json node = Node("a");
  EXPECT_FALSE(HasCondition(node, "Ready"));
  node["status"]["conditions"] = Json::array({{{"type", "Ready"}, {"status", "Unknown"}}});
  EXPECT_FALSE(HasCondition(node, "Ready"));
  node["status"]["conditions"][0]["status"] = "True";
  EXPECT_TRUE(HasCondition(node, "Ready"));
}

}  // namespace
}  // namespace pbfs::operators
