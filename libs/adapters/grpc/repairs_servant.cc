#include "libs/adapters/grpc/repairs_servant.h"

#include <utility>
#include <vector>

#include "libs/adapters/grpc/repairs_codec.h"
#include "libs/adapters/grpc/server_call.h"
#include "proto/pbfs/v1/repairs.grpc.pb.h"

namespace pbfs {
namespace {

constexpr size_t kThreads = 4, kQueueLimit = 64;
constexpr int32_t kMaxLimit = 10'000;  // a message has room for so many bodies

const std::vector<std::string> kMethods = {"ListGroupChecks", "ListEncodings", "FindEncodings", "MarkMissing",
                                           "ListDegraded",    "ClearMissing",  "GroupsChecked", "Recheck",
                                           "ReportSuspect",   "GetRedundancy"};
enum Method : size_t {
  kListGroupChecks,
  kListEncodings,
  kFindEncodings,
  kMarkMissing,
  kListDegraded,
  kClearMissing,
  kGroupsChecked,
  kRecheck,
  kReportSuspect,
  kGetRedundancy
};

Status CheckLimit(int32_t limit) {
  return limit >= 1 && limit <= kMaxLimit ? OkStatus() : InvalidArgumentError("a page has 1 to 10000 bodies");
}

}  // namespace

class RepairsServant::Service final : public v1::Repairs::CallbackService {
 public:
  Service(pbfs::Repairs& repairs, Metrics* metrics)
      : repairs_(repairs), metrics_(metrics, "pbfs_repairs", kMethods), executor_("repairs", kThreads, kQueueLimit) {}

 private:
  using Call = grpc::CallbackServerContext;
  using Unary = grpc::ServerUnaryReactor;

