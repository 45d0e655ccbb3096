#pragma once

#include <span>
#include <vector>

#include "libs/catalog/decide.h"
#include "libs/catalog/parsed_commit.h"

/// What an encoding must be to become that of a body, by a Commit or by SetEncoding. Pure.
namespace pbfs {

/// Replicated (k = 1) or coded, k and n within limits. Errors: INVALID_ARGUMENT.
Status CheckEncoding(const Encoding& encoding);

/// I20: neither born more than L ago, when the sweep may have it, nor in the future.
bool IsBornInTime(const SiteState& site, EncodingId encoding);

/// Where readers will look: shard j at the j-th place. Empty before the first placement of groups (`group` is null).
std::vector<StoreId> PlacesOf(const Encoding& encoding, const PlacementGroup* group,
                              std::span<const PlacementStore> stores);

/// The bits of the shards that are not held at their places.
uint64_t MissingShards(const Encoding& encoding, std::span<const ParsedBody::Held> held,
                       const std::vector<StoreId>& places);

/// How many of the receipts are of stores that are part of the site still. A store may be removed between a put and its Commit; what
/// it holds is as good as lost.
int LastingReceipts(std::span<const ParsedBody::Held> held, std::span<const PlacementStore> stores);

/// What SetEncoding depends on besides the body itself, all read after the transaction had its id.
struct RecodeFacts {
  ParseRules rules;
  SiteState site;
  bool taken = false;                     // swept, or of a body, or retired
  const PlacementGroup* group = nullptr;  // of the new encoding; null before the first placement
  std::vector<PlacementStore> stores;
};
/// The `missing` bits of a body that gets this encoding (I17, I20). Errors: those of SetEncoding that do not depend on the body.
Result<uint64_t> DecideEncoding(const EncodingChange& change, const RecodeFacts& facts);

}  // namespace pbfs
