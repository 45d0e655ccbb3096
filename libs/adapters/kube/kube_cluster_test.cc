#include <filesystem>

#include "libs/adapters/kube/kube_leases.h"
#include "libs/adapters/kube/testing/real_cluster.h"
#include "libs/base/testing/child_process.h"
#include "libs/coordination/leases_contract.h"

namespace pbfs::kube {
namespace {

void Run(const std::string& command) {
  const std::string log = std::filesystem::temp_directory_path() / "pbfs-kube-command.log";
  EXPECT_OK(ChildProcess::Run({.command = {"/bin/sh", "-c", command}, .output = log}));
}

/// Each test is a cluster of its own, so that what another left is not seen.
std::string NewCluster() {
  SystemRandom random;
  return "test-" + std::to_string(random.U64());
}

class ClusterFixture {
 public:
  ~ClusterFixture() {
    const auto list = client_->List(TestContext(), objects_.Collection(), objects_.SelectorOf(""));
    EXPECT_OK(list);
    for (const Json& item : list.value_or({}).items) {
      const Json& metadata = Member(item, "metadata");
      EXPECT_OK(client_->Delete(TestContext(), objects_.Path(Text(metadata, "name")), {.uid = Text(metadata, "uid")}));
    }
  }
  Leases& leases() { return leases_; }
  Leases& other() { return other_; }
  void SetAvailable(bool up) { Run(up ? RealCluster::Get().start : RealCluster::Get().stop); }
  Duration short_ttl() const { return std::chrono::seconds(1); }

  KubeClient& client() { return *client_; }
  const LeaseObjects& objects() const { return objects_; }

 private:
  SystemClock clock_;
  SystemRandom random_;
  const LeaseObjects objects_ = *LeaseObjects::Make(NewCluster(), RealCluster::Get().space);
  std::unique_ptr<KubeClient> client_ = RealCluster::Get().Client(), other_client_ = RealCluster::Get().Client();
  KubeLeases leases_{*client_, clock_, random_, objects_};
  KubeLeases other_{*other_client_, clock_, random_, objects_};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Cluster, LeasesContract, ClusterFixture);

class ClusterTest : public testing::Test {
 protected:
  ClusterFixture fixture_;
};

TEST_F(ClusterTest, AVersionFromLongAgoIsOutOfRange) {
  EXPECT_CODE(fixture_.client().Watch(TestContext(), fixture_.objects().Collection(), "", "1", std::chrono::seconds(1),
                                      [](const WatchEvent&) {}),
              kOutOfRange);
}

TEST_F(ClusterTest, AWatchTellsChangesAndEndsAsAsked) {
  const std::string selector = fixture_.objects().SelectorOf("");
  const auto list = fixture_.client().List(TestContext(), fixture_.objects().Collection(), selector);
  ASSERT_OK(list);
  ASSERT_OK(fixture_.leases().Acquire(TestContext(), {"stores/1", "a", "v"}, std::chrono::seconds(60)));
  ASSERT_OK(fixture_.leases().Renew(TestContext(), {"stores/1", "a", "v"}, std::chrono::seconds(60)));
  std::vector<WatchEvent::Type> seen;
  EXPECT_OK(fixture_.client().Watch(TestContext(), fixture_.objects().Collection(), selector, list->version,
                                    std::chrono::seconds(2), [&](const WatchEvent& event) {
                                      if (event.type != WatchEvent::Type::kBookmark) seen.push_back(event.type);
                                    }));
  EXPECT_EQ(seen, (std::vector{WatchEvent::Type::kAdded, WatchEvent::Type::kModified}));
}

TEST_F(ClusterTest, WhatTheAccountMayNotDoIsSaid) {
  const auto objects = LeaseObjects::Make("demo", "kube-system");
  const Status refused = fixture_.client().List(TestContext(), objects->Collection(), "").status();
  EXPECT_CODE(refused, kPermissionDenied);
  EXPECT_THAT(refused.message(), testing::HasSubstr("leases"));
}

TEST_F(ClusterTest, HundredsOfLeasesAreListedInPagesAndRenewedWithOneWriteEach) {
  constexpr int kStores = 520;                     // more than a page
  constexpr auto kTtl = std::chrono::minutes(10);  // however slow the machine is
  const auto lease = [](int i) { return LeaseInfo{"stores/" + std::to_string(i), "life", "v"}; };
  for (int i = 0; i < kStores; ++i) ASSERT_OK(fixture_.leases().Acquire(TestContext(), lease(i), kTtl));
  ASSERT_OK_AND_ASSIGN(const int64_t revision, fixture_.other().AwaitChange(TestContext(), "stores/", 0));
  for (int i = 0; i < kStores; ++i) ASSERT_OK(fixture_.leases().Renew(TestContext(), lease(i), kTtl));
  EXPECT_EQ(fixture_.other().List(TestContext(), "stores/")->size(), static_cast<size_t>(kStores));
  EXPECT_CODE(fixture_.other().AwaitChange(Context::WithTimeout(std::chrono::seconds(1)), "stores/", revision),
              kDeadlineExceeded);
  ASSERT_OK(fixture_.leases().Release(TestContext(), lease(7)));
  EXPECT_OK(fixture_.other().AwaitChange(TestContext(), "stores/", revision));
}

TEST_F(ClusterTest, ThreeConflictsAreToldApart) {
  const LeaseObjects& objects = fixture_.objects();
  const Json object = *objects.Held(Json(), {"r", "a", ""}, std::chrono::seconds(60), 0);
  ASSERT_OK_AND_ASSIGN(const Json made, fixture_.client().Create(TestContext(), objects.Collection(), object));
  EXPECT_CODE(fixture_.client().Create(TestContext(), objects.Collection(), object), kAlreadyExists);
  const std::string path = objects.Path(*objects.NameOf("r"));
  ASSERT_OK(
      fixture_.client().Replace(TestContext(), path, *objects.Held(made, {"r", "b", ""}, std::chrono::seconds(60), 1)));
  EXPECT_CODE(fixture_.client().Replace(TestContext(), path, made), kAborted);
  EXPECT_CODE(fixture_.client().Delete(TestContext(), path, {.uid = "another"}), kAborted);
}

}  // namespace
}  // namespace pbfs::kube
