#include "libs/adapters/grpc/grpc_fragment_store.h"

#include <atomic>
#include <utility>

#include "libs/adapters/grpc/fragment_calls.h"
#include "libs/adapters/grpc/fragment_codec.h"
#include "proto/pbfs/v1/fragments.grpc.pb.h"

namespace pbfs {
namespace {

class Writer final : public FragmentWriter {
 public:
  explicit Writer(std::shared_ptr<wire::PutCall> call) : call_(std::move(call)) {}
  ~Writer() override {
    if (!finished_) call_->Abandon();
  }
  Status Append(const Context& context, Buffer bytes) override { return call_->Append(context, std::move(bytes)); }
  Result<ReceiptBytes> Finish(const Context& context) override {
    auto receipt = call_->Finish(context);
    finished_ = receipt.ok();
    return receipt;
  }
  bool Ready() const override { return call_->Done(); }

 private:
  const std::shared_ptr<wire::PutCall> call_;
  bool finished_ = false;
};

class Pending final : public PendingRead {
 public:
  explicit Pending(std::shared_ptr<wire::ReadCall> call) : call_(std::move(call)) {}
  ~Pending() override {
    if (!call_->Done()) call_->Abandon();
  }
  Result<ReadReply> Wait(const Context& context) override { return call_->Wait(context); }
  bool Ready() const override { return call_->Done(); }

 private:
  const std::shared_ptr<wire::ReadCall> call_;
};

}  // namespace

struct GrpcFragmentStore::Impl {
  struct Connection {
    explicit Connection(const std::shared_ptr<grpc::Channel>& channel)
        : generic(channel), stub(v1::Fragments::NewStub(channel)) {}
    grpc::GenericStub generic;
    const std::unique_ptr<v1::Fragments::Stub> stub;
  };
  std::vector<std::unique_ptr<Connection>> connections;
  std::atomic<size_t> next{0};
  wire::CallSet calls;

  Connection& Next() { return *connections[next++ % connections.size()]; }
};

GrpcFragmentStore::GrpcFragmentStore(const std::string& address, const TransportSecurity& security, int channels)
    : impl_(std::make_unique<Impl>()) {
  PBFS_CHECK(channels > 0);
  for (int i = 0; i < channels; ++i) {
    impl_->connections.push_back(std::make_unique<Impl::Connection>(wire::MakeChannel(address, security, i)));
  }
}

GrpcFragmentStore::~GrpcFragmentStore() { impl_->calls.CancelAll(); }

std::unique_ptr<FragmentWriter> GrpcFragmentStore::StartPut(const Context& context, PutRequest request,
                                                            ReadyCallback on_ready) {
  return std::make_unique<Writer>(
      wire::PutCall::Start(context, impl_->Next().generic, impl_->calls, request, std::move(on_ready)));
}

std::unique_ptr<PendingRead> GrpcFragmentStore::StartRead(const Context& context, ReadRequest request,
                                                          ReadyCallback on_ready) {
  return std::make_unique<Pending>(
      wire::ReadCall::Start(context, impl_->Next().generic, impl_->calls, request, std::move(on_ready)));
}

Status GrpcFragmentStore::Delete(const Context& context, const std::vector<FragmentKey>& keys,
                                 const TokenBytes& token) {
  PBFS_RETURN_IF_ERROR(context.Check());
  v1::DeleteRequest request;
  for (const FragmentKey& key : keys) wire::Encode(key, request.add_keys());
  request.set_token(token.data(), token.size());
  v1::DeleteReply reply;
  grpc::ClientContext call;
  wire::Prepare(call, context);
  return wire::FromGrpc(impl_->Next().stub->Delete(&call, request, &reply), call);
}

Status GrpcFragmentStore::Drop(const Context& context, const std::vector<FragmentInfo>& copies,
                               const TokenBytes& token) {
  PBFS_RETURN_IF_ERROR(context.Check());
  v1::DropRequest request;
  for (const FragmentInfo& copy : copies) {
    v1::DropRequest::Copy* message = request.add_copies();
    wire::Encode(copy.key, message->mutable_key());
    message->set_received_ms(copy.received_ms);
  }
  request.set_token(token.data(), token.size());
  v1::DropReply reply;
  grpc::ClientContext call;
  wire::Prepare(call, context);
  return wire::FromGrpc(impl_->Next().stub->Drop(&call, request, &reply), call);
}

Result<ListFragmentsReply> GrpcFragmentStore::List(const Context& context, const ListFragmentsRequest& request) {
  PBFS_RETURN_IF_ERROR(context.Check());
  v1::ListFragmentsReply reply;
  grpc::ClientContext call;
  wire::Prepare(call, context);
  PBFS_RETURN_IF_ERROR(wire::FromGrpc(impl_->Next().stub->List(&call, wire::Encode(request), &reply), call));
  return wire::Decode(reply);
}

Result<StoreStat> GrpcFragmentStore::Stat(const Context& context) {
  PBFS_RETURN_IF_ERROR(context.Check());
  v1::StatReply reply;
  grpc::ClientContext call;
  wire::Prepare(call, context);
  PBFS_RETURN_IF_ERROR(wire::FromGrpc(impl_->Next().stub->Stat(&call, {}, &reply), call));
  return wire::Decode(reply);
}

}  // namespace pbfs
