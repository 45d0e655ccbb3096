#include "libs/kube/counted_kube.h"

namespace pbfs::kube {
namespace {

enum Method : size_t { kGet, kList, kCreate, kApply, kApplyStatus, kDelete, kWatch };

const Status& StatusOf(const Status& status) { return status; }
template <typename T>
Status StatusOf(const Result<T>& result) {
  return result.status();
}

template <typename Call>
auto Observed(const CountedKube::Observe& observe, Method method, const Call& call) {
  const MonotonicTime begin = MonotonicNow();
  auto answer = call();
  observe(method, StatusOf(answer).code(), std::chrono::duration_cast<Duration>(MonotonicNow() - begin));
  return answer;
}

}  // namespace

const std::vector<std::string>& CountedKube::Methods() {
  static const std::vector<std::string> methods = {"Get", "List", "Create", "Apply", "ApplyStatus", "Delete", "Watch"};
  return methods;
}

Result<Json> CountedKube::Get(const Context& context, const ObjectRef& ref) {
  return Observed(observe_, kGet, [&] { return inner_.Get(context, ref); });
}
Result<ObjectList> CountedKube::List(const Context& context, const Selection& selection) {
  return Observed(observe_, kList, [&] { return inner_.List(context, selection); });
}
Result<Json> CountedKube::Create(const Context& context, const Kind& kind, const Json& object) {
  return Observed(observe_, kCreate, [&] { return inner_.Create(context, kind, object); });
}
Result<Json> CountedKube::Apply(const Context& context, const Kind& kind, const Json& intent, OnConflict on_conflict) {
  return Observed(observe_, kApply, [&] { return inner_.Apply(context, kind, intent, on_conflict); });
}
Result<Json> CountedKube::ApplyStatus(const Context& context, const Kind& kind, const Json& status) {
  return Observed(observe_, kApplyStatus, [&] { return inner_.ApplyStatus(context, kind, status); });
}
Status CountedKube::Delete(const Context& context, const ObjectRef& ref, const DeleteOptions& options) {
  return Observed(observe_, kDelete, [&] { return inner_.Delete(context, ref, options); });
}
Status CountedKube::Watch(const Context& context, const Selection& selection, const std::string& version,
                          Duration timeout, const std::function<void(const WatchEvent&)>& on_event) {
  return Observed(observe_, kWatch, [&] { return inner_.Watch(context, selection, version, timeout, on_event); });
}

}  // namespace pbfs::kube
