#include "libs/kube/list_watch.h"

#include <set>

#include "libs/adapters/kube/kube_objects.h"
#include "libs/adapters/kube/testing/fake_kube.h"
#include "libs/base/testing.h"

namespace pbfs::kube {
namespace {

/// The names that it was told of.
class Names final : public ListWatch::Sink {
 public:
  void OnList(const std::vector<Json>& items) override {
    MutexLock lock(mutex_);
    names_.clear();
    for (const Json& item : items) names_.insert(item["metadata"]["name"]);
    ++lists_;
    changed_.NotifyAll();
  }
  void OnEvent(const WatchEvent& event) override {
    MutexLock lock(mutex_);
    const std::string name = event.object["metadata"]["name"];
    if (event.type == WatchEvent::Type::kDeleted) names_.erase(name);
    if (event.type != WatchEvent::Type::kDeleted) names_.insert(name);
    changed_.NotifyAll();
  }
  void OnFailure(const Status& status) override {
    MutexLock lock(mutex_);
    last_failure_ = status;
    changed_.NotifyAll();
  }

  /// Waits until the names are `wanted`, after at least `lists` lists.
  void ExpectBecomes(const std::set<std::string>& wanted, int lists = 1) {
    MutexLock lock(mutex_);
    const MonotonicTime deadline = TestContext().deadline();
    while ((names_ != wanted || lists_ < lists) && MonotonicNow() < deadline) changed_.WaitUntil(mutex_, deadline);
    EXPECT_EQ(names_, wanted);
    EXPECT_GE(lists_, lists);
  }
  void ExpectFailure(StatusCode code) {
    MutexLock lock(mutex_);
    const MonotonicTime deadline = TestContext().deadline();
    while (last_failure_.code() != code && MonotonicNow() < deadline) changed_.WaitUntil(mutex_, deadline);
    EXPECT_EQ(StatusCodeName(last_failure_.code()), StatusCodeName(code));
  }
  void ForgetFailure() {
    MutexLock lock(mutex_);
    last_failure_ = OkStatus();
  }
  int lists() {
    MutexLock lock(mutex_);
    return lists_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::set<std::string> names_ PBFS_GUARDED_BY(mutex_);
  int lists_ PBFS_GUARDED_BY(mutex_) = 0;
  Status last_failure_ PBFS_GUARDED_BY(mutex_);
};

class ListWatchTest : public testing::Test {
 protected:
  void Put(const std::string& name) {
    kube_.server().Put({{"metadata", {{"name", name}, {"labels", {{"cluster", "demo"}}}}}});
  }
  FakeApiServer& server() { return kube_.server(); }

  FakeKube kube_;
  std::unique_ptr<KubeClient> client_ = kube_.Client();
  KubeObjects api_{*client_};
  SeededRandom random_{TestSeed()};
  Names names_;
  const ListWatch::Options options_{.selection = {kinds::kLease, "ns", "cluster=demo"},
                                    .back_off_max = std::chrono::milliseconds(50)};
};

TEST_F(ListWatchTest, FollowsWhatIsThereAndWhatChangesWithOneList) {
  Put("a");
  const ListWatch watch(api_, random_, options_, names_);
  names_.ExpectBecomes({"a"});
  Put("b");
  names_.ExpectBecomes({"a", "b"});
  server().EndWatches();  // a clean end
  server().Remove("a"), Put("c");
  names_.ExpectBecomes({"b", "c"});
  EXPECT_EQ(names_.lists(), 1);
}

TEST_F(ListWatchTest, AForgottenVersionIsListedAgainAndIsNoFailure) {
  const ListWatch watch(api_, random_, options_, names_);
  names_.ExpectBecomes({});
  server().Compact();
  server().Remove("a"), Put("b");
  names_.ExpectBecomes({"b"}, 2);
  names_.ExpectFailure(StatusCode::kOk);
}

TEST_F(ListWatchTest, OutagesAndCutLinesAreFailuresThatPass) {
  const ListWatch watch(api_, random_, options_, names_);
  names_.ExpectBecomes({});
  server().CutWatches();
  names_.ExpectFailure(StatusCode::kUnavailable);
  Put("a");
  names_.ExpectBecomes({"a"}, 2);
  names_.ForgetFailure();
  server().SetAvailable(false);
  names_.ExpectFailure(StatusCode::kUnavailable);
  server().Remove("a"), Put("b");
  server().SetAvailable(true);
  names_.ExpectBecomes({"b"}, 3);
}

TEST_F(ListWatchTest, AServerThatEndsEveryWatchAtOnceIsNotAskedAllTheTime) {
  server().FailNext("WATCH", 1'000'000, 200);  // an answer without a single line
  ListWatch::Options options = options_;
  options.back_off_max = std::chrono::seconds(10);
  const ListWatch watch(api_, random_, options, names_);
  SleepFor(std::chrono::milliseconds(500));  // how often it asks is what is tested
  EXPECT_LE(server().Count("WATCH"), 20);
}

TEST_F(ListWatchTest, EndsAtOnceWhileItWatches) {
  const MonotonicTime began = MonotonicNow();
  {
    const ListWatch watch(api_, random_, options_, names_);
    names_.ExpectBecomes({});
  }
  EXPECT_LT(MonotonicNow() - began, std::chrono::seconds(10));  // far from the minute that a watch lasts
}

}  // namespace
}  // namespace pbfs::kube
