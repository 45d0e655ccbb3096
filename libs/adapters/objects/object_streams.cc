#include "libs/adapters/objects/object_streams.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pbfs::wire {
namespace {

constexpr size_t kChunkBytes = 1 << 20;  // of what is sent

bool IsSecure(const grpc::ServerContextBase& call) {
  const auto auth = call.auth_context();
  if (auth == nullptr) return false;
  const auto types = auth->FindPropertyValues(GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME);
  return !types.empty() &&
         (types.front() == GRPC_SSL_TRANSPORT_SECURITY_TYPE || types.front() == GRPC_TLS_TRANSPORT_SECURITY_TYPE);
}

Status Gone() { return CancelledError("the caller gave up"); }

}  // namespace

Result<objects::Caller> CallerOf(const grpc::ServerContextBase& call) {
  objects::Caller caller;
  const auto& server = static_cast<const grpc::CallbackServerContext&>(call);
  caller.peer = AddressOf(server.peer());
  caller.secure = IsSecure(call);
  const auto [first, last] = call.client_metadata().equal_range("authorization");
  if (first == last) return caller;
  if (std::next(first) == last)
    caller.credentials = objects::ParseBasicCredentials({first->second.data(), first->second.size()});
  if (caller.credentials.has_value()) return caller;
  return UnauthenticatedError("authorization must be: Basic base64(access key:secret)");
}

InboundStream::InboundStream(ObjectHost& host, grpc::CallbackServerContext* call, const CallRecord& record, Work work)
    : host_(host), call_(call), context_(ContextOf(*call)), record_(record), work_(std::move(work)) {}

InboundStream* InboundStream::Start(ObjectHost& host, grpc::CallbackServerContext* call, const CallRecord& record,
                                    Work work) {
  const std::shared_ptr<InboundStream> stream(new InboundStream(host, call, record, std::move(work)));
  stream->self_ = stream;
  stream->StartRead(&stream->frame_);
  return stream.get();
}

void InboundStream::OnReadDone(bool ok) {
  bool first = false;
  {
    MutexLock lock(mutex_);
    first = !std::exchange(started_, true);
    arrived_ = true;
    ended_ = !ok;
    wake_.NotifyAll();
  }
  if (!first) return;
  if (!host_.executor.Submit([self = shared_from_this()] { self->Run(); }).ok()) End(Overloaded("calls"));
}

void InboundStream::OnSendInitialMetadataDone(bool ok) {
  MutexLock lock(mutex_);
  asked_ = true;
  there_ = ok;
  wake_.NotifyAll();
}

void InboundStream::OnCancel() {
  context_.Cancel();
  MutexLock lock(mutex_);
  cancelled_ = true;
  wake_.NotifyAll();
}

void InboundStream::Run() {
  const TraceScope trace(context_.trace_id());
  const Status timely = context_.Check();
  End(timely.ok() ? work_(context_, *this) : timely);
}

void InboundStream::End(const Status& status) {
  record_.End(status);
  Finish(ToGrpc(status, *call_));
}

Status InboundStream::Await(const Context& context, const bool InboundStream::*flag) {
  const MonotonicTime until = std::min(context.deadline(), MonotonicNow() + host_.patience);
  MutexLock lock(mutex_);
  while (!(this->*flag)) {
    if (cancelled_) return Gone();
    if (!wake_.WaitUntil(mutex_, until) && !(this->*flag))
      return DeadlineExceededError("the next message of the stream did not come in time");
  }
  return cancelled_ ? Gone() : OkStatus();
}

Result<bool> InboundStream::NextFrame(const Context& context) {
  if (std::exchange(taken_, true)) {
    {
      MutexLock lock(mutex_);
      if (ended_) return there_ ? Result<bool>(false) : Gone();
      arrived_ = false;
    }
    StartRead(&frame_);
  }
  PBFS_RETURN_IF_ERROR(Await(context, &InboundStream::arrived_));
  {
    MutexLock lock(mutex_);
    if (!ended_) return true;
  }
  // gRPC shows a caller that is gone in the same way, and may say so a moment later. But then nothing can be sent any more.
  StartSendInitialMetadata();
  PBFS_RETURN_IF_ERROR(Await(context, &InboundStream::asked_));
  MutexLock lock(mutex_);
  return there_ ? Result<bool>(false) : Gone();
}

GetStream::GetStream(ObjectHost& host, grpc::CallbackServerContext* call, const CallRecord& record)
    : host_(host), call_(call), context_(ContextOf(*call)), record_(record) {}

GetStream* GetStream::Start(ObjectHost& host, grpc::CallbackServerContext* call, const v1::GetRequest* request,
                            const CallRecord& record) {
  const std::shared_ptr<GetStream> stream(new GetStream(host, call, record));
  stream->self_ = stream;
  const Status queued = host.executor.Submit([stream, request] {
    const TraceScope trace(stream->context_.trace_id());
    Status status = stream->context_.Check();
    if (status.ok()) {
      const Result<objects::Caller> caller = CallerOf(*stream->call_);
      status =
          caller.ok() ? stream->host_.api.Get(stream->context_, *caller, Decode(*request), *stream) : caller.status();
    }
    stream->End(status);
  });
  if (!queued.ok()) stream->End(Overloaded("calls"));
  return stream.get();
}

void GetStream::End(const Status& status) {
  record_.End(status);
  Finish(ToGrpc(status, *call_));
}

Status GetStream::Begin(const Context&, const objects::Opened& opened) {
  Encode(opened, message_.mutable_opened());
  return Send();
}

Status GetStream::Write(const Context&, ByteSpan bytes) {
  while (!bytes.empty()) {
    const size_t size = std::min(bytes.size(), kChunkBytes);
    message_.set_chunk(bytes.data(), size);
    PBFS_RETURN_IF_ERROR(Send());
    bytes = bytes.subspan(size);
  }
  return OkStatus();
}

void GetStream::OnWriteDone(bool ok) {
  MutexLock lock(mutex_);
  written_ = true;
  failed_ = !ok;
  wake_.NotifyAll();
}

Status GetStream::Send() {
  {
    MutexLock lock(mutex_);
    written_ = false;
  }
  StartWrite(&message_);
  if (AwaitWritten(MonotonicNow() + host_.patience)) {
    MutexLock lock(mutex_);
    return failed_ ? Gone() : OkStatus();
  }
  call_->TryCancel();
  AwaitWritten(MonotonicTime::max());  // what is cancelled ends soon
  return DeadlineExceededError("the caller did not take the next message in time");
}

bool GetStream::AwaitWritten(MonotonicTime until) {
  MutexLock lock(mutex_);
  while (!written_) {
    if (!wake_.WaitUntil(mutex_, until)) break;
  }
  return written_;
}

}  // namespace pbfs::wire
