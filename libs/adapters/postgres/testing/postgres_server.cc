#include "libs/adapters/postgres/testing/postgres_server.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include "libs/base/loopback_ports.h"
#include "libs/base/random.h"
#include "libs/base/sync.h"

namespace pbfs::postgres {
namespace {

namespace fs = std::filesystem;
constexpr const char* kSystemUser = "postgres";
constexpr const char* kPrefix = "pbfs-postgres-";
constexpr Duration kPatience = std::chrono::seconds(60);

Result<std::string> Program(const std::string& name) {
  for (const char* folder :
       {"/usr/lib/postgresql/15/bin/", "/usr/lib/postgresql/16/bin/", "/usr/lib/postgresql/17/bin/"}) {
    if (fs::exists(folder + name)) return folder + name;
  }
  return NotFoundError(name + " of PostgreSQL 15 is not installed: apt-get install postgresql-15");
}

Status RunProgram(const std::string& program, std::vector<std::string> arguments, const std::string& log) {
  PBFS_ASSIGN_OR_RETURN(const std::string path, Program(program));
  arguments.insert(arguments.begin(), path);
  return ChildProcess::Run({.command = std::move(arguments), .output = log, .user = kSystemUser});
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void GiveToSystemUser(const std::string& path) {
  if (geteuid() == 0) (void)ChildProcess::Run({.command = {"/bin/chown", "-R", kSystemUser, path}});
}

// Directories of test processes that died without their destructors.
void RemoveLeftovers() {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(fs::temp_directory_path(), ignored)) {
    const std::string name = entry.path().filename();
    if (name.rfind(kPrefix, 0) != 0) continue;
    int pid = 0;
    std::from_chars(name.data() + std::string(kPrefix).size(), name.data() + name.size(), pid);
    if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH) fs::remove_all(entry.path(), ignored);
  }
}

std::string NewDirectory() {
  SystemRandom random;
  const std::string path =
      fs::temp_directory_path() / fmt::format("{}{}-{:08x}", kPrefix, getpid(), random.U64() & 0xffffffff);
  fs::create_directory(path);
  fs::permissions(path, fs::perms::owner_all);
  GiveToSystemUser(path);
  return path;
}

// The data directory that initdb made for this process; every server copies it.
class Template {
 public:
  static Result<std::string> Data() {
    static Template instance;
    return instance.Get();
  }

