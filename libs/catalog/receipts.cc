#include "libs/catalog/receipts.h"

#include <set>

#include "libs/base/mutants.h"
#include "libs/format/body.h"
#include "libs/format/receipt.h"

namespace pbfs {

int RequiredReceipts(const ParseRules& rules, const Encoding& encoding) {
  const int k = encoding.k, m = encoding.n - encoding.k;
  if (IsMutant(Mutant::kQuorumOfK)) return k;
  const BucketSettings& bucket = rules.bucket;
  const bool of_bucket = bucket.k.value_or(rules.default_k) == k && bucket.m.value_or(rules.default_m) == m;
  if (of_bucket && bucket.w) return *bucket.w;
  return k + (m + 1) / 2;
}

ReceiptVerifier VerifyWithSiteSecret(Key32 site_secret, SiteId site) {
  return [site_secret, site](ByteSpan receipt, StoreId store) {
    return Receipt::Verify(receipt, StoreKey(site_secret, site, store));
  };
}

Result<std::vector<ParsedBody::Held>> ReadReceipts(const BodyUpload& upload, const ParseRules& rules) {
  const Encoding& encoding = *upload.encoding;
  std::vector<ParsedBody::Held> held;
  std::set<uint8_t> shards;
  std::set<StoreId> stores;
  for (const auto& bytes : upload.receipts) {
    PBFS_ASSIGN_OR_RETURN(const Receipt receipt, Receipt::Decode(bytes));
    if (receipt.encoding != encoding.id || receipt.shard >= encoding.n) {
      return InvalidArgumentError("a receipt of another encoding or shard");
    }
    if (!shards.insert(receipt.shard).second || !stores.insert(receipt.store).second) {
      return InvalidArgumentError("two receipts of one shard or of one store");
    }
    if (rules.verify_receipt && !rules.verify_receipt(bytes, receipt.store)) {
      return InvalidArgumentError("a receipt that its store did not give");
    }
    held.push_back({receipt.shard, receipt.store});
  }
  if (static_cast<int>(held.size()) < RequiredReceipts(rules, encoding)) {
    return InvalidArgumentError("too few receipts: the body is not durable yet");
  }
  return held;
}

}  // namespace pbfs
