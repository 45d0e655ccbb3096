#include "libs/catalog/encoding_rules.h"

#include <algorithm>

#include "libs/base/mutants.h"
#include "libs/catalog/receipts.h"

namespace pbfs {

Status CheckEncoding(const Encoding& e) {
  const bool replicated = e.scheme == 1 && e.k == 1;
  const bool coded = e.scheme == 2 && e.k >= 2 && e.k <= kMaxDataShards;
  if (e.id.IsNull() || !(replicated || coded) || e.n < e.k || e.n > kMaxShards)
    return InvalidArgumentError("an encoding is replicated (k = 1) or coded (2 <= k <= 32), n <= 48");
  return OkStatus();
}

bool IsBornInTime(const SiteState& site, EncodingId encoding) {
  const int64_t birth = encoding.Millis();
  return birth >= site.now_ms - site.max_age_ms && birth <= site.now_ms + site.skew_ms;
}

std::vector<StoreId> PlacesOf(const Encoding& encoding, const PlacementGroup* group,
                              std::span<const PlacementStore> stores) {
  if (group == nullptr) return {};
  if (stores.empty()) return group->stores;
  return SelectStores(group->stores, stores, encoding.n, encoding.n - encoding.k).stores;
}

uint64_t MissingShards(const Encoding& encoding, std::span<const ParsedBody::Held> held,
                       const std::vector<StoreId>& places) {
  uint64_t missing = (uint64_t{1} << encoding.n) - 1;
  for (const auto& [shard, store] : held) {
    const bool placed =
        places.empty() || IsMutant(Mutant::kWrongPlaceCounts) || (shard < places.size() && places[shard] == store);
    if (placed) missing &= ~(uint64_t{1} << shard);
  }
  return missing;
}

int LastingReceipts(std::span<const ParsedBody::Held> held, std::span<const PlacementStore> stores) {
  const auto lasts = [&](const ParsedBody::Held& receipt) {
    return std::none_of(stores.begin(), stores.end(),
                        [&](const PlacementStore& store) { return store.id == receipt.store && !store.up; }) ||
           IsMutant(Mutant::kGoneStoreCounts);
  };
  return static_cast<int>(std::count_if(held.begin(), held.end(), lasts));
}

Result<uint64_t> DecideEncoding(const EncodingChange& change, const RecodeFacts& facts) {
  PBFS_RETURN_IF_ERROR(CheckEncoding(change.encoding));
  BodyUpload upload;
  upload.id = change.body;
  upload.encoding = change.encoding;
  upload.receipts = change.receipts;
  PBFS_ASSIGN_OR_RETURN(const std::vector<ParsedBody::Held> held, ReadReceipts(upload, facts.rules));
  const bool durable = LastingReceipts(held, facts.stores) >= RequiredReceipts(facts.rules, change.encoding);
  if (!IsBornInTime(facts.site, change.encoding.id) || facts.taken || !durable)
    return FailedPreconditionError(
               "the encoding id is too old, swept or taken, or its stores are gone: encode under a new one")
        .WithDetail("pbfs-code", "ENCODING_EXPIRED");
  return MissingShards(change.encoding, held, PlacesOf(change.encoding, facts.group, facts.stores));
}

}  // namespace pbfs