 private:
  ~Template() {
    std::error_code ignored;
    if (!directory_.empty()) fs::remove_all(directory_, ignored);
  }
  Result<std::string> Get() {
    MutexLock lock(mutex_);
    if (!directory_.empty()) return directory_ + "/data";
    RemoveLeftovers();
    const std::string directory = NewDirectory();
    // No sync here: the copy of a copy that a test uses is synced by the server's own checkpoints.
    PBFS_RETURN_IF_ERROR(RunProgram("initdb",
                                    {"-D", directory + "/data", "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8",
                                     "--locale=C.UTF-8", "--no-instructions"},
                                    directory + "/log"));
    directory_ = directory;
    return directory_ + "/data";
  }
  Mutex mutex_;
  std::string directory_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace

Result<std::unique_ptr<PostgresServer>> PostgresServer::Start(const Options& options) {
  PBFS_ASSIGN_OR_RETURN(const std::string source, Template::Data());
  std::unique_ptr<PostgresServer> server(new PostgresServer());
  server->directory_ = NewDirectory();
  PBFS_RETURN_IF_ERROR(
      ChildProcess::Run({.command = {"/bin/cp", "-a", source, server->data()}, .output = server->log()}));
  PBFS_ASSIGN_OR_RETURN(server->port_, ReserveLoopbackPort());
  server->password_ = options.password;
  PBFS_RETURN_IF_ERROR(server->WriteSettings(options));
  GiveToSystemUser(server->directory_);
  PBFS_RETURN_IF_ERROR(server->Launch());
  return server;
}

Status PostgresServer::WriteSettings(const Options& options) const {
  std::ofstream conf(data() + "/postgresql.conf", std::ios::app);
  conf << "listen_addresses='127.0.0.1'\nunix_socket_directories=''\nmax_connections=64\nshared_buffers='128MB'\n"
          "wal_level=replica\nmax_wal_senders=8\nhot_standby=on\nmax_prepared_transactions=0\nwal_receiver_status_"
          "interval=1s\n"
          "wal_retrieve_retry_interval=100ms\nmax_wal_size='1GB'\n"
       << options.settings << "\n";
  std::ofstream hba(data() + "/pg_hba.conf", std::ios::trunc);
  // psql of this fixture comes over the same loopback address, so it knows the password too.
  const char* method = options.password.empty() ? "trust" : "scram-sha-256";
  hba << "host all all 127.0.0.1/32 " << method << "\nhost replication all 127.0.0.1/32 " << method << "\n";
  if (options.password.empty()) return OkStatus();
  // Single-user mode sets the password before the first connection asks for it.
  PBFS_ASSIGN_OR_RETURN(const std::string postgres, Program("postgres"));
  GiveToSystemUser(directory_);
  return ChildProcess::Run(
      {.command = {"/bin/sh", "-c",
                   fmt::format("echo \"ALTER USER postgres PASSWORD '{}'\" | {} --single -D {} postgres",
                               options.password, postgres, data())},
       .output = log(),
       .user = kSystemUser});
}

PostgresServer::~PostgresServer() {
  // Immediate: the data goes with it, so the checkpoint of a fast shutdown would only cost time.
  process_.Signal(SIGCONT);
  process_.Signal(SIGQUIT);
  process_.AwaitEnd(kPatience);
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

Status PostgresServer::Launch() {
  PBFS_ASSIGN_OR_RETURN(const std::string postgres, Program("postgres"));
  // SIGQUIT: an immediate shutdown, which also ends the server's own children.
  PBFS_ASSIGN_OR_RETURN(process_, ChildProcess::Start({.command = {postgres, "-D", data(), "-p", std::to_string(port_)},
                                                       .output = log(),
                                                       .user = kSystemUser,
                                                       .death_signal = SIGQUIT}));
  return AwaitReady();
}

Status PostgresServer::AwaitReady() {
  const MonotonicTime deadline = MonotonicNow() + kPatience;
  while (MonotonicNow() < deadline) {
    if (process_.Ended()) return InternalError("PostgreSQL ended at once: " + ReadFile(log()));
    // The eighth line says how far it is; what a standby calls ready depends on replay, hence "starting" there.
    if (ReadFile(data() + "/postmaster.pid").find("ready") != std::string::npos && Psql("SELECT 1").ok())
      return OkStatus();
    SleepFor(std::chrono::milliseconds(10));  // a poll of another process, bounded by the deadline
  }
  return InternalError("PostgreSQL does not answer: " + ReadFile(log()));
}

Result<std::unique_ptr<PostgresServer>> PostgresServer::StartStandby(const std::string& name) {
  std::unique_ptr<PostgresServer> standby(new PostgresServer());
  standby->directory_ = NewDirectory();
  PBFS_ASSIGN_OR_RETURN(standby->port_, ReserveLoopbackPort());
  standby->password_ = password_;
  PBFS_RETURN_IF_ERROR(RunProgram("pg_basebackup",
                                  {"-D", standby->data(), "-d", Dsn() + " application_name=" + name, "-R", "-X",
                                   "stream", "-c", "fast", "--no-sync"},
                                  standby->log()));
  PBFS_RETURN_IF_ERROR(standby->Launch());
  return standby;
}

Status PostgresServer::SetSynchronousStandbys(const std::string& names) {
  PBFS_RETURN_IF_ERROR(Psql(fmt::format("ALTER SYSTEM SET synchronous_standby_names = '{}'", names)).status());
  PBFS_RETURN_IF_ERROR(Psql("SELECT pg_reload_conf()").status());
  const std::string wanted = fmt::format(
      "SELECT current_setting('synchronous_standby_names') = '{}' AND ('{}' = '' OR EXISTS "
      "(SELECT FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')))",
      names, names);
  const MonotonicTime deadline = MonotonicNow() + kPatience;
  while (MonotonicNow() < deadline) {
    PBFS_ASSIGN_OR_RETURN(const std::string answer, Psql(wanted));
    if (answer == "t\n") return OkStatus();
    SleepFor(std::chrono::milliseconds(10));  // a poll of another process, bounded by the deadline
  }
  return InternalError("no standby became synchronous: " + ReadFile(log()));
}

Status PostgresServer::Stop() {
  process_.Signal(SIGCONT);
  process_.Signal(SIGINT);
  if (!process_.AwaitEnd(kPatience)) return InternalError("PostgreSQL does not stop");
  return OkStatus();
}

void PostgresServer::Kill9() {
  process_.Signal(SIGKILL);
  process_.AwaitEnd(kPatience);
}

namespace {

// What /proc says of a process: its parent and its CPU time in ticks, that of its ended children included.
struct ProcessStat {
  pid_t pid = 0;
  pid_t parent = 0;
  int64_t ticks = 0;
};

std::optional<ProcessStat> ReadStat(const fs::path& folder) {
  const std::string name = folder.filename();
  if (!std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  const std::string stat = ReadFile(folder / "stat");
  const size_t end = stat.rfind(')');
  int parent = 0;
  int64_t user = 0, system = 0, children_user = 0, children_system = 0;
  if (end == std::string::npos ||
      sscanf(stat.c_str() + end, ") %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld %ld %ld", &parent, &user,
             &system, &children_user, &children_system) != 5)
    return std::nullopt;
  return ProcessStat{std::stoi(name), parent, user + system + children_user + children_system};
}

// The postmaster and its children, which are one generation.
std::vector<ProcessStat> TreeOf(pid_t postmaster) {
  std::vector<ProcessStat> tree;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::optional<ProcessStat> stat = ReadStat(entry.path());
    if (stat && (stat->pid == postmaster || stat->parent == postmaster)) tree.push_back(*stat);
  }
  return tree;
}

void SignalTree(pid_t postmaster, int signal) {
  for (const ProcessStat& process : TreeOf(postmaster)) kill(process.pid, signal);
}

}  // namespace

double PostgresServer::CpuSeconds() const {
  int64_t ticks = 0;
  for (const ProcessStat& process : TreeOf(process_.pid())) ticks += process.ticks;
  return static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void PostgresServer::Freeze() { SignalTree(process_.pid(), SIGSTOP); }
void PostgresServer::Thaw() { SignalTree(process_.pid(), SIGCONT); }

Status PostgresServer::Restart() {
  // After Kill9 the children notice within moments that their postmaster is gone; until then a new one refuses to start.
  const MonotonicTime deadline = MonotonicNow() + kPatience;
  while (true) {
    const Status launched = Launch();
    if (launched.ok() || MonotonicNow() > deadline) return launched;
    SleepFor(std::chrono::milliseconds(50));  // a poll of another process, bounded by the deadline
  }
}

Status PostgresServer::Promote() { return RunProgram("pg_ctl", {"promote", "-D", data(), "-w"}, log()); }

std::string PostgresServer::Dsn(const std::string& database) const {
  const std::string password = password_.empty() ? "" : " password=" + password_;
  return fmt::format("host=127.0.0.1 port={} user=postgres dbname={}{}", port_, database, password);
}

std::string PostgresServer::Dsn(const PostgresServer& first, const PostgresServer& second,
                                const std::string& database) {
  return fmt::format("host=127.0.0.1,127.0.0.1 port={},{} user=postgres dbname={}", first.port_, second.port_,
                     database);
}

Result<std::string> PostgresServer::Psql(const std::string& sql, const std::string& database) const {
  PBFS_ASSIGN_OR_RETURN(const std::string psql, Program("psql"));
  SystemRandom random;
  const std::string output = fmt::format("{}/psql-{:016x}", directory_, random.U64());
  const Status ran = ChildProcess::Run(
      {.command = {psql, "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", Dsn(database), "-c", sql}, .output = output});
  const std::string text = ReadFile(output);
  std::error_code ignored;
  fs::remove(output, ignored);
  PBFS_RETURN_IF_ERROR(ran);
  return text;
}

Result<std::string> PostgresServer::CreateDatabase(const std::string& name) const {
  PBFS_RETURN_IF_ERROR(Psql(fmt::format("CREATE DATABASE {}", name)).status());
  return Dsn(name);
}

}  // namespace pbfs::postgres
