#include "tools/local/probes.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "libs/base/ids.h"
#include "libs/base/loopback_ports.h"
#include "libs/base/sync.h"
#include "tools/local/cluster_maker.h"
#include "tools/local/files.h"
#include "tools/local/identities.h"
#include "tools/local/patroni_setup.h"
#include "tools/local/postgres_setup.h"

namespace pbfs::local {
namespace {

constexpr Duration kPoll = std::chrono::milliseconds(20);
constexpr Duration kProbeTimeout = std::chrono::seconds(5);

int NumberOf(const ManagedProcess& process) { return std::stoi(process.name.substr(process.name.rfind('-') + 1)); }

/// What a query of the superuser answers.
Result<std::string> Ask(const Context& context, const ClusterState& state, const ManagedProcess& node,
                        const std::string& sql) {
  return RunSql(context, AdminLogin(state, NumberOf(node)), sql);
}

constexpr char kStreams[] = "EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')";

bool PostgresServes(const Context& context, const ClusterState& state, const ManagedProcess& process) {
  const std::string sql = process.kind == ProcessKind::kPatroni
                              ? fmt::format("SELECT NOT pg_is_in_recovery() OR {}", kStreams)
                          : NumberOf(process) == 1 ? "SELECT true"
                                                   : fmt::format("SELECT {}", kStreams);
  return Ask(context, state, process, sql).value_or("") == "t\n";
}

bool IsPostgres(ProcessKind kind) { return kind == ProcessKind::kPostgres || kind == ProcessKind::kPatroni; }

/// What etcdctl prints; it is the etcd's own certificate that asks.
Result<std::string> Etcdctl(const Context& context, const ClusterState& state, const ManagedProcess& etcd,
                            std::vector<std::string> arguments) {
  const std::string& dir = state.options.directory;
  PBFS_ASSIGN_OR_RETURN(const std::string program, FindProgram("etcdctl"));
  std::vector<std::string> argv{program, fmt::format("--endpoints=https://127.0.0.1:{}", etcd.port),
                                "--cacert=" + CaFile(dir), "--cert=" + CertificateFile(dir, "etcd"),
                                "--key=" + KeyFile(dir, "etcd")};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return RunProgram(context, {.argv = std::move(argv), .environment = {{"ETCDCTL_API", "3"}}});
}

bool EtcdServes(const Context& context, const ClusterState& state, const ManagedProcess& process) {
  return Etcdctl(context, state, process, {"endpoint", "health"}).ok();
}

/// A document that Patroni keeps in etcd; null while it is not there or cannot be read.
nlohmann::json PatroniDocument(const Context& context, const ClusterState& state, const ManagedProcess& etcd,
                               const std::string& key) {
  const auto text =
      Etcdctl(context, state, etcd,
              {"get", "--print-value-only", fmt::format("{}{}/{}", kPatroniNamespace, kPatroniScope, key)});
  if (!text.ok()) return nullptr;
  return nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
}

/// The member `name` in what Patroni writes: "postgres-1,postgres-2", or null.
bool Names(const nlohmann::json& document, const char* field, const std::string& name) {
  const auto list = document.find(field);
  return list != document.end() && list->is_string() &&
         fmt::format(",{},", list->get<std::string>()).find("," + name + ",") != std::string::npos;
}

/// Patroni promotes nobody whom its key `failsafe` does not name, which the primary writes in its next round after a member has
/// come, nor who is not synchronous by its key `sync`.
bool MaySucceed(const Context& context, const ClusterState& state, const ManagedProcess& member) {
  const auto etcd = std::find_if(state.processes.begin(), state.processes.end(),
                                 [](const ManagedProcess& process) { return process.kind == ProcessKind::kEtcd; });
  const nlohmann::json known = PatroniDocument(context, state, *etcd, "failsafe");
  if (!known.is_object() || !known.contains(member.name)) return false;
  const nlohmann::json sync = PatroniDocument(context, state, *etcd, "sync");
  return sync.is_object() && (Names(sync, "leader", member.name) || Names(sync, "sync_standby", member.name));
}

}  // namespace

bool IsServing(const Context& context, const ClusterState& state, const ManagedProcess& process) {
  const Context limited = context.Within(kProbeTimeout);
  if (!IsListening(process.port)) return false;
  if (IsPostgres(process.kind)) return PostgresServes(limited, state, process);
  if (process.kind == ProcessKind::kEtcd) return EtcdServes(limited, state, process);
  return true;
}

std::string RoleOf(const Context& context, const ClusterState& state, const ManagedProcess& process) {
  if (!IsPostgres(process.kind)) return "";
  const auto standby = Ask(context, state, process, "SELECT pg_is_in_recovery()");
  return !standby.ok() ? "" : *standby == "t\n" ? "standby" : "primary";
}

Status AwaitStoresUp(const Context& context, const ClusterState& state) {
  const int stores = state.options.stores;
  const std::string sql = fmt::format(
      "SELECT (SELECT count(*) = {0} FROM pbfs.store WHERE state = 2)"
      " AND (SELECT count(*) = {1} FROM pbfs.pgroup WHERE cardinality(stores) = {0})",
      stores, kPlacementGroups);
  while (RunSql(context, PrimaryLogin(state), sql).value_or("") != "t\n") {
    if (!context.Check().ok())
      return UnavailableError(
          fmt::format("the catalogs do not see all {} stores up; look at {}/log/catalog-1.log and store-*.log", stores,
                      state.options.directory));
    SleepFor(kPoll);
  }
  return OkStatus();
}

Status AwaitFitToSucceed(const Context& context, const ClusterState& state, const ManagedProcess& process) {
  if (process.kind != ProcessKind::kPatroni) return OkStatus();
  while (!MaySucceed(context, state, process)) {
    if (!context.Check().ok())
      return UnavailableError(fmt::format("Patroni does not hold {} fit to be the primary; look at {}/log/{}.log",
                                          process.name, state.options.directory, process.name));
    SleepFor(kPoll);
  }
  return OkStatus();
}

}  // namespace pbfs::local
