#pragma once

#include <memory>

#include <grpcpp/grpcpp.h>

#include "libs/adapters/grpc/server_call.h"
#include "libs/fragments/fragment_store.h"

/// The server's side of Put and Read. Included in .cc files only.
namespace pbfs::wire {

/// What the calls of one FragmentServant share.
struct FragmentHost {
  FragmentStore& store;
  CallMetrics metrics;
  MemoryBudget memory;
  // The queues hold more than the budget admits, so an admitted call is never refused in its middle.
  Executor puts;
  Executor others;
};

/// One put. Events (a message, the end of the stream, the receipt is there, cancelled) set flags; Step() on the pool handles
/// them one after another, so the writer is used by one thread at a time.
class PutReactor final : public grpc::ServerReadReactor<grpc::ByteBuffer>,
                         public std::enable_shared_from_this<PutReactor> {
 public:
  static PutReactor* Start(FragmentHost& host, grpc::CallbackServerContext* call, grpc::ByteBuffer* reply);
  ~PutReactor() override;

 private:
  PutReactor(FragmentHost& host, grpc::CallbackServerContext* call, grpc::ByteBuffer* reply);
  void OnReadDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  enum class Work { kNone, kCancel, kReceipt, kChunk, kShort };
  void Notify(bool PutReactor::*flag);
  Work Next();
  void Step();
  void Handle(Work work);
  Status Take();
  Status Begin(const Buffer& header);
  Status Receive(Buffer bytes);
  void SendReceipt();
  void End(const Status& status);

  FragmentHost& host_;
  grpc::CallbackServerContext* const call_;
  grpc::ByteBuffer* const reply_;
  const Context context_;
  CallRecord record_;
  std::shared_ptr<PutReactor> self_;  // until OnDone
  grpc::ByteBuffer chunk_;            // gRPC's between StartRead and OnReadDone, else Step's

  // Step's alone.
  std::unique_ptr<FragmentWriter> writer_;
  int64_t length_ = 0;
  int64_t received_ = 0;
  int64_t reserved_ = 0;  // of the budget

  Mutex mutex_;
  bool working_ PBFS_GUARDED_BY(mutex_) = false;  // Step is queued or runs
  bool chunk_ready_ PBFS_GUARDED_BY(mutex_) = false;
  bool input_ended_ PBFS_GUARDED_BY(mutex_) = false;
  bool receipt_ready_ PBFS_GUARDED_BY(mutex_) = false;
  bool cancelled_ PBFS_GUARDED_BY(mutex_) = false;
  bool finished_ PBFS_GUARDED_BY(mutex_) = false;
};

/// One read.
class ReadReactor final : public grpc::ServerUnaryReactor, public std::enable_shared_from_this<ReadReactor> {
 public:
  static ReadReactor* Start(FragmentHost& host, grpc::CallbackServerContext* call, const grpc::ByteBuffer* request,
                            grpc::ByteBuffer* reply);
  ~ReadReactor() override;

 private:
  ReadReactor(FragmentHost& host, grpc::CallbackServerContext* call, grpc::ByteBuffer* reply);
  void OnCancel() override { context_.Cancel(); }
  void OnDone() override;

  Status Begin(const grpc::ByteBuffer& request);
  /// One half of "started and ready"; the second one answers.
  bool Arrive();
  void Answer();
  Status Fill();
  void End(const Status& status);

  FragmentHost& host_;
  grpc::CallbackServerContext* const call_;
  grpc::ByteBuffer* const reply_;
  const Context context_;
  CallRecord record_;
  std::shared_ptr<ReadReactor> self_;  // until OnDone
  std::unique_ptr<PendingRead> pending_;
  int64_t reserved_ = 0;
  std::atomic<int> arrived_{0};
};

}  // namespace pbfs::wire
