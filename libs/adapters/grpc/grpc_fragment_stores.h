#pragma once

#include <map>
#include <memory>
#include <string>

#include "libs/adapters/grpc/transport_security.h"
#include "libs/base/sync.h"
#include "libs/catalog/map_cache.h"
#include "libs/fragments/fragment_store.h"

namespace pbfs {

class GrpcFragmentStore;

/// The stores of a site by the cluster map: where each one is, and a connection to it that is kept. The map is asked
/// for anew when a store is unknown; and as a store may come back at another address, MapCache keeps it fresh. Threads: any.
class GrpcFragmentStores final : public FragmentStores {
 public:
  /// `groups` outlives this.
  GrpcFragmentStores(Groups& groups, const TransportSecurity& security, int channels = 2);
  ~GrpcFragmentStores() override;
  /// Blocks for the map only if the store is unknown, or as MapCache does; an old map is better than none.
  Result<std::shared_ptr<FragmentStore>> Find(StoreId store) override;

 private:
  struct Connection {
    std::string address;
    std::shared_ptr<GrpcFragmentStore> store;
  };
  std::shared_ptr<FragmentStore> Connected(StoreId store, const std::string& address);

  MapCache maps_;
  const TransportSecurity security_;
  const int channels_;
  Mutex mutex_;
  std::map<StoreId, Connection> connections_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs
