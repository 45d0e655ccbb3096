#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "libs/base/context.h"
#include "libs/base/result.h"

/// Child processes of the local cluster: started here, alive without us, found again by another run of the command line.
namespace pbfs::local {

/// What to run. Nothing secret belongs here: arguments and environment of a process can be read by others.
struct CommandSpec {
  std::vector<std::string> argv;                                 // argv[0] is an absolute path
  std::vector<std::pair<std::string, std::string>> environment;  // added to our own
  std::string user;       // run as this user; empty: as ourselves. Only root may name another
  std::string log;        // stdout and stderr are appended to this file; empty: /dev/null
  std::string directory;  // working directory; empty: ours
};

/// A process that may have been started by an earlier run. The start time (clock ticks since boot) and the boot tell it
/// from another process that got the same pid later.
struct ProcessRef {
  pid_t pid = 0;
  uint64_t start_ticks = 0;
  std::string boot_id;
  friend bool operator==(const ProcessRef&, const ProcessRef&) = default;
};

/// Starts a process in a session of its own, so that neither our end nor the terminal's ends it. Open files are not
/// inherited. Returns when the program has replaced the child, so a missing program is an error here.
/// Errors: NOT_FOUND no such program or user; PERMISSION_DENIED; INTERNAL.
Result<ProcessRef> StartProcess(const CommandSpec& spec);

/// The process that has this pid now, whoever started it; nothing if there is none.
std::optional<ProcessRef> FindProcess(pid_t pid);
/// The living children of a process.
std::vector<ProcessRef> ChildrenOf(const ProcessRef& parent);
/// Signals a process that StartProcess() started, and with it those of its session: what it started itself, but for those
/// that made a session of their own. Nothing happens if it has ended.
void SignalSession(const ProcessRef& leader, int signal);

/// Whether it still runs. A zombie does not; our own zombies are reaped on the way.
bool IsAlive(const ProcessRef& process);

/// Errors: NOT_FOUND if it has ended, PERMISSION_DENIED if it is another user's.
Status SendSignal(const ProcessRef& process, int signal);

/// Waits until it has ended. Errors: DEADLINE_EXCEEDED, CANCELLED.
Status AwaitExit(const Context& context, const ProcessRef& process);

/// SIGTERM (or `gentle`), then SIGKILL after `grace`. OK if it has ended already.
Status StopProcess(const Context& context, const ProcessRef& process, int gentle, Duration grace);

struct ProgramOutcome {
  int exit_code = 0;  // 128 + n if signal n ended it
  std::string output, error;
};
/// Runs a program to its end with `input` on its stdin. Errors: those of StartProcess(); DEADLINE_EXCEEDED, CANCELLED (it
/// is killed then).
Result<ProgramOutcome> RunToEnd(const Context& context, const CommandSpec& spec, const std::string& input = "");
/// The same; returns its stdout. Errors also: INTERNAL with the end of its stderr if it exits with another code than 0.
Result<std::string> RunProgram(const Context& context, const CommandSpec& spec, const std::string& input = "");

/// "KILL", "SIGKILL" or "9" -> 9. Errors: INVALID_ARGUMENT.
Result<int> ParseSignal(const std::string& text);

}  // namespace pbfs::local
