#include "libs/kube/memory_kube.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "libs/base/sync.h"
#include "libs/kube/field_owners.h"

namespace pbfs::kube {
namespace {

constexpr size_t kMaxChanges = 10'000;                      // that a watch can still be told
constexpr Duration kPoll = std::chrono::milliseconds(100);  // how late a watch sees that it was cancelled

/// An object (null: there is none), and who named its fields.
struct Kept {
  Json object;
  FieldOwners owners, status_owners;
};

struct Change {
  int64_t version;
  ObjectRef ref;
  Json before, after;  // null: there was none, there is none
};

std::string VersionOf(const Json& object) { return Text(Member(object, "metadata"), "resourceVersion"); }
std::string UidOf(const Json& object) { return Text(Member(object, "metadata"), "uid"); }
bool IsEnding(const Json& object) { return !Member(Member(object, "metadata"), "deletionTimestamp").is_null(); }
std::string NameOf(const ObjectRef& ref) { return fmt::format("{} {}/{}", ref.kind.plural, ref.space, ref.name); }

std::set<std::string> FinalizersOf(const Json& object) {
  std::set<std::string> names;
  for (const Json& name : Member(Member(object, "metadata"), "finalizers"))
    if (name.is_string()) names.insert(name.get<std::string>());
  return names;
}

/// What of `object` its writer has a say in, without status.
Json Sayings(const Json& object) {
  Json said = object;
  for (const char* name : {"apiVersion", "kind", "status"}) said.erase(name);
  for (const char* name : {"name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp",
                           "deletionTimestamp", "managedFields"})
    said["metadata"].erase(name);
  return said;
}

Json WithoutMetadata(Json object) {
  object.erase("metadata");
  object.erase("status");
  return object;
}

bool Fits(const Selection& selection, const ObjectRef& ref, const Json& object) {
  return !object.is_null() && ref.kind == selection.kind && (selection.space.empty() || ref.space == selection.space) &&
         HasLabels(object, selection.labels);
}

std::optional<WatchEvent> EventOf(const Selection& selection, const Change& change) {
  const bool before = Fits(selection, change.ref, change.before), after = Fits(selection, change.ref, change.after);
  if (!before && !after) return {};
  WatchEvent event{WatchEvent::Type::kModified, after ? change.after : change.before, std::to_string(change.version)};
  if (!before) event.type = WatchEvent::Type::kAdded;
  if (!after) event.type = WatchEvent::Type::kDeleted;
  event.object["metadata"]["resourceVersion"] = event.version;
  return event;
}

/// Is `object` what `wanted` names in metadata? Null `object`: there is none.
Status CheckNamed(const Json& wanted, const Json& object, const ObjectRef& ref) {
  const std::string uid = UidOf(wanted), version = VersionOf(wanted);
  if (object.is_null()) return uid.empty() ? OkStatus() : AbortedError(NameOf(ref) + " is gone");
  if (!version.empty() && version != VersionOf(object)) return AbortedError(NameOf(ref) + " has another version");
  if (!uid.empty() && uid != UidOf(object)) return InvalidArgumentError(NameOf(ref) + " is another object");
  return OkStatus();
}

}  // namespace

struct MemoryKube::Cluster {
  explicit Cluster(const Clock& clock_in) : clock(clock_in) {}

  Status Check(const Context& context, const Kind& kind) PBFS_REQUIRES(mutex) {
    PBFS_RETURN_IF_ERROR(context.Check());
    if (!available) return UnavailableError("the cluster is away");
    if (unserved.contains(kind)) return UnimplementedError(fmt::format("{} are not served", kind.plural));
    return OkStatus();
  }

  /// What stands there; without an object if nothing does.
  Kept Find(const ObjectRef& ref) PBFS_REQUIRES(mutex) {
    const auto found = objects.find(ref);
    return found == objects.end() ? Kept() : found->second;
  }
  /// An object to begin with. Errors: FAILED_PRECONDITION kSpaceEnding.
  Result<Json> New(const ObjectRef& ref) PBFS_REQUIRES(mutex) {
    if (ending.contains(ref.space))
      return FailedPreconditionError("namespace " + ref.space + " is being deleted")
          .WithDetail(std::string(kCause), std::string(kSpaceEnding));
    Json metadata = {{"name", ref.name},
                     {"uid", fmt::format("uid-{}", ++last_uid)},
                     {"generation", 1},
                     {"creationTimestamp", Now()}};
    if (ref.kind.namespaced) metadata["namespace"] = ref.space;
    return Json{{"apiVersion", ref.kind.ApiVersion()}, {"kind", ref.kind.name}, {"metadata", std::move(metadata)}};
  }

