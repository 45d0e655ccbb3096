#include "libs/adapters/objects/object_servant.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "libs/adapters/objects/object_codec.h"
#include "libs/adapters/objects/object_streams.h"
#include "proto/pbfs/object/v1/objects.grpc.pb.h"

namespace pbfs {
namespace {

namespace v1 = object::v1;

enum Method : size_t {
  kListBuckets,
  kCreateBucket,
  kDeleteBucket,
  kPut,
  kGet,
  kHead,
  kList,
  kListVersions,
  kDelete,
  kPatch,
  kAppend,
  kTruncate,
  kZero,
  kClone,
  kHistory,
  kNameHistory,
  kExtents
};
const std::vector<std::string> kMethods = {
    "ListBuckets", "CreateBucket", "DeleteBucket", "Put",  "Get",   "Head",    "List",        "ListVersions", "Delete",
    "Patch",       "Append",       "Truncate",     "Zero", "Clone", "History", "NameHistory", "Extents"};
constexpr size_t kQueueLimit = 1024;
constexpr size_t kMaxChunkBytes = 4 << 20;

using WithPut = v1::Objects::WithRawCallbackMethod_Put<v1::Objects::CallbackService>;
using WithPatch = v1::Objects::WithRawCallbackMethod_Patch<WithPut>;
using Base = v1::Objects::WithRawCallbackMethod_Append<WithPatch>;

Status CheckChunk(const std::string& chunk) {
  return chunk.size() <= kMaxChunkBytes ? OkStatus() : InvalidArgumentError("a chunk has at most 4 MiB");
}

/// The header that a stream begins with.
template <typename Message>
Result<Message> HeaderOf(const Context& context, wire::InboundStream& stream) {
  Message message;
  PBFS_ASSIGN_OR_RETURN(const bool more, stream.Next(context, message));
  if (!more || !message.has_header()) return InvalidArgumentError("the first message of the stream must be its header");
  return message;
}

/// The chunks behind the header.
template <typename Message>
class Chunks final : public objects::BodySource {
 public:
  explicit Chunks(wire::InboundStream& stream) : stream_(stream) {}
  Result<size_t> Read(const Context& context, MutableByteSpan out) override {
    while (at_ == message_.chunk().size()) {  // a chunk may be empty
      PBFS_ASSIGN_OR_RETURN(const bool more, stream_.Next(context, message_));
      at_ = 0;
      if (!more) {
        message_.Clear();
        return size_t{0};
      }
      if (!message_.has_chunk()) return InvalidArgumentError("behind the header there are chunks only");
      PBFS_RETURN_IF_ERROR(CheckChunk(message_.chunk()));
    }
    const size_t taken = std::min(out.size(), message_.chunk().size() - at_);
    std::memcpy(out.data(), message_.chunk().data() + at_, taken);  // into the piece that is coded next
    at_ += taken;
    return taken;
  }

 private:
  wire::InboundStream& stream_;
  Message message_;
  size_t at_ = 0;
};

class Pieces final : public objects::PieceSource {
 public:
  explicit Pieces(wire::InboundStream& stream) : stream_(stream) {}
  Result<std::optional<objects::PatchPiece>> Next(const Context& context) override {
    v1::PatchRequest message;
    PBFS_ASSIGN_OR_RETURN(const bool more, stream_.Next(context, message));
    if (!more) return std::optional<objects::PatchPiece>{};
    if (!message.has_piece()) return InvalidArgumentError("behind the header there are pieces only");
    PBFS_RETURN_IF_ERROR(CheckChunk(message.piece().data()));
    return std::optional(objects::PatchPiece{message.piece().offset(), ToBytes(AsBytes(message.piece().data()))});
  }

 private:
  wire::InboundStream& stream_;
};

}  // namespace

class ObjectServant::Service final : public Base {
 public:
  Service(objects::ObjectApi& api, const Options& options)
      : host_{api, options.patience, CallMetrics(options.metrics, "pbfs_objects", kMethods),
              Executor("objects", options.threads, kQueueLimit)} {}

 private:
  using Call = grpc::CallbackServerContext;
  using Inbound = grpc::ServerReadReactor<grpc::ByteBuffer>;

  // ---- streams ----

