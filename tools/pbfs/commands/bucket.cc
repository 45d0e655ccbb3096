#include <fmt/format.h>

#include "libs/base/sync.h"
#include "libs/client/client.h"
#include "libs/runtime/connection.h"
#include "tools/pbfs/progress.h"
#include "tools/pbfs/session.h"
#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

struct Arguments {
  std::string name;
  int k = 0, m = -1, w = 0;  // 0, -1: the site's default
  std::string integrity = "crc32c", history = "0";
  bool site_scheme = false, wait = false, finish = false;
};

const char* VersioningName(Versioning versioning) {
  return versioning == Versioning::kOff ? "off" : versioning == Versioning::kEnabled ? "enabled" : "suspended";
}
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
          {"versioning", VersioningName(settings.versioning)},
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

// ---- another scheme --------------------------------------------------------------------------------------------------------------

constexpr Duration kPoll = std::chrono::seconds(1);
constexpr Duration kPatience = std::chrono::seconds(10);  // of one look

Result<BucketScheme> SchemeOf(const Arguments& arguments) {
  BucketScheme scheme;
  if (arguments.site_scheme != (arguments.k == 0 && arguments.m < 0 && arguments.w == 0))
    return InvalidArgumentError("give --k and --m, or --site-scheme");
  if (arguments.site_scheme) return scheme;
  PBFS_ASSIGN_OR_RETURN(const BucketSettings settings, SettingsOf(arguments));
  return SchemeOf(settings);
}

/// What is left to be coded anew of a bucket; none: it has not been counted yet.
Result<std::optional<BodyCount>> LeftOf(Session& session, Connection& connection, BucketId bucket) {
  PBFS_ASSIGN_OR_RETURN(const auto all, connection.recodes().ListRecodings(session.context().Within(kPatience)));
  for (const Recoding& recoding : all) {
    if (recoding.bucket == bucket) return recoding.left;
  }
  return std::optional<BodyCount>(BodyCount{});
}

Status AwaitRecoded(Session& session, Connection& connection, const BucketInfo& bucket) {
  std::optional<BodyCount> first;
  const MonotonicTime began = MonotonicNow();
  std::string last;
  for (;;) {
    PBFS_ASSIGN_OR_RETURN(const std::optional<BodyCount> left, LeftOf(session, connection, bucket.id));
    if (left && left->bodies == 0) return OkStatus();
    std::string line = "bodies are being counted";
    if (left) {
      if (!first) first = left;
      line = fmt::format("{} bodies to be coded anew, {}", left->bodies, FormatSize(left->bytes));
      const int64_t done = first->bytes - left->bytes;
      const std::chrono::duration<double> took = MonotonicNow() - began;
      if (done > 0)
        line += fmt::format(", {} a second, about {} to go",
                            FormatSize(static_cast<int64_t>(static_cast<double>(done) / took.count())),
                            FormatClock(std::chrono::duration_cast<Duration>(took * left->bytes / done)));
    }
    if (line != last) session.Note(line);
    last = line;
    SleepFor(kPoll);  // a poll of other processes, until the context ends
    PBFS_RETURN_IF_ERROR(session.context().Check());
  }
}

Status Set(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(const BucketScheme scheme, SchemeOf(arguments));
  PBFS_ASSIGN_OR_RETURN(Connection * connection, session.connection());
  const Context context = session.context().Within(kPatience);
  PBFS_ASSIGN_OR_RETURN(const BucketInfo before, connection->buckets().FindBucket(context, arguments.name, 0));
  PBFS_RETURN_IF_ERROR(connection->buckets().SetScheme(context, before.id, SchemeOf(before.settings), scheme));
  if (arguments.wait) PBFS_RETURN_IF_ERROR(AwaitRecoded(session, *connection, before));
  PBFS_ASSIGN_OR_RETURN(const BucketInfo bucket,
                        connection->buckets().FindBucket(session.context().Within(kPatience), arguments.name, 0));
  session.Say(fmt::format("{} is {} from now on{}", arguments.name, SchemeText(bucket.settings),
                          arguments.wait
                              ? ", and all its bodies are"
                              : "; the repairer codes its bodies anew: pbfs cluster status shows how many are left"));
  session.Report(BucketJson(bucket));
  return OkStatus();
}

