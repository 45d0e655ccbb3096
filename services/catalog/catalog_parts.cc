#include "services/catalog/catalog_parts.h"

#include <algorithm>

#include "libs/adapters/etcd/patroni_failovers.h"
#include "libs/adapters/grpc/catalog_servant.h"
#include "libs/adapters/grpc/garbage_servant.h"
#include "libs/adapters/grpc/recodes_servant.h"
#include "libs/adapters/grpc/repairs_servant.h"
#include "libs/adapters/kube/kube_objects.h"
#include "libs/adapters/kube/token_file.h"
#include "libs/adapters/postgres/migrations.h"
#include "libs/adapters/postgres/postgres_health.h"
#include "libs/adapters/postgres/postgres_timelines.h"
#include "libs/adapters/postgres/restored.h"
#include "libs/catalog/receipts.h"
#include "libs/catalog/store_state.h"
#include "libs/runtime/program.h"
#include "libs/runtime/store_lease.h"
#include "services/catalog/floors.h"
#include "services/catalog/kubernetes_failovers.h"
#include "services/catalog/store_enroller.h"
#include "services/catalog/vitals.h"

namespace pbfs::catalog {

Result<PostgresOptions> PostgresOptionsOf(const CatalogSettings& settings) {
  PostgresOptions options;
  PBFS_ASSIGN_OR_RETURN(options.primary_dsn, ReadSecretText(settings.primary_dsn_file));
  options.local_dsn = options.primary_dsn;
  if (!settings.local_dsn_file.empty()) {
    PBFS_ASSIGN_OR_RETURN(options.local_dsn, ReadSecretText(settings.local_dsn_file));
  }
  PBFS_ASSIGN_OR_RETURN(const Bytes secret, ReadKey(settings.site_secret_file, 32));
  options.verify_receipt = VerifyWithSiteSecret(Key32::FromBytes(secret), settings.site);
  options.read_connections = settings.read_connections;
  options.primary_connections = settings.write_connections;
  return options;
}

Result<std::unique_ptr<SiteKey>> SiteKey::Open(const CatalogSettings& settings) {
  auto key = std::make_unique<SiteKey>();
  PBFS_ASSIGN_OR_RETURN(key->file_, KeyFile::Open(settings.token_key_file, 64));
  return key;
}

TokenIssuer::Options SiteKey::IssuerOptions(const CatalogSettings& settings) {
  return {settings.site, [this] {
            const Bytes bytes = file_->Get();  // seed ‖ public key
            SigningKey key;
            key.secret = Secret<64>::FromBytes(bytes);
            std::copy(bytes.begin() + 32, bytes.end(), key.public_key.begin());
            return key;
          }};
}

Result<std::unique_ptr<LeasedMembership>> LeasedMembership::Begin(const CatalogSettings& settings, Groups& groups) {
  auto membership = std::make_unique<LeasedMembership>();
  PBFS_ASSIGN_OR_RETURN(membership->coordinator_, Coordinator::Open(settings.leases));
  Leases* leases = membership->coordinator_->leases();
  if (leases == nullptr) return membership;
  Membership::Options options;
  options.down_after = settings.down_after;
  membership->membership_ = std::make_unique<Membership>(*leases, groups, DecodeStoreLease, options);
  return membership;
}

std::optional<Membership::Look> LeasedMembership::look() const {
  return membership_ == nullptr ? std::nullopt : std::optional(membership_->look());
}

namespace {

/// How things are around the catalog, for the page of its metrics.
class CatalogMetrics {
 public:
  explicit CatalogMetrics(Metrics& metrics)
      : database_(metrics, "pbfs_catalog_database", "What a catalog sees of its PostgreSQL", "what"),
        stores_(metrics, "pbfs_stores", "Stores of the site, by state", "state"),
        membership_(metrics, "pbfs_membership", "What a catalog sees of the leases of stores", "what") {}

  void Report(const Signs& signs, const std::optional<Membership::Look>& look) {
    database_.Set("reachable", signs.database ? 1 : 0);
    if (signs.database) Report(*signs.database);
    database_.Set("oldest_transaction_seconds", std::chrono::duration<double>(signs.oldest_transaction).count());
    for (const StoreState state : {StoreState::kJoining, StoreState::kUp, StoreState::kSuspect, StoreState::kDown,
                                   StoreState::kDraining, StoreState::kGone}) {
      const auto stores = signs.stores.find(state);
      stores_.Set(NameOf(state), stores == signs.stores.end() ? 0 : stores->second);
    }
    if (!look) return;
    membership_.Set("current", look->status.ok() ? 1 : 0);
    membership_.Set("stores_without_lease", look->without_lease);
  }

