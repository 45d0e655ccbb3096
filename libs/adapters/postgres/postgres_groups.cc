#include <algorithm>
#include <map>

#include "libs/adapters/postgres/catalog_parts.h"
#include "libs/adapters/postgres/embedded_sql.h"
#include "libs/adapters/postgres/placement_rows.h"
#include "libs/catalog/place_groups.h"

/// Stores, their numbers, placement groups, and the map that everybody reads of them.
namespace pbfs {
namespace {

using postgres::Array;
using postgres::Connection;
using postgres::Params;
using postgres::Rows;
using postgres::Type;

/// Of placement_facts: the widest encodings of buckets, and of the site.
PlacementFacts FactsOfRows(const Rows& rows) {
  const auto number = [&](int column) { return static_cast<int>(rows.Int4(0, column)); };
  return {{number(0), number(1)}, rows.Bool(0, 2)};
}

void QueuePutStore(Connection& connection, const StoreInfo& store) {
  connection.Queue(postgres::kPutStore, Params()
                                            .Int4(store.id.value)
                                            .Text(store.address)
                                            .Text(store.domain)
                                            .Int2(static_cast<int>(store.state))
                                            .Float4(store.weight)
                                            .Text(store.start));
}

void QueuePutGroup(Connection& connection, const PlacementGroup& group) {
  Array stores(Type::kInt4), members(Type::kInt2), previous(Type::kInt4);
  for (const StoreId& store : group.stores) stores.Int4(store.value);
  for (const MemberState member : group.members) members.Int2(static_cast<int>(member));
  for (const StoreId& store : group.previous) previous.Int4(store.value);
  connection.Queue(postgres::kPutGroup,
                   Params().Int2(group.group).Int8(group.version).Add(stores).Add(members).Add(previous));
}

}  // namespace

Status PostgresCatalog::PutStore(const Context& context, const StoreInfo& store) {
  PBFS_RETURN_IF_ERROR(CheckStore(store));
  return postgres::Transact(parts_->primary, context, [&](Connection& connection) -> Status {
    connection.Queue(postgres::kLockMap);
    connection.Queue(postgres::kLoadStores);
    connection.Queue(postgres::kLoadAllGroups);
    connection.Queue(postgres::kPlacementFacts);
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    std::vector<StoreInfo> stores = postgres::StoresOfRows(results[2]);
    const std::vector<PlacementGroup> groups = postgres::GroupsOfRows(results[3]);
    const PlacementFacts facts = FactsOfRows(results[4]);
    PBFS_RETURN_IF_ERROR(CheckMembership(stores, groups, facts, store));
    const bool place = PlacementDependsOn(stores, store);
    const auto known = std::find_if(stores.begin(), stores.end(), [&](const auto& row) { return row.id == store.id; });
    const bool suspect = known != stores.end() && MayHaveAnotherDisk(*known, store);
    const StoreInfo remembered = Remembered(stores, store);
    if (!PutInto(stores, remembered)) return OkStatus();  // as it was
    QueuePutStore(connection, remembered);
    if (suspect) connection.Queue(postgres::kRecheckGroupsOf, Params().Int4(store.id.value));
    connection.Queue(postgres::kRaiseMap);
    if (!place) return OkStatus();
    for (const PlacementGroup& group : PlaceAnew(stores, groups, facts)) QueuePutGroup(connection, group);
    return OkStatus();
  });
}

Result<StoreId> PostgresCatalog::NewStoreId(const Context& context) {
  StoreId given;
  PBFS_RETURN_IF_ERROR(postgres::Transact(parts_->primary, context, [&](Connection& connection) -> Status {
    connection.Queue(postgres::kLockMap);
    connection.Queue(postgres::kNewStoreId);
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    given.value = static_cast<uint32_t>(results[2].Int4(0, 0));
    return OkStatus();
  }));
  return given;
}

// One query of the version at a time for all that watch, at most every options_.map_poll.
Result<int64_t> PostgresCatalog::MapVersion(const Context& context, int64_t newer_than) {
  MutexLock lock(map_mutex_);
  while (map_version_ <= newer_than) {
    PBFS_RETURN_IF_ERROR(context.Check());
    const MonotonicTime due = map_read_at_ + options_.map_poll;
    if (map_reading_ || MonotonicNow() < due) {
      map_read_.WaitUntil(map_mutex_, std::min(context.deadline(), map_reading_ ? MonotonicTime::max() : due));
      continue;
    }
    map_reading_ = true;
    map_mutex_.Unlock();
    const Result<Rows> rows = postgres::RunOne(parts_->local, context, postgres::kMapVersion);
    map_mutex_.Lock();
    map_reading_ = false;
    map_read_at_ = MonotonicNow();
    if (rows.ok() && rows->size() == 1) map_version_ = std::max(map_version_, rows->Int8(0, 0));
    map_read_.NotifyAll();
    PBFS_RETURN_IF_ERROR(rows.status());
  }
  return map_version_;
}

Result<ClusterMap> PostgresCatalog::WatchMap(const Context& context, int64_t newer_than) {
  if (newer_than >= 0) PBFS_RETURN_IF_ERROR(MapVersion(context, newer_than).status());
  const auto read = [&](Connection& connection, bool& stale) -> Result<ClusterMap> {
    connection.Queue(postgres::kLoadMap);
    connection.Queue(postgres::kLoadStores);
    connection.Queue(postgres::kLoadAllGroups);
    connection.Queue(postgres::kCommit);
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    const Rows& head = results[1];
    ClusterMap map;
    map.version = head.Int8(0, 0);
    map.site = SiteId{static_cast<uint16_t>(head.Int2(0, 1))};
    map.fence_epoch = head.Int8(0, 2);
    map.default_k = static_cast<uint8_t>(head.Int2(0, 3));
    map.default_m = static_cast<uint8_t>(head.Int2(0, 4));
    map.stores = postgres::StoresOfRows(results[2]);
    map.groups = postgres::GroupsOfRows(results[3]);
    stale = map.version <= newer_than;
    return map;
  };
  return postgres::ReadFresh<ClusterMap>(parts_->local, parts_->primary, context, options_.replica_patience, read);
}

}  // namespace pbfs
