#include <algorithm>

#include <fmt/format.h>

#include "libs/base/sync.h"
#include "libs/catalog/store_state.h"
#include "libs/runtime/connection.h"
#include "tools/pbfs/progress.h"
#include "tools/pbfs/session.h"
#include "tools/pbfs/units.h"

/// What an administrator sees of a cluster and does to it (docs/operations/cluster.md).
namespace pbfs::cli {
namespace {

constexpr int64_t kDayMs = 86'400'000;
constexpr Duration kPoll = std::chrono::seconds(1);
constexpr Duration kPatience = std::chrono::seconds(10);  // of one look

/// One look at everything.
struct View {
  ClusterMap map;
  Redundancy redundancy;
  std::vector<Recoding> recodings;
};

Result<View> Look(Session& session, Connection& connection) {
  const Context context = session.context().Within(kPatience);
  View view;
  PBFS_ASSIGN_OR_RETURN(view.map, connection.groups().WatchMap(context, -1));
  PBFS_ASSIGN_OR_RETURN(view.redundancy, connection.repairs().GetRedundancy(context));
  PBFS_ASSIGN_OR_RETURN(view.recodings, connection.recodes().ListRecodings(context));
  return view;
}

/// Why the cluster cannot be called healthy; nothing if it can.
std::vector<std::string> Troubles(const View& view) {
  const Redundancy& redundancy = view.redundancy;
  std::vector<std::string> troubles;
  for (const StoreInfo& store : view.map.stores) {
    if (store.state != StoreState::kUp && store.state != StoreState::kGone)
      troubles.push_back(fmt::format("store {} is {}", store.id.value, NameOf(store.state)));
  }
  if (redundancy.groups == 0) troubles.push_back("no store has joined yet");
  for (const auto& [margin, bodies] : redundancy.degraded) {
    if (margin < 0)
      troubles.push_back(fmt::format("{} bodies cannot be read whole: too many shards are missing", bodies));
  }
  if (const int64_t bodies = DegradedBodies(redundancy); bodies > 0)
    troubles.push_back(fmt::format("{} bodies have missing shards", bodies));
  if (redundancy.suspects > 0)
    troubles.push_back(fmt::format("{} bodies have fragments that contradict each other", redundancy.suspects));
  if (redundancy.backfilling > 0)
    troubles.push_back(
        fmt::format("{} placement groups do not have all their shards in place", redundancy.backfilling));
  if (redundancy.unchecked > 0)
    troubles.push_back(fmt::format("{} placement groups are not accounted for yet", redundancy.unchecked));
  const int64_t age = redundancy.now_ms - redundancy.oldest_check_ms.value_or(redundancy.now_ms);
  if (age > 14 * kDayMs)
    troubles.push_back(fmt::format("some shards were last looked for {} days ago: does a repairer run?", age / kDayMs));
  return troubles;
}

Json StoreJson(Session& session, Connection& connection, const StoreInfo& store) {
  Json json = {{"id", store.id.value},
               {"state", NameOf(store.state)},
               {"address", store.address},
               {"domain", store.domain},
               {"weight", store.weight}};
  if (store.state == StoreState::kGone || store.state == StoreState::kDown) return json;
  const auto found = connection.stores().Find(store.id);
  if (!found.ok()) return json;
  const Result<StoreStat> stat = (*found)->Stat(session.context().Within(std::chrono::seconds(2)));
  if (!stat.ok()) return json;
  json["fragments"] = stat->fragments;
  json["used"] = stat->used;
  json["live"] = stat->live;
  json["capacity"] = stat->capacity;
  json["corrupt"] = stat->corrupt;
  json["scrubbed_ms"] = stat->scrubbed_ms;
  return json;
}

void SayStores(const Session& session, const Json& stores) {
  session.Say(fmt::format("{:>6}  {:<9} {:<22} {:<12} {:>10} {:>12} {:>12} {:>8}", "store", "state", "address",
                          "domain", "fragments", "used", "capacity", "corrupt"));
  for (const Json& store : stores) {
    const bool known = store.contains("fragments");
    const auto size = [&](const char* key) { return known ? FormatSize(store[key].get<int64_t>()) : std::string("?"); };
    const auto count = [&](const char* key) {
      return known ? std::to_string(store[key].get<int64_t>()) : std::string("?");
    };
    session.Say(fmt::format("{:>6}  {:<9} {:<22} {:<12} {:>10} {:>12} {:>12} {:>8}", store["id"].get<uint32_t>(),
                            store["state"].get<std::string>(), store["address"].get<std::string>(),
                            store["domain"].get<std::string>(), count("fragments"), size("used"), size("capacity"),
                            count("corrupt")));
  }
}

Json StoresJson(Session& session, Connection& connection, const ClusterMap& map) {
  Json stores = Json::array();
  for (const StoreInfo& store : map.stores) stores.push_back(StoreJson(session, connection, store));
  return stores;
}

// ---- status --------------------------------------------------------------------------------------------------------------------

void SayRedundancy(const Session& session, const Redundancy& redundancy) {
  for (const auto& [margin, bodies] : redundancy.degraded)
    session.Say(fmt::format("{:>10} bodies may lose {} more shards", bodies, std::max(0, margin)));
  session.Say(fmt::format("{:>10} placement groups, {} not whole, {} not accounted for", redundancy.groups,
                          redundancy.backfilling, redundancy.unchecked));
}

/// Buckets whose scheme was changed, while bodies of them are coded otherwise. That is no trouble: they are as safe as they were.
void SayRecodings(const Session& session, const std::vector<Recoding>& recodings) {
  for (const Recoding& recoding : recodings) {
    const std::string scheme = fmt::format("{}+{}", recoding.k, recoding.m);
    if (!recoding.left)
      session.Say(
          fmt::format("         ? bodies of bucket {} are not {} yet: they are being counted", recoding.name, scheme));
    else if (recoding.left->bodies > 0)
      session.Say(fmt::format("{:>10} bodies of bucket {} are not {} yet, {}", recoding.left->bodies, recoding.name,
                              scheme, FormatSize(recoding.left->bytes)));
  }
}

Json RecodingsJson(const std::vector<Recoding>& recodings) {
  Json all = Json::array();
  for (const Recoding& recoding : recodings) {
    Json json = {{"bucket", recoding.name}, {"k", recoding.k}, {"m", recoding.m}, {"changed_ms", recoding.changed_ms}};
    if (recoding.left) json["bodies_left"] = recoding.left->bodies, json["bytes_left"] = recoding.left->bytes;
    all.push_back(json);
  }
  return all;
}

Json RedundancyJson(const Redundancy& redundancy) {
  Json degraded = Json::object();
  for (const auto& [margin, bodies] : redundancy.degraded) degraded[std::to_string(margin)] = bodies;
  Json json = {{"bodies_degraded", DegradedBodies(redundancy)},
               {"degraded_by_margin", degraded},
               {"suspects", redundancy.suspects},
               {"groups", redundancy.groups},
               {"groups_backfilling", redundancy.backfilling},
               {"groups_unchecked", redundancy.unchecked}};
  if (redundancy.oldest_check_ms) json["oldest_check_ms"] = *redundancy.oldest_check_ms;
  return json;
}

/// Looks again until `rest`, what is still to be done, is nothing. A bar on a terminal.
Status WaitFor(Session& session, Connection& connection, const std::string& what,
               const std::function<int64_t(const View&)>& rest) {
  int64_t most = 0;
  const MonotonicTime began = MonotonicNow();
  std::string last;
  for (;;) {
    PBFS_ASSIGN_OR_RETURN(const View view, Look(session, connection));
    const int64_t left = rest(view);
    if (left == 0) return OkStatus();
    most = std::max(most, left);
    const int64_t done = most - left;
    const std::chrono::duration<double> took = MonotonicNow() - began;
    std::string line = fmt::format("{}: {} left", what, left);
    if (done > 0)
      line += fmt::format(", {:.0f} a second, about {} to go", static_cast<double>(done) / took.count(),
                          FormatClock(std::chrono::duration_cast<Duration>(took * left / done)));
    if (line != last) session.Note(line);
    last = line;
    SleepFor(kPoll);  // a poll of other processes, until the context ends
    PBFS_RETURN_IF_ERROR(session.context().Check());
  }
}

struct StatusArguments {
  bool wait = false;
};

Status ShowStatus(Session& session, const StatusArguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(Connection * connection, session.connection());
  if (arguments.wait)
    PBFS_RETURN_IF_ERROR(WaitFor(session, *connection, "repair", [](const View& view) {
      const int64_t work = DegradedBodies(view.redundancy) + view.redundancy.backfilling + view.redundancy.unchecked;
      return work > 0 ? work : static_cast<int64_t>(Troubles(view).size());
    }));
  PBFS_ASSIGN_OR_RETURN(const View view, Look(session, *connection));
  const std::vector<std::string> troubles = Troubles(view);
  const Json stores = StoresJson(session, *connection, view.map);
  session.Say(troubles.empty() ? "healthy" : "not healthy:");
  for (const std::string& trouble : troubles) session.Say("  " + trouble);
  SayRedundancy(session, view.redundancy);
  SayRecodings(session, view.recodings);
  SayStores(session, stores);
  session.Report({{"healthy", troubles.empty()},
                  {"troubles", troubles},
                  {"redundancy", RedundancyJson(view.redundancy)},
                  {"recodings", RecodingsJson(view.recodings)},
                  {"map_version", view.map.version},
                  {"stores", stores}});
  return OkStatus();
}

Status ShowStores(Session& session) {
  PBFS_ASSIGN_OR_RETURN(Connection * connection, session.connection());
  PBFS_ASSIGN_OR_RETURN(const View view, Look(session, *connection));
  const Json stores = StoresJson(session, *connection, view.map);
  SayStores(session, stores);
  session.Report({{"stores", stores}});
  return OkStatus();
}

// ---- membership ----------------------------------------------------------------------------------------------------------------

struct StoreArguments {
  uint32_t store = 0;
  bool wait = false;
};

Status PutState(Session& session, Connection& connection, uint32_t id, StoreState state) {
  PBFS_ASSIGN_OR_RETURN(const View view, Look(session, connection));
  const StoreInfo* found = view.map.FindStore(StoreId{id});
  if (found == nullptr)
    return NotFoundError(fmt::format("the cluster has no store {}: pbfs cluster stores lists them", id));
  StoreInfo store = *found;
  store.state = state;
  return connection.groups().PutStore(session.context().Within(kPatience), store);
}

Status Drain(Session& session, const StoreArguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(Connection * connection, session.connection());
  PBFS_RETURN_IF_ERROR(PutState(session, *connection, arguments.store, StoreState::kDraining));
  const StoreId store{arguments.store};
  if (arguments.wait)
    PBFS_RETURN_IF_ERROR(WaitFor(session, *connection, fmt::format("store {}, placement groups", store.value),
                                 [&](const View& view) { return GroupsThatNeed(view.map, store); }));
  PBFS_ASSIGN_OR_RETURN(const View view, Look(session, *connection));
  const int64_t duties = GroupsThatNeed(view.map, store);
  session.Say(duties == 0 ? fmt::format("store {} is drained: nothing counts on it; pbfs cluster remove {}",
                                        store.value, store.value)
                          : fmt::format("store {} drains; {} placement groups still count on it", store.value, duties));
  session.Report({{"store", store.value}, {"state", "draining"}, {"groups", duties}});
  return OkStatus();
}

Status Change(Session& session, const StoreArguments& arguments, StoreState state) {
  PBFS_ASSIGN_OR_RETURN(Connection * connection, session.connection());
  PBFS_RETURN_IF_ERROR(PutState(session, *connection, arguments.store, state));
  session.Say(fmt::format("store {} is {}", arguments.store, NameOf(state)));
  session.Report({{"store", arguments.store}, {"state", NameOf(state)}});
  return OkStatus();
}

// ---- repair, map ---------------------------------------------------------------------------------------------------------------

Status Recheck(Session& session, const StatusArguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(Connection * connection, session.connection());
  PBFS_RETURN_IF_ERROR(connection->repairs().Recheck(session.context().Within(kPatience)));
  if (arguments.wait) return ShowStatus(session, arguments);
  session.Say("the repairer looks for every shard again; pbfs cluster status --wait shows how far it is");
  session.Report({{"rechecking", true}});
  return OkStatus();
}

struct MapArguments {
  int group = -1;
};

Status ShowMap(Session& session, const MapArguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(Connection * connection, session.connection());
  PBFS_ASSIGN_OR_RETURN(const View view, Look(session, *connection));
  Json groups = Json::array();
  for (const PlacementGroup& group : view.map.groups) {
    if (arguments.group >= 0 && group.group != arguments.group) continue;
    std::vector<uint32_t> stores, previous;
    std::string text;
    for (size_t i = 0; i < group.stores.size(); ++i) {
      stores.push_back(group.stores[i].value);
      text += fmt::format(" {}{}", group.stores[i].value, group.members[i] == MemberState::kBackfill ? "*" : "");
    }
    for (const StoreId id : group.previous) previous.push_back(id.value);
    session.Say(fmt::format("{:>4}  version {:<4}{}{}", group.group, group.version, text,
                            previous.empty() ? "" : fmt::format("  before: {}", fmt::join(previous, " "))));
    groups.push_back({{"group", group.group}, {"version", group.version}, {"stores", stores}, {"previous", previous}});
  }
  if (groups.empty())
    return NotFoundError("there is no such placement group: they are 0 to 4095, once a store has joined");
  session.Report({{"version", view.map.version}, {"groups", groups}});
  return OkStatus();
}

void AddOfStore(CommandLine& line, CLI::App* parent, const char* name, const char* what, const char* example,
                const std::function<Status(Session&, const StoreArguments&)>& body, bool waits) {
  auto arguments = std::make_shared<StoreArguments>();
  CLI::App* command = line.Add(name, what, example, parent);
  command->add_option("store", arguments->store, "Its number, as pbfs cluster stores shows it")->required();
  if (waits) command->add_flag("--wait", arguments->wait, "Until nothing counts on it any more");
  line.Run(command, [arguments, body](Session& session) { return body(session, *arguments); });
}

}  // namespace

void AddCluster(CommandLine& line) {
  CLI::App* cluster = line.Add("cluster", "Stores, redundancy and placement", "  pbfs cluster status");
  cluster->require_subcommand(1);

  auto status = std::make_shared<StatusArguments>();
  CLI::App* show = line.Add("status", "Whether every shard of every body is where it should be",
                            "  pbfs cluster status\n  pbfs cluster status --wait", cluster);
  show->add_flag("--wait", status->wait, "Until the cluster is healthy");
  line.Run(show, [status](Session& session) { return ShowStatus(session, *status); });

  line.Run(line.Add("stores", "The stores and what they hold", "  pbfs cluster stores", cluster), ShowStores);
  AddOfStore(line, cluster, "drain", "Bring what a store has to others, so that it can be removed",
             "  pbfs cluster drain 7 --wait", Drain, true);
  AddOfStore(
      line, cluster, "uncordon", "Take a draining store back", "  pbfs cluster uncordon 7",
      [](Session& session, const StoreArguments& store) { return Change(session, store, StoreState::kUp); }, false);
  AddOfStore(
      line, cluster, "remove", "Remove a store that is drained, or that is down and lost for good",
      "  pbfs cluster remove 7",
      [](Session& session, const StoreArguments& store) { return Change(session, store, StoreState::kGone); }, false);

  auto repair = std::make_shared<StatusArguments>();
  CLI::App* again =
      line.Add("repair", "Have the repairer look for every shard again, now", "  pbfs cluster repair --wait", cluster);
  again->add_flag("--wait", repair->wait, "Until the cluster is healthy");
  line.Run(again, [repair](Session& session) { return Recheck(session, *repair); });

  AddClusterGc(line, cluster);

  auto map = std::make_shared<MapArguments>();
  CLI::App* groups = line.Add("map", "Placement groups and their stores (* has not all its shards yet)",
                              "  pbfs cluster map --group 17", cluster);
  groups->add_option("--group", map->group, "Only this one");
  line.Run(groups, [map](Session& session) { return ShowMap(session, *map); });
}

}  // namespace pbfs::cli
