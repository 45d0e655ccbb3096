#include "libs/adapters/disk/checkpoint.h"
#include "libs/coding/crc32c.h"

// Under a good CRC, what decodes is the same after another turn.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pbfs::Bytes in(data, data + size);
  if (size >= 4) pbfs::StoreLe(in.data() + size - 4, pbfs::Crc32c(pbfs::ByteSpan(in).first(size - 4)));
  const auto checkpoint = pbfs::disk::DecodeCheckpoint(in);
  if (!checkpoint.has_value()) return 0;
  const pbfs::Bytes encoded = pbfs::disk::EncodeCheckpoint(*checkpoint);
  const auto again = pbfs::disk::DecodeCheckpoint(encoded);
  PBFS_CHECK(again.has_value() && pbfs::Equal(pbfs::disk::EncodeCheckpoint(*again), encoded));
  return 0;
}
