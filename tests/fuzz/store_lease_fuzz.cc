#include "libs/catalog/place_groups.h"
#include "libs/runtime/store_lease.h"

// The key up to a line feed, then the value. What decodes is a store that a catalog takes, and is the same again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(pbfs::AsText({data, size}));
  const size_t end = text.find('\n');
  if (end == std::string::npos) return 0;
  const auto store = pbfs::DecodeStoreLease({text.substr(0, end), "life", text.substr(end + 1)});
  if (!store.ok()) return 0;
  PBFS_CHECK(pbfs::CheckStore(*store).ok());
  const auto again = pbfs::DecodeStoreLease(pbfs::EncodeStoreLease(*store, "life"));
  PBFS_CHECK(again.ok() && *again == *store);
  return 0;
}
