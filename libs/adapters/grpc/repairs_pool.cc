#include "libs/adapters/grpc/repairs_pool.h"

#include "libs/adapters/grpc/grpc_repairs.h"

namespace pbfs {

RepairsPool::RepairsPool(const std::vector<std::string>& addresses, const TransportSecurity& security, Duration attempt)
    : pool_(PortPool<Repairs>::Connect<GrpcRepairs>(addresses, security, attempt)) {}

Result<std::vector<GroupCheck>> RepairsPool::ListGroupChecks(const Context& context) {
  return pool_.Ask(context, [](const Context& attempt, Repairs& to) { return to.ListGroupChecks(attempt); });
}
Result<std::vector<EncodedBody>> RepairsPool::ListEncodings(const Context& context, const GroupRange& range,
                                                            int32_t limit) {
  return pool_.Ask(context,
                   [&](const Context& attempt, Repairs& to) { return to.ListEncodings(attempt, range, limit); });
}
Result<std::vector<EncodedBody>> RepairsPool::FindEncodings(const Context& context,
                                                            std::span<const EncodingId> encodings) {
  return pool_.Ask(context, [&](const Context& attempt, Repairs& to) { return to.FindEncodings(attempt, encodings); });
}
Status RepairsPool::MarkMissing(const Context& context, std::span<const Shard> shards) {
  return pool_.Ask(context, [&](const Context& attempt, Repairs& to) { return to.MarkMissing(attempt, shards); });
}
Result<std::vector<EncodedBody>> RepairsPool::ListDegraded(const Context& context, DegradedPosition after,
                                                           int32_t limit) {
  return pool_.Ask(context,
                   [&](const Context& attempt, Repairs& to) { return to.ListDegraded(attempt, after, limit); });
}
Status RepairsPool::ClearMissing(const Context& context, std::span<const PlacedShard> shards) {
  return pool_.Ask(context, [&](const Context& attempt, Repairs& to) { return to.ClearMissing(attempt, shards); });
}
Status RepairsPool::GroupsChecked(const Context& context, std::span<const GroupVersion> groups) {
  return pool_.Ask(context, [&](const Context& attempt, Repairs& to) { return to.GroupsChecked(attempt, groups); });
}
Status RepairsPool::Recheck(const Context& context) {
  return pool_.Ask(context, [](const Context& attempt, Repairs& to) { return to.Recheck(attempt); });
}
Status RepairsPool::ReportSuspect(const Context& context, EncodingId encoding) {
  return pool_.Ask(context, [&](const Context& attempt, Repairs& to) { return to.ReportSuspect(attempt, encoding); });
}
Result<Redundancy> RepairsPool::GetRedundancy(const Context& context) {
  return pool_.Ask(context, [](const Context& attempt, Repairs& to) { return to.GetRedundancy(attempt); });
}

}  // namespace pbfs
