#include "services/operator/render_patroni.h"

#include <string>

#include <fmt/format.h>

#include "services/operator/render_config.h"

namespace pbfs::operators {
namespace {

std::string InTls(const char* file) { return fmt::format("{}/{}", kTlsFolder, file); }

// Those of the local cluster, but for the numbers of senders, slots and sessions: there can be nine members, and any number of catalogs.
StringMap DefaultParameters() {
  return {{"hot_standby", "on"},
          {"jit", "off"},
          {"log_line_prefix", "%m [%p] %u "},
          {"max_connections", "200"},
          {"max_prepared_transactions", "0"},
          {"max_replication_slots", "20"},
          {"max_wal_senders", "20"},
          {"max_wal_size", "4GB"},
          {"min_wal_size", "1GB"},  // kept to be written again: a new segment is filled with zeros first
          {"shared_buffers", "256MB"},
          {"synchronous_commit", "on"},
          {"wal_compression", "lz4"},  // of the images of pages that are changed first after a checkpoint
          {"wal_keep_size", "512MB"},
          {"wal_level", "replica"},
          {"wal_log_hints", "on"},
          {"wal_receiver_timeout", "10s"},
          {"wal_retrieve_retry_interval", "500ms"},
          {"wal_sender_timeout", "10s"}};  // as long as commits wait for a synchronous standby that is cut off
}

StringMap ParametersOf(const ManagedPostgres& managed) {
  StringMap out = DefaultParameters();
  for (const auto& [name, value] : managed.parameters) out[name] = value;
  return out;
}

const char* LogLevel(const std::string& level) {
  if (level == "trace" || level == "debug") return "DEBUG";
  return level == "error" ? "ERROR" : level == "warn" ? "WARNING" : "INFO";
}

// Its password is in the environment.
Json Login(const char* user) {
  return {{"username", user}, {"sslmode", "verify-full"}, {"sslrootcert", InTls("ca.crt")}};
}

// Probes have no certificate and may look; whoever wants something done shows one.
Json RestSection() {
  return {{"listen", fmt::format("0.0.0.0:{}", kPatroniPort)},
          {"certfile", InTls("tls.crt")},
          {"keyfile", InTls("tls.key")},
          {"cafile", InTls("ca.crt")},
          {"verify_client", "optional"}};
}

Json KubernetesSection(const ClusterIntent& intent) {
  return {{"namespace", intent.space},
          {"labels", Selector(intent.name, kPostgres)},
          {"scope_label", kScopeLabel},
          {"role_label", kRoleLabel},
          // The object that says who leads is then the one by which the Service finds him: they change together.
          {"use_endpoints", true},
          {"ports", Json::array({{{"name", "postgres"}, {"port", kPostgresPort}}})}};
}

// Over the network only with TLS and a password; the socket is the pod's own.
Json HbaLines() {
  return Json::array({"local all postgres scram-sha-256", "local replication replicator scram-sha-256",
                      "hostssl pbfs pbfs all scram-sha-256", "hostssl postgres postgres all scram-sha-256",
                      "hostssl replication replicator all scram-sha-256"});
}

Json PostgresSection() {
  return {{"listen", fmt::format("*:{}", kPostgresPort)},
          {"data_dir", fmt::format("{}/postgres", kDataFolder)},
          {"pgpass", "/tmp/pgpass"},
          {"use_unix_socket", true},
          {"use_unix_socket_repl", true},
          {"authentication", {{"superuser", Login("postgres")}, {"replication", Login("replicator")}}},
          {"basebackup", {{"checkpoint", "fast"}}},
          {"parameters",
           {{"password_encryption", "scram-sha-256"},
            {"ssl", "on"},
            {"ssl_ca_file", InTls("ca.crt")},
            {"ssl_cert_file", InTls("tls.crt")},
            {"ssl_key_file", InTls("tls.key")},
            {"ssl_min_protocol_version", "TLSv1.3"},
            {"unix_socket_directories", "/tmp"}}},
          {"pg_hba", HbaLines()}};
}

}  // namespace

ManagedPostgres ManagedOf(const ClusterIntent& intent) {
  return intent.spec.postgres.managed.value_or(ManagedPostgres());
}

Json PatroniSettings(const ClusterIntent& intent) {
  const ManagedPostgres managed = ManagedOf(intent);
  const bool synchronous = managed.synchronous_standbys > 0;
  Json settings = {// A primary that is gone is replaced after `ttl` seconds. At least loop_wait + 2 retry_timeout.
                   {"ttl", 12},
                   {"loop_wait", 2},
                   {"retry_timeout", 5},
                   {"synchronous_mode", synchronous},
                   // Without a standby commits wait: an acknowledgement always stands for two copies.
                   {"synchronous_mode_strict", synchronous},
                   // A primary that crashed alone is replaced at once, rather than waited for while it recovers.
                   {"primary_start_timeout", 0},
                   // Losing the API server stops no primary that reaches all other members.
                   {"failsafe_mode", true},
                   {"postgresql",
                    {{"use_pg_rewind", true},
                     {"use_slots", true},
                     // Where pg_rewind cannot help, a member copies the primary anew.
                     {"remove_data_directory_on_rewind_failure", true},
                     {"remove_data_directory_on_diverged_timelines", true},
                     {"parameters", ParametersOf(managed)}}}};
  if (synchronous) {
    settings["synchronous_node_count"] = managed.synchronous_standbys;
    // Only a synchronous standby is promoted, and that has every acknowledged commit, however much it still has to replay.
    settings["maximum_lag_on_failover"] = int64_t{1} << 40;
  }
  // One member that crashed has nobody to replace it.
  if (managed.instances == 1) settings["primary_start_timeout"] = 300;
  return settings;
}

Json PatroniConfig(const ClusterIntent& intent, int shard) {
  return {{"scope", PostgresName(intent.name, shard)},
          {"log", {{"level", LogLevel(intent.spec.log_level)}}},
          {"restapi", RestSection()},
          {"ctl", {{"certfile", InTls("tls.crt")}, {"keyfile", InTls("tls.key")}, {"cacert", InTls("ca.crt")}}},
          {"kubernetes", KubernetesSection(intent)},
          {"bootstrap",
           {{"dcs", PatroniSettings(intent)},
            {"initdb",
             Json::array({"data-checksums", {{"encoding", "UTF8"}}, {{"locale", "C"}}, {{"auth", "scram-sha-256"}}})},
            {"post_bootstrap", "pbfs-postgres-bootstrap"}}},
          {"watchdog", {{"mode", "off"}}},  // pods have no such device
          {"postgresql", PostgresSection()}};
}

}  // namespace pbfs::operators