  /// Puts `kept` in the place of what was there, with its next version and generation; an object that ends and that
  /// nothing holds goes. Returns it. What changes nothing is no change.
  Json Keep(const ObjectRef& ref, Kept kept) PBFS_REQUIRES(mutex) {
    const Json before = Find(ref).object;
    Json& object = kept.object;
    const bool is_new = before.is_null();
    if (!is_new && WithoutMetadata(object) != WithoutMetadata(before)) NextGeneration(object);
    if (object != before) object["metadata"]["resourceVersion"] = std::to_string(++version);
    Json now = object;
    const bool gone = IsEnding(object) && FinalizersOf(object).empty();
    if (now != before) Tell({version, ref, before, gone ? Json() : now});
    if (gone) objects.erase(ref);
    if (!gone) objects[ref] = std::move(kept);
    return now;
  }
  static void NextGeneration(Json& object) {
    object["metadata"]["generation"] = Number(object["metadata"], "generation") + 1;
  }
  void Tell(Change change) PBFS_REQUIRES(mutex) {
    if (changes.size() == kMaxChanges) {
      forgotten = changes.front().version;
      changes.pop_front();
    }
    changes.push_back(std::move(change));
    changed.NotifyAll();
  }
  std::string Now() const {
    return fmt::format("{:%FT%TZ}", fmt::gmtime(static_cast<std::time_t>(clock.NowMicros() / 1'000'000)));
  }

  /// The events of `selection` after `seen`, which moves to the newest version. Errors: as Watch.
  Result<std::vector<WatchEvent>> EventsAfter(const Selection& selection, int64_t& seen) PBFS_REQUIRES(mutex) {
    if (seen < forgotten) return OutOfRangeError("changes so old are forgotten; list again");
    std::vector<WatchEvent> events;
    for (const Change& change : changes) {
      if (change.version <= seen) continue;
      if (auto event = EventOf(selection, change); event.has_value()) events.push_back(*std::move(event));
    }
    seen = version;
    return events;
  }
  /// Waits for events until `until`; then there are none.
  Result<std::vector<WatchEvent>> AwaitEvents(const Context& context, const Selection& selection, int64_t& seen,
                                              MonotonicTime until) {
    MutexLock lock(mutex);
    for (;;) {
      PBFS_RETURN_IF_ERROR(Check(context, selection.kind));
      PBFS_ASSIGN_OR_RETURN(auto events, EventsAfter(selection, seen));
      if (!events.empty() || MonotonicNow() >= until) return events;
      changed.WaitUntil(mutex, std::min({until, context.deadline(), MonotonicNow() + kPoll}));
    }
  }

