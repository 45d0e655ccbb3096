#pragma once

#include <memory>
#include <string>

#include "libs/adapters/grpc/transport_security.h"
#include "libs/catalog/catalog.h"

namespace pbfs {

/// The Garbage port of one catalog server at the other end of the network. Never repeats anything; its caller comes again anyway.
/// Threads: any. A call that is under way ends by its deadline; destroy this only after.
class GrpcGarbage final : public Garbage {
 public:
  /// Connects lazily. `address`: host:port, as the server's certificate names it.
  GrpcGarbage(const std::string& address, const TransportSecurity& security);
  ~GrpcGarbage() override;

  Status HistoryAdvance(const Context& context) override;
  Result<int64_t> HistoryExpire(const Context& context, int32_t limit) override;
  Result<int64_t> NamesExpire(const Context& context, int32_t limit) override;
  Result<int64_t> Reap(const Context& context, int32_t limit) override;
  Result<std::optional<int64_t>> DropRows(const Context& context, int32_t limit) override;
  Result<int64_t> PurgeMark(const Context& context, Duration grace, int32_t limit) override;
  Result<std::vector<PurgingBody>> ListPurging(const Context& context, int32_t limit) override;
  Status PurgeDone(const Context& context, std::span<const BodyId> bodies) override;
  Result<std::vector<EncodingId>> SweepMark(const Context& context, std::span<const EncodingId> reported) override;
  Status SweepArm(const Context& context) override;
  Result<std::vector<EncodingId>> SweepConfirm(const Context& context, int32_t limit) override;
  Result<ZerosPage> DropZeros(const Context& context, ObjectId after, int32_t limit) override;
  Result<int64_t> SweepForget(const Context& context, int32_t limit) override;
  Result<int64_t> DaysExpire(const Context& context) override;
  Status ReportPass(const Context& context, const CollectorPass& pass) override;
  Status AskForPass(const Context& context) override;
  Result<bool> TakeRequest(const Context& context) override;
  Result<GarbageState> GetGarbage(const Context& context) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pbfs
