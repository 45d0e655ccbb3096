#include "libs/adapters/kube/lease_object.h"

#include "libs/base/testing.h"

namespace pbfs::kube {
namespace {

constexpr int64_t kNow = 1'767'323'045'000'006;  // 2026-01-02T03:04:05.000006Z

class LeaseObjectTest : public testing::Test {
 protected:
  /// As the server answers: with a version and a uid.
  static Json Kept(Json object) {
    object["metadata"]["resourceVersion"] = "1";
    object["metadata"]["uid"] = "u";
    return object;
  }
  Json Held(const Json& old, const LeaseInfo& lease, Duration ttl = std::chrono::seconds(30), int64_t now = kNow) {
    const auto object = objects_.Held(old, lease, ttl, now);
    EXPECT_OK(object);
    return Kept(object.value_or(Json()));
  }
  const LeaseObjects objects_ = *LeaseObjects::Make("demo", "storage");
  const LeaseInfo lease_{"stores/7", "life-1", R"({"address":"h:1"})"};
};

TEST_F(LeaseObjectTest, ANewLeaseLooksAsDocumented) {
  EXPECT_EQ(*objects_.Held(Json(), lease_, std::chrono::milliseconds(29'001), kNow), *ParseJson(R"({
    "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
    "metadata": {"name": "demo-stores.7", "namespace": "storage",
                 "labels": {"pbfs.dev/cluster": "demo", "pbfs.dev/lease": "stores"},
                 "annotations": {"pbfs.dev/value": "{\"address\":\"h:1\"}"}},
    "spec": {"holderIdentity": "life-1", "leaseDurationSeconds": 30,
             "acquireTime": "2026-01-02T03:04:05.000006Z", "renewTime": "2026-01-02T03:04:05.000006Z"}})"));
  EXPECT_EQ(objects_.Path("demo-stores.7"), "/apis/coordination.k8s.io/v1/namespaces/storage/leases/demo-stores.7");
}

TEST_F(LeaseObjectTest, WhatIsWrittenIsRead) {
  ASSERT_OK_AND_ASSIGN(const auto record, objects_.Parse(Held(Json(), lease_)));
  EXPECT_EQ(record.info, lease_);
  EXPECT_EQ(record.duration, std::chrono::seconds(30));
}

TEST_F(LeaseObjectTest, ARenewalKeepsTheHoldersTimeAndWhatOthersWrote) {
  Json first = Held(Json(), lease_);
  first["metadata"]["ownerReferences"] = {{{"uid", "x"}}};
  first["metadata"]["managedFields"] = Json::array({Json::object()});
  const Json second = Held(first, {lease_.key, lease_.holder, "w"}, std::chrono::seconds(30), kNow + 1);
  EXPECT_EQ(second["spec"]["acquireTime"], first["spec"]["acquireTime"]);
  EXPECT_NE(second["spec"]["renewTime"], first["spec"]["renewTime"]);
  EXPECT_EQ(second["metadata"]["ownerReferences"], first["metadata"]["ownerReferences"]);
  EXPECT_FALSE(second["metadata"].contains("managedFields"));
  EXPECT_FALSE(second["spec"].contains("leaseTransitions"));
  EXPECT_EQ(objects_.Parse(second)->info.value, "w");
  EXPECT_NE(objects_.Parse(second)->renewal, objects_.Parse(first)->renewal);
}

TEST_F(LeaseObjectTest, AnotherHolderIsATransition) {
  const Json freed = objects_.Free(Held(Json(), lease_), kNow);
  EXPECT_EQ(objects_.Parse(freed)->info, (LeaseInfo{lease_.key, "", ""}));
  const Json taken = Held(freed, {lease_.key, "life-2", ""}, std::chrono::seconds(30), kNow + 1);
  EXPECT_EQ(taken["spec"]["leaseTransitions"], 1);
  EXPECT_EQ(taken["spec"]["acquireTime"], MicroTime(kNow + 1));
}

TEST_F(LeaseObjectTest, KeysAreNamesAndBack) {
  for (const auto& [key, name] :
       std::vector<std::pair<std::string, std::string>>{{"stores/7", "demo-stores.7"},
                                                        {"roles/garbage-collector", "demo-roles.garbage-collector"},
                                                        {"r", "demo-r"}}) {
    EXPECT_EQ(*objects_.NameOf(key), name);
    EXPECT_EQ(objects_.Parse(Held(Json(), {key, "a", ""}))->info.key, key);
  }
}

TEST_F(LeaseObjectTest, KeysThatNoNameHoldsAreRefused) {
  for (const std::string key : {"", "/", "a/", "/a", "a//b", "A", "a.b", "a_b", "-a", "a-", "a/-b", "ä", "a b"})
    EXPECT_CODE(objects_.NameOf(key), kInvalidArgument);
  EXPECT_CODE(objects_.NameOf(std::string(64, 'a')), kInvalidArgument);
  EXPECT_CODE(objects_.NameOf("a/" + std::string(250, 'a')), kInvalidArgument);
  EXPECT_OK(objects_.NameOf("a/" + std::string(240, 'a')));
}

TEST_F(LeaseObjectTest, HoldersAndValuesThatDoNotFitAreRefused) {
  const auto ttl = std::chrono::seconds(30);
  EXPECT_CODE(objects_.Held(Json(), {"r", "", ""}, ttl, kNow), kInvalidArgument);
  EXPECT_CODE(objects_.Held(Json(), {"r", std::string(1025, 'a'), ""}, ttl, kNow), kInvalidArgument);
  EXPECT_CODE(objects_.Held(Json(), {"r", "a", std::string(65'537, 'a')}, ttl, kNow), kInvalidArgument);
  EXPECT_CODE(DumpJson(*objects_.Held(Json(), {"r", "a", "\xff"}, ttl, kNow)), kInvalidArgument);
}

TEST_F(LeaseObjectTest, SelectorsNameTheFirstSegmentIfItIsWhole) {
  EXPECT_EQ(objects_.SelectorOf(""), "pbfs.dev/cluster=demo");
  EXPECT_EQ(objects_.SelectorOf("stores"), "pbfs.dev/cluster=demo");
  EXPECT_EQ(objects_.SelectorOf("stores/"), "pbfs.dev/cluster=demo,pbfs.dev/lease=stores");
  EXPECT_EQ(objects_.SelectorOf("stores/7"), "pbfs.dev/cluster=demo,pbfs.dev/lease=stores");
  EXPECT_EQ(objects_.SelectorOf("Stores,x/"), "pbfs.dev/cluster=demo");
}

TEST_F(LeaseObjectTest, ObjectsOfOthersAreNoLeases) {
  const Json good = Held(Json(), lease_);
  for (const auto& [path, value] :
       std::vector<std::pair<std::string, Json>>{{"/metadata", Json(7)},
                                                 {"/metadata/labels", Json("x")},
                                                 {"/metadata/labels/pbfs.dev~1cluster", "e"},
                                                 {"/metadata/name", "other-stores.7"},
                                                 {"/metadata/name", "demo-"},
                                                 {"/metadata/name", "demo-A"}}) {
    Json bad = good;
    bad[Json::json_pointer(path)] = value;
    EXPECT_CODE(objects_.Parse(bad), kInvalidArgument);
  }
  EXPECT_CODE(objects_.Parse(Json()), kInvalidArgument);
}

TEST_F(LeaseObjectTest, NonsenseInTheSpecIsNobodyOrTheUsualTime) {
  Json odd = Held(Json(), lease_);
  odd["spec"] = {{"holderIdentity", 7}, {"leaseDurationSeconds", "x"}, {"renewTime", Json::array()}};
  ASSERT_OK_AND_ASSIGN(const auto record, objects_.Parse(odd));
  EXPECT_EQ(record.info.holder, "");
  EXPECT_EQ(record.duration, std::chrono::seconds(30));
  odd["spec"]["leaseDurationSeconds"] = -5;
  EXPECT_EQ(objects_.Parse(odd)->duration, std::chrono::seconds(1));
  odd["spec"]["leaseDurationSeconds"] = int64_t{1} << 62;
  EXPECT_LE(objects_.Parse(odd)->duration, std::chrono::hours(24 * 366));
  odd["spec"] = "x";
  EXPECT_OK(objects_.Held(odd, lease_, std::chrono::seconds(30), kNow));
}

TEST_F(LeaseObjectTest, NamesOfClustersAndNamespacesAreChecked) {
  for (const std::string bad : {"", "A", "a.b", "a/b", "-a"}) {
    EXPECT_CODE(LeaseObjects::Make(bad, "ns"), kInvalidArgument);
    EXPECT_CODE(LeaseObjects::Make("demo", bad), kInvalidArgument);
  }
  EXPECT_CODE(LeaseObjects::Make(std::string(31, 'a'), "ns"), kInvalidArgument);
}

}  // namespace
}  // namespace pbfs::kube
