#include "libs/adapters/grpc/garbage_servant.h"

#include <utility>
#include <vector>

#include "libs/adapters/grpc/garbage_codec.h"
#include "libs/adapters/grpc/server_call.h"
#include "proto/pbfs/v1/garbage.grpc.pb.h"

namespace pbfs {
namespace {

constexpr size_t kThreads = 2, kQueueLimit = 64;

const std::vector<std::string> kMethods = {
    "HistoryAdvance", "HistoryExpire", "Reap",       "DropRows",     "PurgeMark",   "ListPurging",
    "PurgeDone",      "SweepMark",     "SweepArm",   "SweepConfirm", "NamesExpire", "DropZeros",
    "SweepForget",    "DaysExpire",    "ReportPass", "AskForPass",   "TakeRequest", "GetGarbage"};
enum Method : size_t {
  kHistoryAdvance,
  kHistoryExpire,
  kReap,
  kDropRows,
  kPurgeMark,
  kListPurging,
  kPurgeDone,
  kSweepMark,
  kSweepArm,
  kSweepConfirm,
  kNamesExpire,
  kDropZeros,
  kSweepForget,
  kDaysExpire,
  kReportPass,
  kAskForPass,
  kTakeRequest,
  kGetGarbage
};

}  // namespace

class GarbageServant::Service final : public v1::Garbage::CallbackService {
 public:
  Service(pbfs::Garbage& garbage, Metrics* metrics)
      : garbage_(garbage), metrics_(metrics, "pbfs_garbage", kMethods), executor_("garbage", kThreads, kQueueLimit) {}

 private:
  using Call = grpc::CallbackServerContext;
  using Unary = grpc::ServerUnaryReactor;

