#include "tools/local/probes.h"

#include <fmt/format.h>

#include "libs/base/ids.h"
#include "libs/base/loopback_ports.h"
#include "libs/base/sync.h"
#include "tools/local/cluster_maker.h"
#include "tools/local/files.h"
#include "tools/local/identities.h"
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

bool EtcdServes(const Context& context, const ClusterState& state, const ManagedProcess& process) {
  const std::string& dir = state.options.directory;
  const auto program = FindProgram("etcdctl");
  if (!program.ok()) return false;
  const CommandSpec command{
      .argv = {*program, fmt::format("--endpoints=https://127.0.0.1:{}", process.port), "--cacert=" + CaFile(dir),
               "--cert=" + CertificateFile(dir, "etcd"), "--key=" + KeyFile(dir, "etcd"), "endpoint", "health"},
      .environment = {{"ETCDCTL_API", "3"}}};
  return RunProgram(context, command).ok();
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

}  // namespace pbfs::local
