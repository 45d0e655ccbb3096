#include "libs/client/twin_cluster.h"

#include "libs/format/keys.h"

namespace pbfs {
namespace {

constexpr SiteId kSite{1};

std::unique_ptr<Random> MakeRandom(uint64_t seed) {
  if (seed == 0) return std::make_unique<SystemRandom>();
  return std::make_unique<SeededRandom>(seed);
}

}  // namespace

TwinCluster::TwinCluster(const Options& options)
    : clock_(options.clock != nullptr ? *options.clock : system_clock_), random_(MakeRandom(options.seed)) {
  keys_ = std::make_unique<MemoryKeyStore>(*random_);
  Key32 site_secret;
  random_->Fill(site_secret.mutable_span());
  MemoryCatalog::Options catalog;
  catalog.site = kSite;
  catalog.default_k = options.k;
  catalog.default_m = options.m;
  catalog.verify_receipt = VerifyWithSiteSecret(site_secret, kSite);
  catalog_ = std::make_unique<MemoryCatalog>(clock_, catalog);
  for (int i = 0; i < options.stores; ++i) {
    StoreIdentity identity;
    identity.store = IdOf(i);
    identity.site = kSite;
    identity.receipt_key = StoreKey(site_secret, kSite, identity.store);
    disks_.push_back(std::make_shared<MemoryFragmentStore>(identity, clock_));
    faulty_.push_back(std::make_shared<FaultyFragmentStore>(disks_.back()));
    stores_.Set(identity.store, faulty_.back());
    StoreInfo info;
    info.id = identity.store;
    info.domain = "domain-" + std::to_string(i);
    PBFS_CHECK(catalog_->PutStore(Context(), info).ok());
  }
}

std::unique_ptr<Client> TwinCluster::NewClient(const ClientOptions& options) {
  return NewClient(options, catalog_->ports(), *keys_);
}

std::unique_ptr<Client> TwinCluster::NewClient(const ClientOptions& options, const Catalog& catalog, KeyStore& keys) {
  auto client = Client::Create(options, {catalog, nullptr, stores_, keys, clock_, *random_});
  PBFS_CHECK(client.ok(), client.status().ToString());
  return *std::move(client);
}

}  // namespace pbfs