  Unary* HistoryAdvance(Call* call, const v1::Empty*, v1::Empty*) override {
    return Run(call, kHistoryAdvance, [this](const Context& context) { return garbage_.HistoryAdvance(context); });
  }
  Unary* HistoryExpire(Call* call, const v1::StepLimit* request, v1::StepCount* reply) override {
    return Run(call, kHistoryExpire, [this, request, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const int64_t count, garbage_.HistoryExpire(context, request->limit()));
      reply->set_count(count);
      return OkStatus();
    });
  }
  Unary* Reap(Call* call, const v1::StepLimit* request, v1::StepCount* reply) override {
    return Run(call, kReap, [this, request, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const int64_t count, garbage_.Reap(context, request->limit()));
      reply->set_count(count);
      return OkStatus();
    });
  }
  Unary* DropRows(Call* call, const v1::StepLimit* request, v1::StepCount* reply) override {
    return Run(call, kDropRows, [this, request, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const std::optional<int64_t> count, garbage_.DropRows(context, request->limit()));
      if (count) reply->set_count(*count);
      return OkStatus();
    });
  }
  Unary* PurgeMark(Call* call, const v1::PurgeMarkRequest* request, v1::StepCount* reply) override {
    return Run(call, kPurgeMark, [this, request, reply](const Context& context) -> Status {
      if (request->grace_ms() < 0 || request->grace_ms() > kMaxGraceMs)
        return InvalidArgumentError("a grace is up to a year long");
      const auto grace = std::chrono::milliseconds(request->grace_ms());
      PBFS_ASSIGN_OR_RETURN(const int64_t count, garbage_.PurgeMark(context, grace, request->limit()));
      reply->set_count(count);
      return OkStatus();
    });
  }
  Unary* ListPurging(Call* call, const v1::StepLimit* request, v1::ListPurgingReply* reply) override {
    return Run(call, kListPurging, [this, request, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const auto bodies, garbage_.ListPurging(context, request->limit()));
      for (const PurgingBody& body : bodies) wire::Encode(body, reply->add_bodies());
      return OkStatus();
    });
  }
  Unary* PurgeDone(Call* call, const v1::IdList* request, v1::Empty*) override {
    return Run(call, kPurgeDone, [this, request](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const auto bodies, wire::DecodeIds<BodyId>(*request, "body id"));
      return garbage_.PurgeDone(context, bodies);
    });
  }
  Unary* SweepMark(Call* call, const v1::IdList* request, v1::IdList* reply) override {
    return Run(call, kSweepMark, [this, request, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const auto reported, wire::DecodeIds<EncodingId>(*request, "encoding id"));
      PBFS_ASSIGN_OR_RETURN(const auto confirmed, garbage_.SweepMark(context, reported));
      *reply = wire::EncodeIds<EncodingId>(confirmed);
      return OkStatus();
    });
  }
  Unary* SweepArm(Call* call, const v1::Empty*, v1::Empty*) override {
    return Run(call, kSweepArm, [this](const Context& context) { return garbage_.SweepArm(context); });
  }
  Unary* SweepConfirm(Call* call, const v1::StepLimit* request, v1::IdList* reply) override {
    return Run(call, kSweepConfirm, [this, request, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const auto confirmed, garbage_.SweepConfirm(context, request->limit()));
      *reply = wire::EncodeIds<EncodingId>(confirmed);
      return OkStatus();
    });
  }

  Unary* NamesExpire(Call* call, const v1::StepLimit* request, v1::StepCount* reply) override {
    return Run(call, kNamesExpire, [this, request, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const int64_t count, garbage_.NamesExpire(context, request->limit()));
      reply->set_count(count);
      return OkStatus();
    });
  }
  Unary* DropZeros(Call* call, const v1::DropZerosRequest* request, v1::DropZerosReply* reply) override {
    return Run(call, kDropZeros, [this, request, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const ObjectId after, wire::DecodeId<ObjectId>(request->after(), "object id"));
      PBFS_ASSIGN_OR_RETURN(const ZerosPage page, garbage_.DropZeros(context, after, request->limit()));
      reply->set_dropped(page.dropped);
      if (page.last) reply->set_last(wire::Text(page.last->span()));
      return OkStatus();
    });
  }
  Unary* SweepForget(Call* call, const v1::StepLimit* request, v1::StepCount* reply) override {
    return Run(call, kSweepForget, [this, request, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const int64_t count, garbage_.SweepForget(context, request->limit()));
      reply->set_count(count);
      return OkStatus();
    });
  }
  Unary* DaysExpire(Call* call, const v1::Empty*, v1::StepCount* reply) override {
    return Run(call, kDaysExpire, [this, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const int64_t count, garbage_.DaysExpire(context));
      reply->set_count(count);
      return OkStatus();
    });
  }
  Unary* ReportPass(Call* call, const v1::CollectorPass* request, v1::Empty*) override {
    return Run(call, kReportPass, [this, request](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const pbfs::CollectorPass pass, wire::Decode(*request));
      return garbage_.ReportPass(context, pass);
    });
  }
  Unary* TakeRequest(Call* call, const v1::Empty*, v1::TakeRequestReply* reply) override {
    return Run(call, kTakeRequest, [this, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const bool asked, garbage_.TakeRequest(context));
      reply->set_asked(asked);
      return OkStatus();
    });
  }
  Unary* AskForPass(Call* call, const v1::Empty*, v1::Empty*) override {
    return RunForAnybody(call, kAskForPass, [this](const Context& context) { return garbage_.AskForPass(context); });
  }
  Unary* GetGarbage(Call* call, const v1::Empty*, v1::GarbageState* reply) override {
    return RunForAnybody(call, kGetGarbage, [this, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const pbfs::GarbageState state, garbage_.GetGarbage(context));
      wire::Encode(state, reply);
      return OkStatus();
    });
  }

  template <typename Work>
  Unary* RunForAnybody(Call* call, Method method, Work work) {
    return wire::RunUnary(call, executor_, {metrics_, method, kMethods[method].c_str()}, std::move(work));
  }

  template <typename Work>
  Unary* Run(Call* call, Method method, Work work) {
    const auto guarded = [call, work = std::move(work)](const Context& context) -> Status {
      const std::string caller = wire::PeerOf(*call).common_name;
      if (!caller.starts_with("garbage-collector"))
        return PermissionDeniedError("only a garbage collector may do that, and this is " + caller);
      return work(context);
    };
    return wire::RunUnary(call, executor_, {metrics_, method, kMethods[method].c_str()}, guarded);
  }

  static constexpr int64_t kMaxGraceMs = int64_t{366} * 86'400'000;
  pbfs::Garbage& garbage_;
  CallMetrics metrics_;
  Executor executor_;
};

GarbageServant::GarbageServant(Garbage& garbage, Metrics* metrics)
    : service_(std::make_unique<Service>(garbage, metrics)) {}
GarbageServant::~GarbageServant() = default;
grpc::Service& GarbageServant::service() { return *service_; }

}  // namespace pbfs
