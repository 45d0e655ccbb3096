#include "libs/format/receipt.h"

// What decodes, encodes to the same bytes before the MAC.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const pbfs::ByteSpan in(data, size);
  const auto receipt = pbfs::Receipt::Decode(in);
  (void)pbfs::Receipt::Verify(in, pbfs::Key32());
  if (receipt.ok()) PBFS_CHECK(pbfs::Equal(pbfs::ByteSpan(receipt->Encode(pbfs::Key32())).first(48), in.first(48)));
  return 0;
}
