#pragma once

#include <string>
#include <vector>

#include "libs/adapters/grpc/port_pool.h"
#include "libs/catalog/catalog.h"

namespace pbfs {

/// The Garbage ports of a site's catalogs as one (PortPool). Threads: any.
class GarbagePool final : public Garbage {
 public:
  GarbagePool(const std::vector<std::string>& addresses, const TransportSecurity& security, Duration attempt);

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
  PortPool<Garbage> pool_;
};

}  // namespace pbfs
