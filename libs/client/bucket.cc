#include "libs/client/bucket.h"

#include <fmt/format.h>

namespace pbfs {

Bucket::Bucket(BucketInfo info, uint8_t k, uint8_t m, std::vector<BucketKeys> keys)
    : info_(std::move(info)), k_(k), m_(m), keys_(std::move(keys)) {
  PBFS_CHECK(!keys_.empty());
}

int Bucket::RequiredReceipts(uint8_t k, uint8_t n) const {
  const bool own_scheme = k == k_ && n == this->n();
  if (own_scheme && info_.settings.w.has_value()) return *info_.settings.w;
  return k + (n - k + 1) / 2;
}

Result<const BucketKeys*> Bucket::KeysOf(uint32_t epoch) const {
  for (const BucketKeys& keys : keys_) {
    if (keys.epoch == epoch) return &keys;
  }
  return DataLossError(fmt::format("bucket {}: the keyring has no key of epoch {}; fetch a newer keyring", name(), epoch));
}

}  // namespace pbfs
