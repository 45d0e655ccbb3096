#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <grpcpp/grpcpp.h>

#include "libs/adapters/grpc/server_call.h"
#include "libs/adapters/objects/object_codec.h"
#include "proto/pbfs/object/v1/objects.grpc.pb.h"

/// The server's side of the streams of the object API. Included in .cc files only.
namespace pbfs::wire {

/// What the calls of one ObjectServant share.
struct ObjectHost {
  objects::ObjectApi& api;
  const Duration patience;
  CallMetrics metrics;
  Executor executor;
};

/// Who calls. Errors: UNAUTHENTICATED what he says of himself is malformed.
Result<objects::Caller> CallerOf(const grpc::ServerContextBase& call);

/// A stream from a caller: `work` runs on the executor when the first message is there, and takes one after another.
class InboundStream final : public grpc::ServerReadReactor<grpc::ByteBuffer>,
                            public std::enable_shared_from_this<InboundStream> {
 public:
  using Work = std::function<Status(const Context& context, InboundStream& stream)>;
  static InboundStream* Start(ObjectHost& host, grpc::CallbackServerContext* call, const CallRecord& record, Work work);

  /// The next message, where it is one. Waits. False at the end of the stream, which the caller has meant to be one.
  /// Errors: CANCELLED; DEADLINE_EXCEEDED, also if nothing came for too long; INVALID_ARGUMENT it does not decode.
  template <typename Message>
  Result<bool> Next(const Context& context, Message& message) {
    PBFS_ASSIGN_OR_RETURN(const bool more, NextFrame(context));
    if (!more) return false;
    const bool decodes = grpc::SerializationTraits<Message>::Deserialize(&frame_, &message).ok();
    return decodes ? Result<bool>(true) : InvalidArgumentError("a message of the stream does not decode");
  }

 private:
  InboundStream(ObjectHost& host, grpc::CallbackServerContext* call, const CallRecord& record, Work work);
  void OnReadDone(bool ok) override;
  void OnSendInitialMetadataDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { self_.reset(); }

  void Run();
  void End(const Status& status);
  Result<bool> NextFrame(const Context& context);
  /// Waits for `*flag`.
  Status Await(const Context& context, const bool InboundStream::*flag);

  ObjectHost& host_;
  grpc::CallbackServerContext* const call_;
  const Context context_;
  CallRecord record_;
  Work work_;
  std::shared_ptr<InboundStream> self_;  // until OnDone
  grpc::ByteBuffer frame_;               // gRPC's between StartRead and OnReadDone, else the work's
  bool taken_ = false;                   // the first one was; the work's alone

  Mutex mutex_;
  CondVar wake_;
  bool started_ PBFS_GUARDED_BY(mutex_) = false;
  bool arrived_ PBFS_GUARDED_BY(mutex_) = false;  // what was asked for last
  bool ended_ PBFS_GUARDED_BY(mutex_) = false;    // and it was the end
  bool asked_ PBFS_GUARDED_BY(mutex_) = false;    // whether the caller is still there, and
  bool there_ PBFS_GUARDED_BY(mutex_) = false;    // he is
  bool cancelled_ PBFS_GUARDED_BY(mutex_) = false;
};

/// The stream to a caller of Get.
class GetStream final : public grpc::ServerWriteReactor<v1::GetReply>,
                        public objects::ObjectSink,
                        public std::enable_shared_from_this<GetStream> {
 public:
  static GetStream* Start(ObjectHost& host, grpc::CallbackServerContext* call, const v1::GetRequest* request,
                          const CallRecord& record);

 private:
  GetStream(ObjectHost& host, grpc::CallbackServerContext* call, const CallRecord& record);
  Status Begin(const Context& context, const objects::Opened& opened) override;
  Status Write(const Context& context, ByteSpan bytes) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override { context_.Cancel(); }
  void OnDone() override { self_.reset(); }

  void End(const Status& status);
  Status Send();
  /// False if `until` came first.
  bool AwaitWritten(MonotonicTime until);

  ObjectHost& host_;
  grpc::CallbackServerContext* const call_;
  const Context context_;
  CallRecord record_;
  std::shared_ptr<GetStream> self_;  // until OnDone
  v1::GetReply message_;             // gRPC's between StartWrite and OnWriteDone

  Mutex mutex_;
  CondVar wake_;
  bool written_ PBFS_GUARDED_BY(mutex_) = false;
  bool failed_ PBFS_GUARDED_BY(mutex_) = false;
};

}  // namespace pbfs::wire
