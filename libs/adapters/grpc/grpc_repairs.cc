#include "libs/adapters/grpc/grpc_repairs.h"

#include "libs/adapters/grpc/repairs_codec.h"
#include "libs/adapters/grpc/unary_stub.h"
#include "proto/pbfs/v1/repairs.grpc.pb.h"

namespace pbfs {

using Stub = v1::Repairs::Stub;

struct GrpcRepairs::Impl : wire::UnaryStub<v1::Repairs> {
  using UnaryStub::UnaryStub;
};

GrpcRepairs::GrpcRepairs(const std::string& address, const TransportSecurity& security)
    : impl_(std::make_unique<Impl>(address, security)) {}
GrpcRepairs::~GrpcRepairs() = default;

Result<std::vector<GroupCheck>> GrpcRepairs::ListGroupChecks(const Context& context) {
  PBFS_ASSIGN_OR_RETURN(const v1::ListGroupChecksReply reply, impl_->Ask(context, &Stub::ListGroupChecks, v1::Empty()));
  std::vector<GroupCheck> checks;
  for (const v1::GroupCheck& message : reply.groups()) {
    PBFS_ASSIGN_OR_RETURN(const GroupCheck check, wire::FromServer(wire::Decode(message)));
    checks.push_back(check);
  }
  return checks;
}

Result<std::vector<EncodedBody>> GrpcRepairs::ListEncodings(const Context& context, const GroupRange& range,
                                                            int32_t limit) {
  v1::ListEncodingsRequest request;
  request.set_first_group(range.first);
  request.set_after(wire::Text(range.after.span()));
  request.set_last_group(range.last);
  request.set_limit(limit);
  PBFS_ASSIGN_OR_RETURN(const v1::EncodedBodies reply, impl_->Ask(context, &Stub::ListEncodings, request));
  return wire::FromServer(wire::Decode(reply));
}

Result<std::vector<EncodedBody>> GrpcRepairs::FindEncodings(const Context& context,
                                                            std::span<const EncodingId> encodings) {
  v1::FindEncodingsRequest request;
  for (const EncodingId encoding : encodings) request.add_encoding_ids(wire::Text(encoding.span()));
  PBFS_ASSIGN_OR_RETURN(const v1::EncodedBodies reply, impl_->Ask(context, &Stub::FindEncodings, request));
  return wire::FromServer(wire::Decode(reply));
}

Status GrpcRepairs::MarkMissing(const Context& context, std::span<const Shard> shards) {
  v1::ShardList request;
  for (const Shard& shard : shards) wire::Encode(shard, request.add_shards());
  return impl_->Ask(context, &Stub::MarkMissing, request).status();
}

Result<std::vector<EncodedBody>> GrpcRepairs::ListDegraded(const Context& context, DegradedPosition after,
                                                           int32_t limit) {
  v1::ListDegradedRequest request;
  request.set_after_margin(after.margin);
  request.set_after_body(wire::Text(after.body.span()));
  request.set_limit(limit);
  PBFS_ASSIGN_OR_RETURN(const v1::EncodedBodies reply, impl_->Ask(context, &Stub::ListDegraded, request));
  return wire::FromServer(wire::Decode(reply));
}

Status GrpcRepairs::ClearMissing(const Context& context, std::span<const PlacedShard> shards) {
  v1::PlacedShards request;
  for (const auto& [shard, version] : shards) {
    v1::PlacedShard* message = request.add_shards();
    wire::Encode(shard, message->mutable_shard());
    message->set_version(version);
  }
  return impl_->Ask(context, &Stub::ClearMissing, request).status();
}

Status GrpcRepairs::GroupsChecked(const Context& context, std::span<const GroupVersion> groups) {
  v1::GroupVersions request;
  for (const GroupVersion& group : groups) wire::Encode(group, request.add_groups());
  return impl_->Ask(context, &Stub::GroupsChecked, request).status();
}

Status GrpcRepairs::Recheck(const Context& context) {
  return impl_->Ask(context, &Stub::Recheck, v1::Empty()).status();
}

Status GrpcRepairs::ReportSuspect(const Context& context, EncodingId encoding) {
  v1::SuspectEncoding request;
  request.set_encoding_id(wire::Text(encoding.span()));
  return impl_->Ask(context, &Stub::ReportSuspect, request).status();
}

Result<Redundancy> GrpcRepairs::GetRedundancy(const Context& context) {
  PBFS_ASSIGN_OR_RETURN(const v1::Redundancy reply, impl_->Ask(context, &Stub::GetRedundancy, v1::Empty()));
  return wire::Decode(reply);
}

}  // namespace pbfs
