#include "libs/adapters/grpc/grpc_fragment_stores.h"

#include <fmt/format.h>

#include "libs/adapters/grpc/grpc_fragment_store.h"

namespace pbfs {
namespace {

constexpr Duration kMapTimeout = std::chrono::seconds(5);

}  // namespace

GrpcFragmentStores::GrpcFragmentStores(Groups& groups, const TransportSecurity& security, int channels)
    : maps_(groups), security_(security), channels_(channels) {}
GrpcFragmentStores::~GrpcFragmentStores() = default;

std::shared_ptr<FragmentStore> GrpcFragmentStores::Connected(StoreId store, const std::string& address) {
  MutexLock lock(mutex_);
  Connection& connection = connections_[store];
  if (connection.store == nullptr || connection.address != address)
    connection = {address, std::make_shared<GrpcFragmentStore>(address, security_, channels_)};
  return connection.store;
}

Result<std::shared_ptr<FragmentStore>> GrpcFragmentStores::Find(StoreId store) {
  const Context context = Context::WithTimeout(kMapTimeout);
  PBFS_ASSIGN_OR_RETURN(MapCache::MapPtr map, maps_.Get(context));
  if (map->FindStore(store) == nullptr) {
    maps_.Invalidate();
    PBFS_ASSIGN_OR_RETURN(map, maps_.Get(context));
  }
  const StoreInfo* const found = map->FindStore(store);
  if (found == nullptr) return UnavailableError(fmt::format("the cluster map has no store {}", store.value));
  return Connected(store, found->address);
}

}  // namespace pbfs
