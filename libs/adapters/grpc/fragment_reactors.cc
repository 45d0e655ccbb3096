#include "libs/adapters/grpc/fragment_reactors.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "libs/adapters/grpc/fragment_codec.h"

namespace pbfs::wire {
namespace {

/// What a put holds at most: a message on its way, and what the store buffers.
constexpr int64_t kPutMemory = 2 << 20;
/// What the smallest call costs; bounds their number, and so the queues.
constexpr int64_t kLeastMemory = 64 << 10;
/// A caller without a deadline gets this one: nothing may wait for ever.
constexpr auto kLongestCall = std::chrono::seconds(120);

}  // namespace

PutReactor::PutReactor(FragmentHost& host, grpc::CallbackServerContext* call, grpc::ByteBuffer* reply)
    : host_(host),
      call_(call),
      reply_(reply),
      context_(ContextOf(*call).Within(kLongestCall)),
      record_(host.metrics, 0, "Fragments.Put") {}

PutReactor::~PutReactor() { host_.memory.Return(reserved_); }

PutReactor* PutReactor::Start(FragmentHost& host, grpc::CallbackServerContext* call, grpc::ByteBuffer* reply) {
  const std::shared_ptr<PutReactor> reactor(new PutReactor(host, call, reply));
  reactor->self_ = reactor;
  reactor->StartRead(&reactor->chunk_);
  return reactor.get();
}

void PutReactor::OnReadDone(bool ok) { Notify(ok ? &PutReactor::chunk_ready_ : &PutReactor::input_ended_); }

void PutReactor::OnCancel() {
  context_.Cancel();
  Notify(&PutReactor::cancelled_);
}

void PutReactor::OnDone() { self_.reset(); }

void PutReactor::Notify(bool PutReactor::*flag) {
  {
    MutexLock lock(mutex_);
    this->*flag = true;
    if (working_ || finished_) return;
    working_ = true;
  }
  if (!host_.puts.Submit([self = shared_from_this()] { self->Step(); }).ok()) End(Overloaded("puts"));
}

PutReactor::Work PutReactor::Next() {
  MutexLock lock(mutex_);
  Work next = Work::kNone;
  if (!finished_) {
    if (cancelled_) {
      next = Work::kCancel;
    } else if (receipt_ready_) {
      next = Work::kReceipt;
    } else if (std::exchange(chunk_ready_, false)) {
      next = Work::kChunk;
    } else if (input_ended_ && (length_ == 0 || received_ < length_)) {
      next = Work::kShort;
    }
  }
  if (next == Work::kNone) working_ = false;
  return next;
}

void PutReactor::Step() {
  const TraceScope trace(context_.trace_id());
  for (Work work = Next(); work != Work::kNone; work = Next()) Handle(work);
}

void PutReactor::Handle(Work work) {
  switch (work) {
    case Work::kCancel: return End(CancelledError("the client gave the put up"));
    case Work::kReceipt: return SendReceipt();
    case Work::kShort: return End(InvalidArgumentError("the stream ended before the announced length"));
    case Work::kChunk: {
      const Status status = Take();
      if (!status.ok()) return End(status);
      if (received_ < length_) StartRead(&chunk_);
      return;
    }
    case Work::kNone: return;
  }
}

Status PutReactor::Take() {
  const grpc::ByteBuffer chunk = std::exchange(chunk_, {});
  if (writer_ != nullptr) return Receive(Flatten(chunk));
  PBFS_ASSIGN_OR_RETURN(Unframed frame, Unframe(chunk));
  PBFS_RETURN_IF_ERROR(Begin(frame.header));
  return Receive(std::move(frame.payload));
}

Status PutReactor::Begin(const Buffer& header) {
  v1::PutHeader message;
  if (!message.ParseFromArray(header.data(), static_cast<int>(header.size()))) {
    return InvalidArgumentError("the put's header does not decode");
  }
  PBFS_ASSIGN_OR_RETURN(PutRequest request, Decode(message));
  const int64_t cost = std::clamp(request.length, kLeastMemory, kPutMemory);
  if (!host_.memory.Take(cost)) return Overloaded("puts");
  reserved_ = cost;
  length_ = request.length;
  writer_ = host_.store.StartPut(context_, std::move(request), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Notify(&PutReactor::receipt_ready_);
  });
  return OkStatus();
}

