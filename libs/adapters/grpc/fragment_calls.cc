#include "libs/adapters/grpc/fragment_calls.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "libs/adapters/grpc/fragment_codec.h"

namespace pbfs::wire {
namespace {

constexpr const char* kPut = "/pbfs.v1.Fragments/Put";
constexpr const char* kRead = "/pbfs.v1.Fragments/Read";
/// What a put holds of payload before Append waits.
constexpr size_t kMaxQueuedBytes = 2 << 20;

grpc::ByteBuffer Serialized(const google::protobuf::MessageLite& message) {
  const std::string text = message.SerializeAsString();
  const grpc::Slice slice(text);
  return {&slice, 1};
}

}  // namespace

PutCall::PutCall(CallSet& calls, const PutRequest& request, ReadyCallback on_ready)
    : calls_(calls),
      length_(request.length),
      header_(Encode(request).SerializeAsString()),
      on_ready_(std::move(on_ready)),
      call_(std::make_unique<grpc::ClientContext>()) {}

std::shared_ptr<PutCall> PutCall::Start(const Context& context, grpc::GenericStub& stub, CallSet& calls,
                                        const PutRequest& request, ReadyCallback on_ready) {
  std::shared_ptr<PutCall> put(new PutCall(calls, request, std::move(on_ready)));
  put->self_ = put;
  MutexLock lock(put->mutex_);
  Prepare(*put->call_, context);
  put->call_->set_initial_metadata_corked(true);  // goes with the first message
  calls.Add(put->call_.get());
  stub.PrepareBidiStreamingCall(put->call_.get(), kPut, {}, put.get());
  put->AddHold();
  put->held_ = true;
  put->StartRead(&put->reply_);
  put->StartCall();
  if (request.length <= 0) (void)put->Fail(InvalidArgumentError("a put announces the length of its fragment"));
  return put;
}

void PutCall::ReleaseHold() {
  if (std::exchange(held_, false)) RemoveHold();
}

Status PutCall::Fail(Status status) {
  if (!done_) {
    status_ = std::move(status);
    done_ = true;
    queue_.clear();
    if (call_ != nullptr) call_->TryCancel();
  }
  return status_;
}

void PutCall::Abandon() {
  MutexLock lock(mutex_);
  (void)Fail(CancelledError("the put was called off"));
}

Status PutCall::AwaitRoom(const Context& context) {
  while (queued_bytes_ >= kMaxQueuedBytes && !done_ && context.Check().ok())
    changed_.WaitUntil(mutex_, WakeBy(context));
  return context.Check();
}

Status PutCall::Append(const Context& context, Buffer bytes) {
  MutexLock lock(mutex_);
  const Status in_time = AwaitRoom(context);
  if (done_) return status_;
  if (!in_time.ok()) return Fail(in_time.Annotate("the store does not keep up"));
  if (static_cast<int64_t>(bytes.size()) > length_ - appended_) {
    return Fail(InvalidArgumentError("more bytes than the put announced"));
  }
  appended_ += static_cast<int64_t>(bytes.size());
  queued_bytes_ += bytes.size();
  if (!bytes.empty()) queue_.push_back(std::move(bytes));
  Pump();
  return OkStatus();
}

grpc::ByteBuffer PutCall::TakeMessage() {
  std::vector<Buffer> parts;
  size_t size = 0;
  while (!queue_.empty() && size < kMaxChunkBytes) {
    Buffer& front = queue_.front();
    const size_t part = std::min(front.size(), kMaxChunkBytes - size);
    parts.push_back(front.Slice(0, part));
    size += part;
    if (part < front.size()) {
      front = front.Slice(part, front.size() - part);
    } else {
      queue_.pop_front();
    }
  }
  const bool first = taken_ == 0;
  taken_ += static_cast<int64_t>(size);
  if (first) return Frame(header_, parts.data(), parts.size());
  std::vector<grpc::Slice> slices;
  for (const Buffer& part : parts) slices.push_back(SliceOf(part));
  return {slices.data(), slices.size()};
}

void PutCall::Pump() {
  if (writing_ || !held_ || done_ || queue_.empty()) return;
  writing_ = true;
  message_ = TakeMessage();
  if (taken_ < length_) {
    StartWrite(&message_);
    return;
  }
  StartWriteLast(&message_, grpc::WriteOptions());  // the end of the stream goes in the same packet
  ReleaseHold();
}

void PutCall::OnWriteDone(bool ok) {
  MutexLock lock(mutex_);
  writing_ = false;
  message_.Clear();
  queued_bytes_ = 0;
  for (const Buffer& waiting : queue_) queued_bytes_ += waiting.size();
  changed_.NotifyAll();
  if (ok) Pump();
}

// The reply, or the end of the stream without one: nothing need be written any more.
void PutCall::OnReadDone(bool) {
  MutexLock lock(mutex_);
  ReleaseHold();
}

void PutCall::OnDone(const grpc::Status& status) {
  const std::shared_ptr<PutCall> self = std::move(self_);
  ReadyCallback ready;
  std::unique_ptr<grpc::ClientContext> call;
  {
    MutexLock lock(mutex_);
    if (!done_) status_ = FromGrpc(status, *call_);
    call = std::move(call_);
    done_ = true;
    queue_.clear();
    ready = std::move(on_ready_);
    changed_.NotifyAll();
  }
  if (ready) ready();
  calls_.Remove(std::move(call));
}

bool PutCall::Done() {
  MutexLock lock(mutex_);
  return done_;
}

Result<ReceiptBytes> PutCall::Finish(const Context& context) {
  MutexLock lock(mutex_);
  if (!done_ && appended_ != length_) return Fail(InvalidArgumentError("fewer bytes than the put announced"));
  while (!done_) {
    PBFS_RETURN_IF_ERROR(context.Check().Annotate("no receipt yet"));
    changed_.WaitUntil(mutex_, WakeBy(context));
  }
  if (!status_.ok()) return status_;
  v1::PutReply reply;
  const Buffer bytes = Flatten(reply_);
  if (!reply.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || reply.receipt().size() != 64) {
    return UnavailableError("the store answered without a receipt");
  }
  ReceiptBytes receipt;
  std::memcpy(receipt.data(), reply.receipt().data(), receipt.size());
  return receipt;
}

ReadCall::ReadCall(CallSet& calls, const ReadRequest& request, ReadyCallback on_ready)
    : calls_(calls),
      ranges_(request.ranges),
      on_ready_(std::move(on_ready)),
      request_(Serialized(Encode(request))),
      call_(std::make_unique<grpc::ClientContext>()) {}

std::shared_ptr<ReadCall> ReadCall::Start(const Context& context, grpc::GenericStub& stub, CallSet& calls,
                                          const ReadRequest& request, ReadyCallback on_ready) {
  std::shared_ptr<ReadCall> read(new ReadCall(calls, request, std::move(on_ready)));
  MutexLock lock(read->mutex_);
  Prepare(*read->call_, context);
  calls.Add(read->call_.get());
  stub.UnaryCall(read->call_.get(), kRead, {}, &read->request_, &read->reply_,
                 [read](grpc::Status status) { read->OnDone(status); });
  return read;
}

void ReadCall::OnDone(const grpc::Status& status) {
  ReadyCallback ready;
  std::unique_ptr<grpc::ClientContext> call;
  {
    MutexLock lock(mutex_);
    status_ = FromGrpc(status, *call_);
    call = std::move(call_);
    done_ = true;
    ready = std::move(on_ready_);
    changed_.NotifyAll();
  }
  if (ready) ready();
  calls_.Remove(std::move(call));
}

void ReadCall::Abandon() {
  MutexLock lock(mutex_);
  if (call_ != nullptr) call_->TryCancel();
}

bool ReadCall::Done() {
  MutexLock lock(mutex_);
  return done_;
}

Result<ReadReply> ReadCall::Wait(const Context& context) {
  {
    MutexLock lock(mutex_);
    while (!done_) {
      PBFS_RETURN_IF_ERROR(context.Check().Annotate("no answer yet"));
      changed_.WaitUntil(mutex_, WakeBy(context));
    }
    if (!status_.ok()) return status_;
  }
  return Parse();
}

Result<ReadReply> ReadCall::Parse() const {
  const Status broken = UnavailableError("the store's answer does not fit the request");
  const auto frame = Unframe(reply_);
  v1::ReadReplyHeader header;
  if (!frame.ok() || !header.ParseFromArray(frame->header.data(), static_cast<int>(frame->header.size())) ||
      static_cast<size_t>(header.parts_size()) != ranges_.size()) {
    return broken;
  }
  ReadReply reply;
  size_t offset = 0;
  for (int i = 0; i < header.parts_size(); ++i) {
    const auto& part = header.parts(i);
    if (part.code() != 0) {
      reply.parts.push_back({Status(static_cast<StatusCode>(part.code()), part.message()), {}});
      continue;
    }
    const FragmentRange& range = ranges_[static_cast<size_t>(i)];
    const auto size = static_cast<size_t>(part.size());
    if (part.size() != range.end - range.begin || size > frame->payload.size() - offset) return broken;
    reply.parts.push_back({OkStatus(), frame->payload.Slice(offset, size)});
    offset += size;
  }
  return reply;
}

}  // namespace pbfs::wire
