#include "libs/adapters/grpc/recodes_servant.h"

#include <utility>
#include <vector>

#include "libs/adapters/grpc/garbage_codec.h"
#include "libs/adapters/grpc/recodes_codec.h"
#include "libs/adapters/grpc/server_call.h"
#include "proto/pbfs/v1/recodes.grpc.pb.h"

namespace pbfs {
namespace {

constexpr size_t kThreads = 4, kQueueLimit = 64;
constexpr int32_t kMaxLimit = 10'000;  // a message has room for so many bodies
constexpr int64_t kMaxGraceMs = int64_t{366} * 86'400'000;

const std::vector<std::string> kMethods = {"ListRecodings", "ListOtherwise", "SetEncoding",
                                           "NoteLeft",      "ListRetired",   "RetiredDone"};
enum Method : size_t { kListRecodings, kListOtherwise, kSetEncoding, kNoteLeft, kListRetired, kRetiredDone };

Status CheckLimit(int32_t limit) {
  return limit >= 1 && limit <= kMaxLimit ? OkStatus() : InvalidArgumentError("a page has 1 to 10000 bodies");
}

}  // namespace

class RecodesServant::Service final : public v1::Recodes::CallbackService {
 public:
  Service(pbfs::Recodes& recodes, Metrics* metrics)
      : recodes_(recodes), metrics_(metrics, "pbfs_recodes", kMethods), executor_("recodes", kThreads, kQueueLimit) {}

 private:
  using Call = grpc::CallbackServerContext;
  using Unary = grpc::ServerUnaryReactor;

  Unary* ListRecodings(Call* call, const v1::Empty*, v1::ListRecodingsReply* reply) override {
    return Run(call, kListRecodings, "", [this, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const auto all, recodes_.ListRecodings(context));
      for (const pbfs::Recoding& recoding : all) wire::Encode(recoding, reply->add_buckets());
      return OkStatus();
    });
  }
  Unary* ListOtherwise(Call* call, const v1::ListOtherwiseRequest* request, v1::OtherwisePage* reply) override {
    return Run(call, kListOtherwise, kRepairer, [this, request, reply](const Context& context) -> Status {
      PBFS_RETURN_IF_ERROR(CheckLimit(request->limit()));
      PBFS_ASSIGN_OR_RETURN(const BucketId bucket, wire::DecodeId<BucketId>(request->bucket_id(), "bucket id"));
      PBFS_ASSIGN_OR_RETURN(const pbfs::BucketPosition after, wire::Decode(request->after()));
      PBFS_ASSIGN_OR_RETURN(const auto page, recodes_.ListOtherwise(context, bucket, after, request->limit()));
      wire::Encode(page, reply);
      return OkStatus();
    });
  }
  Unary* SetEncoding(Call* call, const v1::EncodingChange* request, v1::Empty*) override {
    return Run(call, kSetEncoding, kRepairer, [this, request](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const pbfs::EncodingChange change, wire::Decode(*request));
      return recodes_.SetEncoding(context, change);
    });
  }
  Unary* NoteLeft(Call* call, const v1::NoteLeftRequest* request, v1::Empty*) override {
    return Run(call, kNoteLeft, kRepairer, [this, request](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const BucketId bucket, wire::DecodeId<BucketId>(request->bucket_id(), "bucket id"));
      return recodes_.NoteLeft(context, bucket, request->changed_ms(), wire::Decode(request->left()));
    });
  }
  Unary* ListRetired(Call* call, const v1::ListRetiredRequest* request, v1::ListRetiredReply* reply) override {
    return Run(call, kListRetired, kCollector, [this, request, reply](const Context& context) -> Status {
      PBFS_RETURN_IF_ERROR(CheckLimit(request->limit()));
      if (request->grace_ms() < 0 || request->grace_ms() > kMaxGraceMs)
        return InvalidArgumentError("a grace is up to a year long");
      const auto grace = std::chrono::milliseconds(request->grace_ms());
      PBFS_ASSIGN_OR_RETURN(const auto due, recodes_.ListRetired(context, grace, request->limit()));
      for (const pbfs::RetiredEncoding& retired : due) wire::Encode(retired, reply->add_encodings());
      return OkStatus();
    });
  }
  Unary* RetiredDone(Call* call, const v1::IdList* request, v1::Empty*) override {
    return Run(call, kRetiredDone, kCollector, [this, request](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const auto encodings, wire::DecodeIds<EncodingId>(*request, "encoding id"));
      return recodes_.RetiredDone(context, encodings);
    });
  }

  /// `role`: how the caller's name must begin; empty: anyhow.
  template <typename Work>
  Unary* Run(Call* call, Method method, const char* role, Work work) {
    const auto guarded = [call, role, work = std::move(work)](const Context& context) -> Status {
      const std::string caller = wire::PeerOf(*call).common_name;
      if (!caller.starts_with(role))
        return PermissionDeniedError(std::string("only a ") + role + " may do that, and this is " + caller);
      return work(context);
    };
    return wire::RunUnary(call, executor_, {metrics_, method, kMethods[method].c_str()}, guarded);
  }

  static constexpr const char* kRepairer = "repairer";
  static constexpr const char* kCollector = "garbage-collector";
  pbfs::Recodes& recodes_;
  CallMetrics metrics_;
  Executor executor_;
};

RecodesServant::RecodesServant(Recodes& recodes, Metrics* metrics)
    : service_(std::make_unique<Service>(recodes, metrics)) {}
RecodesServant::~RecodesServant() = default;
grpc::Service& RecodesServant::service() { return *service_; }

}  // namespace pbfs
