#include <fmt/format.h>

#include "tools/local/files.h"
#include "tools/local/local_cluster.h"
#include "tools/pbfs/session.h"
#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

using local::LocalCluster;

struct Arguments {
  local::LocalClusterOptions cluster;
  bool fresh = false, purge = false;
  std::string name, signal = "KILL", postgres;
};

Json ProcessJson(const local::ProcessStatus& process) {
  return {{"name", process.name},
          {"kind", ProcessKindName(process.kind)},
          {"address", fmt::format("127.0.0.1:{}", process.port)},
          {"pid", process.pid},
          {"role", process.role},
          {"alive", process.alive},
          {"ready", process.ready},
          {"log", process.log}};
}

Json ClusterJson(const LocalCluster& cluster) {
  Json processes = Json::array();
  for (const auto& process : cluster.Processes()) processes.push_back(ProcessJson(process));
  return {{"directory", cluster.directory()}, {"config", cluster.client_config()}, {"processes", processes}};
}

// Ready to paste: a key for the shell, then the tools that people have, and PATCH, which they lack.
void SayHowToUseS3(const Session& session, const LocalCluster& cluster) {
  for (const auto& process : cluster.Processes()) {
    if (process.kind != local::ProcessKind::kGateway) continue;
    const std::string url = fmt::format("http://127.0.0.1:{}", process.port);
    session.Say(fmt::format("S3 is served at {}. Make an access key, and use what you have:", url));
    session.Say("  eval \"$(pbfs key create me --env)\"");
    session.Say(fmt::format(
        "  aws --endpoint-url {0} s3 mb s3://demo-s3 && aws --endpoint-url {0} s3 cp FILE s3://demo-s3/NAME", url));
    session.Say(fmt::format(
        "  python3 -c \"import boto3; print(boto3.client('s3', endpoint_url='{}').list_buckets()['Buckets'])\"", url));
    session.Say(fmt::format("  rclone ls \":s3,provider=Other,env_auth=true,endpoint='{}':demo-s3\"", url));
    session.Say(fmt::format(
        "  curl --aws-sigv4 aws:amz:us-east-1:s3 --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" -X PATCH \\\n"
        "    -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' -H 'Content-Range: bytes 5-/*' --data-binary HELLO "
        "{}/demo-s3/NAME",
        url));
  }
  const std::string object_api = cluster.object_api();
  if (object_api.empty()) return;  // a cluster that was made before there was one
  session.Say(
      fmt::format("The object API (gRPC, docs/operations/object-api.md) is served at {}, under the authority of\n  {}",
                  object_api, cluster.ca_file()));
}

// The gateway's page; where the configuration cannot be read, there is nothing to say.
void SayWhereThePageIs(const Session& session, const LocalCluster& cluster) {
  const Result<std::string> text = local::ReadTextFile(cluster.directory() + "/gateway.json");
  const Json config = Json::parse(text.ok() ? *text : "", nullptr, false);
  if (!config.is_object() || !config.contains("admin")) return;
  session.Say(fmt::format("Look at it in a browser: http://{}/", config["admin"].get<std::string>()));
}

void SayHowToGoOn(const Session& session, const LocalCluster& cluster) {
  session.Say(fmt::format("The cluster in {} is up. Go on with:", cluster.directory()));
  session.Say(fmt::format("  export PBFS_CONFIG={}", cluster.client_config()));
  session.Say("  pbfs bucket create demo && pbfs put FILE demo/NAME");
  SayHowToUseS3(session, cluster);
  SayWhereThePageIs(session, cluster);
  session.Say(fmt::format("Look at it with: pbfs local status --dir {0}\nStop it with:    pbfs local down --dir {0}",
                          cluster.directory()));
}

/// Patroni unless told otherwise, where there is something to fail over to.
local::LocalClusterOptions OptionsOf(const Arguments& arguments) {
  local::LocalClusterOptions options = arguments.cluster;
  const bool patroni = arguments.postgres.empty() ? options.catalogs > 1 : arguments.postgres == "patroni";
  options.postgres = patroni ? local::PostgresKind::kPatroni : local::PostgresKind::kPlain;
  return options;
}

/// Stops and removes the cluster that is there; OK if there is none.
Status RemoveOld(Session& session, const std::string& directory) {
  Result<LocalCluster> old = LocalCluster::Open(directory);
  if (old.status().code() == StatusCode::kNotFound) return OkStatus();
  PBFS_RETURN_IF_ERROR(old.status());
  session.Note(fmt::format("Removing the cluster in {}", directory));
  return old->Purge(session.context());
}

Result<LocalCluster> OpenOrCreate(Session& session, const Arguments& arguments) {
  if (arguments.fresh) PBFS_RETURN_IF_ERROR(RemoveOld(session, arguments.cluster.directory));
  Result<LocalCluster> cluster = LocalCluster::Open(arguments.cluster.directory);
  if (cluster.status().code() != StatusCode::kNotFound) return cluster;
  session.Note(fmt::format("Making a cluster in {}", arguments.cluster.directory));
  return LocalCluster::Create(session.context(), OptionsOf(arguments));
}

