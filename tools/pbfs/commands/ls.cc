#include <fmt/format.h>

#include "tools/pbfs/objects.h"
#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

constexpr int32_t kPage = 1000;

struct Arguments {
  std::string address;
  bool details = false;
};

Status ShowName(Session& session, Target& target, const NamedObject& entry, bool details, Json& all) {
  Json json = {{"name", entry.name}, {"object_id", entry.object.ToString()}, {"bound_ms", HlcMillis(entry.order.hlc)}};
  std::string text = entry.name;
  if (details) {
    const auto info = target.bucket.Stat(session.context(), entry.object);
    if (info.status().code() == StatusCode::kNotFound) return OkStatus();  // removed since the list was made
    PBFS_RETURN_IF_ERROR(info.status());
    json["size"] = info->size;
    text = fmt::format("{:>14}  {}  {}", info->size, FormatTime(HlcMillis(entry.order.hlc)), entry.name);
  }
  session.Say(text);
  all.push_back(std::move(json));
  return OkStatus();
}

Status List(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(Target target, OpenPrefix(session, arguments.address));
  Json all = Json::array();
  std::string after;
  for (bool more = true; more;) {
    PBFS_ASSIGN_OR_RETURN(const NamePage page,
                          target.bucket.ListNames(session.context(), target.name, {.after = after, .limit = kPage}));
    for (const NamedObject& entry : page.names)
      PBFS_RETURN_IF_ERROR(ShowName(session, target, entry, arguments.details, all));
    more = page.more;
    after = page.last;
  }
  session.Report({{"bucket", target.bucket.info().settings.name}, {"prefix", target.name}, {"names", all}});
  return OkStatus();
}

}  // namespace

void AddLs(CommandLine& line) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      line.Add("ls", "List the names of a bucket, in byte order", "  pbfs ls photos\n  pbfs ls -l photos/2026/");
  command->add_option("where", arguments->address, "BUCKET or BUCKET/PREFIX")->required();
  command->add_flag("-l,--long", arguments->details, "Size and time of each");
  line.Run(command, [arguments](Session& session) { return List(session, *arguments); });
}

}  // namespace pbfs::cli
