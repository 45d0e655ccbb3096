#include "libs/runtime/settings.h"
#include "tests/fuzz/scratch.h"

// Configuration files: the first byte says of which program. What loads keeps the limits that the programs count on.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const pbfs::ScratchDirectory scratch;
  if (size == 0) return 0;
  const std::string path = scratch.Write("config.json", {data + 1, size - 1});
  if (data[0] == 255) {
    const auto collector = pbfs::LoadGarbageCollectorSettings(path);
    if (!collector.ok()) return 0;
    PBFS_CHECK(!collector->catalogs.empty() && collector->interval.count() > 0 && collector->grace.count() > 0);
    PBFS_CHECK(collector->brake > 0 && collector->brake <= 1);
  } else if (data[0] == 254) {
    const auto repairer = pbfs::LoadRepairerSettings(path);
    if (!repairer.ok()) return 0;
    PBFS_CHECK(!repairer->catalogs.empty() && repairer->interval.count() > 0 && repairer->check_interval.count() > 0);
    PBFS_CHECK(repairer->bytes_per_second >= 0 && repairer->threads > 0);
  } else if (data[0] % 3 == 0) {
    const auto store = pbfs::LoadFragmentStoreSettings(path);
    if (!store.ok()) return 0;
    PBFS_CHECK((store->store.value > 0) == store->catalogs.empty());
    PBFS_CHECK(store->site.value > 0 && store->weight > 0 && store->weight <= 1e6f);
    PBFS_CHECK(store->threads > 0 && store->volume_bytes >= 16 << 20 && store->request_memory_bytes >= 16 << 20);
    PBFS_CHECK(store->drain.count() >= 0);
  } else if (data[0] % 3 == 1) {
    const auto catalog = pbfs::LoadCatalogSettings(path);
    if (!catalog.ok()) return 0;
    PBFS_CHECK(catalog->site.value > 0 && catalog->commit_threads > 0 && catalog->read_connections > 0);
    PBFS_CHECK(catalog->drain.count() >= 0);
  } else {
    const auto client = pbfs::LoadClientSettings(path);
    if (!client.ok()) return 0;
    PBFS_CHECK(!client->catalogs.empty() && client->memory_bytes >= 64 << 20 && client->timeout.count() > 0);
  }
  return 0;
}