Status Up(Session& session, const Arguments& arguments) {
  const MonotonicTime start = MonotonicNow();
  PBFS_ASSIGN_OR_RETURN(LocalCluster cluster, OpenOrCreate(session, arguments));
  PBFS_RETURN_IF_ERROR(cluster.Up(session.context()));
  session.Note(fmt::format("Ready after {:.1f} s", Seconds(MonotonicNow() - start)));
  SayHowToGoOn(session, cluster);
  session.Report(ClusterJson(cluster));
  return OkStatus();
}

Status ShowStatus(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(const LocalCluster cluster, LocalCluster::Open(arguments.cluster.directory));
  session.Say(fmt::format("{:<17} {:<9} {:<8} {:>7} {:<17} {}", "NAME", "STATE", "ROLE", "PID", "ADDRESS", "LOG"));
  bool all_ready = true;
  for (const auto& process : cluster.Processes()) {
    const char* state = process.ready ? "ready" : process.alive ? "starting" : "down";
    all_ready = all_ready && process.ready;
    session.Say(fmt::format("{:<17} {:<9} {:<8} {:>7} 127.0.0.1:{:<7} {}", process.name, state, process.role,
                            process.alive ? std::to_string(process.pid) : "-", process.port, process.log));
  }
  session.Report(ClusterJson(cluster));
  if (!all_ready) session.Note("Start what is down with: pbfs local start NAME, or everything with: pbfs local up");
  return OkStatus();
}

Status Kill(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(const int signal, local::ParseSignal(arguments.signal));
  PBFS_ASSIGN_OR_RETURN(LocalCluster cluster, LocalCluster::Open(arguments.cluster.directory));
  PBFS_RETURN_IF_ERROR(cluster.Kill(session.context(), arguments.name, signal));
  session.Say(fmt::format("{} got {}", arguments.name, arguments.signal));
  session.Report({{"name", arguments.name}, {"signal", signal}});
  return OkStatus();
}

Status Start(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(LocalCluster cluster, LocalCluster::Open(arguments.cluster.directory));
  PBFS_RETURN_IF_ERROR(cluster.Start(session.context(), arguments.name));
  session.Say(arguments.name + " is up");
  session.Report({{"name", arguments.name}, {"ready", true}});
  return OkStatus();
}

Status Down(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(LocalCluster cluster, LocalCluster::Open(arguments.cluster.directory));
  PBFS_RETURN_IF_ERROR(arguments.purge ? cluster.Purge(session.context()) : cluster.Down(session.context()));
  session.Say(arguments.purge ? fmt::format("Stopped, and {} removed", cluster.directory())
                              : fmt::format("Stopped; the data stay in {} (pbfs local up goes on, --purge removes)",
                                            cluster.directory()));
  session.Report({{"directory", cluster.directory()}, {"purged", arguments.purge}});
  return OkStatus();
}

}  // namespace

void AddLocal(CommandLine& line) {
  auto arguments = std::make_shared<Arguments>();
  arguments->cluster.directory = local::DefaultClusterDirectory();
  CLI::App* local = line.Add("local", "A whole cluster on this machine: PostgreSQL, etcd, catalogs, fragment stores",
                             "  pbfs local up\n  pbfs local status\n  pbfs local kill store-3\n  pbfs local start "
                             "store-3\n  pbfs local down --purge");
  local->require_subcommand(1);
  local->add_option("--dir", arguments->cluster.directory, "Directory of the cluster")->capture_default_str();
  const auto add = [&](const char* name, const char* what, Status (*body)(Session&, const Arguments&)) {
    CLI::App* command = line.Add(name, what, "", local);
    line.Run(command, [arguments, body](Session& session) {
      arguments->cluster.directory = local::AbsolutePath(arguments->cluster.directory);
      return body(session, *arguments);
    });
    return command;
  };
  CLI::App* up = add("up", "Make the cluster if there is none, start what is down, wait until it serves", Up);
  up->add_option("--stores", arguments->cluster.stores, "Fragment stores, each its own failure domain")
      ->check(CLI::Range(1, 48))
      ->capture_default_str();
  up->add_option("--catalogs", arguments->cluster.catalogs, "2: with synchronous standbys of PostgreSQL")
      ->check(CLI::Range(1, 2))
      ->capture_default_str();
  up->add_option(
        "--postgres", arguments->postgres,
        "patroni: three members, and one of them is promoted when the primary is gone; plain: a primary and its "
        "standby, without the seconds that Patroni takes to start (default: patroni, with --catalogs 1 plain)")
      ->check(CLI::IsMember({"plain", "patroni"}));
  up->add_option("--base-port", arguments->cluster.base_port, "Consecutive ports from here (default: any free ones)")
      ->check(CLI::Range(1, 65535));
  up->add_flag("--fresh", arguments->fresh, "Stop and remove the cluster that is there first, with all its data");
  add("status", "Each process: whether it runs and serves, its address and log", ShowStatus);
  CLI::App* kill = add("kill", "Send a signal to one process", Kill);
  kill->add_option("name", arguments->name, "For instance store-3, catalog-1, postgres-2, etcd")->required();
  kill->add_option("--signal", arguments->signal, "KILL, TERM, INT, STOP, CONT ...")->capture_default_str();
  CLI::App* start = add("start", "Start one process again and wait until it serves", Start);
  start->add_option("name", arguments->name, "For instance store-3")->required();
  CLI::App* down = add("down", "Stop all processes; the data stay", Down);
  down->add_flag("--purge", arguments->purge, "Remove the directory, with all data and keys");
}

}  // namespace pbfs::cli
