#include "libs/base/bytes.h"
#include "tools/pbfs/address.h"
#include "tools/pbfs/units.h"

// What people type: sizes, ranges, times, addresses.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace cli = pbfs::cli;
  const std::string_view text = pbfs::AsText({data, size});
  if (const auto bytes = cli::ParseSize(text); bytes.ok()) PBFS_CHECK(*bytes >= 0);
  for (const int64_t object : {int64_t{0}, int64_t{1000}, INT64_MAX}) {
    const auto range = cli::ParseRange(text, object);
    if (range.ok()) PBFS_CHECK(0 <= range->first && range->first <= range->second && range->second <= object);
  }
  if (const auto duration = cli::ParseDuration(text); duration.ok()) PBFS_CHECK(duration->count() >= 0);
  if (const auto time = cli::ParseTime(text, 1760000000000); time.ok()) (void)cli::FormatTime(*time);
  if (const auto address = cli::ParseAddress(text); address.ok()) PBFS_CHECK(address->ToString() == text);
  (void)cli::ParsePrefix(text);
  return 0;
}
