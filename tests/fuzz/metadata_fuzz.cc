#include "libs/client/metadata.h"

// What decodes is the same after another turn, unless it is more than an object may have.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto metadata = pbfs::DecodeMetadata({data, size});
  if (!metadata.ok()) return 0;
  const auto encoded = pbfs::EncodeMetadata(*metadata);
  if (!encoded.ok()) return 0;
  const auto again = pbfs::DecodeMetadata(*encoded);
  PBFS_CHECK(again.ok() && *again == *metadata);
  return 0;
}
