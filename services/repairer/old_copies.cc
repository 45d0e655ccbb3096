// Copies of fragments that have moved.
#include <algorithm>
#include <set>

#include "services/repairer/repairer.h"

namespace pbfs::repairer {
Result<CopiesPass> Repairer::DropOldCopies(const Context& context) {
  CopiesPass pass;
  PBFS_ASSIGN_OR_RETURN(const ClusterMap map, ports_.groups.WatchMap(context, -1));
  if (map.groups.size() != kPlacementGroups) return pass;  // before the first placement
  int64_t version = 0;
  for (const PlacementGroup& group : map.groups) version = std::max(version, group.version);
  const auto due = [&](const StoreInfo& store) {
    if (store.state == StoreState::kJoining || store.state == StoreState::kGone) return false;
    const auto last = gone_through_.find(store.id);
    return last == gone_through_.end() || last->second.version != version || MonotonicNow() >= last->second.next;
  };
  for (const StoreInfo& store : map.stores) {
    if (!due(store)) continue;
    const MonotonicTime begin = MonotonicNow();
    PBFS_ASSIGN_OR_RETURN(const bool all, DropFrom(context, map, store.id, pass));
    gone_through_[store.id] = {version, begin + (all ? options_.check_every : options_.old_copies)};
    pass.stores += all ? 1 : 0;
  }
  return pass;
}

// Those of this map that still are as it says, and of which all shards were found in their places long enough ago.
Result<std::set<uint16_t>> Repairer::GroupsLongWhole(const Context& context, const ClusterMap& map) {
  PBFS_ASSIGN_OR_RETURN(const std::vector<GroupCheck> checks, ports_.repairs.ListGroupChecks(context));
  const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(options_.old_copies).count();
  const int64_t before = ports_.clock.NowMillis() - wait;
  std::set<uint16_t> groups;
  for (const GroupCheck& check : checks) {
    if (check.group >= map.groups.size() || !check.checked_ms || *check.checked_ms > before) continue;
    const PlacementGroup& group = map.groups[check.group];
    if (group.version == check.version && group.IsWhole()) groups.insert(check.group);
  }
  return groups;
}

// False if something has to wait.
Result<bool> Repairer::DropFrom(const Context& context, const ClusterMap& map, StoreId id, CopiesPass& pass) {
  const int64_t waiting = pass.waiting;
  const auto silent = [&] { return ++pass.waiting, false; };
  const auto store = ports_.stores.Find(id);
  if (!store.ok() || IsSilent(id)) return silent();
  ListFragmentsRequest request;
  for (bool more = true; more;) {
    PBFS_ASSIGN_OR_RETURN(request.token, Token(context));
    const auto page = (*store)->List(context.Within(options_.store_timeout), request);
    if (!page.ok()) return MarkSilent(id), silent();
    more = page->more && !page->fragments.empty();
    if (!page->fragments.empty()) request.after = page->fragments.back().key;
    PBFS_ASSIGN_OR_RETURN(const auto needless, Needless(context, map, id, page->fragments, pass));
    if (needless.empty()) continue;
    if (!(*store)->Drop(context.Within(options_.store_timeout), needless, request.token).ok())
      return MarkSilent(id), silent();
    pass.dropped += static_cast<int64_t>(needless.size());
    for (const FragmentInfo& copy : needless) pass.bytes += copy.length;
  }
  return pass.waiting == waiting;
}

// Those of live bodies whose shards all stand in their places at this moment: what the catalog remembers may be a week old. And the
// groups are looked at anew for each page: a store may have got its place back since the map was read.
Result<std::vector<FragmentInfo>> Repairer::Needless(const Context& context, const ClusterMap& map, StoreId store,
                                                     const std::vector<FragmentInfo>& fragments, CopiesPass& pass) {
  PBFS_ASSIGN_OR_RETURN(const Bodies live, FindBodies(context, fragments));
  std::vector<FragmentInfo> misplaced;
  Bodies of_misplaced;
  for (const FragmentInfo& fragment : fragments) {
    const auto body = live.find(fragment.key.encoding);
    if (body == live.end() || IsPlaceOf(map, body->second, fragment.key.shard, store)) continue;
    misplaced.push_back(fragment);
    of_misplaced.insert(*body);
  }
  if (misplaced.empty()) return misplaced;
  PBFS_ASSIGN_OR_RETURN(const std::set<uint16_t> groups, GroupsLongWhole(context, map));
  std::set<EncodingId> whole;
  std::vector<EncodedBody> looked;
  for (const auto& [id, body] : of_misplaced) {
    if (body.missing != 0 || !groups.contains(PlacementGroupOf(id))) continue;
    whole.insert(id);
    looked.push_back(body);
  }
  Look look;
  PBFS_RETURN_IF_ERROR(LookFor(context, map, looked, look));
  PBFS_RETURN_IF_ERROR(ports_.repairs.MarkMissing(context, look.missing));
  for (const Shard& shard : look.missing) whole.erase(shard.encoding);
  std::vector<FragmentInfo> needless;
  for (const FragmentInfo& fragment : misplaced) {
    const EncodingId id = fragment.key.encoding;
    const bool seen = whole.contains(id) && !look.unanswered.contains(PlacementGroupOf(id));
    if (seen) needless.push_back(fragment);
    pass.waiting += seen ? 0 : 1;
  }
  return needless;
}

}  // namespace pbfs::repairer
