#include "services/operator/controller.h"

#include <array>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "services/operator/names.h"
#include "services/operator/object_text.h"

namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

// What is made for clusters and tells of its own changes; the rest is put right at the next look.
constexpr std::array kChildren{kinds::kStatefulSet, kinds::kJob, kinds::kSecret, kinds::kConfigMap, kinds::kService};
constexpr const char* kOurs = "app.kubernetes.io/managed-by=pbfs-operator";

// Kinds, namespaces and names have no '/'.
std::string KeyOf(const kube::Kind& kind, const std::string& space, const std::string& name) {
  return fmt::format("{}/{}/{}", kind.name, space, name);
}

// The object of ours that it was made for, if it says so.
std::string KeyOfOwner(const Json& object) {
  const Json& owners = kube::Member(kube::Member(object, "metadata"), "ownerReferences");
  for (const Json& owner : owners.is_array() ? owners : Json::array())
    if (kube::Text(owner, "apiVersion") == kinds::kPbfsCluster.ApiVersion())
      return fmt::format("{}/{}/{}", kube::Text(owner, "kind"), MetaText(object, "namespace"),
                         kube::Text(owner, "name"));
  return "";
}

// The object itself, or the one that it was made for; empty: of neither.
std::string KeyOf(const kube::Kind& kind, const Json& object) {
  const std::string space = MetaText(object, "namespace");
  if (kind.group == kinds::kPbfsCluster.group) return KeyOf(kind, space, MetaText(object, "name"));
  const std::string cluster = LabelOf(object, kClusterLabel);
  return cluster.empty() ? KeyOfOwner(object) : KeyOf(kinds::kPbfsCluster, space, cluster);
}

}  // namespace

/// Adds what changed to the queue.
class Controller::Follower final : private kube::ListWatch::Sink {
 public:
  Follower(kube::KubeApi& kube, Random& random, const kube::Selection& selection, WorkQueue& queue,
           Dependents& dependents, ControllerObserver* observer)
      : kind_(selection.kind),
        queue_(queue),
        dependents_(dependents),
        observer_(observer),
        watch_(kube, random, {.selection = selection}, *this) {}

 private:
  void OnList(const std::vector<Json>& items) override {
    if (observer_ != nullptr) observer_->OnList(kind_, items);
    for (const Json& item : items) Add(item);
  }
  void OnEvent(const kube::WatchEvent& event) override {
    if (observer_ != nullptr) observer_->OnEvent(kind_, event);
    Add(event.object);
  }
  void OnFailure(const Status& status) override {
    if (observer_ != nullptr) observer_->OnRestart(kind_);
    spdlog::warn("watch of {}: {}", kind_.plural, status.ToString());
  }
  void Add(const Json& object) {
    const std::string key = KeyOf(kind_, object);
    if (key.empty()) return;
    queue_.Add(key);
    if (kind_.group == kinds::kPbfsCluster.group)
      for (const std::string& other : dependents_.Seen(kind_, key, object)) queue_.Add(other);
  }

  const kube::Kind kind_;
  WorkQueue& queue_;
  Dependents& dependents_;
  ControllerObserver* const observer_;
  kube::ListWatch watch_;  // last: it calls the above
};

Controller::Controller(kube::KubeApi& kube, Random& random, std::vector<Kind> kinds, Options options)
    : kinds_(std::move(kinds)), options_(std::move(options)), queue_(random) {
  for (const kube::Selection& selection : Watched(kinds_, options_.space))
    followers_.push_back(std::make_unique<Follower>(kube, random, selection, queue_, dependents_, options_.observer));
  for (int i = 0; i < options_.threads; ++i)
    threads_.push_back(std::make_unique<Thread>("reconcile", [this] { Run(); }));
}

std::vector<kube::Selection> Controller::Watched(const std::vector<Kind>& kinds, const std::string& space) {
  std::vector<kube::Selection> out;
  for (const Kind& kind : kinds) out.push_back({kind.kind, space, ""});
  for (const kube::Kind& kind : kChildren) out.push_back({kind, space, kOurs});
  return out;
}

Controller::~Controller() {
  life_.Cancel();
  queue_.Stop();
  threads_.clear();
  followers_.clear();
}

void Controller::Run() {
  while (const std::optional<std::string> key = queue_.Take()) {
    const Result<LookAgain> look = Look(*key);
    if (look.ok()) {
      queue_.Done(*key, *look);
      continue;
    }
    // Lost races are how writers take turns.
    if (look.status().code() != StatusCode::kAborted && !life_.cancelled())
      spdlog::warn("{}: {}", *key, look.status().ToString());
    queue_.Failed(*key);
  }
}

Result<LookAgain> Controller::Look(const std::string& key) {
  const size_t first = key.find('/'), second = key.find('/', first + 1);
  const std::string kind = key.substr(0, first);
  for (const Kind& known : kinds_)
    if (known.kind.name == kind)
      return LookAt(known, key.substr(first + 1, second - first - 1), key.substr(second + 1));
  return LookAgain();
}

Result<LookAgain> Controller::LookAt(const Kind& kind, const std::string& space, const std::string& name) {
  const MonotonicTime begin = MonotonicNow();
  Result<LookAgain> look = kind.reconcile(life_.Within(options_.look), space, name);
  if (options_.observer != nullptr)
    options_.observer->OnLook(kind.kind, look.status().code(),
                              std::chrono::duration_cast<Duration>(MonotonicNow() - begin));
  return look;
}

}  // namespace pbfs::operators
