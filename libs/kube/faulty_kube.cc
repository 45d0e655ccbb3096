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

void FaultyKube::CrashAtWrite(int64_t write, When when) {
  MutexLock lock(mutex_);
  fault_ = {write, when, true, true};
}

void FaultyKube::Heal() {
  MutexLock lock(mutex_);
  fault_ = {};
  calls_ = writes_ = 0;
}

int64_t FaultyKube::calls() const {
  MutexLock lock(mutex_);
  return calls_;
}

int64_t FaultyKube::writes() const {
  MutexLock lock(mutex_);
  return writes_;
}

std::optional<FaultyKube::When> FaultyKube::Fate(Effect effect) {
  MutexLock lock(mutex_);
  ++calls_;
  if (effect == Effect::kWrites) ++writes_;
  if (fault_.struck) return fault_.for_good ? std::optional(When::kBefore) : std::nullopt;
  const bool counts = !fault_.of_writes || effect == Effect::kWrites;
  if (!counts || fault_.call == 0 || (fault_.of_writes ? writes_ : calls_) != fault_.call) return std::nullopt;
  fault_.struck = true;
  return fault_.when;
}

template <typename Answer>
Answer FaultyKube::Around(Effect effect, const std::function<Answer()>& call) {
  const std::optional<When> fails = Fate(effect);
  if (fails == When::kBefore) return Injected();
  Answer answer = call();
  if (fails == When::kAfter) return Injected();
  return answer;
}

Result<Json> FaultyKube::Get(const Context& context, const ObjectRef& ref) {
  return Around<Result<Json>>(Effect::kReads, [&] { return inner_.Get(context, ref); });
}

Result<ObjectList> FaultyKube::List(const Context& context, const Selection& selection) {
  return Around<Result<ObjectList>>(Effect::kReads, [&] { return inner_.List(context, selection); });
}

Result<Json> FaultyKube::Create(const Context& context, const Kind& kind, const Json& object) {
  return Around<Result<Json>>(Effect::kWrites, [&] { return inner_.Create(context, kind, object); });
}

Result<Json> FaultyKube::Apply(const Context& context, const Kind& kind, const Json& intent, OnConflict on_conflict) {
  return Around<Result<Json>>(Effect::kWrites, [&] { return inner_.Apply(context, kind, intent, on_conflict); });
}

Result<Json> FaultyKube::ApplyStatus(const Context& context, const Kind& kind, const Json& status) {
  return Around<Result<Json>>(Effect::kWrites, [&] { return inner_.ApplyStatus(context, kind, status); });
}

Status FaultyKube::Delete(const Context& context, const ObjectRef& ref, const DeleteOptions& options) {
  return Around<Status>(Effect::kWrites, [&] { return inner_.Delete(context, ref, options); });
}

Status FaultyKube::Watch(const Context& context, const Selection& selection, const std::string& version,
                         Duration timeout, const std::function<void(const WatchEvent&)>& on_event) {
  {
    MutexLock lock(mutex_);
    if (fault_.for_good && fault_.struck) return Injected();
  }
  return inner_.Watch(context, selection, version, timeout, on_event);
}

}  // namespace pbfs::kube
