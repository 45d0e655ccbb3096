#include "libs/base/random.h"
#include "libs/format/keys.h"

// Wrapped DEKs and sealed metadata: nobody without the key makes one that opens; sealed and opened is the same, and one
// changed bit is noticed.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const pbfs::BucketKeys keys = pbfs::BucketKeys::Derive(pbfs::BucketId(), 1, pbfs::Key32());
  static pbfs::SeededRandom random(1);
  const pbfs::ByteSpan in(data, size);
  PBFS_CHECK(!pbfs::UnwrapDek(keys, pbfs::BodyId(), in).ok());
  PBFS_CHECK(!pbfs::OpenMetadata(keys, pbfs::ObjectId(), {1, 2}, in).ok());
  if (size == 0) return 0;
  pbfs::Bytes sealed = pbfs::SealMetadata(keys, pbfs::ObjectId(), {1, 2}, in, random);
  const auto opened = pbfs::OpenMetadata(keys, pbfs::ObjectId(), {1, 2}, sealed);
  PBFS_CHECK(opened.ok() && pbfs::Equal(*opened, in));
  sealed[random.U64() % sealed.size()] ^= static_cast<uint8_t>(1u << (random.U64() % 8));
  PBFS_CHECK(!pbfs::OpenMetadata(keys, pbfs::ObjectId(), {1, 2}, sealed).ok());
  return 0;
}
