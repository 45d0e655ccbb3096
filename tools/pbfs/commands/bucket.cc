#include <fmt/format.h>

#include "libs/client/client.h"
#include "tools/pbfs/session.h"
#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

struct Arguments {
  std::string name;
  int k = 0, m = -1, w = 0;  // 0, -1: the site's default
  std::string integrity = "crc32c", history = "0";
};

const char* IntegrityName(Integrity integrity) { return integrity == Integrity::kSha256 ? "sha256" : "crc32c"; }

Json OrDefault(const std::optional<uint8_t>& value) { return value ? Json(*value) : Json("default"); }

Json BucketJson(const BucketInfo& bucket) {
  const BucketSettings& settings = bucket.settings;
  return {{"name", settings.name},
          {"id", bucket.id.ToString()},
          {"k", OrDefault(settings.k)},
          {"m", OrDefault(settings.m)},
          {"w", OrDefault(settings.w)},
          {"integrity", IntegrityName(settings.integrity)},
          {"history_ms", settings.history_ms},
          {"keyring_version", bucket.keyring_version}};
}

std::string SchemeText(const BucketSettings& settings) {
  return settings.k && settings.m ? fmt::format("{}+{}", *settings.k, *settings.m) : "default";
}

Result<BucketSettings> SettingsOf(const Arguments& arguments) {
  BucketSettings settings{.name = arguments.name};
  settings.integrity = arguments.integrity == "sha256" ? Integrity::kSha256 : Integrity::kCrc32c;
  if ((arguments.k > 0) != (arguments.m >= 0)) return InvalidArgumentError("give both --k and --m, or neither");
  if (arguments.k > 0) settings.k = static_cast<uint8_t>(arguments.k);
  if (arguments.m >= 0) settings.m = static_cast<uint8_t>(arguments.m);
  if (arguments.w > 0) settings.w = static_cast<uint8_t>(arguments.w);
  PBFS_ASSIGN_OR_RETURN(const auto history, ParseDuration(arguments.history));
  settings.history_ms = history.count();
  return settings;
}

Status Create(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(const BucketSettings settings, SettingsOf(arguments));
  PBFS_ASSIGN_OR_RETURN(Client * client, session.client());
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, client->CreateBucket(session.context(), settings));
  session.Say(fmt::format("created {}", arguments.name));
  session.Report(BucketJson(bucket.info()));
  return OkStatus();
}

Status List(Session& session, const Arguments&) {
  PBFS_ASSIGN_OR_RETURN(Client * client, session.client());
  PBFS_ASSIGN_OR_RETURN(const auto buckets, client->ListBuckets(session.context()));
  Json all = Json::array();
  for (const BucketInfo& bucket : buckets) {
    session.Say(fmt::format("{:<8} {:<7} {}", SchemeText(bucket.settings), IntegrityName(bucket.settings.integrity),
                            bucket.settings.name));
    all.push_back(BucketJson(bucket));
  }
  session.Report({{"buckets", all}});
  return OkStatus();
}

Status Show(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(Client * client, session.client());
  PBFS_ASSIGN_OR_RETURN(const Bucket opened, client->OpenBucket(session.context(), arguments.name));
  PBFS_ASSIGN_OR_RETURN(const ClusterMap map, client->DescribeCluster(session.context()));
  BucketInfo bucket = opened.info();
  bucket.settings.k = bucket.settings.k.value_or(map.default_k);
  bucket.settings.m = bucket.settings.m.value_or(map.default_m);
  session.Say(
      fmt::format("name       {}\nid         {}\nscheme     {}\nintegrity  {}\nhistory    {} s\nkeyring    version {}",
                  arguments.name, bucket.id.ToString(), SchemeText(bucket.settings),
                  IntegrityName(bucket.settings.integrity), bucket.settings.history_ms / 1000, bucket.keyring_version));
  session.Report(BucketJson(bucket));
  return OkStatus();
}

Status Remove(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(Client * client, session.client());
  PBFS_RETURN_IF_ERROR(client->DeleteBucket(session.context(), arguments.name));
  session.Say("removed " + arguments.name);
  session.Report({{"removed", arguments.name}});
  return OkStatus();
}

}  // namespace

void AddBucket(CommandLine& line) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* bucket =
      line.Add("bucket", "Make, list, show and remove buckets",
               "  pbfs bucket create photos\n  pbfs bucket create logs --k 2 --m 1 --integrity sha256 --history 7d\n"
               "  pbfs bucket ls\n  pbfs bucket show photos\n  pbfs bucket rm photos");
  bucket->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, Status (*body)(Session&, const Arguments&)) {
    CLI::App* command = line.Add(name, what, "", bucket);
    line.Run(command, [arguments, body](Session& session) { return body(session, *arguments); });
    return command;
  };
  CLI::App* create = add("create", "Make a bucket with a key of its own", Create);
  create->add_option("name", arguments->name)->required();
  create->add_option("--k", arguments->k, "Data shards")->check(CLI::Range(1, 32));
  create->add_option("--m", arguments->m, "Parity shards: so many stores may be lost")->check(CLI::Range(0, 16));
  create->add_option("--w", arguments->w, "Durable shards before a write is acknowledged")->check(CLI::Range(1, 48));
  create
      ->add_option("--integrity", arguments->integrity, "crc32c, or sha256 (whoever has no key can name a lying store)")
      ->check(CLI::IsMember({"crc32c", "sha256"}))
      ->capture_default_str();
  create->add_option("--history", arguments->history, "Keep overwritten bytes readable so long, for instance 7d")
      ->capture_default_str();
  add("ls", "All buckets", List);
  add("show", "The settings of a bucket", Show)->add_option("name", arguments->name)->required();
  add("rm", "Remove an empty bucket", Remove)->add_option("name", arguments->name)->required();
}

}  // namespace pbfs::cli
