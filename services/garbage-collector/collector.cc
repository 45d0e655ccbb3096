#include "services/garbage-collector/collector.h"

#include <algorithm>

#include <fmt/format.h>

#include "libs/model/limits.h"

namespace pbfs::collector {
Result<CatalogPass> Collector::CollectCatalog(const Context& context) {
  CatalogPass pass;
  PBFS_RETURN_IF_ERROR(CollectHistory(context, pass));
  PBFS_RETURN_IF_ERROR(CollectObjects(context, pass));
  PBFS_RETURN_IF_ERROR(CollectBodies(context, pass));
  PBFS_RETURN_IF_ERROR(CollectRetired(context, pass));
  return pass;
}

Status Collector::CollectHistory(const Context& context, CatalogPass& pass) {
  PBFS_RETURN_IF_ERROR(ports_.garbage.HistoryAdvance(context));
  for (int64_t gone = 1; gone > 0; pass.past_extents += gone) {
    PBFS_ASSIGN_OR_RETURN(gone, ports_.garbage.HistoryExpire(context, options_.page));
  }
  for (int64_t gone = 1; gone > 0; pass.past_names += gone) {
    PBFS_ASSIGN_OR_RETURN(gone, ports_.garbage.NamesExpire(context, options_.page));
  }
  return OkStatus();
}

Status Collector::CollectObjects(const Context& context, CatalogPass& pass) {
  for (int64_t reaped = 1; reaped > 0; pass.objects += reaped) {
    PBFS_ASSIGN_OR_RETURN(reaped, ports_.garbage.Reap(context, options_.page));
  }
  while (true) {
    PBFS_ASSIGN_OR_RETURN(const std::optional<int64_t> dropped, ports_.garbage.DropRows(context, options_.page));
    if (!dropped) return OkStatus();
    pass.extents += *dropped;
  }
}

Status Collector::CollectBodies(const Context& context, CatalogPass& pass) {
  for (int64_t looked = options_.page; looked == options_.page;) {
    PBFS_ASSIGN_OR_RETURN(looked, ports_.garbage.PurgeMark(context, options_.grace, options_.page));
  }
  std::set<StoreId> silent;  // asked once a pass
  while (true) {
    PBFS_ASSIGN_OR_RETURN(const std::vector<PurgingBody> bodies, ports_.garbage.ListPurging(context, options_.page));
    if (bodies.empty()) return OkStatus();
    PBFS_ASSIGN_OR_RETURN(const KeysByStore keys, WhereShardsStand(context, bodies));
    DeleteEverywhere(context, keys, silent, pass);
    std::vector<BodyId> ids;
    for (const PurgingBody& body : bodies) ids.push_back(body.body);
    PBFS_RETURN_IF_ERROR(ports_.garbage.PurgeDone(context, ids));
    pass.bodies += static_cast<int64_t>(ids.size());
  }
}

Status Collector::CollectRetired(const Context& context, CatalogPass& pass) {
  if (ports_.recodes == nullptr) return OkStatus();
  std::set<StoreId> silent;
  while (true) {
    PBFS_ASSIGN_OR_RETURN(const auto due, ports_.recodes->ListRetired(context, options_.grace, options_.page));
    if (due.empty()) return OkStatus();
    std::vector<PurgingBody> of_encodings;
    std::vector<EncodingId> ids;
    for (const auto& [encoding, n] : due) of_encodings.push_back({{}, encoding, n}), ids.push_back(encoding);
    PBFS_ASSIGN_OR_RETURN(const KeysByStore keys, WhereShardsStand(context, of_encodings));
    DeleteEverywhere(context, keys, silent, pass);
    PBFS_RETURN_IF_ERROR(ports_.recodes->RetiredDone(context, ids));
    pass.encodings += static_cast<int64_t>(ids.size());
  }
}

// Stores that do not answer are `silent`, and not asked again.
void Collector::DeleteEverywhere(const Context& context, const KeysByStore& keys, std::set<StoreId>& silent,
                                 CatalogPass& pass) {
  for (const auto& [store, fragments] : keys) {
    const bool reached = !silent.contains(store) && DeleteFrom(context, store, fragments).ok();
    if (!reached) silent.insert(store);
    (reached ? pass.fragments : pass.unreached) += static_cast<int64_t>(fragments.size());
  }
}

// By the newest placement, and wherever an older one may have put them. What stands elsewhere is an orphan from now on.
Result<Collector::KeysByStore> Collector::WhereShardsStand(const Context& context,
                                                           const std::vector<PurgingBody>& bodies) {
  PBFS_ASSIGN_OR_RETURN(const ClusterMap map, ports_.groups.WatchMap(context, -1));
  KeysByStore keys;
  for (const PurgingBody& body : bodies) {
    if (!body.encoding) continue;
    const uint16_t number = PlacementGroupOf(*body.encoding);
    if (number >= map.groups.size()) continue;
    const PlacementGroup& group = map.groups[number];
    for (size_t shard = 0; shard < static_cast<size_t>(body.n); ++shard) {
      const FragmentKey key{*body.encoding, static_cast<uint8_t>(shard)};
      if (shard < group.stores.size()) keys[group.stores[shard]].push_back(key);
      for (const StoreId id : group.previous) {
        if (shard >= group.stores.size() || id != group.stores[shard]) keys[id].push_back(key);
      }
    }
  }
  return keys;
}

Status Collector::DeleteFrom(const Context& context, StoreId id, const std::vector<FragmentKey>& keys) {
  PBFS_ASSIGN_OR_RETURN(const auto store, ports_.stores.Find(id));
  PBFS_ASSIGN_OR_RETURN(const TokenBytes token, Token(context));
  const size_t page = static_cast<size_t>(options_.page);
  for (size_t at = 0; at < keys.size(); at += page) {
    const auto begin = keys.begin() + static_cast<ptrdiff_t>(at);
    const std::vector<FragmentKey> some(begin, begin + static_cast<ptrdiff_t>(std::min(page, keys.size() - at)));
    PBFS_RETURN_IF_ERROR(store->Delete(context.Within(options_.store_timeout), some, token));
  }
  return OkStatus();
}

Result<TombstonesPass> Collector::CollectTombstones(const Context& context) {
  TombstonesPass pass;
  for (ZerosPage page{0, ObjectId{}}; page.last.has_value(); pass.zeros += page.dropped) {
    PBFS_ASSIGN_OR_RETURN(page, ports_.garbage.DropZeros(context, *page.last, options_.page));
  }
  for (int64_t gone = 1; gone > 0; pass.encodings += gone) {
    PBFS_ASSIGN_OR_RETURN(gone, ports_.garbage.SweepForget(context, options_.page));
  }
  PBFS_ASSIGN_OR_RETURN(pass.journal_days, ports_.garbage.DaysExpire(context));
  return pass;
}

// ---- orphans -----------------------------------------------------------------------------------------------------------------

Result<StorePass> Collector::SweepStore(const Context& context, StoreId id) {
  PBFS_ASSIGN_OR_RETURN(const auto store, ports_.stores.Find(id));
  PBFS_ASSIGN_OR_RETURN(const StoreStat stat, store->Stat(context.Within(options_.store_timeout)));
  const auto most =
      std::max(options_.brake_fragments, static_cast<int64_t>(options_.brake * static_cast<double>(stat.fragments)));
  StorePass pass;
  PBFS_ASSIGN_OR_RETURN(const std::vector<FragmentKey> orphans, FindOrphans(context, *store, most, pass));
  if (static_cast<int64_t>(orphans.size()) > most)
    return FailedPreconditionError(fmt::format(
        "store {} has more than {} orphans among {} fragments: none is deleted before somebody has looked; if "
        "that is right, raise the collector's brake",
        id.value, most, stat.fragments));
  PBFS_RETURN_IF_ERROR(DeleteFrom(context, id, orphans));
  pass.deleted = static_cast<int64_t>(orphans.size());
  return pass;
}

// Marks what may be one, and returns the fragments of those that were confirmed before; one more than `most` at most.
Result<std::vector<FragmentKey>> Collector::FindOrphans(const Context& context, FragmentStore& store, int64_t most,
                                                        StorePass& pass) {
  ListFragmentsRequest request;
  request.limit = options_.page;
  request.born_before_ms = ports_.clock.NowMillis() - kMaxEncodingAgeMs - kSweepMarginMs;
  std::vector<FragmentKey> orphans;
  for (bool more = true; more;) {
    PBFS_ASSIGN_OR_RETURN(request.token, Token(context));
    PBFS_ASSIGN_OR_RETURN(const ListFragmentsReply reply, store.List(context.Within(options_.store_timeout), request));
    more = reply.more && !reply.fragments.empty();
    pass.reported += static_cast<int64_t>(reply.fragments.size());
    std::set<EncodingId> reported;
    for (const FragmentInfo& fragment : reply.fragments) reported.insert(fragment.key.encoding);
    const std::vector<EncodingId> ids(reported.begin(), reported.end());
    PBFS_ASSIGN_OR_RETURN(const std::vector<EncodingId> confirmed, ports_.garbage.SweepMark(context, ids));
    const std::set<EncodingId> gone(confirmed.begin(), confirmed.end());
    for (const FragmentInfo& fragment : reply.fragments) {
      request.after = fragment.key;
      if (!gone.contains(fragment.key.encoding)) continue;
      orphans.push_back(fragment.key);
      if (static_cast<int64_t>(orphans.size()) > most) return orphans;
    }
  }
  return orphans;
}

Result<int64_t> Collector::ConfirmOrphans(const Context& context) {
  PBFS_RETURN_IF_ERROR(ports_.garbage.SweepArm(context));
  int64_t confirmed = 0;
  while (true) {
    PBFS_ASSIGN_OR_RETURN(const auto some, ports_.garbage.SweepConfirm(context, options_.page));
    if (some.empty()) return confirmed;
    confirmed += static_cast<int64_t>(some.size());
  }
}

// One for any bucket, renewed at a third of its life.
Result<TokenBytes> Collector::Token(const Context& context) {
  if (ports_.tokens == nullptr) return TokenBytes();
  if (MonotonicNow() >= token_renewal_) {
    PBFS_ASSIGN_OR_RETURN(const TokenGrant grant,
                          ports_.tokens->IssueToken(context, options_.subject, BucketId{}, kTokenDelete | kTokenList));
    token_ = grant.token;
    token_renewal_ = MonotonicNow() + std::chrono::milliseconds((grant.not_after_ms - grant.now_ms) / 3);
  }
  return token_;
}

}  // namespace pbfs::collector
