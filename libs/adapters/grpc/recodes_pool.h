#pragma once

#include <string>
#include <vector>

#include "libs/adapters/grpc/port_pool.h"
#include "libs/catalog/catalog.h"

namespace pbfs {

/// The Recodes ports of a site's catalogs as one (PortPool). Threads: any.
class RecodesPool final : public Recodes {
 public:
  RecodesPool(const std::vector<std::string>& addresses, const TransportSecurity& security, Duration attempt);

  Result<std::vector<Recoding>> ListRecodings(const Context& context) override;
  Result<OtherwisePage> ListOtherwise(const Context& context, BucketId bucket, BucketPosition after,
                                      int32_t limit) override;
  Status SetEncoding(const Context& context, const EncodingChange& change) override;
  Status NoteLeft(const Context& context, BucketId bucket, int64_t changed_ms, BodyCount left) override;
  Result<std::vector<RetiredEncoding>> ListRetired(const Context& context, Duration grace, int32_t limit) override;
  Status RetiredDone(const Context& context, std::span<const EncodingId> encodings) override;

 private:
  PortPool<Recodes> pool_;
};

}  // namespace pbfs
