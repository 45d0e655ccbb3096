#include "libs/base/bytes.h"
#include "libs/format/name.h"

// A name that is accepted is within its limits and survives the codec.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = pbfs::AsText({data, size});
  if (!pbfs::CheckName(text).ok()) return 0;
  PBFS_CHECK(!text.empty() && text.size() <= 1024 && text.find('\0') == std::string_view::npos);
  PBFS_CHECK(*pbfs::PlainNameCodec().Decode(*pbfs::PlainNameCodec().Encode("", text)) == text);
  return 0;
}
