#include "tools/local/cluster_state.h"

#include <array>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "tools/local/files.h"

namespace pbfs::local {
namespace {

using Json = nlohmann::ordered_json;
constexpr int kVersion = 1;
constexpr std::array<const char*, 8> kKindNames = {"postgres", "patroni",           "etcd",     "catalog",
                                                   "store",    "garbage-collector", "repairer", "gateway"};

Json ToJson(const ManagedProcess& process) {
  Json environment = Json::object();
  for (const auto& [name, value] : process.command.environment) environment[name] = value;
  return {{"name", process.name},
          {"kind", ProcessKindName(process.kind)},
          {"port", process.port},
          {"health_port", process.health_port},
          {"data", process.data},
          {"argv", process.command.argv},
          {"environment", environment},
          {"user", process.command.user},
          {"log", process.command.log},
          {"pid", process.process.pid},
          {"start_ticks", process.process.start_ticks},
          {"boot_id", process.process.boot_id}};
}

ProcessKind KindOf(const std::string& name) {
  for (size_t i = 0; i < kKindNames.size(); ++i)
    if (name == kKindNames[i]) return static_cast<ProcessKind>(i);
  throw std::invalid_argument("unknown kind of process '" + name + "'");
}

PostgresKind PostgresKindOf(const std::string& name) {
  for (const PostgresKind kind : {PostgresKind::kPlain, PostgresKind::kPatroni})
    if (name == PostgresKindName(kind)) return kind;
  throw std::invalid_argument("unknown kind of PostgreSQL '" + name + "'");
}

// The library would cast whatever number there is, and a cast that does not fit is undefined.
template <typename Number>
Number NumberAt(const Json& json, const char* key) {
  const Json& value = json.at(key);
  if (!value.is_number_integer() || value != value.get<Number>())
    throw std::invalid_argument(std::string(key) + " is not a number in its range");
  return value.get<Number>();
}

ManagedProcess ProcessOf(const Json& json) {
  ManagedProcess process;
  process.name = json.at("name");
  process.kind = KindOf(json.at("kind"));
  process.port = NumberAt<int>(json, "port");
  process.health_port = NumberAt<int>(json, "health_port");
  process.data = json.at("data");
  process.command.argv = json.at("argv").get<std::vector<std::string>>();
  for (const auto& [name, value] : json.at("environment").items())
    process.command.environment.emplace_back(name, value);
  process.command.user = json.at("user");
  process.command.log = json.at("log");
  process.process = {NumberAt<pid_t>(json, "pid"), NumberAt<uint64_t>(json, "start_ticks"), json.at("boot_id")};
  return process;
}

ClusterState StateOf(const Json& json) {
  if (json.at("version") != kVersion) throw std::invalid_argument("made by another version of pbfs");
  ClusterState state;
  state.options.stores = NumberAt<int>(json, "stores");
  state.options.catalogs = NumberAt<int>(json, "catalogs");
  state.options.base_port = NumberAt<int>(json, "base_port");
  state.options.postgres = PostgresKindOf(json.value("postgres", "plain"));
  for (const auto& process : json.at("processes")) state.processes.push_back(ProcessOf(process));
  return state;
}

}  // namespace

const char* ProcessKindName(ProcessKind kind) { return kKindNames[static_cast<size_t>(kind)]; }

const char* PostgresKindName(PostgresKind kind) { return kind == PostgresKind::kPlain ? "plain" : "patroni"; }

int PostgresServers(const LocalClusterOptions& options) {
  return options.postgres == PostgresKind::kPatroni ? 3 : options.catalogs;
}

std::string StatePath(const std::string& directory) { return directory + "/cluster.json"; }

Result<ClusterState> LoadState(const std::string& directory) {
  Result<std::string> text = ReadTextFile(StatePath(directory));
  if (text.status().code() == StatusCode::kNotFound)
    return NotFoundError(fmt::format("there is no local cluster in {}: pbfs local up --dir {}", directory, directory));
  PBFS_RETURN_IF_ERROR(text.status());
  try {
    ClusterState state = StateOf(Json::parse(*text));
    state.options.directory = directory;
    return state;
  } catch (const std::exception& error) {
    return DataLossError(
        fmt::format("{} is not a state file of this pbfs ({}): stop its processes by hand, remove {} and "
                    "run pbfs local up",
                    StatePath(directory), error.what(), directory));
  }
}

Status SaveState(const ClusterState& state) {
  Json processes = Json::array();
  for (const auto& process : state.processes) processes.push_back(ToJson(process));
  const Json json = {{"version", kVersion},
                     {"stores", state.options.stores},
                     {"catalogs", state.options.catalogs},
                     {"base_port", state.options.base_port},
                     {"postgres", PostgresKindName(state.options.postgres)},
                     {"processes", processes}};
  return WriteTextFile(StatePath(state.options.directory), json.dump(2) + "\n", 0600);
}

}  // namespace pbfs::local
