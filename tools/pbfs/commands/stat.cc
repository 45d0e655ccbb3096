#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/pbfs/object_map.h"
#include "tools/pbfs/objects.h"
#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

constexpr int kMapLines = 24;
constexpr Duration kCostPatience = std::chrono::seconds(5);

struct Arguments {
  std::string address;
  bool extents = false;
  int width = 0;
};

int MapWidth(int wanted) {
  if (wanted > 0) return wanted;
  winsize size{};
  const bool terminal = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 40;
  return terminal ? size.ws_col - 18 : 64;
}

Json ExtentJson(const VisibleExtent& extent) {
  Json json = {{"lo", extent.lo}, {"hi", extent.hi}, {"hlc", extent.order.hlc}, {"wid", extent.order.wid}};
  switch (extent.source.kind) {
    case SourceKind::kZeros: json["source"] = "zeros"; break;
    case SourceKind::kBody:
      json["source"] = "body";
      json["id"] = extent.source.body.ToString();
      json["inner"] = extent.inner;
      break;
    case SourceKind::kObject:
      json["source"] = "object";
      json["id"] = extent.source.object.ToString();
      json["inner"] = extent.inner;
      break;
  }
  return json;
}

Status ShowExtents(Session& session, Target& target, const ObjectStat& info, int width, Json& json) {
  std::vector<VisibleExtent> extents;
  if (info.size > 0) {
    PBFS_ASSIGN_OR_RETURN(extents, target.bucket.Extents(session.context(), info.object, 0, info.size));
  }
  session.Say(DrawTextMap(MapRunsOf(extents, info.size), info.size, MapWidth(width), kMapLines));
  json["extents"] = Json::array();
  for (const VisibleExtent& extent : extents) json["extents"].push_back(ExtentJson(extent));
  return OkStatus();
}

// How dear the object's patches were in the end. It is no reason for stat to fail or to take long.
void ShowCost(Session& session, Target& target, const ObjectStat& info, Json& json) {
  const Result<RehomeCost> cost = target.bucket.CostOfRehomes(session.context().Within(kCostPatience), info.object);
  if (!cost.ok()) {
    session.Note("what compaction has cost could not be looked up: " + cost.status().ToString());
    return;
  }
  json["compaction"] = {{"patches", cost->patches},
                        {"patched_bytes", cost->patched_bytes},
                        {"rehomes", cost->rehomes},
                        {"rewritten_bytes", cost->rewritten_bytes},
                        {"rewritten_per_patched", cost->Ratio()},
                        {"put_bytes", cost->put_bytes},
                        {"ops", cost->ops},
                        {"complete", cost->complete}};
  if (cost->patches + cost->rehomes == 0) return;
  session.Say(fmt::format("patched   {} by {} patches\nrewritten {} by {} rehomes, {:.2f} bytes per byte patched{}",
                          FormatSize(cost->patched_bytes), cost->patches, FormatSize(cost->rewritten_bytes),
                          cost->rehomes, cost->Ratio(),
                          cost->complete ? "" : fmt::format(" (of the newest {} ops)", cost->ops)));
}

Status Stat(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(Target target, OpenTarget(session, arguments.address));
  PBFS_ASSIGN_OR_RETURN(const ObjectStat info, FindObject(session, target));
  Json json = {{"object", arguments.address},
               {"object_id", info.object.ToString()},
               {"size", info.size},
               {"version", ToHex(info.opset)},
               {"sealed", info.sealed},
               {"stored_extents", info.extents},
               {"bound_ms", HlcMillis(info.bound.hlc)},
               {"changed_ms", HlcMillis(info.newest)}};
  session.Say(fmt::format(
      "object    {} ({})\nsize      {} ({})\nversion   {}\nnamed     {}\nchanged   {}\nextents   {} stored{}",
      arguments.address, info.object.ToString(), info.size, FormatSize(info.size), ToHex(info.opset),
      FormatTime(HlcMillis(info.bound.hlc)), FormatTime(HlcMillis(info.newest)), info.extents,
      info.sealed ? "\nsealed" : ""));
  ShowCost(session, target, info, json);
  if (arguments.extents) PBFS_RETURN_IF_ERROR(ShowExtents(session, target, info, arguments.width, json));
  session.Report(json);
  return OkStatus();
}

}  // namespace

void AddStat(CommandLine& line) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = line.Add(
      "stat",
      "Size, version and times of an object, and what merging its patches has cost; --extents draws them as a text map",
      "  pbfs stat photos/cat.jpg\n  pbfs stat --extents disks/vm.img\n  pbfs stat --json --extents "
      "disks/vm.img | jq .extents");
  command->add_option("object", arguments->address, "BUCKET/NAME")->required();
  command->add_flag("--extents", arguments->extents, "The visible extents");
  command->add_option("--width", arguments->width, "Cells in a line of the map")->check(CLI::Range(8, 1000));
  line.Run(command, [arguments](Session& session) { return Stat(session, *arguments); });
}

}  // namespace pbfs::cli
