#include "libs/kube/faulty_kube.h"

namespace pbfs::kube {
namespace {

Status Injected() { return UnavailableError("injected: the API server cannot be reached"); }

}  // namespace

void FaultyKube::Fail(int64_t call, When when) {
  MutexLock lock(mutex_);
  fault_ = {call, when, false};
}

void FaultyKube::Crash(int64_t call, When when) {
  MutexLock lock(mutex_);
  fault_ = {call, when, true};
}

void FaultyKube::Heal() {
  MutexLock lock(mutex_);
  fault_ = {};
  calls_ = 0;
}

int64_t FaultyKube::calls() const {
  MutexLock lock(mutex_);
  return calls_;
}

std::optional<FaultyKube::When> FaultyKube::Fate() {
  MutexLock lock(mutex_);
  ++calls_;
  if (fault_.call == calls_) return fault_.when;
  const bool dead = fault_.for_good && calls_ > fault_.call;
  return dead ? std::optional(When::kBefore) : std::nullopt;
}

template <typename Answer>
Answer FaultyKube::Around(const std::function<Answer()>& call) {
  const std::optional<When> fails = Fate();
  if (fails == When::kBefore) return Injected();
  Answer answer = call();
  if (fails == When::kAfter) return Injected();
  return answer;
}

Result<Json> FaultyKube::Get(const Context& context, const ObjectRef& ref) {
  return Around<Result<Json>>([&] { return inner_.Get(context, ref); });
}

Result<ObjectList> FaultyKube::List(const Context& context, const Selection& selection) {
  return Around<Result<ObjectList>>([&] { return inner_.List(context, selection); });
}

Result<Json> FaultyKube::Create(const Context& context, const Kind& kind, const Json& object) {
  return Around<Result<Json>>([&] { return inner_.Create(context, kind, object); });
}

Result<Json> FaultyKube::Apply(const Context& context, const Kind& kind, const Json& intent, OnConflict on_conflict) {
  return Around<Result<Json>>([&] { return inner_.Apply(context, kind, intent, on_conflict); });
}

Result<Json> FaultyKube::ApplyStatus(const Context& context, const Kind& kind, const Json& status) {
  return Around<Result<Json>>([&] { return inner_.ApplyStatus(context, kind, status); });
}

Status FaultyKube::Delete(const Context& context, const ObjectRef& ref, const DeleteOptions& options) {
  return Around<Status>([&] { return inner_.Delete(context, ref, options); });
}

Status FaultyKube::Watch(const Context& context, const Selection& selection, const std::string& version,
                         Duration timeout, const std::function<void(const WatchEvent&)>& on_event) {
  {
    MutexLock lock(mutex_);
    if (fault_.for_good && calls_ >= fault_.call) return Injected();
  }
  return inner_.Watch(context, selection, version, timeout, on_event);
}

}  // namespace pbfs::kube
