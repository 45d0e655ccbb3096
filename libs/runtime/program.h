#pragma once

#include <functional>
#include <string>
#include <vector>

#include "libs/adapters/grpc/grpc_server.h"
#include "libs/base/status.h"
#include "libs/runtime/metrics.h"
#include "libs/runtime/settings.h"

/// What the main() of a server does besides building its parts.
namespace pbfs {

/// Of this release: "0.1.0".
extern const char* const kReleaseVersion;

struct ProgramArguments {
  std::string config;
  bool check_config = false;  // read and check the configuration, then end
  std::string command;        // one of the commands, the first by default; empty if there are none
};

/// Runs a program: settles the process (signals, malloc, files), parses
///   [command] --config FILE [--check-config] [--version]
/// and calls `body`. Prints what went wrong on stderr. Returns the exit code: 0; 2 bad arguments, configuration, key or
/// certificate (INVALID_ARGUMENT, FAILED_PRECONDITION); 3 something outside is away or in use (UNAVAILABLE, DEADLINE_EXCEEDED,
/// RESOURCE_EXHAUSTED); 1 anything else.
int RunProgram(int argc, char** argv, const std::string& name, const std::vector<std::string>& commands,
               const std::function<Status(const ProgramArguments&)>& body);

/// Logging, and the metrics page if one is configured, with the ends of the process's certificate and of `certificates`, files that
/// it shows to others. Errors: UNAVAILABLE the port is in use.
Status StartTelemetry(const std::string& program, const CommonSettings& settings, Metrics& metrics,
                      std::vector<std::string> certificates = {});

/// Says that the program is ready and waits for SIGTERM or SIGINT. Only under RunProgram.
void AwaitSignal(const std::string& where = "");

/// Says that the server listens, serves until SIGTERM or SIGINT, then: not ready, drain for at most `drain`, stop.
/// Only under RunProgram.
Status ServeUntilSignal(GrpcServer& server, const std::string& listen, Duration drain);

}  // namespace pbfs
