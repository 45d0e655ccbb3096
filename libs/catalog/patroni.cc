#include "libs/catalog/patroni.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include <fmt/format.h>

namespace pbfs {
namespace {

using Json = nlohmann::json;

Status Doubt(const std::string& why) { return FailedPreconditionError(why); }

}  // namespace

Json ParseObject(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  return json.is_object() ? json : Json::object();
}
std::string TextAt(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}
int64_t NumberAt(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

PatroniSync PatroniSync::Of(const std::string& leader, const std::string& standbys) {
  PatroniSync sync{leader, {}};
  std::stringstream names(standbys);
  for (std::string name; std::getline(names, name, ',');) sync.standbys.push_back(name);
  return sync;
}

bool PatroniSync::MayTakeOver(const std::string& name) const {
  return !leader.empty() && (name == leader || std::find(standbys.begin(), standbys.end(), name) != standbys.end());
}

Status KnowsPrimary(const PatroniRecords& records, const WalPosition& at) {
  if (records.leader.empty()) return Doubt("Patroni has no primary");
  const Json member = ParseObject(records.member);
  const std::string role = TextAt(member, "role");
  if ((role != "master" && role != "primary") || NumberAt(member, "timeline") != at.timeline)
    return Doubt(fmt::format("Patroni's primary {} is not the one on timeline {}", records.leader, at.timeline));
  if (records.initialize != at.system) return Doubt("this PostgreSQL is not Patroni's: another system identifier");
  const Json config = ParseObject(records.config);
  const auto synchronous = config.find("synchronous_mode");
  if (synchronous == config.end() || *synchronous != true) return Doubt("Patroni's synchronous_mode is off");
  if (records.sync.leader != records.leader)
    return Doubt(fmt::format("Patroni's key sync is not the primary {}'s", records.leader));
  return OkStatus();
}

int64_t EndOfTimeline(const PatroniRecords& records, int32_t timeline) {
  const Json history = Json::parse(records.history, nullptr, false);
  if (!history.is_array()) return -1;
  for (const Json& entry : history) {
    const bool good =
        entry.is_array() && entry.size() >= 2 && entry[0].is_number_integer() && entry[1].is_number_integer();
    if (good && entry[0] == timeline) return entry[1].get<int64_t>();
  }
  return -1;
}

Status ContinuesFrom(const PatroniRecords& records, const WalPosition& then, int32_t thawed, const WalPosition& now) {
  if (then.system != now.system || then.timeline != thawed)
    return Doubt(fmt::format("timeline {} is remembered, but {} was the one thawed last: was a backup restored?",
                             then.timeline, thawed));
  PBFS_RETURN_IF_ERROR(KnowsPrimary(records, now));
  const int64_t end = EndOfTimeline(records, thawed);
  if (end >= then.lsn) return OkStatus();
  return Doubt(fmt::format("timeline {} was left at {}, before {}, which was acknowledged: was a backup restored?",
                           thawed, end, then.lsn));
}

Status TookOver(const PatroniSync& before, const PatroniSync& after) {
  if (before.MayTakeOver(after.leader)) return OkStatus();
  return Doubt(
      fmt::format("{} took over from {}, whose synchronous standby it was not: acknowledged commits may be "
                  "missing",
                  after.leader, before.leader));
}

}  // namespace pbfs
