#include "services/catalog/store_enroller.h"

#include <spdlog/spdlog.h>

#include "libs/format/keys.h"

namespace pbfs::catalog {

StoreEnroller::StoreEnroller(StoreNumbers& numbers, const Key32& site_secret, SiteId site)
    : numbers_(numbers), site_secret_(site_secret), site_(site) {}

Result<EnrolledStore> StoreEnroller::EnrolStore(const Context& context, const std::array<uint8_t, 16>& cluster) {
  PBFS_ASSIGN_OR_RETURN(const StoreId id, numbers_.NewStoreId(context));
  spdlog::info("a new store of cluster {} gets number {}", FormatUuid(cluster), id.value);
  return EnrolledStore{id, StoreKey(site_secret_, site_, id)};
}

}  // namespace pbfs::catalog
