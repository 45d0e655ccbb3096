#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/catalog/memory_catalog.h"
#include "libs/client/client.h"
#include "libs/fragments/faulty_fragment_store.h"
#include "libs/fragments/memory_fragment_store.h"
#include "services/catalog/token_issuer.h"
#include "tests/simulation/findings.h"
#include "tests/simulation/leases.h"
#include "tests/simulation/network.h"

namespace pbfs::simulation {

/// The wall clock of a simulated machine: virtual time plus an error.
class SimulatedClock final : public Clock {
 public:
  explicit SimulatedClock(int64_t error_micros) : error_micros_(error_micros) {}
  int64_t NowMicros() const override;
  /// Somebody sets it, or another machine's takes its place.
  void SetError(int64_t error_micros) { error_micros_ = error_micros; }

 private:
  int64_t error_micros_;
};

/// What a client calls may take, and how long a list is good for; a real day's work is a minute here.
inline constexpr Duration kPatience = std::chrono::seconds(8);
/// Longer than a lease and a reader's last calls.
inline constexpr Duration kGrace = 2 * kPatience;

/// One fragment store: a disk that keeps the rules, behind switches for what disks and machines do.
struct SimulatedStore {
  StoreId id;
  std::string domain;
  std::shared_ptr<MemoryFragmentStore> disk;
  std::shared_ptr<FaultyFragmentStore> machine;
  bool removed = false;
};

/// A PBFS site: catalog, tokens, stores in four failure domains. Everything drawn here comes from the seed.
class Site {
 public:
  Site(uint64_t seed, Findings& findings);

  /// A further store, which joins at once.
  SimulatedStore& AddStore(const std::string& domain);
  SimulatedStore* FindStore(StoreId id);
  /// By an administrator. Errors: those of Groups::PutStore.
  Status SetState(StoreId id, StoreState state);
  /// All fragments of a store.
  std::vector<FragmentInfo> FragmentsOf(const SimulatedStore& store);
  /// An operator's token for any bucket.
  Buffer OperatorToken();

  Findings& findings;
  SimulatedClock catalog_clock{0};
  SimulatedClock store_clock{0};
  SeededRandom random;
  Leases leases;
  MemoryCatalog catalog;
  catalog::TokenIssuer tokens;
  MemoryKeyStore keys;
  std::vector<std::unique_ptr<SimulatedStore>> stores;  // removed ones too
  Postman postman;                                      // behind what its letters reach
  Network network;

 private:
  static SigningKey DrawKey(Random& random);
  SigningKey token_key_;
};

/// The stores as one machine reaches them: over a link of its own to each.
class StoreLinks final : public FragmentStores {
 public:
  explicit StoreLinks(Site& site) : site_(site) {}
  Result<std::shared_ptr<FragmentStore>> Find(StoreId id) override;
  Link& operator[](StoreId id) { return links_[id.value]; }
  /// All links are as good as new.
  void Heal();
  int64_t lies_told() const;

 private:
  Site& site_;
  std::map<uint32_t, Link> links_;
};

}  // namespace pbfs::simulation
