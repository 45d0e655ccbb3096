#include "tools/pbfs/session.h"

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "libs/runtime/connection.h"

namespace pbfs::cli {

Session::Session(GlobalOptions options, Context context)
    : options_(std::move(options)), context_(std::move(context)), config_(ConfigPath(options_)) {}
Session::~Session() = default;

void Session::UseConfig(const std::string& path) {
  if (options_.config.empty()) config_ = path;
}

Result<Client*> Session::client() {
  PBFS_ASSIGN_OR_RETURN(Connection * open, connection());
  return &open->client();
}

Result<Connection*> Session::connection() {
  if (connection_ == nullptr) {
    PBFS_ASSIGN_OR_RETURN(connection_, Connection::Open(config_, {.last_receipts = last_receipts_}));
  }
  return connection_.get();
}

void Session::Say(const std::string& line) const {
  if (!options_.json) fmt::print("{}\n", line);
}

void Session::Note(const std::string& line) const {
  if (!options_.json && !options_.quiet) fmt::print(stderr, "{}\n", line);
}

void Session::Report(const Json& result, bool stdout_is_payload) const {
  // Names are UTF-8, but what a server says may be anything: replace rather than throw.
  if (options_.json)
    fmt::print(stdout_is_payload ? stderr : stdout, "{}\n", result.dump(2, ' ', false, Json::error_handler_t::replace));
}

std::string ConfigPath(const GlobalOptions& options) {
  if (!options.config.empty()) return options.config;
  if (const char* set = std::getenv("PBFS_CONFIG"); set != nullptr && *set != '\0') return set;
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : ".") + "/.config/pbfs/client.json";
}

}  // namespace pbfs::cli
