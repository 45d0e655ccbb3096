#include <array>

#include <fmt/format.h>

#include "tools/pbfs/objects.h"

namespace pbfs::cli {
namespace {

constexpr std::array<const char*, 4> kHealth = {"sound", "missing", "corrupt", "unreachable"};

struct Arguments {
  std::string address;
};

const char* NameOf(FragmentHealth health) { return kHealth[static_cast<size_t>(health)]; }

Json FragmentJson(const FragmentReport& fragment) {
  return {{"body", fragment.body.ToString()}, {"encoding", fragment.encoding.ToString()}, {"shard", fragment.shard},
          {"store", fragment.store.value},    {"state", NameOf(fragment.health)},         {"what", fragment.what}};
}

Json ReportOf(const std::string& address, const VerifyReport& report) {
  Json bad = Json::array();
  for (const FragmentReport& fragment : report.bad) bad.push_back(FragmentJson(fragment));
  return {{"object", address},
          {"sound", report.bad.empty()},
          {"bodies", report.bodies},
          {"inline_bodies", report.inline_bodies},
          {"fragments", report.fragments},
          {"missing", report.missing},
          {"corrupt", report.corrupt},
          {"unreachable", report.unreachable},
          {"lost_bodies", report.lost_bodies},
          {"unsound", bad}};
}

Status Verify(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(Target target, OpenTarget(session, arguments.address));
  PBFS_ASSIGN_OR_RETURN(const ObjectStat object, FindObject(session, target));
  PBFS_ASSIGN_OR_RETURN(const VerifyReport report, target.bucket.Verify(session.context(), object.object));
  for (const FragmentReport& fragment : report.bad)
    session.Say(fmt::format("{:<11} store {:<3} shard {:<2} of encoding {}  {}", NameOf(fragment.health),
                            fragment.store.value, fragment.shard, fragment.encoding.ToString(), fragment.what));
  session.Say(fmt::format("{} bodies ({} inline), {} fragments: {} sound, {} missing, {} corrupt, {} unreachable",
                          report.bodies, report.inline_bodies, report.fragments, report.sound, report.missing,
                          report.corrupt, report.unreachable));
  session.Report(ReportOf(arguments.address, report));
  if (report.bad.empty()) return OkStatus();
  if (report.lost_bodies == 0)
    return DataLossError(fmt::format("{} of {} fragments are not sound; every byte can still be read",
                                     report.bad.size(), report.fragments));
  return DataLossError(
      fmt::format("{} bodies cannot be read now: fewer than k of their fragments are sound", report.lost_bodies));
}

}  // namespace

void AddVerify(CommandLine& line) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      line.Add("verify", "Read every fragment of an object and say which are sound; exit code 6 if one is not",
               "  pbfs verify photos/cat.jpg\n  pbfs verify --json disks/vm.img | jq .unsound");
  command->add_option("object", arguments->address, "BUCKET/NAME")->required();
  line.Run(command, [arguments](Session& session) { return Verify(session, *arguments); });
}

}  // namespace pbfs::cli
