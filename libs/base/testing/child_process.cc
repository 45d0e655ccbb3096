#include "libs/base/testing/child_process.h"

#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libs/base/sync.h"

namespace pbfs {
namespace {

struct Identity {
  bool change = false;
  uid_t user = 0;
  gid_t group = 0;
};

Result<Identity> IdentityOf(const std::string& user) {
  if (user.empty() || geteuid() != 0) return Identity{};
  const passwd* entry = getpwnam(user.c_str());
  if (entry == nullptr) return NotFoundError(fmt::format("no user {} on this machine", user));
  return Identity{true, entry->pw_uid, entry->pw_gid};
}

// Between fork and exec: async-signal-safe calls only, since other threads may hold any lock.
[[noreturn]] void BecomeCommand(char* const* argv, int output, const Identity& identity, int death_signal,
                                pid_t parent) {
  if (identity.change) {
    if (setgroups(1, &identity.group) != 0 || setgid(identity.group) != 0 || setuid(identity.user) != 0) _exit(126);
  }
  prctl(PR_SET_PDEATHSIG, death_signal);  // after setuid, which clears it
  if (getppid() != parent) _exit(125);    // it ended before
  dup2(output, 1);
  dup2(output, 2);
  close_range(3, ~0U, 0);
  execvp(argv[0], argv);
  _exit(127);
}

std::string TailOf(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  const std::string all = text.str();
  return all.size() > 2000 ? all.substr(all.size() - 2000) : all;
}

}  // namespace

Result<ChildProcess> ChildProcess::Start(const Options& options) {
  PBFS_ASSIGN_OR_RETURN(const Identity identity, IdentityOf(options.user));
  std::vector<char*> argv;
  for (const std::string& word : options.command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const std::string output_path = options.output.empty() ? "/dev/null" : options.output;
  const int output = open(output_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (output < 0) return InternalError(fmt::format("cannot write {}", output_path));
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) BecomeCommand(argv.data(), output, identity, options.death_signal, parent);
  close(output);
  if (pid < 0) return InternalError("fork failed");
  ChildProcess child;
  child.pid_ = pid;
  return child;
}

Status ChildProcess::Run(const Options& options) {
  PBFS_ASSIGN_OR_RETURN(ChildProcess child, Start(options));
  if (!child.AwaitEnd(std::chrono::minutes(2))) return InternalError(options.command[0] + " does not end");
  if (child.exit_code() == 0) return OkStatus();
  return InternalError(
      fmt::format("{} ended with code {}: {}", options.command[0], child.exit_code(), TailOf(options.output)));
}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this == &other) return *this;
  this->~ChildProcess();
  pid_ = other.pid_;
  exit_code_ = other.exit_code_;
  other.pid_ = -1;
  return *this;
}

ChildProcess::~ChildProcess() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void ChildProcess::Signal(int signal) const {
  if (pid_ > 0) kill(pid_, signal);
}

bool ChildProcess::Ended() {
  if (pid_ <= 0) return true;
  int state = 0;
  if (waitpid(pid_, &state, WNOHANG) != pid_) return false;
  exit_code_ = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
  pid_ = -1;
  return true;
}

bool ChildProcess::AwaitEnd(Duration timeout) {
  const MonotonicTime deadline = MonotonicNow() + timeout;
  while (!Ended()) {
    if (MonotonicNow() > deadline) return false;
    SleepFor(std::chrono::milliseconds(5));  // a poll of another process, bounded by the deadline
  }
  return true;
}

}  // namespace pbfs
