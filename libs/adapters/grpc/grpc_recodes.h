#pragma once

#include <memory>
#include <string>

#include "libs/adapters/grpc/transport_security.h"
#include "libs/catalog/catalog.h"

namespace pbfs {

/// The Recodes port of one catalog server at the other end of the network. Never repeats anything. Threads: any. A call that is
/// under way ends by its deadline; destroy this only after.
class GrpcRecodes final : public Recodes {
 public:
  /// Connects lazily. `address`: host:port, as the server's certificate names it.
  GrpcRecodes(const std::string& address, const TransportSecurity& security);
  ~GrpcRecodes() override;

  Result<std::vector<Recoding>> ListRecodings(const Context& context) override;
  Result<OtherwisePage> ListOtherwise(const Context& context, BucketId bucket, BucketPosition after,
                                      int32_t limit) override;
  Status SetEncoding(const Context& context, const EncodingChange& change) override;
  Status NoteLeft(const Context& context, BucketId bucket, int64_t changed_ms, BodyCount left) override;
  Result<std::vector<RetiredEncoding>> ListRetired(const Context& context, Duration grace, int32_t limit) override;
  Status RetiredDone(const Context& context, std::span<const EncodingId> encodings) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pbfs
