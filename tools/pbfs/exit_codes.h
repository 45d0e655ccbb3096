#pragma once

#include "libs/base/status.h"

namespace pbfs::cli {

/// What the program ends with; documented in docs/operations/cli.md and stable.
enum ExitCode : int {
  kExitOk = 0,
  kExitError = 1,         // anything not below: a bug, or the machine (disk, permissions of a local file)
  kExitUsage = 2,         // the command line or the configuration is wrong; nothing was done
  kExitNotFound = 3,      // no such bucket, object, name, process
  kExitConflict = 4,      // a condition failed, it exists already, a race was lost; nothing was done
  kExitUnavailable = 5,   // servers did not answer; the outcome of a write may be unknown
  kExitDataLoss = 6,      // bytes are lost or failed their check; verify found damage
  kExitPermission = 7,    // the certificate, token or key does not allow it
  kExitExhausted = 8,     // a disk, queue or limit is full
  kExitInterrupted = 130  // SIGINT or SIGTERM
};

ExitCode ExitCodeOf(const Status& status);
/// What a person can do about an error of this kind; empty if there is nothing general to say.
std::string_view HintFor(const Status& status);

}  // namespace pbfs::cli
