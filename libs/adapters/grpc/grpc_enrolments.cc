#include "libs/adapters/grpc/grpc_enrolments.h"

#include "libs/adapters/grpc/catalog_codec.h"
#include "libs/adapters/grpc/unary_stub.h"
#include "proto/pbfs/v1/catalog.grpc.pb.h"

namespace pbfs {

struct GrpcEnrolments::Impl : wire::UnaryStub<v1::Catalog> {
  using UnaryStub::UnaryStub;
};

GrpcEnrolments::GrpcEnrolments(const std::string& address, const TransportSecurity& security)
    : impl_(std::make_unique<Impl>(address, security)) {}
GrpcEnrolments::~GrpcEnrolments() = default;

Result<EnrolledStore> GrpcEnrolments::EnrolStore(const Context& context, const std::array<uint8_t, 16>& cluster) {
  v1::EnrolStoreRequest request;
  request.set_cluster_id(wire::Text(cluster));
  PBFS_ASSIGN_OR_RETURN(const v1::EnrolStoreReply reply, impl_->Ask(context, &v1::Catalog::Stub::EnrolStore, request));
  if (reply.store_id() == 0 || reply.store_key().size() != 32)
    return UnavailableError("the catalog's answer has no number or no key");
  return EnrolledStore{StoreId{reply.store_id()}, Key32::FromBytes(AsBytes(reply.store_key()))};
}

}  // namespace pbfs
