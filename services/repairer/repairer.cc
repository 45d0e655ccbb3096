#include "services/repairer/repairer.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "libs/base/mutants.h"
#include "libs/format/body.h"
#include "libs/format/fragment.h"

namespace pbfs::repairer {
namespace {

constexpr int64_t kHead = Geometry::kFragmentHeader;

bool IsEmpty(const Status& status) {
  return status.code() == StatusCode::kNotFound || status.code() == StatusCode::kDataLoss;
}

}  // namespace

// ---- what stores know to be bad ------------------------------------------------------------------------------------------------

Result<int64_t> Repairer::MarkCorrupt(const Context& context) {
  PBFS_ASSIGN_OR_RETURN(const ClusterMap map, ports_.groups.WatchMap(context, -1));
  int64_t marked = 0;
  for (const StoreInfo& info : map.stores) {
    if (info.state == StoreState::kDown || info.state == StoreState::kGone || IsSilent(info.id)) continue;
    auto store = ports_.stores.Find(info.id);
    if (!store.ok()) continue;
    ListFragmentsRequest request;
    request.only_corrupt = true;
    for (bool more = true; more;) {
      PBFS_ASSIGN_OR_RETURN(request.token, Token(context));
      const auto page = (*store)->List(context.Within(options_.store_timeout), request);
      if (!page.ok()) {
        MarkSilent(info.id);
        break;
      }
      more = page->more && !page->fragments.empty();
      PBFS_ASSIGN_OR_RETURN(const Bodies live, FindBodies(context, page->fragments));
      std::vector<Shard> bad;
      for (const FragmentInfo& fragment : page->fragments) {
        request.after = fragment.key;
        const auto& [encoding, shard] = fragment.key;
        const auto body = live.find(encoding);
        if (body != live.end() && IsPlaceOf(map, body->second, shard, info.id)) bad.push_back({encoding, shard});
      }
      PBFS_RETURN_IF_ERROR(ports_.repairs.MarkMissing(context, bad));
      marked += static_cast<int64_t>(bad.size());
    }
  }
  return marked;
}

Result<Repairer::Bodies> Repairer::FindBodies(const Context& context, const std::vector<FragmentInfo>& fragments) {
  std::set<EncodingId> asked;
  for (const FragmentInfo& fragment : fragments) asked.insert(fragment.key.encoding);
  Bodies bodies;
  if (asked.empty()) return bodies;
  const std::vector<EncodingId> ids(asked.begin(), asked.end());
  PBFS_ASSIGN_OR_RETURN(const std::vector<EncodedBody> live, ports_.repairs.FindEncodings(context, ids));
  for (const EncodedBody& body : live) bodies.emplace(body.encoding.id, body);
  return bodies;
}

std::vector<StoreId> Repairer::PlacesOf(const ClusterMap& map, const EncodedBody& body) {
  const uint16_t group = PlacementGroupOf(body.encoding.id);
  if (group >= map.groups.size()) return {};
  return SelectShardStores(map, group, body.encoding.n, body.encoding.n - body.encoding.k).stores;
}

bool Repairer::IsPlaceOf(const ClusterMap& map, const EncodedBody& body, uint8_t shard, StoreId store) {
  const std::vector<StoreId> places = PlacesOf(map, body);
  return shard < places.size() && places[shard] == store;
}

// ---- accounting ----------------------------------------------------------------------------------------------------------------

Result<CheckPass> Repairer::CheckGroups(const Context& context) {
  CheckPass pass;
  PBFS_ASSIGN_OR_RETURN(const ClusterMap map, ports_.groups.WatchMap(context, -1));
  PBFS_ASSIGN_OR_RETURN(const std::vector<GroupCheck> due, Due(context, map, pass));
  for (size_t at = 0; at < due.size();) {
    size_t end = at + 1;  // neighbours in one go: most groups of a small site are empty
    while (end < due.size() && due[end].group == due[end - 1].group + 1) ++end;
    std::set<uint16_t> unanswered;
    PBFS_RETURN_IF_ERROR(CheckRange(context, map, {due[at].group, {}, due[end - 1].group}, unanswered, pass));
    std::vector<GroupVersion> checked;
    for (; at < end; ++at) {
      if (!unanswered.contains(due[at].group)) checked.push_back({due[at].group, due[at].version});
    }
    if (!checked.empty()) PBFS_RETURN_IF_ERROR(ports_.repairs.GroupsChecked(context, checked));
    pass.groups += static_cast<int64_t>(checked.size());
    pass.waiting += static_cast<int64_t>(unanswered.size());
  }
  return pass;
}

// Those never checked first, then the oldest; as many as one pass takes, in the order of their numbers.
Result<std::vector<GroupCheck>> Repairer::Due(const Context& context, const ClusterMap& map, CheckPass& pass) {
  PBFS_ASSIGN_OR_RETURN(const std::vector<GroupCheck> all, ports_.repairs.ListGroupChecks(context));
  const auto every = std::chrono::duration_cast<std::chrono::milliseconds>(options_.check_every).count();
  const int64_t before = ports_.clock.NowMillis() - every;
  std::vector<GroupCheck> due;
  for (const GroupCheck& check : all) {
    const PlacementGroup* group = check.group < map.groups.size() ? &map.groups[check.group] : nullptr;
    if (group == nullptr) continue;
    // A group that was checked while shards of it were missing is not whole yet.
    if (group->IsWhole() && check.checked_ms && *check.checked_ms > before) continue;
    if (check.settled && group->version == check.version) {
      due.push_back(check);
    } else {
      ++pass.waiting;
    }
  }
  std::stable_sort(due.begin(), due.end(), [](const GroupCheck& a, const GroupCheck& b) {
    return a.checked_ms.value_or(INT64_MIN) < b.checked_ms.value_or(INT64_MIN);
  });
  due.resize(std::min(due.size(), static_cast<size_t>(options_.groups_a_pass)));
  std::sort(due.begin(), due.end(), [](const GroupCheck& a, const GroupCheck& b) { return a.group < b.group; });
  return due;
}

Status Repairer::CheckRange(const Context& context, const ClusterMap& map, GroupRange range,
                            std::set<uint16_t>& unanswered, CheckPass& pass) {
  for (;;) {
    PBFS_ASSIGN_OR_RETURN(const auto bodies, ports_.repairs.ListEncodings(context, range, options_.page));
    if (bodies.empty()) return OkStatus();
    range.after = bodies.back().encoding.id;
    range.first = PlacementGroupOf(range.after);
    Look look;
    PBFS_RETURN_IF_ERROR(LookFor(context, map, bodies, look));
    if (!look.missing.empty()) PBFS_RETURN_IF_ERROR(ports_.repairs.MarkMissing(context, look.missing));
    unanswered.merge(look.unanswered);
    pass.shards += look.shards;
    pass.missing += static_cast<int64_t>(look.missing.size());
  }
}

Status Repairer::LookFor(const Context& context, const ClusterMap& map, const std::vector<EncodedBody>& bodies,
                         Look& look) {
  std::map<StoreId, std::vector<std::pair<Shard, const EncodedBody*>>> by_store;
  for (const EncodedBody& body : bodies) {
    const std::vector<StoreId> places = PlacesOf(map, body);
    for (uint8_t j = 0; j < body.encoding.n; ++j) {
      if ((body.missing >> j & 1) != 0) continue;  // known
      const Shard shard{body.encoding.id, j};
      ++look.shards;
      if (j < places.size()) {
        by_store[places[j]].emplace_back(shard, &body);
      } else {
        look.missing.push_back(shard);  // there is no place for it
      }
    }
  }
  for (const auto& [store, asked] : by_store) AskStore(context, store, asked, look);
  return context.Check();
}

void Repairer::AskStore(const Context& context, StoreId id,
                        const std::vector<std::pair<Shard, const EncodedBody*>>& asked, Look& look) {
  constexpr size_t kMost = 1024;  // ranges in a read
  const auto store = ports_.stores.Find(id);
  const auto token = Token(context);
  const auto leave_from = [&](size_t at) {
    if (IsMutant(Mutant::kSilenceIsPresence)) return;
    for (; at < asked.size(); ++at) look.unanswered.insert(PlacementGroupOf(asked[at].first.encoding));
  };
  if (!store.ok() || !token.ok() || IsSilent(id)) return leave_from(0);
  for (size_t at = 0; at < asked.size(); at += kMost) {
    const size_t count = std::min(kMost, asked.size() - at);
    ReadRequest request;
    request.token = *token;
    for (size_t i = at; i < at + count; ++i)
      request.ranges.push_back({{asked[i].first.encoding, asked[i].first.number}, 0, kHead});
    const Context patience = context.Within(options_.store_timeout);
    const Result<ReadReply> reply = (*store)->StartRead(patience, std::move(request), {})->Wait(patience);
    if (!reply.ok() || reply->parts.size() != count) {
      MarkSilent(id);
      return leave_from(at);
    }
    for (size_t i = 0; i < count; ++i) {
      const auto& [shard, body] = asked[at + i];
      const ReadPart& part = reply->parts[i];
      if (part.status.ok() ? !IsHeadOf(part.bytes, shard, *body) : IsEmpty(part.status)) {
        look.missing.push_back(shard);
      } else if (!part.status.ok()) {
        look.unanswered.insert(PlacementGroupOf(shard.encoding));
      }
    }
  }
}

// ---- repair --------------------------------------------------------------------------------------------------------------------

Result<RepairPass> Repairer::RepairMissing(const Context& context) {
  RepairPass pass;
  for (DegradedPosition after;;) {
    PBFS_ASSIGN_OR_RETURN(const auto bodies, ports_.repairs.ListDegraded(context, after, options_.page));
    if (bodies.empty()) return pass;
    after = {bodies.back().Margin(), bodies.back().body};
    PBFS_RETURN_IF_ERROR(RepairPage(context, bodies, pass));
  }
}

Status Repairer::RepairPage(const Context& context, const std::vector<EncodedBody>& bodies, RepairPass& pass) {
  PBFS_ASSIGN_OR_RETURN(const ClusterMap map, ports_.groups.WatchMap(context, -1));
  PBFS_ASSIGN_OR_RETURN(const TokenBytes token, Token(context));
  const RepairSite site = SiteOf(map, token);
  std::vector<BodyRepair> repairs(bodies.size());
  ParallelFor(ports_.executor, bodies.size(), [&](size_t i) {
    repairs[i].status = context.Check();
    if (repairs[i].status.ok()) repairs[i] = RepairBody(context, site, bodies[i]);
  });
  return Note(context, map, bodies, repairs, pass);
}

Status Repairer::Note(const Context& context, const ClusterMap& map, const std::vector<EncodedBody>& bodies,
                      const std::vector<BodyRepair>& repairs, RepairPass& pass) {
  std::vector<PlacedShard> restored;
  std::vector<Shard> lost;
  for (size_t i = 0; i < bodies.size(); ++i) {
    const BodyRepair& repair = repairs[i];
    const EncodingId encoding = bodies[i].encoding.id;
    for (const uint8_t shard : repair.restored)
      restored.push_back({{encoding, shard}, map.groups[PlacementGroupOf(encoding)].version});
    for (const uint8_t shard : repair.lost) lost.push_back({encoding, shard});
    for (const StoreId liar : repair.liars)
      spdlog::warn("store {} has a wrong fragment of body {} under a good checksum", liar.value,
                   bodies[i].body.ToString());
    if (repair.suspect) PBFS_RETURN_IF_ERROR(ports_.repairs.ReportSuspect(context, encoding));
    const bool whole = repair.status.ok() && repair.lost.empty();
    ++(whole ? pass.bodies : pass.left);
    if (!whole && pass.trouble.ok()) pass.trouble = repair.status;
    pass.shards += static_cast<int64_t>(repair.restored.size());
    pass.bytes_read += repair.bytes_read;
    pass.bytes_written += repair.bytes_written;
    pass.unchecked += repair.unchecked ? 1 : 0;
    pass.suspects += repair.suspect ? 1 : 0;
  }
  if (!lost.empty()) PBFS_RETURN_IF_ERROR(ports_.repairs.MarkMissing(context, lost));
  return restored.empty() ? OkStatus() : ports_.repairs.ClearMissing(context, restored);
}

// ---- stores --------------------------------------------------------------------------------------------------------------------

RepairSite Repairer::SiteOf(const ClusterMap& map, TokenBytes token) {
  return {map,
          ports_.stores,
          std::move(token),
          [this](StoreId store) { return IsSilent(store); },
          [this](StoreId store) { MarkSilent(store); },
          pacer_,
          options_.store_timeout,
          options_.extra_reads};
}

// One for any bucket, renewed at a third of its life.
Result<TokenBytes> Repairer::Token(const Context& context) {
  if (ports_.tokens == nullptr) return TokenBytes();
  if (MonotonicNow() >= token_renewal_) {
    PBFS_ASSIGN_OR_RETURN(const TokenGrant grant, ports_.tokens->IssueToken(context, options_.subject, BucketId{},
                                                                            kTokenGet | kTokenRepair | kTokenList));
    token_ = grant.token;
    token_renewal_ = MonotonicNow() + std::chrono::milliseconds((grant.not_after_ms - grant.now_ms) / 3);
  }
  return token_;
}

bool Repairer::IsSilent(StoreId store) {
  MutexLock lock(mutex_);
  const auto found = silent_until_.find(store);
  return found != silent_until_.end() && MonotonicNow() < found->second;
}

void Repairer::MarkSilent(StoreId store) {
  MutexLock lock(mutex_);
  silent_until_[store] = MonotonicNow() + options_.silence;
}

}  // namespace pbfs::repairer