// ---- another key -----------------------------------------------------------------------------------------------------------------

Json RotationJson(const std::string& name, const RotationReport& report) {
  return {{"name", name},
          {"epoch", report.epoch},
          {"fresh_key", report.fresh_key},
          {"rewrapped", report.rewrapped},
          {"passed_over", report.passed_over},
          {"unreadable", report.unreadable}};
}

Status WhatIsLeft(Session& session, const Arguments& arguments, const Status& status) {
  if (IsRetryable(status) || status.code() == StatusCode::kCancelled)
    session.Note(fmt::format("all bodies stay readable; to go on: pbfs bucket rotate-key {} --finish", arguments.name));
  return status;
}

Status RotateKey(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(Client * client, session.client());
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, client->OpenBucket(session.context(), arguments.name));
  RotationOptions options;
  options.fresh_key = !arguments.finish;
  Result<RotationReport> done = RotationReport{};
  {
    Progress progress("rotate-key", "bodies", session.progress_wanted());
    options.progress = [&](const RotationReport& so_far) {
      progress.Update(so_far.rewrapped + so_far.passed_over + so_far.unreadable);
    };
    done = bucket.RotateKey(session.context(), options);
  }
  if (!done.ok()) return WhatIsLeft(session, arguments, done.status());
  session.Say(fmt::format("{} has {} key, of epoch {}; {} bodies are wrapped under it", arguments.name,
                          done->fresh_key ? "a new" : "the same", done->epoch, done->rewrapped));
  session.Report(RotationJson(arguments.name, *done));
  if (done->unreadable == 0) return OkStatus();
  return DataLossError(
      fmt::format("{} bodies are left as they were: no key of the bucket opens theirs", done->unreadable));
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
      line.Add("bucket", "Make, list, show, change and remove buckets",
               "  pbfs bucket create photos\n  pbfs bucket create logs --k 2 --m 1 --integrity sha256 --history 7d\n"
               "  pbfs bucket ls\n  pbfs bucket show photos\n  pbfs bucket set photos --k 8 --m 3 --wait\n  pbfs "
               "bucket rotate-key photos\n  pbfs bucket rm photos");
  bucket->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, Status (*body)(Session&, const Arguments&)) {
    CLI::App* command = line.Add(name, what, "", bucket);
    line.Run(command, [arguments, body](Session& session) { return body(session, *arguments); });
    return command;
  };
  const auto add_scheme = [&](CLI::App* command) {
    command->add_option("--k", arguments->k, "Data shards")->check(CLI::Range(1, 32));
    command->add_option("--m", arguments->m, "Parity shards: so many stores may be lost")->check(CLI::Range(0, 16));
    command->add_option("--w", arguments->w, "Durable shards before a write is acknowledged")->check(CLI::Range(1, 48));
  };
  CLI::App* create = add("create", "Make a bucket with a key of its own", Create);
  create->add_option("name", arguments->name)->required();
  add_scheme(create);
  create
      ->add_option("--integrity", arguments->integrity, "crc32c, or sha256 (whoever has no key can name a lying store)")
      ->check(CLI::IsMember({"crc32c", "sha256"}))
      ->capture_default_str();
  create->add_option("--history", arguments->history, "Keep overwritten bytes readable so long, for instance 7d")
      ->capture_default_str();
  add("ls", "All buckets", List);
  add("show", "The settings of a bucket", Show)->add_option("name", arguments->name)->required();
  CLI::App* set = add("set", "Code a bucket otherwise: what is written from now on, and by and by what is there", Set);
  set->add_option("name", arguments->name)->required();
  add_scheme(set);
  set->add_flag("--site-scheme", arguments->site_scheme, "As the site codes buckets that say nothing");
  set->add_flag("--wait", arguments->wait, "Until all of its bodies are coded so");
  CLI::App* rotate =
      add("rotate-key", "Make a new key for a bucket and wrap the keys of all its bodies under it; no data is moved",
          RotateKey);
  rotate->add_option("name", arguments->name)->required();
  rotate->add_flag("--finish", arguments->finish,
                   "Go on with a rotation that was interrupted, without another new key");
  add("rm", "Remove an empty bucket", Remove)->add_option("name", arguments->name)->required();
}

}  // namespace pbfs::cli
