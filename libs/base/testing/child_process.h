#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "libs/base/result.h"
#include "libs/base/scheduler.h"

namespace pbfs {

/// A program started by a test. It is killed when the thread that started it ends (PR_SET_PDEATHSIG), so a test that
/// crashes leaves nothing behind. Threads: one.
class ChildProcess {
 public:
  struct Options {
    std::vector<std::string> command;  // command[0] is a path, or looked for in PATH
    std::string output;                // file that takes stdout and stderr; appended to
    std::string user;                  // run as this user if we are root; empty: as we are
    int death_signal = 9;              // what it gets when its parent thread ends
  };
  /// Errors: INTERNAL fork failed; NOT_FOUND no such user. A command that cannot be executed ends with code 127.
  static Result<ChildProcess> Start(const Options& options);
  /// Start and wait. Errors: INTERNAL with the end of the output unless it exits with 0.
  static Status Run(const Options& options);

  ChildProcess() = default;
  ChildProcess(ChildProcess&& other) noexcept : pid_(other.pid_), exit_code_(other.exit_code_) { other.pid_ = -1; }
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  /// Kills it if it still runs.
  ~ChildProcess();

  bool started() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }
  void Signal(int signal) const;
  /// Has it ended? Reaps it if so.
  bool Ended();
  /// Waits for its end, at most `timeout`; false if it still runs.
  bool AwaitEnd(Duration timeout);
  int exit_code() const { return exit_code_; }

 private:
  pid_t pid_ = -1;
  int exit_code_ = -1;
};

}  // namespace pbfs
