#pragma once

#include <deque>
#include <memory>
#include <string>

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include "libs/adapters/grpc/call_set.h"
#include "libs/adapters/grpc/wire.h"
#include "libs/base/sync.h"
#include "libs/fragments/fragment_store.h"

/// The asynchronous calls of GrpcFragmentStore. Included in .cc files only.
namespace pbfs::wire {

/// One put: a bidirectional stream of raw buffers, seen from the client. Lives until the stream has ended and its writer is
/// gone.
class PutCall final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  static std::shared_ptr<PutCall> Start(const Context& context, grpc::GenericStub& stub, CallSet& calls,
                                        const PutRequest& request, ReadyCallback on_ready);

  Status Append(const Context& context, Buffer bytes);
  Result<ReceiptBytes> Finish(const Context& context);
  bool Done();
  void Abandon();

 private:
  PutCall(CallSet& calls, const PutRequest& request, ReadyCallback on_ready);
  void OnWriteDone(bool ok) override;
  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  /// Writes what is queued, unless a write is under way. gRPC never reacts on the thread that starts a write, so the lock may
  /// be held.
  void Pump() PBFS_REQUIRES(mutex_);
  void ReleaseHold() PBFS_REQUIRES(mutex_);
  /// Ends the put on this side with `status`, unless it has ended, and returns how it ended.
  Status Fail(Status status) PBFS_REQUIRES(mutex_);
  /// The next message, at most kMaxChunkBytes of payload; invalid if there is nothing to write.
  grpc::ByteBuffer TakeMessage() PBFS_REQUIRES(mutex_);
  Status AwaitRoom(const Context& context) PBFS_REQUIRES(mutex_);

  CallSet& calls_;
  const int64_t length_;
  const std::string header_;
  ReadyCallback on_ready_;
  grpc::ByteBuffer reply_;
  std::shared_ptr<PutCall> self_;  // until OnDone

  Mutex mutex_;
  std::unique_ptr<grpc::ClientContext> call_ PBFS_GUARDED_BY(mutex_);  // null when done
  CondVar changed_;
  grpc::ByteBuffer message_ PBFS_GUARDED_BY(mutex_);  // of the write under way
  std::deque<Buffer> queue_ PBFS_GUARDED_BY(mutex_);
  size_t queued_bytes_ PBFS_GUARDED_BY(mutex_) = 0;  // in the queue and in the write under way
  int64_t appended_ PBFS_GUARDED_BY(mutex_) = 0;
  int64_t taken_ PBFS_GUARDED_BY(mutex_) = 0;
  bool writing_ PBFS_GUARDED_BY(mutex_) = false;
  bool held_ PBFS_GUARDED_BY(mutex_) = false;  // writes may be started; keeps OnDone away meanwhile
  bool done_ PBFS_GUARDED_BY(mutex_) = false;
  Status status_ PBFS_GUARDED_BY(mutex_);
};

/// One read: a unary call with raw buffers.
class ReadCall {
 public:
  static std::shared_ptr<ReadCall> Start(const Context& context, grpc::GenericStub& stub, CallSet& calls,
                                         const ReadRequest& request, ReadyCallback on_ready);
  Result<ReadReply> Wait(const Context& context);
  bool Done();
  void Abandon();

 private:
  ReadCall(CallSet& calls, const ReadRequest& request, ReadyCallback on_ready);
  void OnDone(const grpc::Status& status);
  Result<ReadReply> Parse() const;

  CallSet& calls_;
  const std::vector<FragmentRange> ranges_;
  ReadyCallback on_ready_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer reply_;

  Mutex mutex_;
  std::unique_ptr<grpc::ClientContext> call_ PBFS_GUARDED_BY(mutex_);  // null when done
  CondVar changed_;
  bool done_ PBFS_GUARDED_BY(mutex_) = false;
  Status status_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs::wire
