#include "libs/kube/list_watch.h"

#include <set>

#include "libs/base/clock.h"
#include "libs/base/testing.h"
#include "libs/kube/memory_kube.h"

// Over the twin; over a server's sockets, and what can happen to them: libs/adapters/kube/list_watch_test.cc.
namespace pbfs::kube {
namespace {

std::string NameOf(const Json& object) { return Text(Member(object, "metadata"), "name"); }

/// The names that it was told of.
class Names final : public ListWatch::Sink {
 public:
  void OnList(const std::vector<Json>& items) override {
    MutexLock lock(mutex_);
    names_.clear();
    for (const Json& item : items) names_.insert(NameOf(item));
    ++lists_;
    changed_.NotifyAll();
  }
  void OnEvent(const WatchEvent& event) override {
    MutexLock lock(mutex_);
    if (event.type == WatchEvent::Type::kDeleted) names_.erase(NameOf(event.object));
    if (event.type != WatchEvent::Type::kDeleted) names_.insert(NameOf(event.object));
    changed_.NotifyAll();
  }
  void OnFailure(const Status& status) override {
    MutexLock lock(mutex_);
    failure_ = status;
    changed_.NotifyAll();
  }

  /// Waits until the names are `wanted`, after at least `lists` lists.
  void ExpectBecomes(const std::set<std::string>& wanted, int lists) {
    const MonotonicTime deadline = TestContext().deadline();
    MutexLock lock(mutex_);
    while ((names_ != wanted || lists_ < lists) && MonotonicNow() < deadline) changed_.WaitUntil(mutex_, deadline);
    EXPECT_EQ(names_, wanted);
    EXPECT_GE(lists_, lists);
  }
  void ExpectFailure(StatusCode code) {
    const MonotonicTime deadline = TestContext().deadline();
    MutexLock lock(mutex_);
    while (failure_.code() != code && MonotonicNow() < deadline) changed_.WaitUntil(mutex_, deadline);
    EXPECT_EQ(StatusCodeName(failure_.code()), StatusCodeName(code));
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::set<std::string> names_ PBFS_GUARDED_BY(mutex_);
  int lists_ PBFS_GUARDED_BY(mutex_) = 0;
  Status failure_ PBFS_GUARDED_BY(mutex_);
};

class ListWatchTest : public testing::Test {
 protected:
  void Make(const std::string& name) {
    const Json object = {{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", {{"name", name}, {"namespace", "space"}}}};
    EXPECT_OK(kube_.Create(TestContext(), kinds::kPod, object));
  }
  void Delete(const std::string& name) { EXPECT_OK(kube_.Delete(TestContext(), {kinds::kPod, "space", name}, {})); }

  ManualClock clock_{0};
  SeededRandom random_{TestSeed()};
  MemoryKube kube_{clock_};
  Names names_;
  const ListWatch::Options options_{.selection = {kinds::kPod, "space", ""},
                                    .back_off_max = std::chrono::milliseconds(10)};
};

TEST_F(ListWatchTest, TellsWhatIsThereThenWhatChanges) {
  Make("a");
  const ListWatch watch(kube_, random_, options_, names_);
  names_.ExpectBecomes({"a"}, 1);
  Make("b"), Delete("a");
  names_.ExpectBecomes({"b"}, 1);
}

TEST_F(ListWatchTest, ListsAgainWhatItMissed) {
  Make("a");
  const ListWatch watch(kube_, random_, options_, names_);
  names_.ExpectBecomes({"a"}, 1);
  kube_.SetAvailable(false);
  names_.ExpectFailure(StatusCode::kUnavailable);
  kube_.SetAvailable(true);
  names_.ExpectBecomes({"a"}, 2);
  kube_.ForgetVersions();
  Delete("a"), Make("b");
  names_.ExpectBecomes({"b"}, 3);
}

TEST_F(ListWatchTest, WaitsForAKindToBeServed) {
  kube_.SetServed(kinds::kPod, false);
  const ListWatch watch(kube_, random_, options_, names_);
  names_.ExpectFailure(StatusCode::kUnimplemented);
  kube_.SetServed(kinds::kPod, true);
  Make("a");
  names_.ExpectBecomes({"a"}, 1);
}

}  // namespace
}  // namespace pbfs::kube