  Unary* ListGroupChecks(Call* call, const v1::Empty*, v1::ListGroupChecksReply* reply) override {
    return RunForRepairer(call, kListGroupChecks, [this, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const auto checks, repairs_.ListGroupChecks(context));
      for (const pbfs::GroupCheck& check : checks) wire::Encode(check, reply->add_groups());
      return OkStatus();
    });
  }
  Unary* ListEncodings(Call* call, const v1::ListEncodingsRequest* request, v1::EncodedBodies* reply) override {
    return RunForRepairer(call, kListEncodings, [this, request, reply](const Context& context) -> Status {
      PBFS_RETURN_IF_ERROR(CheckLimit(request->limit()));
      PBFS_ASSIGN_OR_RETURN(const pbfs::GroupRange range, wire::Decode(*request));
      PBFS_ASSIGN_OR_RETURN(const auto bodies, repairs_.ListEncodings(context, range, request->limit()));
      *reply = wire::Encode(bodies);
      return OkStatus();
    });
  }
  Unary* FindEncodings(Call* call, const v1::FindEncodingsRequest* request, v1::EncodedBodies* reply) override {
    return RunForRepairer(call, kFindEncodings, [this, request, reply](const Context& context) -> Status {
      if (request->encoding_ids_size() > kMaxLimit)
        return InvalidArgumentError("at most 10000 encodings are asked for");
      std::vector<EncodingId> encodings;
      for (const std::string& bytes : request->encoding_ids()) {
        PBFS_ASSIGN_OR_RETURN(const EncodingId id, wire::DecodeId<EncodingId>(bytes, "encoding id"));
        encodings.push_back(id);
      }
      PBFS_ASSIGN_OR_RETURN(const auto bodies, repairs_.FindEncodings(context, encodings));
      *reply = wire::Encode(bodies);
      return OkStatus();
    });
  }
  Unary* MarkMissing(Call* call, const v1::ShardList* request, v1::Empty*) override {
    return RunForRepairer(call, kMarkMissing, [this, request](const Context& context) -> Status {
      std::vector<pbfs::Shard> shards;
      for (const v1::Shard& message : request->shards()) {
        PBFS_ASSIGN_OR_RETURN(const pbfs::Shard shard, wire::Decode(message));
        shards.push_back(shard);
      }
      return repairs_.MarkMissing(context, shards);
    });
  }
  Unary* ListDegraded(Call* call, const v1::ListDegradedRequest* request, v1::EncodedBodies* reply) override {
    return RunForRepairer(call, kListDegraded, [this, request, reply](const Context& context) -> Status {
      PBFS_RETURN_IF_ERROR(CheckLimit(request->limit()));
      DegradedPosition after;
      if (request->after_margin() < INT16_MIN || request->after_margin() > INT16_MAX)
        return InvalidArgumentError("no body has such a margin");
      after.margin = request->after_margin();
      PBFS_ASSIGN_OR_RETURN(after.body, wire::DecodeId<BodyId>(request->after_body(), "body id"));
      PBFS_ASSIGN_OR_RETURN(const auto bodies, repairs_.ListDegraded(context, after, request->limit()));
      *reply = wire::Encode(bodies);
      return OkStatus();
    });
  }
  Unary* ClearMissing(Call* call, const v1::PlacedShards* request, v1::Empty*) override {
    return RunForRepairer(call, kClearMissing, [this, request](const Context& context) -> Status {
      std::vector<pbfs::PlacedShard> shards;
      for (const v1::PlacedShard& message : request->shards()) {
        PBFS_ASSIGN_OR_RETURN(const pbfs::Shard shard, wire::Decode(message.shard()));
        shards.push_back({shard, message.version()});
      }
      return repairs_.ClearMissing(context, shards);
    });
  }
  Unary* GroupsChecked(Call* call, const v1::GroupVersions* request, v1::Empty*) override {
    return RunForRepairer(call, kGroupsChecked, [this, request](const Context& context) -> Status {
      std::vector<pbfs::GroupVersion> groups;
      for (const v1::GroupVersion& message : request->groups()) {
        PBFS_ASSIGN_OR_RETURN(const pbfs::GroupVersion group, wire::Decode(message));
        groups.push_back(group);
      }
      return repairs_.GroupsChecked(context, groups);
    });
  }
  Unary* Recheck(Call* call, const v1::Empty*, v1::Empty*) override {
    return Run(call, kRecheck, [this](const Context& context) { return repairs_.Recheck(context); });
  }
  Unary* ReportSuspect(Call* call, const v1::SuspectEncoding* request, v1::Empty*) override {
    return RunForRepairer(call, kReportSuspect, [this, request](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const EncodingId id, wire::DecodeId<EncodingId>(request->encoding_id(), "encoding id"));
      return repairs_.ReportSuspect(context, id);
    });
  }
  Unary* GetRedundancy(Call* call, const v1::Empty*, v1::Redundancy* reply) override {
    return Run(call, kGetRedundancy, [this, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const auto redundancy, repairs_.GetRedundancy(context));
      wire::Encode(redundancy, reply);
      return OkStatus();
    });
  }

  template <typename Work>
  Unary* RunForRepairer(Call* call, Method method, Work work) {
    return Run(call, method, [call, work = std::move(work)](const Context& context) -> Status {
      const std::string caller = wire::PeerOf(*call).common_name;
      if (!caller.starts_with("repairer"))
        return PermissionDeniedError("only a repairer may do that, and this is " + caller);
      return work(context);
    });
  }
  template <typename Work>
  Unary* Run(Call* call, Method method, Work work) {
    return wire::RunUnary(call, executor_, {metrics_, method, kMethods[method].c_str()}, std::move(work));
  }

  pbfs::Repairs& repairs_;
  CallMetrics metrics_;
  Executor executor_;
};

RepairsServant::RepairsServant(Repairs& repairs, Metrics* metrics)
    : service_(std::make_unique<Service>(repairs, metrics)) {}
RepairsServant::~RepairsServant() = default;
grpc::Service& RepairsServant::service() { return *service_; }

}  // namespace pbfs
