#include "libs/runtime/program.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>

#include "libs/adapters/grpc/locks.h"
#include "libs/runtime/certificate_end.h"
#include "libs/runtime/logging.h"

namespace pbfs {

const char* const kReleaseVersion = "0.1.0";

namespace {

sigset_t EndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

/// Before any thread starts: threads inherit the mask, so the signals wait for ServeUntilSignal.
void SettleSignals() {
  const sigset_t signals = EndSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

/// Else glibc maps, faults and unmaps every buffer of a megabyte (docs/design, "Performance rules"). Buffers are made by one thread and freed
/// by another: each arena keeps what it ever had at once, so there are no more than can be used at once.
void SettleMalloc() {
  mallopt(M_ARENA_MAX, std::max(2, get_nprocs()));
  mallopt(M_TRIM_THRESHOLD, 512 << 20);
  mallopt(M_MMAP_THRESHOLD, 64 << 20);
  mallopt(M_TOP_PAD, 64 << 20);
}

/// As many files as the system lets us: a connection and a volume each need one.
void SettleFiles() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &files);
}

int ExitCode(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk: return 0;
    case StatusCode::kInvalidArgument:
    case StatusCode::kFailedPrecondition:
    case StatusCode::kPermissionDenied: return 2;
    case StatusCode::kUnavailable:
    case StatusCode::kDeadlineExceeded:
    case StatusCode::kResourceExhausted: return 3;
    default: return 1;
  }
}

}  // namespace

int RunProgram(int argc, char** argv, const std::string& name, const std::vector<std::string>& commands,
               const std::function<Status(const ProgramArguments&)>& body) {
  SettleSignals();
  SettleMalloc();
  SettleLocks();
  SettleFiles();
  ProgramArguments arguments;
  CLI::App app{name, name};
  app.set_version_flag("--version", name + " " + kReleaseVersion);
  app.add_option("--config", arguments.config, "Configuration file (JSON; docs/operations/configuration.md)")
      ->required();
  app.add_flag("--check-config", arguments.check_config, "Check the configuration and end");
  if (!commands.empty()) {
    arguments.command = commands.front();
    app.add_option("command", arguments.command, "What to do")->check(CLI::IsMember(commands))->capture_default_str();
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // CLI11's way to say it, --help and --version included
    return app.exit(error) == 0 ? 0 : 2;
  }
  const Status status = body(arguments);
  if (!status.ok()) std::fprintf(stderr, "%s: %s\n", name.c_str(), status.message().c_str());
  return ExitCode(status);
}

Status StartTelemetry(const std::string& program, const CommonSettings& settings, Metrics& metrics,
                      std::vector<std::string> certificates) {
  StartLogging(program, settings.log_level);
  if (settings.metrics_address.empty()) return OkStatus();
  const auto ends = std::make_shared<Gauges>(metrics, "pbfs_certificate_end_timestamp_seconds",
                                             "When the certificate of this process ends; 0: it cannot be read", "file");
  if (!settings.tls.cert.empty()) certificates.push_back(settings.tls.cert);
  const auto hashes =
      std::make_shared<Gauges>(metrics, "pbfs_certificate_file_hash",
                               "Which version of a file with certificates this process has; 0: none", "file");
  std::vector<std::string> hashed = certificates;
  if (!settings.tls.ca.empty()) hashed.push_back(settings.tls.ca);
  metrics.Refresh([ends, hashes, certificates = std::move(certificates), hashed = std::move(hashed)] {
    for (const std::string& file : certificates) {
      const Result<int64_t> end_ms = CertificateEnd(file);
      ends->Set(file, end_ms.ok() ? *end_ms / 1000 : 0);
    }
    for (const std::string& file : hashed) hashes->Set(file, HashOfFile(file));
  });
  return metrics.Expose(settings.metrics_address).status();
}

void AwaitSignal(const std::string& where) {
  spdlog::info("ready{}", where);
  const sigset_t signals = EndSignals();
  int signal = 0;
  sigwait(&signals, &signal);
  spdlog::info("signal {}: draining", signal);
}

Status ServeUntilSignal(GrpcServer& server, const std::string& listen, Duration drain) {
  AwaitSignal(" at " + listen + " (port " + std::to_string(server.port()) + ")");
  server.SetServing(false);
  server.Stop(drain);
  spdlog::info("stopped");
  return OkStatus();
}

}  // namespace pbfs
