#include "libs/adapters/grpc/garbage_pool.h"

#include <utility>

#include "libs/adapters/grpc/grpc_garbage.h"

namespace pbfs {
namespace {

const Status& StatusIn(const Status& status) { return status; }
template <typename T>
Status StatusIn(const Result<T>& result) {
  return result.status();
}

bool AnotherMayDoBetter(const Status& status) {
  return status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kDeadlineExceeded;
}

}  // namespace

GarbagePool::GarbagePool(std::vector<Garbage*> catalogs) : catalogs_(std::move(catalogs)) {
  PBFS_CHECK(!catalogs_.empty());
}

GarbagePool::GarbagePool(const std::vector<std::string>& addresses, const TransportSecurity& security, Duration attempt)
    : attempt_(attempt) {
  PBFS_CHECK(!addresses.empty());
  for (const std::string& address : addresses) {
    owned_.push_back(std::make_unique<GrpcGarbage>(address, security));
    catalogs_.push_back(owned_.back().get());
  }
}

GarbagePool::~GarbagePool() = default;

template <typename Call>
auto GarbagePool::Ask(const Context& context, const Call& call) -> decltype(call(context, std::declval<Garbage&>())) {
  const size_t first = current_;
  for (size_t i = 0;; ++i) {
    const size_t which = (first + i) % catalogs_.size();
    auto answer = call(context.Within(attempt_), *catalogs_[which]);
    const bool last = i + 1 == catalogs_.size() || !context.Check().ok();
    if (last || !AnotherMayDoBetter(StatusIn(answer))) {
      current_ = which;
      return answer;
    }
  }
}

Status GarbagePool::HistoryAdvance(const Context& context) {
  return Ask(context, [](const Context& attempt, Garbage& to) { return to.HistoryAdvance(attempt); });
}
Result<int64_t> GarbagePool::HistoryExpire(const Context& context, int32_t limit) {
  return Ask(context, [&](const Context& attempt, Garbage& to) { return to.HistoryExpire(attempt, limit); });
}
Result<int64_t> GarbagePool::Reap(const Context& context, int32_t limit) {
  return Ask(context, [&](const Context& attempt, Garbage& to) { return to.Reap(attempt, limit); });
}
Result<std::optional<int64_t>> GarbagePool::DropRows(const Context& context, int32_t limit) {
  return Ask(context, [&](const Context& attempt, Garbage& to) { return to.DropRows(attempt, limit); });
}
Result<int64_t> GarbagePool::PurgeMark(const Context& context, Duration grace, int32_t limit) {
  return Ask(context, [&](const Context& attempt, Garbage& to) { return to.PurgeMark(attempt, grace, limit); });
}
Result<std::vector<PurgingBody>> GarbagePool::ListPurging(const Context& context, int32_t limit) {
  return Ask(context, [&](const Context& attempt, Garbage& to) { return to.ListPurging(attempt, limit); });
}
Status GarbagePool::PurgeDone(const Context& context, std::span<const BodyId> bodies) {
  return Ask(context, [&](const Context& attempt, Garbage& to) { return to.PurgeDone(attempt, bodies); });
}
Result<std::vector<EncodingId>> GarbagePool::SweepMark(const Context& context, std::span<const EncodingId> reported) {
  return Ask(context, [&](const Context& attempt, Garbage& to) { return to.SweepMark(attempt, reported); });
}
Status GarbagePool::SweepArm(const Context& context) {
  return Ask(context, [](const Context& attempt, Garbage& to) { return to.SweepArm(attempt); });
}
Result<std::vector<EncodingId>> GarbagePool::SweepConfirm(const Context& context, int32_t limit) {
  return Ask(context, [&](const Context& attempt, Garbage& to) { return to.SweepConfirm(attempt, limit); });
}

}  // namespace pbfs
