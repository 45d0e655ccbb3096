#include "libs/adapters/grpc/grpc_fragment_stores.h"

#include <fmt/format.h>

#include "libs/adapters/grpc/grpc_fragment_store.h"

namespace pbfs {
namespace {

constexpr Duration kMapLife = std::chrono::seconds(30);
constexpr Duration kUnknownPause = std::chrono::seconds(1);  // between questions for a store that nobody knows
constexpr Duration kMapTimeout = std::chrono::seconds(5);

}  // namespace

GrpcFragmentStores::GrpcFragmentStores(Groups& groups, const TransportSecurity& security, int channels)
    : groups_(groups), security_(security), channels_(channels) {}
GrpcFragmentStores::~GrpcFragmentStores() = default;

std::shared_ptr<FragmentStore> GrpcFragmentStores::Connected(StoreId store) {
  MutexLock lock(mutex_);
  const auto address = addresses_.find(store);
  if (address == addresses_.end()) return nullptr;
  Connection& connection = connections_[store];
  if (connection.store == nullptr || connection.address != address->second)
    connection = {address->second, std::make_shared<GrpcFragmentStore>(address->second, security_, channels_)};
  return connection.store;
}

Status GrpcFragmentStores::Refresh() {
  const Result<ClusterMap> map = groups_.WatchMap(Context::WithTimeout(kMapTimeout), -1);
  MutexLock lock(mutex_);
  ask_again_ = MonotonicNow() + (map.ok() ? kMapLife : kUnknownPause);
  PBFS_RETURN_IF_ERROR(map.status());
  for (const StoreInfo& store : map->stores) addresses_[store.id] = store.address;
  return OkStatus();
}

Result<std::shared_ptr<FragmentStore>> GrpcFragmentStores::Find(StoreId store) {
  bool old = false, unknown = false;
  {
    MutexLock lock(mutex_);
    const MonotonicTime now = MonotonicNow();
    old = now >= ask_again_;
    unknown = !addresses_.contains(store);
    // Whoever comes first asks; the others go on with what is known.
    if (old) ask_again_ = now + kUnknownPause;
  }
  Status status;
  if (old || unknown) status = Refresh();
  if (auto found = Connected(store)) return std::shared_ptr<FragmentStore>(std::move(found));
  if (!status.ok())
    return UnavailableError("cannot learn where store " + std::to_string(store.value) + " is: " + status.message());
  return UnavailableError(fmt::format("the cluster map has no store {}", store.value));
}

}  // namespace pbfs
