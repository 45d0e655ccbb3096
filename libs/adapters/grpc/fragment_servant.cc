#include "libs/adapters/grpc/fragment_servant.h"

#include <utility>
#include <vector>

#include "libs/adapters/grpc/fragment_codec.h"
#include "libs/adapters/grpc/fragment_reactors.h"
#include "proto/pbfs/v1/fragments.grpc.pb.h"

namespace pbfs {
namespace {

enum Method : size_t { kPut, kRead, kDelete, kDrop, kList, kStat };  // 0 and 1 are also named in fragment_reactors.cc
constexpr size_t kQueueLimit = 8192;

using Base = v1::Fragments::WithRawCallbackMethod_Put<v1::Fragments::WithRawCallbackMethod_Read<
    v1::Fragments::WithCallbackMethod_Delete<v1::Fragments::WithCallbackMethod_Drop<
        v1::Fragments::WithCallbackMethod_List<v1::Fragments::WithCallbackMethod_Stat<v1::Fragments::Service>>>>>>;

Buffer Token(const std::string& bytes) { return bytes.empty() ? Buffer() : Buffer::CopyOf(AsBytes(bytes)); }

}  // namespace

class FragmentServant::Service final : public Base {
 public:
  Service(FragmentStore& store, const Options& options)
      : host_{store,
              CallMetrics(options.metrics, "pbfs_fragment_store", {"Put", "Read", "Delete", "Drop", "List", "Stat"}),
              wire::MemoryBudget(options.memory_bytes), Executor("put", options.threads, kQueueLimit),
              Executor("read", options.threads, kQueueLimit)} {}

 private:
  using Call = grpc::CallbackServerContext;

  grpc::ServerReadReactor<grpc::ByteBuffer>* Put(Call* call, grpc::ByteBuffer* reply) override {
    return wire::PutReactor::Start(host_, call, reply);
  }
  grpc::ServerUnaryReactor* Read(Call* call, const grpc::ByteBuffer* request, grpc::ByteBuffer* reply) override {
    return wire::ReadReactor::Start(host_, call, request, reply);
  }

  grpc::ServerUnaryReactor* Delete(Call* call, const v1::DeleteRequest* request, v1::DeleteReply*) override {
    return Run(call, kDelete, "Fragments.Delete", [this, request](const Context& context) -> Status {
      std::vector<FragmentKey> keys;
      for (const auto& wire_key : request->keys()) {
        PBFS_ASSIGN_OR_RETURN(const FragmentKey key, wire::Decode(wire_key));
        keys.push_back(key);
      }
      return host_.store.Delete(context, keys, Token(request->token()));
    });
  }

  grpc::ServerUnaryReactor* Drop(Call* call, const v1::DropRequest* request, v1::DropReply*) override {
    return Run(call, kDrop, "Fragments.Drop", [this, request](const Context& context) -> Status {
      std::vector<FragmentInfo> copies;
      for (const v1::DropRequest::Copy& copy : request->copies()) {
        PBFS_ASSIGN_OR_RETURN(const FragmentKey key, wire::Decode(copy.key()));
        copies.push_back({.key = key, .received_ms = copy.received_ms()});
      }
      return host_.store.Drop(context, copies, Token(request->token()));
    });
  }

  grpc::ServerUnaryReactor* List(Call* call, const v1::ListFragmentsRequest* request,
                                 v1::ListFragmentsReply* reply) override {
    return Run(call, kList, "Fragments.List", [this, request, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const ListFragmentsRequest list, wire::Decode(*request));
      PBFS_ASSIGN_OR_RETURN(const ListFragmentsReply page, host_.store.List(context, list));
      wire::Encode(page, reply);
      return OkStatus();
    });
  }

  grpc::ServerUnaryReactor* Stat(Call* call, const v1::StatRequest*, v1::StatReply* reply) override {
    return Run(call, kStat, "Fragments.Stat", [this, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const StoreStat stat, host_.store.Stat(context));
      wire::Encode(stat, reply);
      return OkStatus();
    });
  }

  template <typename Work>
  grpc::ServerUnaryReactor* Run(Call* call, Method method, const char* name, Work work) {
    return wire::RunUnary(call, host_.others, wire::CallRecord(host_.metrics, method, name), std::move(work));
  }

  wire::FragmentHost host_;
};

FragmentServant::FragmentServant(FragmentStore& store, const Options& options)
    : service_(std::make_unique<Service>(store, options)) {}
FragmentServant::~FragmentServant() = default;
grpc::Service& FragmentServant::service() { return *service_; }

}  // namespace pbfs
