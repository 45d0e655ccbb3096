#pragma once

#include <memory>

#include "libs/adapters/grpc/servant.h"
#include "libs/catalog/catalog.h"
#include "libs/catalog/enrolments.h"
#include "libs/catalog/tokens.h"
#include "libs/runtime/metrics.h"

namespace pbfs {

/// Serves a catalog's ports over the wire. Each call runs on one of two bounded pools, commits apart from the rest, so that
/// reads go on while Commits wait for a standby; what does not fit is refused with RESOURCE_EXHAUSTED and retry-after-ms.
class CatalogServant final : public GrpcServant {
 public:
  struct Options {
    size_t commit_threads = 128;  // Commits that wait at a time: they become one transaction
    size_t read_threads = 16;
    size_t queue_limit = 4096;   // calls that wait for a thread, of each pool
    Metrics* metrics = nullptr;  // outlives this
    Enrolments* enrolments =
        nullptr;  // who takes stores into the site, and outlives this; none: EnrolStore is UNIMPLEMENTED
  };
  /// All ports outlive this, and this outlives the server.
  CatalogServant(const Catalog& catalog, Tokens& tokens, const Options& options);
  ~CatalogServant() override;
  grpc::Service& service() override;
  /// Ends the map streams; their clients go to another catalog.
  void Drain() override;

 private:
  class Service;
  std::unique_ptr<Service> service_;
};

}  // namespace pbfs