  Inbound* Put(Call* call, grpc::ByteBuffer* reply) override {
    return Take(call, kPut, "Objects.Put", reply,
                [this](const Context& context, const objects::Caller& caller,
                       wire::InboundStream& stream) -> Result<objects::Written> {
                  PBFS_ASSIGN_OR_RETURN(const auto first, HeaderOf<v1::PutRequest>(context, stream));
                  Chunks<v1::PutRequest> chunks(stream);
                  return host_.api.Put(context, caller, wire::Decode(first.header()), chunks);
                });
  }
  Inbound* Patch(Call* call, grpc::ByteBuffer* reply) override {
    return Take(call, kPatch, "Objects.Patch", reply,
                [this](const Context& context, const objects::Caller& caller,
                       wire::InboundStream& stream) -> Result<objects::Written> {
                  PBFS_ASSIGN_OR_RETURN(const auto first, HeaderOf<v1::PatchRequest>(context, stream));
                  Pieces pieces(stream);
                  return host_.api.Patch(context, caller, wire::Decode(first.header()), pieces);
                });
  }
  Inbound* Append(Call* call, grpc::ByteBuffer* reply) override {
    return Take(call, kAppend, "Objects.Append", reply,
                [this](const Context& context, const objects::Caller& caller,
                       wire::InboundStream& stream) -> Result<objects::Written> {
                  PBFS_ASSIGN_OR_RETURN(const auto first, HeaderOf<v1::AppendRequest>(context, stream));
                  Chunks<v1::AppendRequest> chunks(stream);
                  return host_.api.Append(context, caller, wire::Decode(first.header()), chunks);
                });
  }
  grpc::ServerWriteReactor<v1::GetReply>* Get(Call* call, const v1::GetRequest* request) override {
    return wire::GetStream::Start(host_, call, request, wire::CallRecord(host_.metrics, kGet, "Objects.Get"));
  }

  // ---- one message each way ----

  grpc::ServerUnaryReactor* ListBuckets(Call* call, const v1::ListBucketsRequest* request,
                                        v1::ListBucketsReply* reply) override {
    return Ask(call, kListBuckets, "Objects.ListBuckets", reply, [=, this](const auto& context, const auto& caller) {
      return host_.api.ListBuckets(context, caller, wire::Decode(*request));
    });
  }
  grpc::ServerUnaryReactor* CreateBucket(Call* call, const v1::CreateBucketRequest* request,
                                         v1::CreateBucketReply*) override {
    return Do(call, kCreateBucket, "Objects.CreateBucket", [=, this](const auto& context, const auto& caller) {
      return host_.api.CreateBucket(context, caller, wire::Decode(*request));
    });
  }
  grpc::ServerUnaryReactor* DeleteBucket(Call* call, const v1::DeleteBucketRequest* request,
                                         v1::DeleteBucketReply*) override {
    return Do(call, kDeleteBucket, "Objects.DeleteBucket", [=, this](const auto& context, const auto& caller) {
      return host_.api.DeleteBucket(context, caller, request->bucket());
    });
  }
  grpc::ServerUnaryReactor* Head(Call* call, const v1::HeadRequest* request, v1::HeadReply* reply) override {
    return Ask(call, kHead, "Objects.Head", reply, [=, this](const auto& context, const auto& caller) {
      return host_.api.Head(context, caller, wire::Decode(*request));
    });
  }
  grpc::ServerUnaryReactor* List(Call* call, const v1::ListRequest* request, v1::ListReply* reply) override {
    return Ask(call, kList, "Objects.List", reply, [=, this](const auto& context, const auto& caller) {
      return host_.api.List(context, caller, wire::Decode(*request));
    });
  }
  grpc::ServerUnaryReactor* ListVersions(Call* call, const v1::ListVersionsRequest* request,
                                         v1::ListVersionsReply* reply) override {
    return Ask(call, kListVersions, "Objects.ListVersions", reply, [=, this](const auto& context, const auto& caller) {
      return host_.api.ListVersions(context, caller, wire::Decode(*request));
    });
  }
  grpc::ServerUnaryReactor* Delete(Call* call, const v1::DeleteRequest* request, v1::DeleteReply* reply) override {
    return Ask(call, kDelete, "Objects.Delete", reply, [=, this](const auto& context, const auto& caller) {
      return host_.api.Delete(context, caller, wire::Decode(*request));
    });
  }
  grpc::ServerUnaryReactor* Truncate(Call* call, const v1::TruncateRequest* request, v1::WriteReply* reply) override {
    return Ask(call, kTruncate, "Objects.Truncate", reply, [=, this](const auto& context, const auto& caller) {
      return host_.api.Truncate(context, caller, wire::Decode(*request));
    });
  }
  grpc::ServerUnaryReactor* Zero(Call* call, const v1::ZeroRequest* request, v1::WriteReply* reply) override {
    return Ask(call, kZero, "Objects.Zero", reply, [=, this](const auto& context, const auto& caller) {
      return host_.api.Zero(context, caller, wire::Decode(*request));
    });
  }
  grpc::ServerUnaryReactor* Clone(Call* call, const v1::CloneRequest* request, v1::WriteReply* reply) override {
    return Ask(call, kClone, "Objects.Clone", reply, [=, this](const auto& context, const auto& caller) {
      return host_.api.Clone(context, caller, wire::Decode(*request));
    });
  }
  grpc::ServerUnaryReactor* History(Call* call, const v1::HistoryRequest* request, v1::HistoryReply* reply) override {
    return Ask(call, kHistory, "Objects.History", reply, [=, this](const auto& context, const auto& caller) {
      return host_.api.History(context, caller, wire::Decode(*request));
    });
  }
  grpc::ServerUnaryReactor* NameHistory(Call* call, const v1::NameHistoryRequest* request,
                                        v1::NameHistoryReply* reply) override {
    return Ask(call, kNameHistory, "Objects.NameHistory", reply, [=, this](const auto& context, const auto& caller) {
      return host_.api.NameHistory(context, caller, {request->bucket(), request->key()});
    });
  }
  grpc::ServerUnaryReactor* Extents(Call* call, const v1::ExtentsRequest* request, v1::ExtentsReply* reply) override {
    return Ask(call, kExtents, "Objects.Extents", reply, [=, this](const auto& context, const auto& caller) {
      return host_.api.Extents(context, caller, wire::Decode(*request));
    });
  }

