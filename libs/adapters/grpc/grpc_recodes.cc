#include "libs/adapters/grpc/grpc_recodes.h"

#include "libs/adapters/grpc/garbage_codec.h"
#include "libs/adapters/grpc/recodes_codec.h"
#include "libs/adapters/grpc/unary_stub.h"
#include "proto/pbfs/v1/recodes.grpc.pb.h"

namespace pbfs {

using Stub = v1::Recodes::Stub;

struct GrpcRecodes::Impl : wire::UnaryStub<v1::Recodes> {
  using UnaryStub::UnaryStub;
};

GrpcRecodes::GrpcRecodes(const std::string& address, const TransportSecurity& security)
    : impl_(std::make_unique<Impl>(address, security)) {}
GrpcRecodes::~GrpcRecodes() = default;

Result<std::vector<Recoding>> GrpcRecodes::ListRecodings(const Context& context) {
  PBFS_ASSIGN_OR_RETURN(const v1::ListRecodingsReply reply, impl_->Ask(context, &Stub::ListRecodings, v1::Empty()));
  std::vector<Recoding> all;
  for (const v1::Recoding& message : reply.buckets()) {
    PBFS_ASSIGN_OR_RETURN(Recoding recoding, wire::FromServer(wire::Decode(message)));
    all.push_back(std::move(recoding));
  }
  return all;
}

Result<OtherwisePage> GrpcRecodes::ListOtherwise(const Context& context, BucketId bucket, BucketPosition after,
                                                 int32_t limit) {
  v1::ListOtherwiseRequest request;
  request.set_bucket_id(wire::Text(bucket.span()));
  wire::Encode(after, request.mutable_after());
  request.set_limit(limit);
  PBFS_ASSIGN_OR_RETURN(const v1::OtherwisePage reply, impl_->Ask(context, &Stub::ListOtherwise, request));
  return wire::FromServer(wire::Decode(reply));
}

Status GrpcRecodes::SetEncoding(const Context& context, const EncodingChange& change) {
  v1::EncodingChange request;
  wire::Encode(change, &request);
  return impl_->Ask(context, &Stub::SetEncoding, request).status();
}

Status GrpcRecodes::NoteLeft(const Context& context, BucketId bucket, int64_t changed_ms, BodyCount left) {
  v1::NoteLeftRequest request;
  request.set_bucket_id(wire::Text(bucket.span()));
  request.set_changed_ms(changed_ms);
  wire::Encode(left, request.mutable_left());
  return impl_->Ask(context, &Stub::NoteLeft, request).status();
}

Result<std::vector<RetiredEncoding>> GrpcRecodes::ListRetired(const Context& context, Duration grace, int32_t limit) {
  v1::ListRetiredRequest request;
  request.set_grace_ms(std::chrono::duration_cast<std::chrono::milliseconds>(grace).count());
  request.set_limit(limit);
  PBFS_ASSIGN_OR_RETURN(const v1::ListRetiredReply reply, impl_->Ask(context, &Stub::ListRetired, request));
  std::vector<RetiredEncoding> due;
  for (const v1::RetiredEncoding& message : reply.encodings()) {
    PBFS_ASSIGN_OR_RETURN(const RetiredEncoding retired, wire::FromServer(wire::Decode(message)));
    due.push_back(retired);
  }
  return due;
}

Status GrpcRecodes::RetiredDone(const Context& context, std::span<const EncodingId> encodings) {
  return impl_->Ask(context, &Stub::RetiredDone, wire::EncodeIds(encodings)).status();
}

}  // namespace pbfs
