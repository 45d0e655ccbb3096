#include "services/fragment-store/store_parts.h"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "libs/adapters/disk/posix_file_system.h"
#include "libs/adapters/disk/store_identity.h"
#include "libs/adapters/grpc/fragment_servant.h"
#include "libs/adapters/grpc/grpc_enrolments.h"
#include "libs/runtime/program.h"
#include "libs/runtime/secret_file.h"
#include "libs/runtime/store_lease.h"

namespace pbfs::fragment_store {

namespace {

constexpr auto kAttempt = std::chrono::seconds(10);  // what one catalog gets for its answer

using disk::WrittenIdentity;

Result<PublicKey> TokenKeyOf(const FragmentStoreSettings& settings) {
  PBFS_ASSIGN_OR_RETURN(const Bytes token_key, ReadPublicKey(settings.token_key_file, 32));
  PublicKey public_key;
  std::copy(token_key.begin(), token_key.end(), public_key.begin());
  return public_key;
}

Result<WrittenIdentity> Configured(const FragmentStoreSettings& settings) {
  PBFS_ASSIGN_OR_RETURN(const Bytes key, ReadKey(settings.store_key_file, 32));
  return WrittenIdentity{{settings.cluster_id, settings.store}, Key32::FromBytes(key)};
}

Result<WrittenIdentity> AskCatalogs(const FragmentStoreSettings& settings, const TransportSecurity& security) {
  EnrolmentPool catalogs(settings.catalogs, security, kAttempt);
  const Context context = Context::WithTimeout(kAttempt * static_cast<int>(settings.catalogs.size()));
  auto enrolled = catalogs.EnrolStore(context, settings.cluster_id);
  PBFS_RETURN_IF_ERROR(enrolled.status().Annotate("no catalog gave this store a number: "));
  spdlog::info("this store is number {} from now on", enrolled->id.value);
  return WrittenIdentity{{settings.cluster_id, enrolled->id}, enrolled->key};
}

}  // namespace

Status CheckKeys(const FragmentStoreSettings& settings) {
  PBFS_RETURN_IF_ERROR(TokenKeyOf(settings).status());
  return settings.catalogs.empty() ? Configured(settings).status() : OkStatus();
}

Result<StoreIdentity> IdentityOf(const FragmentStoreSettings& settings, disk::FileSystem& files,
                                 const TransportSecurity& security) {
  PBFS_ASSIGN_OR_RETURN(const PublicKey token_key, TokenKeyOf(settings));
  const auto ask = [&] { return AskCatalogs(settings, security); };
  PBFS_ASSIGN_OR_RETURN(const WrittenIdentity identity, settings.catalogs.empty()
                                                            ? Configured(settings)
                                                            : disk::SettleIdentity(files, settings.cluster_id, ask));
  return StoreIdentity{identity.owner.store, settings.site, identity.key, token_key};
}

disk::DiskOptions DiskOptionsOf(const FragmentStoreSettings& settings, StoreId store) {
  disk::DiskOptions options;
  options.owner = {settings.cluster_id, store};
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

LeaseInfo LeaseOf(const FragmentStoreSettings& settings, StoreId store, int port, const disk::StartMark& mark,
                  Random& random) {
  std::string address = settings.address.empty() ? settings.listen : settings.address;
  // Port 0 was a wish for any.
  if (address.ends_with(":0")) address = address.substr(0, address.size() - 1) + std::to_string(port);
  return EncodeStoreLease({store, address, settings.domain, StoreState::kUp, settings.weight, mark.start, mark.before},
                          BucketId::NewRandom(random).ToString());
}

Result<std::unique_ptr<Presence>> Presence::Begin(const FragmentStoreSettings& settings, StoreId store, int port,
                                                  const disk::StartMark& mark, Random& random) {
  auto presence = std::make_unique<Presence>();
  PBFS_ASSIGN_OR_RETURN(presence->coordinator_, Coordinator::Open(settings.leases));
  Coordinator& coordinator = *presence->coordinator_;
  if (coordinator.leases() == nullptr) return presence;
  presence->keeper_ = std::make_unique<LeaseKeeper>(*coordinator.leases(), LeaseOf(settings, store, port, mark, random),
                                                    coordinator.keeping());
  return presence;
}

bool Presence::Held() const { return keeper_ == nullptr || keeper_->Held(); }

namespace {

/// What the store holds and does, as of each look.
class StoreMetrics {
 public:
  StoreMetrics(Metrics& metrics, disk::DiskVolumes& volumes, FragmentService& service, const Presence& presence)
      : state_(metrics, "pbfs_store", "What a fragment store holds and does", "what"),
        refresher_(metrics, [&] { Refresh(volumes.Stat(), service.load(), presence.Held()); }) {}

 private:
  void Refresh(const StoreStat& stat, const FragmentService::Load& load, bool leased) {
    state_.Set("capacity_bytes", stat.capacity), state_.Set("used_bytes", stat.used);
    state_.Set("live_bytes", stat.live), state_.Set("fragments", stat.fragments);
    state_.Set("corrupt_fragments", stat.corrupt);
    state_.Set("scrubbed_timestamp_seconds", stat.scrubbed_ms / 1000);
    state_.Set("puts", load.puts), state_.Set("reads", load.reads), state_.Set("refused", load.refused);
    state_.Set("leased", leased ? 1 : 0);
  }
  Gauges state_;
  Refresher refresher_;  // last: it uses the above
};

}  // namespace

Status Serve(const FragmentStoreSettings& settings, const TransportSecurity& security) {
  Metrics metrics;
  PBFS_RETURN_IF_ERROR(StartTelemetry("pbfs-fragment-store", settings, metrics));
  SystemClock clock;
  SystemRandom random;
  PBFS_ASSIGN_OR_RETURN(std::shared_ptr<disk::FileSystem> files, disk::OpenPosixFileSystem(settings.data_directory));
  PBFS_ASSIGN_OR_RETURN(const StoreIdentity identity, IdentityOf(settings, *files, security));
  PBFS_ASSIGN_OR_RETURN(const auto volumes,
                        disk::DiskVolumes::Open(files, DiskOptionsOf(settings, identity.store), clock, random));
  FragmentService service(identity, *volumes, clock, LimitsOf(settings));
  FragmentServant servant(service, {static_cast<size_t>(settings.threads), settings.request_memory_bytes, &metrics});
  PBFS_ASSIGN_OR_RETURN(const auto server, GrpcServer::Start(settings.listen, security, {&servant}));
  PBFS_ASSIGN_OR_RETURN(const auto presence, Presence::Begin(settings, identity.store, server->port(),
                                                             disk::MarkStart(*files, random), random));
  const StoreMetrics report(metrics, *volumes, service, *presence);
  return ServeUntilSignal(*server, settings.listen, settings.drain);
}

}  // namespace pbfs::fragment_store