  // `work`: Status(const Context&, const objects::Caller&).
  template <typename Work>
  grpc::ServerUnaryReactor* Do(Call* call, Method method, const char* name, Work work) {
    return wire::RunUnary(call, host_.executor, wire::CallRecord(host_.metrics, method, name),
                          [call, work = std::move(work)](const Context& context) -> Status {
                            PBFS_ASSIGN_OR_RETURN(const objects::Caller caller, wire::CallerOf(*call));
                            return work(context, caller);
                          });
  }
  // `work`: a Result of something that Encode() takes.
  template <typename Reply, typename Work>
  grpc::ServerUnaryReactor* Ask(Call* call, Method method, const char* name, Reply* reply, Work work) {
    return Do(call, method, name,
              [reply, work = std::move(work)](const Context& context, const objects::Caller& caller) -> Status {
                PBFS_ASSIGN_OR_RETURN(const auto answer, work(context, caller));
                wire::Encode(answer, reply);
                return OkStatus();
              });
  }
  // `work`: the same, with the stream that is taken.
  template <typename Work>
  Inbound* Take(Call* call, Method method, const char* name, grpc::ByteBuffer* reply, Work work) {
    const auto take = [call, reply, work](const Context& context, wire::InboundStream& stream) -> Status {
      PBFS_ASSIGN_OR_RETURN(const objects::Caller caller, wire::CallerOf(*call));
      PBFS_ASSIGN_OR_RETURN(const objects::Written written, work(context, caller, stream));
      v1::WriteReply message;
      wire::Encode(written, &message);
      bool own = false;
      return grpc::SerializationTraits<v1::WriteReply>::Serialize(message, reply, &own).ok()
                 ? OkStatus()
                 : InternalError("the reply cannot be encoded");
    };
    return wire::InboundStream::Start(host_, call, wire::CallRecord(host_.metrics, method, name), take);
  }

  wire::ObjectHost host_;
};

ObjectServant::ObjectServant(objects::ObjectApi& api, const Options& options)
    : service_(std::make_unique<Service>(api, options)) {}
ObjectServant::~ObjectServant() = default;
grpc::Service& ObjectServant::service() { return *service_; }

}  // namespace pbfs
