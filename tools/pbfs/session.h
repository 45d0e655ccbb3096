#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/context.h"
#include "libs/base/result.h"

namespace pbfs {
class Client;
class Connection;
}  // namespace pbfs

namespace pbfs::cli {

using Json = nlohmann::ordered_json;

/// What every command takes.
struct GlobalOptions {
  std::string config;   // path of the client's configuration; empty: PBFS_CONFIG, then ~/.config/pbfs/client.json
  std::string timeout;  // of the whole command; empty: none (each call of the library has its own)
  bool json = false;
  bool quiet = false;
};

/// What a command runs with: the context that SIGINT and the timeout end, the client, and where results go. Results go to
/// stdout; progress, notes and errors to stderr.
class Session {
 public:
  Session(GlobalOptions options, Context context);
  ~Session();

  const GlobalOptions& options() const { return options_; }
  const Context& context() const { return context_; }
  /// Another default configuration: --config still wins. Before the first call of client().
  void UseConfig(const std::string& path);
  /// How long writes of client() wait for their last receipts (ClientOptions::last_receipts). Before its first call.
  void WaitForLastReceipts(Duration patience) { last_receipts_ = patience; }
  /// The client of the configuration, connected at the first call. Errors: those of the configuration and the connection.
  Result<Client*> client();
  /// What the client stands on, for those who look at the cluster itself. Errors: as of client().
  Result<Connection*> connection();

  /// A line for people; nothing with --json.
  void Say(const std::string& line) const;
  /// A line for people on stderr; nothing with --json or --quiet.
  void Note(const std::string& line) const;
  /// The result for programs: one document a command, printed only with --json. Where stdout carries payload it goes to
  /// stderr instead.
  void Report(const Json& result, bool stdout_is_payload = false) const;
  bool progress_wanted() const { return !options_.json && !options_.quiet; }

 private:
  const GlobalOptions options_;
  const Context context_;
  std::string config_;
  std::optional<Duration> last_receipts_;
  std::unique_ptr<Connection> connection_;
};

/// Where the configuration is looked for: --config, PBFS_CONFIG, ~/.config/pbfs/client.json.
std::string ConfigPath(const GlobalOptions& options);

using CommandBody = std::function<Status(Session&)>;

/// The command line under construction. A command adds its subcommand and says what to run.
class CommandLine {
 public:
  CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  /// A subcommand of the program or of `parent`; `examples` close its --help.
  CLI::App* Add(const std::string& name, const std::string& what, const std::string& examples,
                CLI::App* parent = nullptr);
  /// Runs `body` if this subcommand is given.
  void Run(CLI::App* command, CommandBody body);

  /// Parses and runs; returns the exit code. What the user did wrong and what failed is told on stderr.
  int Main(int argc, const char* const* argv);

 private:
  int Execute();

  CLI::App app_;
  GlobalOptions options_;
  CommandBody selected_;
  std::string selected_name_;
};

/// Each adds one command; see commands/NAME.cc.
void AddBucket(CommandLine& line);
void AddPut(CommandLine& line);
void AddGet(CommandLine& line);
void AddCat(CommandLine& line);
void AddPatch(CommandLine& line);
void AddAppend(CommandLine& line);
void AddTruncate(CommandLine& line);
void AddCp(CommandLine& line);
void AddMv(CommandLine& line);
void AddRm(CommandLine& line);
void AddLs(CommandLine& line);
void AddStat(CommandLine& line);
void AddHistory(CommandLine& line);
void AddVerify(CommandLine& line);
void AddRehome(CommandLine& line);
void AddBench(CommandLine& line);
void AddCluster(CommandLine& line);
void AddClusterGc(CommandLine& line, CLI::App* cluster);  // of AddCluster
void AddLocal(CommandLine& line);
void AddJob(CommandLine& line);
void AddKey(CommandLine& line);

}  // namespace pbfs::cli
