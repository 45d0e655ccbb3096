#include "libs/adapters/kube/kube_leases.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "libs/adapters/kube/kube_objects.h"
#include "libs/kube/list_watch.h"

namespace pbfs::kube {
namespace {

Status Lost(const LeaseInfo& lease) { return AbortedError("lease " + lease.key + " is lost; acquire it again"); }

std::string HolderOf(const Json& object) { return Text(Member(object, "spec"), "holderIdentity"); }

/// The prefix whose leases SelectorOf(prefix) selects.
std::string SelectedBy(const std::string& prefix) {
  const size_t end = prefix.find('/');
  return end == std::string::npos ? "" : prefix.substr(0, end + 1);
}

std::vector<LeaseRecord> ParseAll(const LeaseObjects& objects, const std::vector<Json>& items) {
  std::vector<LeaseRecord> records;
  records.reserve(items.size());
  for (const Json& item : items) {
    auto record = objects.Parse(item);
    if (record.ok()) records.push_back(*std::move(record));  // others wear our label: none of ours
  }
  return records;
}

}  // namespace

/// Keeps the view up to date with all leases under a prefix.
class KubeLeases::Follower final : public ListWatch::Sink {
 public:
  Follower(KubeLeases& leases, std::string prefix)
      : leases_(leases),
        prefix_(std::move(prefix)),
        api_(leases.client_),
        watch_(api_, leases.random_, {.selection = leases.objects_.SelectionOf(prefix_)}, *this) {}

  void OnList(const std::vector<Json>& items) override {
    if (failed_ != StatusCode::kOk) spdlog::info("leases under '{}' are watched again", prefix_);
    failed_ = StatusCode::kOk;
    leases_.view_.SawAll(prefix_, ParseAll(leases_.objects_, items));
  }
  void OnEvent(const WatchEvent& event) override {
    const auto record = leases_.objects_.Parse(event.object);
    if (!record.ok()) return;
    if (event.type == WatchEvent::Type::kDeleted) return leases_.view_.SawDeleted(record->info.key);
    leases_.view_.Saw(*record);
  }
  void OnFailure(const Status& status) override {
    if (status.code() != failed_) spdlog::warn("leases under '{}': {}", prefix_, status.ToString());
    failed_ = status.code();
    leases_.view_.LostContact(status);
  }

