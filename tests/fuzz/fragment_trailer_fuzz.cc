#include "libs/format/fragment.h"

// The first bytes choose a geometry. What parses, is made to the same bytes again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 8) return 0;
  pbfs::Geometry geometry;
  geometry.k = data[0];
  geometry.n = data[1];
  geometry.seg_log2 = data[2];
  geometry.leaves = (data[3] & 1) != 0;
  geometry.length = pbfs::LoadLe<uint32_t>(data + 4);
  if (!geometry.Check().ok()) return 0;
  const pbfs::ByteSpan in(data + 8, size - 8);
  const auto trailer = pbfs::ParseFragmentTrailer(geometry, in);
  if (trailer.ok()) PBFS_CHECK(pbfs::Equal(pbfs::MakeFragmentTrailer(trailer->leaves, trailer->header), in));
  return 0;
}
