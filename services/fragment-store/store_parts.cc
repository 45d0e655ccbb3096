#include "services/fragment-store/store_parts.h"

#include <algorithm>

#include "libs/adapters/etcd/etcd_leases.h"
#include "libs/runtime/secret_file.h"
#include "libs/runtime/store_lease.h"

namespace pbfs::fragment_store {

Result<StoreIdentity> IdentityOf(const FragmentStoreSettings& settings) {
  PBFS_ASSIGN_OR_RETURN(const Bytes receipt_key, ReadKey(settings.store_key_file, 32));
  PBFS_ASSIGN_OR_RETURN(const Bytes token_key, ReadPublicKey(settings.token_key_file, 32));
  PublicKey public_key;
  std::copy(token_key.begin(), token_key.end(), public_key.begin());
  return StoreIdentity{settings.store, settings.site, Key32::FromBytes(receipt_key), public_key};
}

disk::DiskOptions DiskOptionsOf(const FragmentStoreSettings& settings) {
  disk::DiskOptions options;
  options.owner = {settings.cluster_id, settings.store};
  options.capacity = settings.capacity_bytes;
  options.volume_size = settings.volume_bytes;
  options.scrub_rate = settings.scrub_bytes_per_second;
  return options;
}

ServiceLimits LimitsOf(const FragmentStoreSettings& settings) {
  ServiceLimits limits;
  limits.max_memory = settings.request_memory_bytes;
  limits.read_threads = std::max(2, settings.threads / 2);
  return limits;
}

LeaseInfo LeaseOf(const FragmentStoreSettings& settings, int port, Random& random) {
  std::string address = settings.address.empty() ? settings.listen : settings.address;
  // Port 0 was a wish for any.
  if (address.ends_with(":0")) address = address.substr(0, address.size() - 1) + std::to_string(port);
  return EncodeStoreLease({settings.store, address, settings.domain, StoreState::kUp, settings.weight},
                          BucketId::NewRandom(random).ToString());
}

Result<std::unique_ptr<Presence>> Presence::Begin(const FragmentStoreSettings& settings, int port, Random& random) {
  auto presence = std::make_unique<Presence>();
  if (settings.etcd.endpoints.empty()) return presence;
  PBFS_ASSIGN_OR_RETURN(const auto security, TransportSecurity::MutualTls(settings.etcd.tls));
  presence->leases_ = std::make_unique<EtcdLeases>(settings.etcd.endpoints, security, settings.etcd.prefix);
  presence->keeper_ =
      std::make_unique<LeaseKeeper>(*presence->leases_, LeaseOf(settings, port, random), LeaseKeeper::Options{});
  return presence;
}

}  // namespace pbfs::fragment_store
