#include "services/fragment-store/fragment_service.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "libs/fragments/fragment_check.h"
#include "services/fragment-store/admission.h"
#include "services/fragment-store/outcome.h"

namespace pbfs::fragment_store {

/// A put: admitted, checked as it streams, committed with its last byte.
class ServicePut final : public FragmentWriter {
 public:
  ServicePut(FragmentService& service, const Context& context, const PutRequest& request, ReadyCallback on_ready)
      : service_(service),
        check_(request.key, request.length),
        length_(request.length),
        outcome_(std::make_shared<Outcome<ReceiptBytes>>(std::move(on_ready))) {
    if (Status status = Open(context, request); !status.ok()) outcome_->Set(std::move(status));
  }

  Status Append(const Context& context, Buffer bytes) override {
    PBFS_RETURN_IF_ERROR(outcome_->Failure());
    if (committed_ && !bytes.empty()) return InvalidArgumentError("longer than announced");
    Status status = context.Check();
    if (status.ok()) status = check_.Append(bytes);
    if (status.ok()) status = writer_->Append(std::move(bytes));
    if (!status.ok()) return End(std::move(status));
    if (check_.Complete() && !committed_) Commit();
    return OkStatus();
  }

  Result<ReceiptBytes> Finish(const Context& context) override {
    if (!committed_ && !outcome_->IsSet()) (void)End(InvalidArgumentError("the put ended before the announced length"));
    return outcome_->Wait(context);
  }

  bool Ready() const override { return outcome_->IsSet(); }

 private:
  Status Open(const Context& context, const PutRequest& request) {
    constexpr int64_t kHeldByAPut = 2 << 20;  // a piece that gathers and one that arrives
    PBFS_RETURN_IF_ERROR(context.Check());
    PBFS_RETURN_IF_ERROR(service_.rules_->CheckPut(request));
    PBFS_ASSIGN_OR_RETURN(permit_, service_.admission_->Admit(FragmentService::Admission::Kind::kPut,
                                                              std::min(request.length, kHeldByAPut)));
    PBFS_ASSIGN_OR_RETURN(writer_, service_.volumes_.StartWrite(request.key, request.length));
    key_ = request.key;
    return OkStatus();
  }

  void Commit() {
    committed_ = true;
    const FragmentInfo info{key_, length_, check_.sum(), service_.rules_->NowMillis()};
    // It may come after this put and its service are gone: it owns what it touches.
    writer_->Commit(info, check_.shape(), [rules = service_.rules_, outcome = outcome_](Result<FragmentInfo> stored) {
      outcome->Set(stored.ok() ? Result<ReceiptBytes>(rules->MakeReceipt(*stored)) : stored.status());
    });
  }

  Status End(Status status) {
    writer_.reset();  // calls the write off
    permit_.reset();
    outcome_->Set(status);
    return status;
  }

  FragmentService& service_;
  FragmentKey key_;
  FragmentCheck check_;
  const int64_t length_;
  const std::shared_ptr<Outcome<ReceiptBytes>> outcome_;
  std::unique_ptr<FragmentService::Admission::Permit> permit_;
  std::unique_ptr<VolumeWriter> writer_;
  bool committed_ = false;
};

/// A read: admitted, then served by the pool. Its memory counts until it is destroyed, when the reply was sent.
class ServiceRead final : public PendingRead {
 public:
  ServiceRead(FragmentService& service, const Context& context, ReadRequest request, ReadyCallback on_ready)
      : outcome_(std::make_shared<Outcome<ReadReply>>(std::move(on_ready))) {
    Status status = context.Check();
    if (status.ok()) status = Start(service, context, std::move(request));
    if (!status.ok()) outcome_->Set(std::move(status));
  }
  ~ServiceRead() override { called_off_->store(true); }

  Result<ReadReply> Wait(const Context& context) override { return outcome_->Wait(context); }
  bool Ready() const override { return outcome_->IsSet(); }

 private:
  Status Start(FragmentService& service, const Context& context, ReadRequest request) {
    PBFS_RETURN_IF_ERROR(service.rules_->CheckRead(request));
    int64_t bytes = 0;
    for (const FragmentRange& range : request.ranges)
      bytes += std::clamp<int64_t>(range.end - range.begin, 0, kMaxReadBytes);
    PBFS_ASSIGN_OR_RETURN(auto permit, service.admission_->Admit(FragmentService::Admission::Kind::kRead, bytes));
    permit_ = std::move(permit);
    return service.readers_.Submit([&volumes = service.volumes_, context, request = std::move(request),
                                    permit = permit_, outcome = outcome_, called_off = called_off_]() mutable {
      Result<ReadReply> reply = Serve(volumes, context, request, *called_off);
      permit.reset();  // before the answer: who has it may start the next read
      outcome->Set(std::move(reply));
    });
  }

  static Result<ReadReply> Serve(Volumes& volumes, const Context& context, const ReadRequest& request,
                                 const std::atomic<bool>& called_off) {
    ReadReply reply;
    for (const FragmentRange& range : request.ranges) {
      if (called_off) return CancelledError("called off");
      PBFS_RETURN_IF_ERROR(context.Check());
      const Result<Buffer> part = volumes.Read(range);
      reply.parts.push_back(part.ok() ? ReadPart{OkStatus(), *part} : ReadPart{part.status(), {}});
    }
    return reply;
  }

  const std::shared_ptr<Outcome<ReadReply>> outcome_;
  const std::shared_ptr<std::atomic<bool>> called_off_ = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<FragmentService::Admission::Permit> permit_;
};

FragmentService::FragmentService(const StoreIdentity& identity, Volumes& volumes, const Clock& clock,
                                 const ServiceLimits& limits)
    : rules_(std::make_shared<StoreRules>(identity, clock)),
      volumes_(volumes),
      admission_(std::make_shared<Admission>(limits)),
      readers_("fragment-reads", static_cast<size_t>(limits.read_threads), static_cast<size_t>(limits.max_reads)) {}

FragmentService::~FragmentService() = default;

std::unique_ptr<FragmentWriter> FragmentService::StartPut(const Context& context, PutRequest request,
                                                          ReadyCallback on_ready) {
  return std::make_unique<ServicePut>(*this, context, request, std::move(on_ready));
}

std::unique_ptr<PendingRead> FragmentService::StartRead(const Context& context, ReadRequest request,
                                                        ReadyCallback on_ready) {
  return std::make_unique<ServiceRead>(*this, context, std::move(request), std::move(on_ready));
}

Status FragmentService::Delete(const Context& context, const std::vector<FragmentKey>& keys, const TokenBytes& token) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(rules_->CheckDelete(token));
  return volumes_.Delete(keys);
}

Status FragmentService::Drop(const Context& context, const std::vector<FragmentInfo>& copies, const TokenBytes& token) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(rules_->CheckDrop(token));
  volumes_.Drop(copies);
  return OkStatus();
}

Result<ListFragmentsReply> FragmentService::List(const Context& context, const ListFragmentsRequest& request) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(rules_->CheckList(request));
  return volumes_.List(request);
}

Result<StoreStat> FragmentService::Stat(const Context& context) {
  PBFS_RETURN_IF_ERROR(context.Check());
  return volumes_.Stat();
}

FragmentService::Load FragmentService::load() { return admission_->load(); }

}  // namespace pbfs::fragment_store