 private:
  KubeLeases& leases_;
  const std::string prefix_;
  StatusCode failed_ = StatusCode::kOk;  // of the watch's thread
  KubeObjects api_;
  ListWatch watch_;  // last: it calls the above
};

KubeLeases::KubeLeases(KubeClient& client, Clock& clock, Random& random, LeaseObjects objects)
    : client_(client), clock_(clock), random_(random), objects_(std::move(objects)) {}
KubeLeases::~KubeLeases() = default;

void KubeLeases::Saw(const Json& object) {
  const auto record = objects_.Parse(object);
  if (record.ok()) return view_.Saw(*record);
  view_.SawContact();
}

Status KubeLeases::Heard(const Status& status) {
  switch (status.code()) {
    case StatusCode::kUnavailable: view_.LostContact(status); return status;
    case StatusCode::kResourceExhausted: return UnavailableError(status.message());  // 429: it serves, but not us now
    default: return status;
  }
}

Json KubeLeases::Written(const std::string& key) const {
  MutexLock lock(mutex_);
  const auto found = written_.find(key);
  return found == written_.end() ? Json() : found->second;
}

void KubeLeases::Remember(const std::string& key, const Json& object) {
  MutexLock lock(mutex_);
  if (HolderOf(object).empty()) {
    written_.erase(key);
  } else {
    written_[key] = object;
  }
}

Result<Json> KubeLeases::Read(const Context& context, const std::string& key) {
  PBFS_ASSIGN_OR_RETURN(const std::string name, objects_.NameOf(key));
  auto object = client_.Get(context, objects_.Path(name));
  if (object.status().code() == StatusCode::kNotFound) {
    view_.SawDeleted(key);
    return Json();
  }
  if (!object.ok()) return Heard(object.status());
  // Two clusters' names can meet ("demo" and "demo-x"); an object without our label is nobody's to take.
  const auto record = objects_.Parse(*object);
  if (!record.ok()) return FailedPreconditionError(record.status().message() + "; rename the cluster, or delete it");
  view_.Saw(*record);
  return object;
}

Status KubeLeases::Write(const Context& context, const std::string& key, const Json& object) {
  PBFS_ASSIGN_OR_RETURN(const std::string name, objects_.NameOf(key));
  const bool is_new = Text(Member(object, "metadata"), "resourceVersion").empty();
  const auto written = is_new ? client_.Create(context, objects_.Collection(), object)
                              : client_.Replace(context, objects_.Path(name), object);
  if (!written.ok()) {
    Remember(key, Json());  // whoever goes on reads first: it may be another's by now, or ours after all
    const StatusCode code = written.status().code();
    const bool quicker = code == StatusCode::kAlreadyExists || code == StatusCode::kNotFound;
    return quicker ? AbortedError(written.status().message()) : Heard(written.status());
  }
  Saw(*written);
  Remember(key, *written);
  return OkStatus();
}

Status KubeLeases::Hold(const Context& context, const LeaseInfo& lease, Duration ttl, const Json& old) {
  PBFS_ASSIGN_OR_RETURN(const Json object, objects_.Held(old, lease, ttl, clock_.NowMicros()));
  return Write(context, lease.key, object);
}

Status KubeLeases::Acquire(const Context& context, const LeaseInfo& lease, Duration ttl) {
  Status status;
  do {
    PBFS_ASSIGN_OR_RETURN(const Json old, Read(context, lease.key));
    const std::string holder = HolderOf(old);
    if (holder != lease.holder && view_.IsLive(lease.key)) {
      return AlreadyExistsError("lease " + lease.key + " is held by " + holder).WithDetail("holder", holder);
    }
    status = Hold(context, lease, ttl, old);
  } while (status.code() == StatusCode::kAborted);  // somebody was quicker: look again, until the deadline
  return status;
}

Status KubeLeases::Renew(const Context& context, const LeaseInfo& lease, Duration ttl) {
  Json old = Written(lease.key);
  Status status;
  do {
    if (old.is_null() || !view_.IsLive(lease.key)) {
      PBFS_ASSIGN_OR_RETURN(old, Read(context, lease.key));
    }
    if (HolderOf(old) != lease.holder || !view_.IsLive(lease.key)) return Lost(lease);
    status = Hold(context, lease, ttl, old);
    old = Json();
  } while (status.code() == StatusCode::kAborted);  // perhaps by a renewal of ours whose answer was lost: look
  return status;
}

Status KubeLeases::Release(const Context& context, const LeaseInfo& lease) {
  Status status;
  do {
    PBFS_ASSIGN_OR_RETURN(const Json old, Read(context, lease.key));
    if (HolderOf(old) != lease.holder) return OkStatus();
    status = Write(context, lease.key, objects_.Free(old, clock_.NowMicros()));
  } while (status.code() == StatusCode::kAborted);
  return status;
}

Result<std::vector<LeaseInfo>> KubeLeases::List(const Context& context, const std::string& prefix) {
  const auto list = client_.List(context, objects_.Collection(), objects_.SelectorOf(prefix));
  if (!list.ok()) return Heard(list.status());
  return view_.SawAll(prefix, ParseAll(objects_, list->items));
}

bool KubeLeases::Follow(const std::string& prefix) {
  const std::string selected = SelectedBy(prefix);
  MutexLock lock(mutex_);
  std::unique_ptr<Follower>& follower = followers_[selected];
  const bool is_new = follower == nullptr;
  if (is_new) follower = std::make_unique<Follower>(*this, selected);
  return is_new;
}

Status KubeLeases::Probe(const Context& context) {
  const Status status = client_.Probe(context, objects_.Collection());
  if (status.ok()) view_.SawContact();
  return Heard(status);
}

Result<int64_t> KubeLeases::AwaitChange(const Context& context, const std::string& prefix, int64_t revision) {
  const bool is_new = Follow(prefix);
  if (revision <= 0) {
    PBFS_RETURN_IF_ERROR(is_new ? List(context, prefix).status() : Probe(context));
    return view_.Revision(prefix);
  }
  for (;;) {
    PBFS_ASSIGN_OR_RETURN(const LeaseView::Wake wake, view_.Await(context, prefix, revision));
    if (wake == LeaseView::Wake::kChanged) return view_.Revision(prefix);
    PBFS_RETURN_IF_ERROR(Probe(context));
  }
}

}  // namespace pbfs::kube
