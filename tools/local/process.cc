#include "tools/local/process.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libs/base/sync.h"
#include "tools/local/files.h"

extern char** environ;

namespace pbfs::local {
namespace {

constexpr Duration kPoll = std::chrono::milliseconds(5);

struct Fd {
  int fd = -1;
  Fd() = default;
  explicit Fd(int value) : fd(value) {}
  Fd(Fd&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    Close();
    fd = std::exchange(other.fd, -1);
    return *this;
  }
  ~Fd() { Close(); }
  void Close() {
    if (fd >= 0) close(std::exchange(fd, -1));
  }
};

struct Pipe {
  Fd read, write;
};

Result<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "cannot make a pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
};

Result<std::optional<Identity>> FindIdentity(const std::string& user) {
  if (user.empty()) return std::optional<Identity>();
  const passwd* entry = getpwnam(user.c_str());
  if (entry == nullptr) return NotFoundError(fmt::format("there is no user '{}' on this machine", user));
  if (entry->pw_uid == geteuid()) return std::optional<Identity>();
  return std::optional<Identity>(Identity{entry->pw_uid, entry->pw_gid});
}

/// Everything the child needs, made before fork(): after it only async-signal-safe calls are allowed.
struct Prepared {
  std::vector<std::string> environment;
  std::vector<char*> argv, envp;
  std::optional<Identity> identity;
  Fd input, output, error;
};

void FillPointers(const CommandSpec& spec, Prepared& prepared) {
  for (char** entry = environ; *entry != nullptr; ++entry) prepared.environment.emplace_back(*entry);
  for (const auto& [name, value] : spec.environment) {
    std::erase_if(prepared.environment, [prefix = name + "="](const std::string& e) { return e.starts_with(prefix); });
    prepared.environment.push_back(name + "=" + value);
  }
  for (const auto& entry : prepared.environment) prepared.envp.push_back(const_cast<char*>(entry.c_str()));
  prepared.envp.push_back(nullptr);
  for (const auto& argument : spec.argv) prepared.argv.push_back(const_cast<char*>(argument.c_str()));
  prepared.argv.push_back(nullptr);
}

/// In the child. Returns only if something failed; errno says what.
void BecomeProgram(const CommandSpec& spec, const Prepared& prepared) {
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  if (dup2(prepared.input.fd, 0) < 0 || dup2(prepared.output.fd, 1) < 0 || dup2(prepared.error.fd, 2) < 0) return;
  if (prepared.identity) {
    const gid_t gid = prepared.identity->gid;
    if (setgroups(1, &gid) != 0 || setgid(gid) != 0 || setuid(prepared.identity->uid) != 0) return;
  }
  if (!spec.directory.empty() && chdir(spec.directory.c_str()) != 0) return;
  execve(prepared.argv[0], prepared.argv.data(), prepared.envp.data());
}

Result<pid_t> Spawn(const CommandSpec& spec, Prepared prepared) {
  PBFS_CHECK(!spec.argv.empty());
  PBFS_ASSIGN_OR_RETURN(prepared.identity, FindIdentity(spec.user));
  FillPointers(spec, prepared);
  PBFS_ASSIGN_OR_RETURN(Pipe outcome, MakePipe());
  const pid_t pid = fork();
  if (pid < 0) return ErrnoStatus(errno, "cannot start a process");
  if (pid == 0) {
    BecomeProgram(spec, prepared);
    const int error = errno;
    (void)!write(outcome.write.fd, &error, sizeof error);
    _exit(127);
  }
  outcome.write.Close();
  int error = 0;
  if (read(outcome.read.fd, &error, sizeof error) == ssize_t{sizeof error}) {
    waitpid(pid, nullptr, 0);
    return ErrnoStatus(error, fmt::format("cannot run {}", spec.argv[0]));
  }
  return pid;
}

/// The fields of /proc/PID/stat after the program's name, which may hold spaces and parentheses: [0] is the state.
std::vector<std::string> StatFields(pid_t pid) {
  const std::string text = ReadTextFile(fmt::format("/proc/{}/stat", pid)).value_or("");
  const size_t close = text.rfind(')');
  if (close == std::string::npos) return {};
  std::istringstream rest(text.substr(close + 1));
  return {std::istream_iterator<std::string>(rest), {}};
}
constexpr size_t kState = 0;
constexpr size_t kParent = 1;       // field 4
constexpr size_t kThreads = 17;     // field 20
constexpr size_t kStartTicks = 19;  // field 22 of proc(5)

std::string BootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

std::string TailOf(const std::string& text, size_t most) {
  return text.size() <= most ? text : "..." + text.substr(text.size() - most);
}

/// An unlinked temporary file holding `content`, read from its start.
Result<Fd> TemporaryFile(const std::string& content) {
  Fd file(memfd_create("pbfs", MFD_CLOEXEC));
  if (file.fd < 0) return ErrnoStatus(errno, "cannot make a temporary file");
  for (size_t done = 0; done < content.size();) {
    const ssize_t count = write(file.fd, content.data() + done, content.size() - done);
    if (count < 0) return ErrnoStatus(errno, "cannot fill a temporary file");
    done += static_cast<size_t>(count);
  }
  lseek(file.fd, 0, SEEK_SET);
  return file;
}

std::string ContentOf(const Fd& file) {
  std::string out(static_cast<size_t>(lseek(file.fd, 0, SEEK_END)), '\0');
  const ssize_t count = pread(file.fd, out.data(), out.size(), 0);
  out.resize(count < 0 ? 0 : static_cast<size_t>(count));
  return out;
}

/// Polls our own child; -1 after it was killed because the context ended.
Result<int> AwaitChild(const Context& context, pid_t pid) {
  int state = 0;
  while (waitpid(pid, &state, WNOHANG) == 0) {
    if (const Status status = context.Check(); !status.ok()) {
      kill(pid, SIGKILL);
      waitpid(pid, &state, 0);
      return status;
    }
    SleepFor(kPoll);
  }
  return state;
}

}  // namespace