Status PutReactor::Receive(Buffer bytes) {
  received_ += static_cast<int64_t>(bytes.size());
  if (received_ > length_) return InvalidArgumentError("more bytes than the put announced");
  return bytes.empty() ? OkStatus() : writer_->Append(context_, std::move(bytes));
}

void PutReactor::SendReceipt() {
  const auto receipt = writer_->Finish(context_);
  if (!receipt.ok()) return End(receipt.status());
  v1::PutReply message;
  message.set_receipt(receipt->data(), receipt->size());
  const grpc::Slice slice(message.SerializeAsString());
  *reply_ = grpc::ByteBuffer(&slice, 1);
  End(OkStatus());
}

void PutReactor::End(const Status& status) {
  {
    MutexLock lock(mutex_);
    if (std::exchange(finished_, true)) return;
  }
  writer_.reset();  // an unfinished one is called off
  record_.End(status);
  Finish(ToGrpc(status, *call_));
}

ReadReactor::ReadReactor(FragmentHost& host, grpc::CallbackServerContext* call, grpc::ByteBuffer* reply)
    : host_(host),
      call_(call),
      reply_(reply),
      context_(ContextOf(*call).Within(kLongestCall)),
      record_(host.metrics, 1, "Fragments.Read") {}

ReadReactor::~ReadReactor() { host_.memory.Return(reserved_); }

ReadReactor* ReadReactor::Start(FragmentHost& host, grpc::CallbackServerContext* call, const grpc::ByteBuffer* request,
                                grpc::ByteBuffer* reply) {
  const std::shared_ptr<ReadReactor> reactor(new ReadReactor(host, call, reply));
  reactor->self_ = reactor;
  const Status queued = host.others.Submit([reactor, request] {
    const TraceScope trace(reactor->context_.trace_id());
    const Status status = reactor->Begin(*request);
    if (!status.ok()) return reactor->End(status);
    if (reactor->Arrive()) reactor->Answer();
  });
  if (!queued.ok()) reactor->End(Overloaded("reads"));
  return reactor.get();
}

void ReadReactor::OnDone() { self_.reset(); }

Status ReadReactor::Begin(const grpc::ByteBuffer& request) {
  v1::ReadRequest message;
  const Buffer bytes = Flatten(request);
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return InvalidArgumentError("the read's request does not decode");
  }
  PBFS_ASSIGN_OR_RETURN(ReadRequest read, Decode(message));
  int64_t cost = kLeastMemory;
  for (const FragmentRange& range : read.ranges) {
    if (range.end > range.begin) cost = std::min(cost + (range.end - range.begin), 2 * kMaxReadBytes);
  }
  if (!host_.memory.Take(cost)) return Overloaded("reads");
  reserved_ = cost;
  pending_ = host_.store.StartRead(context_, std::move(read), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || !self->Arrive()) return;
    if (!self->host_.others.Submit([self] { self->Answer(); }).ok()) self->End(Overloaded("reads"));
  });
  return OkStatus();
}

bool ReadReactor::Arrive() { return arrived_.fetch_add(1) == 1; }

void ReadReactor::Answer() {
  const TraceScope trace(context_.trace_id());
  End(Fill());
}

Status ReadReactor::Fill() {
  PBFS_ASSIGN_OR_RETURN(const ReadReply reply, pending_->Wait(context_));
  v1::ReadReplyHeader header;
  std::vector<Buffer> payload;
  for (const ReadPart& part : reply.parts) {
    auto* out = header.add_parts();
    out->set_code(static_cast<int>(part.status.code()));
    out->set_message(part.status.message());
    if (!part.status.ok()) continue;
    out->set_size(static_cast<int64_t>(part.bytes.size()));
    payload.push_back(part.bytes);
  }
  *reply_ = Frame(header.SerializeAsString(), payload.data(), payload.size());
  return OkStatus();
}

void ReadReactor::End(const Status& status) {
  pending_.reset();
  record_.End(status);
  Finish(ToGrpc(status, *call_));
}

}  // namespace pbfs::wire