  const Clock& clock;
  Mutex mutex;
  CondVar changed;
  std::map<ObjectRef, Kept> objects PBFS_GUARDED_BY(mutex);
  std::deque<Change> changes PBFS_GUARDED_BY(mutex);
  int64_t version PBFS_GUARDED_BY(mutex) = 1;
  int64_t forgotten PBFS_GUARDED_BY(mutex) = 0;  // changes up to this version are
  int64_t last_uid PBFS_GUARDED_BY(mutex) = 0;
  bool available PBFS_GUARDED_BY(mutex) = true;
  std::set<Kind> unserved PBFS_GUARDED_BY(mutex);
  std::set<std::string> ending PBFS_GUARDED_BY(mutex);  // namespaces
};

MemoryKube::MemoryKube(const Clock& clock, std::string manager)
    : cluster_(std::make_shared<Cluster>(clock)), manager_(std::move(manager)) {}

MemoryKube MemoryKube::As(std::string manager) const {
  MemoryKube other = *this;
  other.manager_ = std::move(manager);
  return other;
}

Result<Json> MemoryKube::Get(const Context& context, const ObjectRef& ref) {
  PBFS_RETURN_IF_ERROR(CheckRef(ref));
  MutexLock lock(cluster_->mutex);
  PBFS_RETURN_IF_ERROR(cluster_->Check(context, ref.kind));
  Json object = cluster_->Find(ref).object;
  if (object.is_null()) return NotFoundError(NameOf(ref) + " not found");
  return object;
}

Result<ObjectList> MemoryKube::List(const Context& context, const Selection& selection) {
  PBFS_RETURN_IF_ERROR(CheckSelection(selection));
  MutexLock lock(cluster_->mutex);
  PBFS_RETURN_IF_ERROR(cluster_->Check(context, selection.kind));
  ObjectList list{{}, std::to_string(cluster_->version)};
  for (const auto& [ref, kept] : cluster_->objects)
    if (Fits(selection, ref, kept.object)) list.items.push_back(kept.object);
  return list;
}

Result<Json> MemoryKube::Create(const Context& context, const Kind& kind, const Json& object) {
  PBFS_ASSIGN_OR_RETURN(const ObjectRef ref, RefOf(kind, object));
  const Json said = Sayings(object);
  MutexLock lock(cluster_->mutex);
  PBFS_RETURN_IF_ERROR(cluster_->Check(context, kind));
  if (cluster_->objects.contains(ref)) return AlreadyExistsError(NameOf(ref) + " already exists");
  Kept kept;
  PBFS_ASSIGN_OR_RETURN(kept.object, cluster_->New(ref));
  kept.object.merge_patch(said);
  kept.owners.Made(manager_ + " (create)", said);
  return cluster_->Keep(ref, std::move(kept));
}

Result<Json> MemoryKube::Apply(const Context& context, const Kind& kind, const Json& intent, OnConflict on_conflict) {
  PBFS_ASSIGN_OR_RETURN(const ObjectRef ref, RefOf(kind, intent));
  MutexLock lock(cluster_->mutex);
  PBFS_RETURN_IF_ERROR(cluster_->Check(context, kind));
  Kept kept = cluster_->Find(ref);
  PBFS_RETURN_IF_ERROR(CheckNamed(intent, kept.object, ref));
  if (kept.object.is_null()) {
    PBFS_ASSIGN_OR_RETURN(kept.object, cluster_->New(ref));
  }
  const auto held = FinalizersOf(kept.object);
  PBFS_RETURN_IF_ERROR(kept.owners.Apply(manager_, Sayings(intent), on_conflict, kept.object));
  const auto holding = FinalizersOf(kept.object);
  if (IsEnding(kept.object) && !std::includes(held.begin(), held.end(), holding.begin(), holding.end()))
    return InvalidArgumentError(NameOf(ref) + " is being deleted and takes no new finalizer");
  return cluster_->Keep(ref, std::move(kept));
}

Result<Json> MemoryKube::ApplyStatus(const Context& context, const Kind& kind, const Json& status) {
  PBFS_ASSIGN_OR_RETURN(const ObjectRef ref, RefOf(kind, status));
  MutexLock lock(cluster_->mutex);
  PBFS_RETURN_IF_ERROR(cluster_->Check(context, kind));
  Kept kept = cluster_->Find(ref);
  if (kept.object.is_null()) return NotFoundError(NameOf(ref) + " not found");
  PBFS_RETURN_IF_ERROR(CheckNamed(status, kept.object, ref));
  Json said = Json::object();
  if (status.contains("status")) said["status"] = status["status"];
  PBFS_RETURN_IF_ERROR(kept.status_owners.Apply(manager_, said, OnConflict::kTake, kept.object));
  return cluster_->Keep(ref, std::move(kept));
}

Status MemoryKube::Delete(const Context& context, const ObjectRef& ref, const DeleteOptions& options) {
  PBFS_RETURN_IF_ERROR(CheckRef(ref));
  MutexLock lock(cluster_->mutex);
  PBFS_RETURN_IF_ERROR(cluster_->Check(context, ref.kind));
  Kept kept = cluster_->Find(ref);
  if (kept.object.is_null()) return NotFoundError(NameOf(ref) + " not found");
  if (!options.uid.empty() && options.uid != UidOf(kept.object)) return AbortedError(NameOf(ref) + " has another uid");
  if (!options.version.empty() && options.version != VersionOf(kept.object))
    return AbortedError(NameOf(ref) + " has another version");
  if (IsEnding(kept.object)) return OkStatus();
  kept.object["metadata"]["deletionTimestamp"] = cluster_->Now();
  Cluster::NextGeneration(kept.object);
  cluster_->Keep(ref, std::move(kept));
  return OkStatus();
}

Status MemoryKube::Watch(const Context& context, const Selection& selection, const std::string& version,
                         Duration timeout, const std::function<void(const WatchEvent&)>& on_event) {
  PBFS_RETURN_IF_ERROR(CheckSelection(selection));
  const MonotonicTime until = MonotonicNow() + timeout;
  int64_t seen = std::strtoll(version.c_str(), nullptr, 10);
  for (;;) {
    PBFS_ASSIGN_OR_RETURN(const auto events, cluster_->AwaitEvents(context, selection, seen, until));
    for (const WatchEvent& event : events) on_event(event);
    if (!events.empty()) continue;
    const std::string last = std::to_string(seen);
    on_event({WatchEvent::Type::kBookmark, {{"metadata", {{"resourceVersion", last}}}}, last});
    return OkStatus();
  }
}

void MemoryKube::SetAvailable(bool available) {
  MutexLock lock(cluster_->mutex);
  cluster_->available = available;
  cluster_->changed.NotifyAll();
}

void MemoryKube::SetServed(const Kind& kind, bool served) {
  MutexLock lock(cluster_->mutex);
  if (served) cluster_->unserved.erase(kind);
  if (!served) cluster_->unserved.insert(kind);
  cluster_->changed.NotifyAll();
}

void MemoryKube::EndSpace(const std::string& space) {
  MutexLock lock(cluster_->mutex);
  cluster_->ending.insert(space);
}

void MemoryKube::ForgetVersions() {
  MutexLock lock(cluster_->mutex);
  cluster_->changes.clear();
  cluster_->forgotten = ++cluster_->version;
  cluster_->changed.NotifyAll();
}

}  // namespace pbfs::kube