 private:
  void Report(const DatabaseHealth& health) {
    database_.Set("synchronous", health.synchronous ? 1 : 0), database_.Set("confirms", health.confirms ? 1 : 0);
    database_.Set("frozen", health.frozen ? 1 : 0);
    database_.Set("clock_ahead_seconds", static_cast<double>(health.clock_ahead_ms) / 1000);
  }
  Gauges database_, stores_, membership_;
};

}  // namespace

Status MigrateSchema(const CatalogSettings& settings) {
  PBFS_ASSIGN_OR_RETURN(const std::string dsn, ReadSecretText(settings.primary_dsn_file));
  return postgres::Migrate(Context::WithTimeout(std::chrono::minutes(10)), dsn, settings.site);
}

Status ThawTimeline(const PostgresOptions& postgres) {
  const Context context = Context::WithTimeout(std::chrono::minutes(1));
  PostgresTimelines timelines(postgres);
  PBFS_ASSIGN_OR_RETURN(const Timelines::State state, timelines.Load(context));
  return timelines.Thaw(context, state.thawed, state.now.timeline);
}

Status FenceRestoredCatalog(const CatalogSettings& settings) {
  PBFS_ASSIGN_OR_RETURN(const std::string dsn, ReadSecretText(settings.primary_dsn_file));
  return postgres::FenceRestored(Context::WithTimeout(std::chrono::hours(1)), dsn);
}

Result<std::unique_ptr<PatroniThaws>> PatroniThaws::Begin(const CatalogSettings& settings,
                                                          const PostgresOptions& postgres) {
  auto thaws = std::make_unique<PatroniThaws>();
  if (settings.patroni_keys.empty() && settings.patroni_scope.empty()) return thaws;
  thaws->timelines_ = std::make_unique<PostgresTimelines>(postgres);
  if (!settings.patroni_scope.empty()) {
    PBFS_RETURN_IF_ERROR(thaws->WatchKubernetes(settings));
  } else {
    PBFS_ASSIGN_OR_RETURN(const auto security, TransportSecurity::MutualTls(settings.leases.etcd.tls));
    thaws->failovers_ = std::make_unique<PatroniFailovers>(
        settings.leases.etcd.endpoints, security, settings.patroni_keys, settings.leases.etcd.prefix + "thawed");
  }
  thaws->thaws_ = std::make_unique<Thaws>(*thaws->timelines_, *thaws->failovers_);
  return thaws;
}

Status PatroniThaws::WatchKubernetes(const CatalogSettings& settings) {
  const KubernetesSettings& server = settings.leases.kubernetes;
  KubernetesFailovers::Options options{server.space, settings.patroni_scope};
  if (options.space.empty()) {
    PBFS_ASSIGN_OR_RETURN(options.space, kube::ReadTextFile(kube::kPodNamespaceFile));
  }
  PBFS_ASSIGN_OR_RETURN(kube_client_, kube::KubeClient::Open({server.server, server.ca_file, server.token_file}));
  kube_ = std::make_unique<kube::KubeObjects>(*kube_client_);
  failovers_ = std::make_unique<KubernetesFailovers>(*kube_, std::move(options));
  return OkStatus();
}

Status Serve(const CatalogSettings& settings, const PostgresOptions& postgres, SiteKey& key,
             const TransportSecurity& security) {
  Metrics metrics;
  PBFS_RETURN_IF_ERROR(StartTelemetry("pbfs-catalog", settings, metrics));
  SystemClock clock;
  SystemRandom random;
  PostgresCatalog catalog(postgres);
  PBFS_ASSIGN_OR_RETURN(const Bytes secret, ReadKey(settings.site_secret_file, 32));
  StoreEnroller enroller(catalog, Key32::FromBytes(secret), settings.site);
  TokenIssuer tokens(catalog, clock, random, key.IssuerOptions(settings));
  CatalogServant servant(catalog.ports(), tokens,
                         {static_cast<size_t>(settings.commit_threads), static_cast<size_t>(settings.read_threads),
                          4096, &metrics, &enroller});
  GarbageServant garbage(catalog, &metrics);
  RepairsServant repairs(catalog, &metrics);
  RecodesServant recodes(catalog, &metrics);
  PBFS_ASSIGN_OR_RETURN(const auto server,
                        GrpcServer::Start(settings.listen, security, {&servant, &garbage, &repairs, &recodes}));
  PBFS_ASSIGN_OR_RETURN(const auto membership, LeasedMembership::Begin(settings, catalog));
  PBFS_ASSIGN_OR_RETURN(const auto thaws, PatroniThaws::Begin(settings, postgres));
  Floors floors(catalog);
  PostgresHealth health(postgres, clock);
  CatalogMetrics report(metrics);
  const Vitals vitals(health, catalog, [&](const Signs& signs) { report.Report(signs, membership->look()); });
  return ServeUntilSignal(*server, settings.listen, settings.drain);
}

}  // namespace pbfs::catalog
