#include "libs/client/bucket_state.h"

#include <fmt/format.h>

namespace pbfs {

int BucketState::RequiredReceipts(uint8_t shards_k, uint8_t shards_n) const {
  const bool own_scheme = shards_k == k && shards_n == n();
  if (own_scheme && info.settings.w.has_value()) return *info.settings.w;
  return shards_k + (shards_n - shards_k + 1) / 2;
}

Result<const BucketKeys*> BucketState::KeysOf(uint32_t epoch) const {
  for (const BucketKeys& of_epoch : keys) {
    if (of_epoch.epoch == epoch) return &of_epoch;
  }
  return DataLossError(
      fmt::format("bucket {}: the keyring has no key of epoch {}; open the bucket again", info.settings.name, epoch));
}

}  // namespace pbfs
