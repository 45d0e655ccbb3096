#include <cstdio>

#include <fmt/format.h>

#include "libs/base/random.h"
#include "tools/pbfs/exit_codes.h"
#include "tools/pbfs/interrupt.h"
#include "tools/pbfs/session.h"
#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

constexpr char kAbout[] =
    "PBFS: an object store in which every write is kept as one encrypted, erasure-coded patch.\n"
    "An object is written BUCKET/NAME; the name may hold slashes, '..' and '//'. A file '-' is stdin or stdout.\n";

constexpr char kFooter[] =
    "Exit codes: 0 ok, 1 error, 2 usage or configuration, 3 not found, 4 condition or conflict, 5 unavailable (a write "
    "may\n"
    "have happened), 6 data loss, 7 permission, 8 disk or limit full, 130 interrupted. See docs/operations/cli.md.\n\n"
    "First steps:\n"
    "  pbfs local up                      a whole cluster on this machine\n"
    "  pbfs bucket create photos          4+2 erasure code, encrypted with a key of its own\n"
    "  pbfs put cat.jpg photos/cat.jpg\n"
    "  pbfs --help, pbfs put --help       examples of each command";

void PrintError(const GlobalOptions& options, const std::string& command, const Status& status) {
  const std::string hint(HintFor(status));
  if (options.json) {
    const Json error = {{"error",
                         {{"command", command},
                          {"code", StatusCodeName(status.code())},
                          {"message", status.message()},
                          {"hint", hint},
                          {"exit", ExitCodeOf(status)}}}};
    fmt::print(stderr, "{}\n", error.dump(-1, ' ', false, Json::error_handler_t::replace));
    return;
  }
  fmt::print(stderr, "pbfs {}: {}\n", command, status.ToString());
  if (!hint.empty()) fmt::print(stderr, "  {}\n", hint);
}

Result<Context> MakeContext(const GlobalOptions& options) {
  if (options.timeout.empty()) return Context();
  PBFS_ASSIGN_OR_RETURN(const auto timeout, ParseDuration(options.timeout));
  return Context::WithTimeout(timeout);
}

}  // namespace

CommandLine::CommandLine() : app_(kAbout, "pbfs") {
  app_.footer(kFooter);
  app_.require_subcommand(1);
  app_.fallthrough();
  app_.add_option("-c,--config", options_.config,
                  "Client configuration (default: $PBFS_CONFIG, ~/.config/pbfs/client.json)");
  app_.add_option("--timeout", options_.timeout, "Give up after this long, for instance 30s or 2h");
  app_.add_flag("--json", options_.json, "Print results and errors as JSON");
  app_.add_flag("-q,--quiet", options_.quiet, "No progress bar, no notes");
  app_.set_version_flag("--version", "pbfs 0.1.0");
}

CLI::App* CommandLine::Add(const std::string& name, const std::string& what, const std::string& examples,
                           CLI::App* parent) {
  CLI::App* command = (parent != nullptr ? parent : &app_)->add_subcommand(name, what);
  command->fallthrough();
  if (!examples.empty()) command->footer("Examples:\n" + examples);
  return command;
}

void CommandLine::Run(CLI::App* command, CommandBody body) {
  command->final_callback([this, command, body = std::move(body)] {
    selected_ = body;
    const CLI::App* parent = command->get_parent();
    selected_name_ = (parent == &app_ ? "" : parent->get_name() + " ") + command->get_name();
  });
}

int CommandLine::Main(int argc, const char* const* argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return app_.exit(success);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "pbfs: {}\n  pbfs --help and pbfs COMMAND --help show what is possible.\n", error.what());
    return kExitUsage;
  }
  return Execute();
}

int CommandLine::Execute() {
  const Result<Context> context = MakeContext(options_);
  if (!context.ok()) {
    PrintError(options_, selected_name_, context.status());
    return kExitUsage;
  }
  CancelOnInterrupt(*context);
  Status status;
  {
    Session session(options_, *context);
    status = selected_(session);
  }
  if (status.ok() && std::fflush(stdout) != 0) status = InternalError("cannot write to stdout");
  if (!status.ok()) PrintError(options_, selected_name_, status);
  return ExitCodeOf(status);
}

}  // namespace pbfs::cli
