#include <algorithm>

#include "libs/coding/crc32c.h"
#include "libs/format/fragment.h"

// Under a good CRC (which a liar can make) what decodes, encodes to the same bytes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pbfs::Bytes in(data, data + size);
  if (size == 128) pbfs::StoreLe(in.data() + 124, pbfs::Crc32c(pbfs::ByteSpan(in).first(124)));
  const auto decoded = pbfs::FragmentHeader::Decode(in);
  if (decoded.ok()) PBFS_CHECK(pbfs::Equal(decoded->Encode(), in));
  return 0;
}
