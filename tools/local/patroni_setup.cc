#include "tools/local/patroni_setup.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "tools/local/files.h"
#include "tools/local/patroni_guard.h"

namespace pbfs::local {
namespace {

using Json = nlohmann::ordered_json;

std::string Address(int port) { return fmt::format("127.0.0.1:{}", port); }

Json ToJson(const std::vector<std::pair<std::string, std::string>>& settings) {
  Json json = Json::object();
  for (const auto& [name, value] : settings) json[name] = value;
  return json;
}

/// What all members agree on; Patroni keeps it in etcd once there is a primary. docs/adr/0013 has the reasons.
Json ClusterSettings() {
  return {
      // A primary that is gone is replaced after `ttl` seconds. At least loop_wait + 2 retry_timeout.
      {"ttl", 12},
      {"loop_wait", 2},
      {"retry_timeout", 5},
      // Only a synchronous standby is promoted, and that has every acknowledged commit, however much it still has to replay.
      {"maximum_lag_on_failover", int64_t{1} << 40},
      {"synchronous_mode", true},
      // Without a standby commits wait: an acknowledgement always stands for two copies.
      {"synchronous_mode_strict", true},
      // All standbys that are there: while there is no primary, each of them can answer whoever has seen the newest write.
      {"synchronous_node_count", 2},
      // A primary that crashed alone is replaced at once, rather than waited for while it recovers.
      {"primary_start_timeout", 0},
      // Losing etcd stops no primary that reaches all other members.
      {"failsafe_mode", true},
      {"postgresql",
       {{"use_pg_rewind", true},
        {"use_slots", true},
        // Where pg_rewind cannot help, a member copies the primary anew.
        {"remove_data_directory_on_rewind_failure", true},
        {"remove_data_directory_on_diverged_timelines", true},
        {"parameters", ToJson(SharedSettings())}}}};
}

Json Login(const std::string& user, const std::string& certificate, const std::string& key, const std::string& ca) {
  return {
      {"username", user}, {"sslmode", "verify-full"}, {"sslcert", certificate}, {"sslkey", key}, {"sslrootcert", ca}};
}

Json PostgresSection(const PatroniMember& member, const std::string& programs) {
  const PostgresNode& node = member.node;
  return {{"listen", Address(node.port)},
          {"connect_address", Address(node.port)},
          {"data_dir", node.data},
          {"bin_dir", programs},
          {"pgpass", member.directory + "/pgpass"},
          {"authentication",
           {{"superuser", Login("postgres", member.superuser_certificate, member.superuser_key, node.ca)},
            {"replication", Login("replicator", node.replication_certificate, node.replication_key, node.ca)}}},
          {"parameters", ToJson(TlsSettings(node))},
          {"pg_hba", HbaLines()}};
}

/// YAML is a superset of JSON.
Json PatroniConfig(const PatroniMember& member, int etcd_port, const std::string& programs) {
  const PostgresNode& node = member.node;
  return {{"scope", kPatroniScope},
          {"namespace", kPatroniNamespace},
          {"name", member.name},
          {"restapi",
           {{"listen", Address(member.rest_port)},
            {"connect_address", Address(member.rest_port)},
            {"certfile", node.certificate},
            {"keyfile", node.key},
            {"cafile", node.ca},
            {"verify_client", "required"}}},
          {"ctl", {{"certfile", node.certificate}, {"keyfile", node.key}, {"cacert", node.ca}}},
          {"etcd3",
           {{"hosts", {Address(etcd_port)}},
            {"protocol", "https"},
            {"cacert", node.ca},
            {"cert", node.certificate},
            {"key", node.key}}},
          {"bootstrap", {{"dcs", ClusterSettings()}}},
          {"postgresql", PostgresSection(member, programs)}};
}

}  // namespace

Status MakeMembers(const Context& context, const std::vector<PatroniMember>& members) {
  const PostgresNode& first = members.front().node;
  PBFS_RETURN_IF_ERROR(MakePrimary(context, first, 0));
  PBFS_ASSIGN_OR_RETURN(const std::string cp, FindProgram("cp"));
  for (size_t i = 1; i < members.size(); ++i)
    PBFS_RETURN_IF_ERROR(RunProgram(context, {.argv = {cp, "-a", first.data, members[i].node.data}}).status());
  return OkStatus();
}

Result<CommandSpec> AddPatroni(const PatroniMember& member, int etcd_port, const std::string& log) {
  PBFS_RETURN_IF_ERROR(FindProgram("patroni").status());
  PBFS_ASSIGN_OR_RETURN(const std::string postgres, FindProgram("postgres"));
  std::error_code error;  // PATH may have a link to it; Patroni wants the folder that has all of PostgreSQL's programs
  const std::string programs = std::filesystem::canonical(postgres, error).parent_path();
  const std::string path = member.directory + "/patroni.json", guard = member.directory + "/run_patroni.py";
  PBFS_RETURN_IF_ERROR(WriteTextFile(guard, kPatroniGuard, 0755));
  PBFS_RETURN_IF_ERROR(WriteTextFile(path, PatroniConfig(member, etcd_port, programs).dump(2) + "\n", 0600));
  PBFS_RETURN_IF_ERROR(GiveTo(path, PostgresUser()));
  return CommandSpec{
      .argv = {"/usr/bin/python3", "-B", guard, path}, .user = PostgresUser(), .log = log, .directory = "/"};
}

}  // namespace pbfs::local
