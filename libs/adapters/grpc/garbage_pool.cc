#include "libs/adapters/grpc/garbage_pool.h"

#include "libs/adapters/grpc/grpc_garbage.h"

namespace pbfs {

GarbagePool::GarbagePool(const std::vector<std::string>& addresses, const TransportSecurity& security, Duration attempt)
    : pool_(PortPool<Garbage>::Connect<GrpcGarbage>(addresses, security, attempt)) {}

Status GarbagePool::HistoryAdvance(const Context& context) {
  return pool_.Ask(context, [](const Context& attempt, Garbage& to) { return to.HistoryAdvance(attempt); });
}
Result<int64_t> GarbagePool::HistoryExpire(const Context& context, int32_t limit) {
  return pool_.Ask(context, [&](const Context& attempt, Garbage& to) { return to.HistoryExpire(attempt, limit); });
}
Result<int64_t> GarbagePool::NamesExpire(const Context& context, int32_t limit) {
  return pool_.Ask(context, [&](const Context& attempt, Garbage& to) { return to.NamesExpire(attempt, limit); });
}
Result<int64_t> GarbagePool::Reap(const Context& context, int32_t limit) {
  return pool_.Ask(context, [&](const Context& attempt, Garbage& to) { return to.Reap(attempt, limit); });
}
Result<std::optional<int64_t>> GarbagePool::DropRows(const Context& context, int32_t limit) {
  return pool_.Ask(context, [&](const Context& attempt, Garbage& to) { return to.DropRows(attempt, limit); });
}
Result<int64_t> GarbagePool::PurgeMark(const Context& context, Duration grace, int32_t limit) {
  return pool_.Ask(context, [&](const Context& attempt, Garbage& to) { return to.PurgeMark(attempt, grace, limit); });
}
Result<std::vector<PurgingBody>> GarbagePool::ListPurging(const Context& context, int32_t limit) {
  return pool_.Ask(context, [&](const Context& attempt, Garbage& to) { return to.ListPurging(attempt, limit); });
}
Status GarbagePool::PurgeDone(const Context& context, std::span<const BodyId> bodies) {
  return pool_.Ask(context, [&](const Context& attempt, Garbage& to) { return to.PurgeDone(attempt, bodies); });
}
Result<std::vector<EncodingId>> GarbagePool::SweepMark(const Context& context, std::span<const EncodingId> reported) {
  return pool_.Ask(context, [&](const Context& attempt, Garbage& to) { return to.SweepMark(attempt, reported); });
}
Status GarbagePool::SweepArm(const Context& context) {
  return pool_.Ask(context, [](const Context& attempt, Garbage& to) { return to.SweepArm(attempt); });
}
Result<std::vector<EncodingId>> GarbagePool::SweepConfirm(const Context& context, int32_t limit) {
  return pool_.Ask(context, [&](const Context& attempt, Garbage& to) { return to.SweepConfirm(attempt, limit); });
}
Result<ZerosPage> GarbagePool::DropZeros(const Context& context, ObjectId after, int32_t limit) {
  return pool_.Ask(context, [&](const Context& attempt, Garbage& to) { return to.DropZeros(attempt, after, limit); });
}
Result<int64_t> GarbagePool::SweepForget(const Context& context, int32_t limit) {
  return pool_.Ask(context, [&](const Context& attempt, Garbage& to) { return to.SweepForget(attempt, limit); });
}
Result<int64_t> GarbagePool::DaysExpire(const Context& context) {
  return pool_.Ask(context, [](const Context& attempt, Garbage& to) { return to.DaysExpire(attempt); });
}
Status GarbagePool::ReportPass(const Context& context, const CollectorPass& pass) {
  return pool_.Ask(context, [&](const Context& attempt, Garbage& to) { return to.ReportPass(attempt, pass); });
}
Status GarbagePool::AskForPass(const Context& context) {
  return pool_.Ask(context, [](const Context& attempt, Garbage& to) { return to.AskForPass(attempt); });
}
Result<bool> GarbagePool::TakeRequest(const Context& context) {
  return pool_.Ask(context, [](const Context& attempt, Garbage& to) { return to.TakeRequest(attempt); });
}
Result<GarbageState> GarbagePool::GetGarbage(const Context& context) {
  return pool_.Ask(context, [](const Context& attempt, Garbage& to) { return to.GetGarbage(attempt); });
}

}  // namespace pbfs
