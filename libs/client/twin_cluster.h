#pragma once

#include <memory>
#include <vector>

#include "libs/catalog/memory_catalog.h"
#include "libs/catalog/receipts.h"
#include "libs/client/client.h"
#include "libs/fragments/faulty_fragment_store.h"
#include "libs/fragments/map_fragment_stores.h"
#include "libs/fragments/memory_fragment_store.h"

namespace pbfs {

/// A whole PBFS site in memory: a catalog and fragment stores that keep every rule of the real ones, real receipts included.
/// For examples, tests and trying things out; it forgets everything when it goes. Threads: any.
class TwinCluster {
 public:
  struct Options {
    int stores = 8;
    uint8_t k = 4;
    uint8_t m = 2;
    uint64_t seed = 0;             // 0: the system's randomness; else everything drawn here is repeatable
    const Clock* clock = nullptr;  // everybody's; outlives the cluster. Null: the system's
  };
  explicit TwinCluster(const Options& options);
  TwinCluster() : TwinCluster(Options()) {}

  /// A further client of this cluster, under the same administrator. It must not outlive the cluster.
  std::unique_ptr<Client> NewClient(const ClientOptions& options = {});
  /// The same with parts in between, for tests: `catalog` stands for this cluster's.
  std::unique_ptr<Client> NewClient(const ClientOptions& options, const Catalog& catalog, KeyStore& keys);

  MemoryCatalog& catalog() { return *catalog_; }
  KeyStore& keys() { return *keys_; }
  Random& random() { return *random_; }
  FragmentStores& fragment_stores() { return stores_; }
  int stores() const { return static_cast<int>(faulty_.size()); }
  /// Store `i`, 0 to stores() - 1: it fails on request.
  FaultyFragmentStore& store(int i) { return *faulty_[static_cast<size_t>(i)]; }
  /// What is behind it: holds the fragments.
  MemoryFragmentStore& disk(int i) { return *disks_[static_cast<size_t>(i)]; }
  /// Stores have the ids 1, 2 ...
  static StoreId IdOf(int i) { return StoreId{static_cast<uint32_t>(i + 1)}; }

 private:
  SystemClock system_clock_;
  const Clock& clock_;
  std::unique_ptr<Random> random_;
  std::unique_ptr<MemoryKeyStore> keys_;
  std::unique_ptr<MemoryCatalog> catalog_;
  std::vector<std::shared_ptr<MemoryFragmentStore>> disks_;
  std::vector<std::shared_ptr<FaultyFragmentStore>> faulty_;
  MapFragmentStores stores_;
};

}  // namespace pbfs
