#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/catalog/types.h"
#include "libs/format/keyring.h"
#include "libs/format/keys.h"

namespace pbfs {

/// Who a client is: the key with which it opens keyrings, and the administrator whose signature it believes. The admin's
/// secret key is needed to create buckets only, and is kept apart.
struct ClientIdentity {
  BoxKey box;
  PublicKey admin{};                          // pinned
  std::shared_ptr<const SigningKey> admin_key;  // null: this client makes no keyrings
};

/// An opened bucket: its settings and its keys. Immutable; holds secrets, so it is never printed. Threads: any.
class Bucket {
 public:
  Bucket(BucketInfo info, uint8_t k, uint8_t m, std::vector<BucketKeys> keys);

  const BucketId& id() const { return info_.id; }
  const std::string& name() const { return info_.settings.name; }
  const BucketSettings& settings() const { return info_.settings; }
  const BucketInfo& info() const { return info_; }
  uint8_t k() const { return k_; }
  uint8_t n() const { return static_cast<uint8_t>(k_ + m_); }
  uint8_t m() const { return m_; }
  /// Receipts that a commit needs for an encoding of this bucket with (k, n): k + ceil(m / 2), or the bucket's own w (I17).
  int RequiredReceipts(uint8_t k, uint8_t n) const;
  /// Of the newest epoch: what new bodies and records are made with.
  const BucketKeys& newest_keys() const { return keys_.front(); }
  /// Errors: DATA_LOSS an epoch that the keyring does not have.
  Result<const BucketKeys*> KeysOf(uint32_t epoch) const;

 private:
  const BucketInfo info_;
  const uint8_t k_, m_;
  const std::vector<BucketKeys> keys_;  // newest first
};
using BucketPtr = std::shared_ptr<const Bucket>;

}  // namespace pbfs
