#pragma once

#include <memory>
#include <string>

#include "libs/adapters/grpc/transport_security.h"
#include "libs/catalog/catalog.h"

namespace pbfs {

/// The Repairs port of one catalog server at the other end of the network. Never repeats anything. Threads: any. A call that is
/// under way ends by its deadline; destroy this only after.
class GrpcRepairs final : public Repairs {
 public:
  /// Connects lazily. `address`: host:port, as the server's certificate names it.
  GrpcRepairs(const std::string& address, const TransportSecurity& security);
  ~GrpcRepairs() override;

  Result<std::vector<GroupCheck>> ListGroupChecks(const Context& context) override;
  Result<std::vector<EncodedBody>> ListEncodings(const Context& context, const GroupRange& range,
                                                 int32_t limit) override;
  Result<std::vector<EncodedBody>> FindEncodings(const Context& context,
                                                 std::span<const EncodingId> encodings) override;
  Status MarkMissing(const Context& context, std::span<const Shard> shards) override;
  Result<std::vector<EncodedBody>> ListDegraded(const Context& context, DegradedPosition after, int32_t limit) override;
  Status ClearMissing(const Context& context, std::span<const PlacedShard> shards) override;
  Status GroupsChecked(const Context& context, std::span<const GroupVersion> groups) override;
  Status Recheck(const Context& context) override;
  Status ReportSuspect(const Context& context, EncodingId encoding) override;
  Result<Redundancy> GetRedundancy(const Context& context) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pbfs
