#include "libs/adapters/grpc/grpc_garbage.h"

#include "libs/adapters/grpc/garbage_codec.h"
#include "libs/adapters/grpc/unary_stub.h"
#include "proto/pbfs/v1/garbage.grpc.pb.h"

namespace pbfs {

using Stub = v1::Garbage::Stub;

struct GrpcGarbage::Impl : wire::UnaryStub<v1::Garbage> {
  using UnaryStub::UnaryStub;

  /// A step with a limit that answers with a count.
  Result<int64_t> Count(const Context& context,
                        grpc::Status (Stub::*method)(grpc::ClientContext*, const v1::StepLimit&, v1::StepCount*),
                        int32_t limit) {
    PBFS_ASSIGN_OR_RETURN(const v1::StepCount reply, Ask(context, method, LimitOf(limit)));
    return reply.count();
  }
  static v1::StepLimit LimitOf(int32_t limit) {
    v1::StepLimit message;
    message.set_limit(limit);
    return message;
  }
};

GrpcGarbage::GrpcGarbage(const std::string& address, const TransportSecurity& security)
    : impl_(std::make_unique<Impl>(address, security)) {}
GrpcGarbage::~GrpcGarbage() = default;

Status GrpcGarbage::HistoryAdvance(const Context& context) {
  return impl_->Ask(context, &Stub::HistoryAdvance, v1::Empty()).status();
}

Result<int64_t> GrpcGarbage::HistoryExpire(const Context& context, int32_t limit) {
  return impl_->Count(context, &Stub::HistoryExpire, limit);
}

Result<int64_t> GrpcGarbage::NamesExpire(const Context& context, int32_t limit) {
  return impl_->Count(context, &Stub::NamesExpire, limit);
}

Result<int64_t> GrpcGarbage::Reap(const Context& context, int32_t limit) {
  return impl_->Count(context, &Stub::Reap, limit);
}

Result<std::optional<int64_t>> GrpcGarbage::DropRows(const Context& context, int32_t limit) {
  PBFS_ASSIGN_OR_RETURN(const v1::StepCount reply, impl_->Ask(context, &Stub::DropRows, Impl::LimitOf(limit)));
  return reply.has_count() ? std::optional<int64_t>(reply.count()) : std::nullopt;
}

Result<int64_t> GrpcGarbage::PurgeMark(const Context& context, Duration grace, int32_t limit) {
  v1::PurgeMarkRequest request;
  request.set_grace_ms(std::chrono::duration_cast<std::chrono::milliseconds>(grace).count());
  request.set_limit(limit);
  PBFS_ASSIGN_OR_RETURN(const v1::StepCount reply, impl_->Ask(context, &Stub::PurgeMark, request));
  return reply.count();
}

Result<std::vector<PurgingBody>> GrpcGarbage::ListPurging(const Context& context, int32_t limit) {
  PBFS_ASSIGN_OR_RETURN(const v1::ListPurgingReply reply,
                        impl_->Ask(context, &Stub::ListPurging, Impl::LimitOf(limit)));
  std::vector<PurgingBody> bodies;
  for (const v1::PurgingBody& message : reply.bodies()) {
    PBFS_ASSIGN_OR_RETURN(const PurgingBody body, wire::FromServer(wire::Decode(message)));
    bodies.push_back(body);
  }
  return bodies;
}

Status GrpcGarbage::PurgeDone(const Context& context, std::span<const BodyId> bodies) {
  return impl_->Ask(context, &Stub::PurgeDone, wire::EncodeIds(bodies)).status();
}

Result<std::vector<EncodingId>> GrpcGarbage::SweepMark(const Context& context, std::span<const EncodingId> reported) {
  PBFS_ASSIGN_OR_RETURN(const v1::IdList reply, impl_->Ask(context, &Stub::SweepMark, wire::EncodeIds(reported)));
  return wire::FromServer(wire::DecodeIds<EncodingId>(reply, "encoding id"));
}

Status GrpcGarbage::SweepArm(const Context& context) {
  return impl_->Ask(context, &Stub::SweepArm, v1::Empty()).status();
}

Result<std::vector<EncodingId>> GrpcGarbage::SweepConfirm(const Context& context, int32_t limit) {
  PBFS_ASSIGN_OR_RETURN(const v1::IdList reply, impl_->Ask(context, &Stub::SweepConfirm, Impl::LimitOf(limit)));
  return wire::FromServer(wire::DecodeIds<EncodingId>(reply, "encoding id"));
}

Result<ZerosPage> GrpcGarbage::DropZeros(const Context& context, ObjectId after, int32_t limit) {
  v1::DropZerosRequest request;
  request.set_after(wire::Text(after.span()));
  request.set_limit(limit);
  PBFS_ASSIGN_OR_RETURN(const v1::DropZerosReply reply, impl_->Ask(context, &Stub::DropZeros, request));
  ZerosPage page{reply.dropped(), {}};
  if (!reply.last().empty()) {
    PBFS_ASSIGN_OR_RETURN(page.last, wire::FromServer(wire::DecodeId<ObjectId>(reply.last(), "object id")));
  }
  return page;
}

Result<int64_t> GrpcGarbage::SweepForget(const Context& context, int32_t limit) {
  return impl_->Count(context, &Stub::SweepForget, limit);
}

Result<int64_t> GrpcGarbage::DaysExpire(const Context& context) {
  PBFS_ASSIGN_OR_RETURN(const v1::StepCount reply, impl_->Ask(context, &Stub::DaysExpire, v1::Empty()));
  return reply.count();
}

Status GrpcGarbage::ReportPass(const Context& context, const CollectorPass& pass) {
  v1::CollectorPass message;
  wire::Encode(pass, &message);
  return impl_->Ask(context, &Stub::ReportPass, message).status();
}

Status GrpcGarbage::AskForPass(const Context& context) {
  return impl_->Ask(context, &Stub::AskForPass, v1::Empty()).status();
}

Result<bool> GrpcGarbage::TakeRequest(const Context& context) {
  PBFS_ASSIGN_OR_RETURN(const v1::TakeRequestReply reply, impl_->Ask(context, &Stub::TakeRequest, v1::Empty()));
  return reply.asked();
}

Result<GarbageState> GrpcGarbage::GetGarbage(const Context& context) {
  PBFS_ASSIGN_OR_RETURN(const v1::GarbageState reply, impl_->Ask(context, &Stub::GetGarbage, v1::Empty()));
  return wire::FromServer(wire::Decode(reply));
}

}  // namespace pbfs
