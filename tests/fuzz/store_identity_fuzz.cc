#include "libs/adapters/disk/store_identity.h"

// Who a store is, by the file of its directory: what is taken is what would be written.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto identity = pbfs::disk::ParseIdentity(text);
  if (!identity.has_value()) return 0;
  PBFS_CHECK(identity->owner.store.value > 0 && pbfs::disk::FormatIdentity(*identity) == text);
  return 0;
}
