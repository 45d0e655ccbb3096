#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/adapters/grpc/transport_security.h"
#include "libs/catalog/catalog.h"

namespace pbfs {

/// The Garbage ports of a site's catalogs as one: a call goes to the catalog that answered last, and after UNAVAILABLE or
/// DEADLINE_EXCEEDED once to each of the others. Every step may be repeated, so nothing else is needed. Threads: any.
class GarbagePool final : public Garbage {
 public:
  /// Of each catalog; they outlive this; at least one.
  explicit GarbagePool(std::vector<Garbage*> catalogs);
  /// Owns a GrpcGarbage for each address. `attempt`: the time that one catalog gets for one call.
  GarbagePool(const std::vector<std::string>& addresses, const TransportSecurity& security, Duration attempt);
  ~GarbagePool() override;

  Status HistoryAdvance(const Context& context) override;
  Result<int64_t> HistoryExpire(const Context& context, int32_t limit) override;
  Result<int64_t> Reap(const Context& context, int32_t limit) override;
  Result<std::optional<int64_t>> DropRows(const Context& context, int32_t limit) override;
  Result<int64_t> PurgeMark(const Context& context, Duration grace, int32_t limit) override;
  Result<std::vector<PurgingBody>> ListPurging(const Context& context, int32_t limit) override;
  Status PurgeDone(const Context& context, std::span<const BodyId> bodies) override;
  Result<std::vector<EncodingId>> SweepMark(const Context& context, std::span<const EncodingId> reported) override;
  Status SweepArm(const Context& context) override;
  Result<std::vector<EncodingId>> SweepConfirm(const Context& context, int32_t limit) override;

 private:
  template <typename Call>
  auto Ask(const Context& context, const Call& call) -> decltype(call(context, std::declval<Garbage&>()));

  std::vector<std::unique_ptr<Garbage>> owned_;
  std::vector<Garbage*> catalogs_;
  const Duration attempt_ = std::chrono::seconds(60);
  std::atomic<size_t> current_{0};
};

}  // namespace pbfs
