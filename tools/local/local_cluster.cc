#include "tools/local/local_cluster.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include "libs/base/loopback_ports.h"
#include "libs/base/sync.h"
#include "tools/local/cluster_maker.h"
#include "tools/local/files.h"
#include "tools/local/identities.h"
#include "tools/local/patroni_member.h"
#include "tools/local/probes.h"

namespace pbfs::local {
namespace {

constexpr Duration kPoll = std::chrono::milliseconds(10);
constexpr Duration kRestartPause = std::chrono::milliseconds(200);
constexpr Duration kStartTimeout = std::chrono::seconds(30);
constexpr Duration kMemberStartTimeout = std::chrono::minutes(5);  // a member of Patroni may have to copy the primary
constexpr Duration kStopGrace = std::chrono::seconds(15);

/// Excludes other programs that would change the same cluster.
class DirectoryLock {
 public:
  static Result<DirectoryLock> Take(const std::string& directory) {
    const std::string path = directory + "/.lock";
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return ErrnoStatus(errno, "cannot open " + path);
    DirectoryLock lock(fd);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
      return AbortedError(
          fmt::format("another pbfs is changing the cluster in {}: wait until it has ended", directory));
    return lock;
  }
  DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~DirectoryLock() {
    if (fd_ >= 0) close(fd_);
  }

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

Status NoCluster(const std::string& directory) {
  return NotFoundError(fmt::format("there is no local cluster in {}: pbfs local up --dir {}", directory, directory));
}

/// Locks the cluster and learns what other programs did to it since `state` was read.
Result<DirectoryLock> LockAndReload(ClusterState& state) {
  const std::string directory = state.options.directory;
  if (access(StatePath(directory).c_str(), F_OK) != 0) return NoCluster(directory);
  PBFS_ASSIGN_OR_RETURN(DirectoryLock lock, DirectoryLock::Take(directory));
  PBFS_ASSIGN_OR_RETURN(state, LoadState(directory));
  return lock;
}

Status StartFailure(const ManagedProcess& process, const std::string& what) {
  return UnavailableError(fmt::format("{} {}; the end of {}:\n{}", process.name, what, process.command.log,
                                      LogTail(process.command.log, 15)));
}

/// PostgreSQL: SIGINT is its fast shutdown (SIGTERM waits for clients), SIGQUIT ends it without a checkpoint but with its
/// children.
int StopSignal(ProcessKind kind, bool abruptly) {
  if (kind == ProcessKind::kPostgres) return abruptly ? SIGQUIT : SIGINT;
  return abruptly ? SIGKILL : SIGTERM;
}

/// Whether its port may be taken by something of ours: a PostgreSQL whose Patroni died serves on.
bool PortMayBeTaken(const ManagedProcess& process) {
  return process.kind == ProcessKind::kPatroni && PostmasterOf(process).has_value();
}

/// Sends a signal to a process, and says to whom it went.
Result<std::vector<ProcessRef>> Signal(const ManagedProcess& process, int signal) {
  if (process.kind == ProcessKind::kPatroni) return SignalMember(process, signal);
  PBFS_RETURN_IF_ERROR(SendSignal(process.process, signal));
  return std::vector<ProcessRef>{process.process};
}

bool EndsProcess(int signal) {
  return signal == SIGKILL || signal == SIGTERM || signal == SIGINT || signal == SIGQUIT || signal == SIGABRT;
}

}  // namespace

Result<LocalCluster> LocalCluster::Create(const Context& context, const LocalClusterOptions& options) {
  PBFS_ASSIGN_OR_RETURN(ClusterState state, MakeCluster(context, options));
  PBFS_RETURN_IF_ERROR(SaveState(state));
  return LocalCluster(std::move(state));
}

Result<LocalCluster> LocalCluster::Open(const std::string& directory) {
  PBFS_ASSIGN_OR_RETURN(ClusterState state, LoadState(AbsolutePath(directory)));
  return LocalCluster(std::move(state));
}

Result<ManagedProcess*> LocalCluster::Find(const std::string& name) {
  std::string names;
  for (ManagedProcess& process : state_.processes) {
    if (process.name == name) return &process;
    names += " " + process.name;
  }
  return NotFoundError(fmt::format("the cluster has no process '{}'; it has{}", name, names));
}

Result<std::string> LocalCluster::DataOf(const std::string& name) const {
  PBFS_ASSIGN_OR_RETURN(const ManagedProcess* process, const_cast<LocalCluster*>(this)->Find(name));
  return process->data;
}

std::string LocalCluster::object_api() const {
  const Result<std::string> text = ReadTextFile(ConfigFile(directory(), "gateway"));
  const auto config = nlohmann::json::parse(text.value_or(""), nullptr, false);
  return config.is_object() ? config.value("grpc", std::string()) : std::string();
}

std::string LocalCluster::ca_file() const { return CaFile(directory()); }

std::string LocalCluster::AdminConnectionString(int node) const { return AdminLogin(state_, node); }

std::string LocalCluster::PrimaryConnectionString() const { return PrimaryLogin(state_); }

Status LocalCluster::StartOne(const Context& context, ManagedProcess& process) {
  PBFS_RETURN_IF_ERROR(context.Check());
  if (IsAlive(process.process)) return OkStatus();
  if (!PortMayBeTaken(process) && !PortIsFree(process.port))
    return FailedPreconditionError(
        fmt::format("{} cannot start: its port {} is in use: stop what listens there "
                    "(ss -ltnp 'sport = :{}')",
                    process.name, process.port, process.port));
  PBFS_ASSIGN_OR_RETURN(process.process, StartProcess(process.command));
  return SaveState(state_);
}

Status LocalCluster::AwaitServing(const Context& context, ManagedProcess& process) {
  const Duration timeout = process.kind == ProcessKind::kPatroni ? kMemberStartTimeout : kStartTimeout;
  const Context limited = context.Within(timeout);
  while (!IsServing(limited, state_, process)) {
    PBFS_RETURN_IF_ERROR(context.Check());
    if (!limited.Check().ok())
      return StartFailure(process, fmt::format("does not serve after {} s",
                                               std::chrono::duration_cast<std::chrono::seconds>(timeout).count()));
    if (!IsAlive(process.process)) {
      // A killed PostgreSQL leaves children that hold its shared memory for a moment; the next try succeeds.
      if (process.kind != ProcessKind::kPostgres) return StartFailure(process, "ended while it started");
      SleepFor(kRestartPause);
      PBFS_RETURN_IF_ERROR(StartOne(context, process));
    }
    SleepFor(kPoll);
  }
  return OkStatus();
}

Status LocalCluster::StartKind(const Context& context, ProcessKind kind) {
  for (ManagedProcess& process : state_.processes)
    if (process.kind == kind) PBFS_RETURN_IF_ERROR(StartOne(context, process));
  return OkStatus();
}

Status LocalCluster::AwaitKind(const Context& context, ProcessKind kind) {
  for (ManagedProcess& process : state_.processes)
    if (process.kind == kind) PBFS_RETURN_IF_ERROR(AwaitServing(context, process));
  return OkStatus();
}

Status LocalCluster::AwaitCluster(const Context& context) {
  for (ManagedProcess& process : state_.processes) PBFS_RETURN_IF_ERROR(AwaitServing(context, process));
  PBFS_RETURN_IF_ERROR(AwaitStoresUp(context.Within(kStartTimeout), state_));
  for (const ManagedProcess& process : state_.processes)
    PBFS_RETURN_IF_ERROR(AwaitFitToSucceed(context.Within(kStartTimeout), state_, process));
  return OkStatus();
}

Status LocalCluster::Up(const Context& context) {
  PBFS_ASSIGN_OR_RETURN(const DirectoryLock lock, LockAndReload(state_));
  PBFS_RETURN_IF_ERROR(StartKind(context, ProcessKind::kPostgres));
  PBFS_RETURN_IF_ERROR(StartKind(context, ProcessKind::kEtcd));
  PBFS_RETURN_IF_ERROR(AwaitKind(context, ProcessKind::kEtcd));
  PBFS_RETURN_IF_ERROR(StartKind(context, ProcessKind::kPatroni));  // needs etcd to begin
  PBFS_RETURN_IF_ERROR(AwaitKind(context, ProcessKind::kPostgres));
  PBFS_RETURN_IF_ERROR(AwaitKind(context, ProcessKind::kPatroni));
  PBFS_RETURN_IF_ERROR(Migrate(context, state_));
  PBFS_RETURN_IF_ERROR(StartKind(context, ProcessKind::kCatalog));
  PBFS_RETURN_IF_ERROR(StartKind(context, ProcessKind::kStore));
  PBFS_RETURN_IF_ERROR(StartKind(context, ProcessKind::kGarbageCollector));
  PBFS_RETURN_IF_ERROR(StartKind(context, ProcessKind::kRepairer));
  PBFS_RETURN_IF_ERROR(StartKind(context, ProcessKind::kGateway));
  return AwaitCluster(context);
}

Status LocalCluster::Start(const Context& context, const std::string& name) {
  PBFS_ASSIGN_OR_RETURN(const DirectoryLock lock, LockAndReload(state_));
  PBFS_ASSIGN_OR_RETURN(ManagedProcess * process, Find(name));
  PBFS_RETURN_IF_ERROR(StartOne(context, *process));
  PBFS_RETURN_IF_ERROR(AwaitServing(context, *process));
  return AwaitFitToSucceed(context.Within(kStartTimeout), state_, *process);
}

Status LocalCluster::Kill(const Context& context, const std::string& name, int signal) {
  PBFS_ASSIGN_OR_RETURN(state_, LoadState(std::string(directory())));
  PBFS_ASSIGN_OR_RETURN(ManagedProcess * process, Find(name));
  const auto signalled = Signal(*process, signal);
  if (signalled.status().code() == StatusCode::kNotFound)
    return FailedPreconditionError(fmt::format("{} does not run; start it: pbfs local start {}", name, name));
  PBFS_RETURN_IF_ERROR(signalled.status());
  if (!EndsProcess(signal)) return OkStatus();
  for (const ProcessRef& gone : *signalled) PBFS_RETURN_IF_ERROR(AwaitExit(context.Within(kStopGrace), gone));
  return OkStatus();
}

Status LocalCluster::StopKind(const Context& context, ProcessKind kind, bool abruptly) {
  std::vector<ManagedProcess*> of_kind;
  for (ManagedProcess& process : state_.processes)
    if (process.kind == kind) of_kind.push_back(&process);
  if (kind == ProcessKind::kPatroni)
    return StopMembers(context, {of_kind.begin(), of_kind.end()}, abruptly, kStopGrace);
  for (const ManagedProcess* process : of_kind) {
    (void)SendSignal(process->process, SIGCONT);  // a stopped process (kill --signal STOP) would not see the next one
    (void)SendSignal(process->process, StopSignal(kind, abruptly));
  }
  for (auto it = of_kind.rbegin(); it != of_kind.rend(); ++it)
    PBFS_RETURN_IF_ERROR(StopProcess(context, (*it)->process, StopSignal(kind, abruptly), kStopGrace));
  return OkStatus();
}

Status LocalCluster::StopAll(const Context& context, bool abruptly) {
  // Clients of others first: collector, stores and catalogs, then what they need. The standby ends before its primary.
  for (const ProcessKind kind :
       {ProcessKind::kGateway, ProcessKind::kRepairer, ProcessKind::kGarbageCollector, ProcessKind::kStore,
        ProcessKind::kCatalog, ProcessKind::kPatroni, ProcessKind::kEtcd, ProcessKind::kPostgres})
    PBFS_RETURN_IF_ERROR(StopKind(context, kind, abruptly));
  return OkStatus();
}

Status LocalCluster::Down(const Context& context) {
  PBFS_ASSIGN_OR_RETURN(const DirectoryLock lock, LockAndReload(state_));
  return StopAll(context, false);
}

Status LocalCluster::Purge(const Context& context) {
  PBFS_ASSIGN_OR_RETURN(const DirectoryLock lock, LockAndReload(state_));
  PBFS_RETURN_IF_ERROR(StopAll(context, true));
  return RemoveTree(directory());
}

std::vector<ProcessStatus> LocalCluster::Processes() const {
  std::vector<ProcessStatus> all;
  const ClusterState state = LoadState(directory()).value_or(state_);  // others may have started processes meanwhile
  for (const ManagedProcess& process : state.processes) {
    ProcessStatus status{.name = process.name,
                         .kind = process.kind,
                         .port = process.port,
                         .pid = process.process.pid,
                         .alive = IsAlive(process.process),
                         .log = process.command.log};
    const Context patience = Context::WithTimeout(std::chrono::seconds(5));
    status.ready = status.alive && IsServing(patience, state, process);
    if (status.ready) status.role = RoleOf(patience, state, process);
    all.push_back(std::move(status));
  }
  return all;
}

std::string DefaultClusterDirectory() {
  if (const char* set = std::getenv("PBFS_LOCAL_DIR"); set != nullptr && *set != '\0') return AbsolutePath(set);
  if (geteuid() == 0) return "/var/lib/pbfs-local";
  const char* home = std::getenv("HOME");
  return AbsolutePath(std::string(home != nullptr ? home : ".") + "/.pbfs-local");
}

}  // namespace pbfs::local
