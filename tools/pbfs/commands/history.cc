#include <fmt/format.h>

#include "libs/model/op_kind_name.h"
#include "tools/pbfs/objects.h"
#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

struct Arguments {
  std::string address;
  int limit = 100;
};

Json EntryJson(const HistoryEntry& entry) {
  Json json = {{"op", entry.op.ToString()}, {"kind", NameOf(entry.kind)},  {"hlc", entry.order.hlc},
               {"wid", entry.order.wid},    {"at_ms", entry.at_ms},        {"begin", entry.lo},
               {"end", entry.hi},           {"authentic", entry.authentic}};
  if (!entry.name.empty()) json["name"] = entry.name;
  return json;
}

std::string Where(const HistoryEntry& entry) {
  if (!entry.name.empty()) return "'" + entry.name + "'";
  if (entry.kind == OpKind::kTrunc) return fmt::format("to {} bytes", entry.lo);
  return entry.lo < entry.hi ? fmt::format("[{}, {})", entry.lo, entry.hi) : "";
}

Status History(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(Target target, OpenTarget(session, arguments.address));
  PBFS_ASSIGN_OR_RETURN(const ObjectStat object, FindObject(session, target));
  PBFS_ASSIGN_OR_RETURN(const auto entries,
                        target.bucket.History(session.context(), object.object, INT64_MAX, arguments.limit));
  Json ops = Json::array();
  for (const HistoryEntry& entry : entries) {
    session.Say(fmt::format("{}  {:<7} {}  {}.{:016x}  {}{}", FormatTime(entry.at_ms), NameOf(entry.kind),
                            entry.op.ToString(), entry.order.hlc, entry.order.wid, Where(entry),
                            entry.authentic ? "" : "  NOT AUTHENTIC"));
    ops.push_back(EntryJson(entry));
  }
  session.Report({{"object", arguments.address}, {"object_id", object.object.ToString()}, {"ops", ops}});
  return OkStatus();
}

}  // namespace

void AddHistory(CommandLine& line) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = line.Add("history", "The ops of an object, newest first: time, kind, id, order, range",
                               "  pbfs history photos/cat.jpg\n  pbfs history --limit 10 --json logs/today");
  command->add_option("object", arguments->address, "BUCKET/NAME")->required();
  command->add_option("--limit", arguments->limit, "At most so many")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  line.Run(command, [arguments](Session& session) { return History(session, *arguments); });
}

}  // namespace pbfs::cli
