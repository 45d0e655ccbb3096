#include "tools/local/probes.h"

#include <fmt/format.h>

#include "libs/base/sync.h"
#include "tools/local/cluster_maker.h"
#include "tools/local/files.h"
#include "tools/local/identities.h"
#include "tools/local/postgres_setup.h"

namespace pbfs::local {
namespace {

constexpr Duration kProbeTimeout = std::chrono::seconds(5);

int NumberOf(const ManagedProcess& process) { return std::stoi(process.name.substr(process.name.rfind('-') + 1)); }

bool PostgresServes(const Context& context, const ClusterState& state, const ManagedProcess& process) {
  const std::string& dir = state.options.directory;
  const auto login = [&](int port) {
    return SqlLogin{port, "postgres", "pbfs", CertificateFile(dir, "postgres"), KeyFile(dir, "postgres"), CaFile(dir)};
  };
  const std::string own = NumberOf(process) == 1 ? "SELECT 't'" : "SELECT count(*) > 0 FROM pg_stat_wal_receiver WHERE status = 'streaming'";
  const auto answer = RunSql(context, login(process.port), own);
  return answer.ok() && *answer == "t\n";
}

bool EtcdServes(const Context& context, const ClusterState& state, const ManagedProcess& process) {
  const std::string& dir = state.options.directory;
  const auto program = FindProgram("etcdctl");
  if (!program.ok()) return false;
  const CommandSpec command{.argv = {*program, fmt::format("--endpoints=https://127.0.0.1:{}", process.port), "--cacert=" + CaFile(dir),
                                     "--cert=" + CertificateFile(dir, "etcd"), "--key=" + KeyFile(dir, "etcd"), "endpoint", "health"},
                            .environment = {{"ETCDCTL_API", "3"}}};
  return RunProgram(context, command).ok();
}

}  // namespace

bool IsServing(const Context& context, const ClusterState& state, const ManagedProcess& process) {
  const Context limited = context.Within(kProbeTimeout);
  if (PortIsFree(process.port)) return false;
  if (process.kind == ProcessKind::kPostgres) return PostgresServes(limited, state, process);
  if (process.kind == ProcessKind::kEtcd) return EtcdServes(limited, state, process);
  return true;
}

}  // namespace pbfs::local
