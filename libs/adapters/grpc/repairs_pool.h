#pragma once

#include <string>
#include <vector>

#include "libs/adapters/grpc/port_pool.h"
#include "libs/catalog/catalog.h"

namespace pbfs {

/// The Repairs ports of a site's catalogs as one (PortPool). Threads: any.
class RepairsPool final : public Repairs {
 public:
  RepairsPool(const std::vector<std::string>& addresses, const TransportSecurity& security, Duration attempt);

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
  PortPool<Repairs> pool_;
};

}  // namespace pbfs
