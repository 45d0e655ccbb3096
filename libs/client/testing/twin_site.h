#pragma once

#include <memory>
#include <vector>

#include "libs/base/testing.h"
#include "libs/catalog/memory_catalog.h"
#include "libs/client/client.h"
#include "libs/fragments/faulty_fragment_store.h"
#include "libs/fragments/map_fragment_stores.h"
#include "libs/fragments/memory_fragment_store.h"

/// A whole site in memory for tests of the client: eight stores behind fault switches, and a catalog.
namespace pbfs {

class TwinSite {
 public:
  explicit TwinSite(const Clock& clock, int stores = 8, uint64_t seed = 1)
      : clock_(clock), random(seed), catalog(clock), keys(random) {
    for (int i = 1; i <= stores; ++i) {
      const StoreId id{static_cast<uint32_t>(i)};
      memory.push_back(std::make_shared<MemoryFragmentStore>(StoreIdentity{id, SiteId{1}, {}, {}}, clock));
      faulty.push_back(std::make_shared<FaultyFragmentStore>(memory.back()));
      table.Set(id, faulty.back());
      EXPECT_OK(catalog.PutStore(TestContext(), {id, "memory", "domain-" + std::to_string(i), StoreState::kUp, 1}));
    }
  }
  ClientDependencies Dependencies() { return {catalog.ports(), nullptr, table, keys, clock_, random}; }
  std::unique_ptr<Client> MakeClient(ClientOptions options = {}) {
    auto client = Client::Create(options, Dependencies());
    EXPECT_OK(client);
    return *std::move(client);
  }

 private:
  const Clock& clock_;

 public:
  SeededRandom random;
  MemoryCatalog catalog;
  MemoryKeyStore keys;
  std::vector<std::shared_ptr<MemoryFragmentStore>> memory;
  std::vector<std::shared_ptr<FaultyFragmentStore>> faulty;
  MapFragmentStores table;
};

}  // namespace pbfs
