#include "libs/adapters/grpc/recodes_pool.h"

#include "libs/adapters/grpc/grpc_recodes.h"

namespace pbfs {

RecodesPool::RecodesPool(const std::vector<std::string>& addresses, const TransportSecurity& security, Duration attempt)
    : pool_(PortPool<Recodes>::Connect<GrpcRecodes>(addresses, security, attempt)) {}

Result<std::vector<Recoding>> RecodesPool::ListRecodings(const Context& context) {
  return pool_.Ask(context, [](const Context& attempt, Recodes& to) { return to.ListRecodings(attempt); });
}
Result<OtherwisePage> RecodesPool::ListOtherwise(const Context& context, BucketId bucket, BucketPosition after,
                                                 int32_t limit) {
  return pool_.Ask(
      context, [&](const Context& attempt, Recodes& to) { return to.ListOtherwise(attempt, bucket, after, limit); });
}
Status RecodesPool::SetEncoding(const Context& context, const EncodingChange& change) {
  return pool_.Ask(context, [&](const Context& attempt, Recodes& to) { return to.SetEncoding(attempt, change); });
}
Status RecodesPool::NoteLeft(const Context& context, BucketId bucket, int64_t changed_ms, BodyCount left) {
  return pool_.Ask(context,
                   [&](const Context& attempt, Recodes& to) { return to.NoteLeft(attempt, bucket, changed_ms, left); });
}
Result<std::vector<RetiredEncoding>> RecodesPool::ListRetired(const Context& context, Duration grace, int32_t limit) {
  return pool_.Ask(context, [&](const Context& attempt, Recodes& to) { return to.ListRetired(attempt, grace, limit); });
}
Status RecodesPool::RetiredDone(const Context& context, std::span<const EncodingId> encodings) {
  return pool_.Ask(context, [&](const Context& attempt, Recodes& to) { return to.RetiredDone(attempt, encodings); });
}

}  // namespace pbfs
