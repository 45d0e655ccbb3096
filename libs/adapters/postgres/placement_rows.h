#pragma once

#include <vector>

#include "libs/adapters/postgres/rows.h"
#include "libs/catalog/types.h"

namespace pbfs::postgres {

/// Of load_stores: store_id, addr, domain, state, weight.
inline std::vector<StoreInfo> StoresOfRows(const Rows& rows) {
  std::vector<StoreInfo> stores;
  for (int row = 0; row < rows.size(); ++row)
    stores.push_back({StoreId{static_cast<uint32_t>(rows.Int4(row, 0))}, rows.Text(row, 1), rows.Text(row, 2),
                      static_cast<StoreState>(rows.Int2(row, 3)), rows.Float4(row, 4), rows.Text(row, 5)});
  return stores;
}

/// Of load_all_groups: pg, ver, stores, mstate, prev.
inline std::vector<PlacementGroup> GroupsOfRows(const Rows& rows) {
  std::vector<PlacementGroup> groups(static_cast<size_t>(rows.size()));
  for (int row = 0; row < rows.size(); ++row) {
    PlacementGroup& group = groups[static_cast<size_t>(row)];
    group.group = static_cast<uint16_t>(rows.Int2(row, 0));
    group.version = rows.Int8(row, 1);
    for (const int64_t id : rows.Ints(row, 2)) group.stores.push_back(StoreId{static_cast<uint32_t>(id)});
    for (const int64_t state : rows.Ints(row, 3)) group.members.push_back(static_cast<MemberState>(state));
    for (const int64_t id : rows.Ints(row, 4)) group.previous.push_back(StoreId{static_cast<uint32_t>(id)});
  }
  return groups;
}

}  // namespace pbfs::postgres
