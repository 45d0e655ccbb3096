#include <algorithm>

#include "libs/coding/crc32c.h"
#include "libs/format/fragment.h"
#include "libs/fragments/fragment_check.h"

// A fragment in whole and in portions of any size is judged alike. The header gets a good CRC, or nothing passes it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t portion = 1 + data[0] + 256 * (data[1] & 15);
  pbfs::Bytes in(data + 2, data + size);
  if (in.size() >= 128) pbfs::StoreLe(in.data() + 124, pbfs::Crc32c(pbfs::ByteSpan(in).first(124)));
  pbfs::FragmentKey key;
  if (in.size() >= 128) {
    key.shard = in[9];
    key.encoding = pbfs::EncodingId::FromBytes(pbfs::ByteSpan(in).subspan(32, 16));
  }
  pbfs::FragmentCheck whole(key, static_cast<int64_t>(in.size())), pieces(key, static_cast<int64_t>(in.size()));
  const bool sound = whole.Append(in).ok();
  bool sound_in_pieces = true;
  for (size_t at = 0; at < in.size() && sound_in_pieces; at += portion) {
    sound_in_pieces = pieces.Append(pbfs::ByteSpan(in).subspan(at, std::min(portion, in.size() - at))).ok();
  }
  if (in.empty()) return 0;
  PBFS_CHECK(sound == sound_in_pieces && whole.Complete() == pieces.Complete());
  if (!whole.Complete()) return 0;
  PBFS_CHECK(whole.sum() == pieces.sum() && whole.shape() == pieces.shape());
  PBFS_CHECK(pbfs::CheckFragmentRange(key, whole.shape(), 0, in).ok());
  return 0;
}