Result<ProcessRef> StartProcess(const CommandSpec& spec) {
  Prepared prepared;
  prepared.input = Fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const std::string log = spec.log.empty() ? "/dev/null" : spec.log;
  prepared.output = Fd(open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (prepared.output.fd < 0) return ErrnoStatus(errno, fmt::format("cannot open the log {}", log));
  prepared.error = Fd(fcntl(prepared.output.fd, F_DUPFD_CLOEXEC, 3));
  PBFS_ASSIGN_OR_RETURN(const pid_t pid, Spawn(spec, std::move(prepared)));
  ProcessRef ref{pid, 0, BootId()};
  const auto fields = StatFields(pid);
  if (fields.size() > kStartTicks) ref.start_ticks = std::stoull(fields[kStartTicks]);
  return ref;
}

std::optional<ProcessRef> FindProcess(pid_t pid) {
  const auto fields = StatFields(pid);
  if (pid <= 0 || fields.size() <= kStartTicks) return std::nullopt;
  return ProcessRef{pid, std::stoull(fields[kStartTicks]), BootId()};
}

std::vector<ProcessRef> ChildrenOf(const ProcessRef& parent) {
  std::vector<ProcessRef> children;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0) continue;
    const auto fields = StatFields(pid);
    if (fields.size() <= kStartTicks || std::stoi(fields[kParent]) != parent.pid) continue;
    children.push_back({pid, std::stoull(fields[kStartTicks]), parent.boot_id});
  }
  return children;
}

void SignalSession(const ProcessRef& leader, int signal) {
  if (IsAlive(leader)) (void)kill(-leader.pid, signal);
}

bool IsAlive(const ProcessRef& process) {
  if (process.pid <= 0 || process.boot_id != BootId()) return false;
  const auto fields = StatFields(process.pid);
  if (fields.size() <= kStartTicks || std::stoull(fields[kStartTicks]) != process.start_ticks) return false;
  // Its first thread may have ended before the others: they still hold its ports, files and locks.
  const bool ended = (fields[kState] == "Z" && fields[kThreads] == "1") || fields[kState] == "X";
  if (!ended) return true;
  waitpid(process.pid, nullptr, WNOHANG);  // ECHILD if it is not ours: then its parent reaps it
  return false;
}

Status SendSignal(const ProcessRef& process, int signal) {
  if (!IsAlive(process)) return NotFoundError(fmt::format("process {} has ended", process.pid));
  if (kill(process.pid, signal) != 0) return ErrnoStatus(errno, fmt::format("cannot signal process {}", process.pid));
  return OkStatus();
}

Status AwaitExit(const Context& context, const ProcessRef& process) {
  while (IsAlive(process)) {
    PBFS_RETURN_IF_ERROR(context.Check());
    SleepFor(kPoll);
  }
  return OkStatus();
}

Status StopProcess(const Context& context, const ProcessRef& process, int gentle, Duration grace) {
  if (const Status sent = SendSignal(process, gentle); !sent.ok())
    return sent.code() == StatusCode::kNotFound ? OkStatus() : sent;
  const Status gone = AwaitExit(context.Within(grace), process);
  if (gone.code() != StatusCode::kDeadlineExceeded) return gone;
  (void)SendSignal(process, SIGKILL);
  return AwaitExit(context.Within(std::chrono::seconds(10)), process);
}

Result<ProgramOutcome> RunToEnd(const Context& context, const CommandSpec& spec, const std::string& input) {
  Prepared prepared;
  PBFS_ASSIGN_OR_RETURN(prepared.input, TemporaryFile(input));
  PBFS_ASSIGN_OR_RETURN(prepared.output, TemporaryFile(""));
  PBFS_ASSIGN_OR_RETURN(prepared.error, TemporaryFile(""));
  const Fd output(fcntl(prepared.output.fd, F_DUPFD_CLOEXEC, 3));
  const Fd error(fcntl(prepared.error.fd, F_DUPFD_CLOEXEC, 3));
  PBFS_ASSIGN_OR_RETURN(const pid_t pid, Spawn(spec, std::move(prepared)));
  PBFS_ASSIGN_OR_RETURN(const int state, AwaitChild(context, pid));
  const int code = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
  return ProgramOutcome{code, ContentOf(output), ContentOf(error)};
}

Result<std::string> RunProgram(const Context& context, const CommandSpec& spec, const std::string& input) {
  PBFS_ASSIGN_OR_RETURN(ProgramOutcome outcome, RunToEnd(context, spec, input));
  if (outcome.exit_code == 0) return std::move(outcome.output);
  return InternalError(fmt::format("{} ended with exit code {}: {}", spec.argv[0], outcome.exit_code,
                                   TailOf(outcome.error + outcome.output, 2000)));
}

Result<int> ParseSignal(const std::string& text) {
  static constexpr std::pair<const char*, int> kSignals[] = {
      {"KILL", SIGKILL}, {"TERM", SIGTERM}, {"INT", SIGINT},   {"STOP", SIGSTOP}, {"CONT", SIGCONT},
      {"HUP", SIGHUP},   {"QUIT", SIGQUIT}, {"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"ABRT", SIGABRT}};
  const std::string name = text.starts_with("SIG") ? text.substr(3) : text;
  for (const auto& [known, number] : kSignals)
    if (name == known || name == std::to_string(number)) return number;
  return InvalidArgumentError(
      fmt::format("unknown signal '{}'; use KILL, TERM, INT, STOP, CONT, HUP, QUIT, ABRT", text));
}

}  // namespace pbfs::local
