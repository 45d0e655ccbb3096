#include "libs/format/body.h"

// What decodes, encodes to the same bytes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const pbfs::ByteSpan in(data, size);
  const auto decoded = pbfs::BodyHeader::Decode(in);
  if (decoded.ok()) PBFS_CHECK(pbfs::Equal(decoded->Encode(), in));
  return 0;
}
