#include "services/operator/names.h"

#include <algorithm>

#include <fmt/format.h>

namespace pbfs::operators {

bool IsOwnLabel(std::string_view key) {
  constexpr std::array<std::string_view, 5> kOwn{"app.kubernetes.io/name", "app.kubernetes.io/instance",
                                                 kComponentLabel, "app.kubernetes.io/part-of",
                                                 "app.kubernetes.io/managed-by"};
  return key.starts_with("pbfs.dev/") || std::find(kOwn.begin(), kOwn.end(), key) != kOwn.end();
}

bool IsOwnParameter(std::string_view name) {
  constexpr std::array<std::string_view, 20> kOwn{"cluster_name",
                                                  "config_file",
                                                  "data_directory",
                                                  "external_pid_file",
                                                  "fsync",
                                                  "full_page_writes",
                                                  "hba_file",
                                                  "hot_standby",
                                                  "ident_file",
                                                  "listen_addresses",
                                                  "password_encryption",
                                                  "port",
                                                  "primary_conninfo",
                                                  "primary_slot_name",
                                                  "promote_trigger_file",
                                                  "restore_command",
                                                  "synchronous_commit",
                                                  "synchronous_standby_names",
                                                  "unix_socket_directories",
                                                  "wal_log_hints"};
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower == "ssl" || lower.starts_with("ssl_") || lower.starts_with("recovery_") ||
         std::find(kOwn.begin(), kOwn.end(), lower) != kOwn.end();
}

Json Selector(const std::string& cluster, const Part& part) {
  return {{kClusterLabel, cluster}, {kComponentLabel, part.component}};
}

Json PoolSelector(const std::string& cluster, const std::string& pool) {
  Json labels = Selector(cluster, kFragmentStore);
  labels[kPoolLabel] = pool;
  return labels;
}

namespace {
Json OfShard(const std::string& cluster, const Part& part, int shard) {
  Json labels = Selector(cluster, part);
  labels[kShardLabel] = std::to_string(shard);
  return labels;
}
}  // namespace

Json ShardSelector(const std::string& cluster, int shard) { return OfShard(cluster, kCatalog, shard); }
Json PostgresSelector(const std::string& cluster, int shard) { return OfShard(cluster, kPostgres, shard); }

std::string NameOf(const std::string& cluster, const Part& part) {
  return fmt::format("{}-{}", cluster, part.short_name);
}
std::string PoolName(const std::string& cluster, const std::string& pool) {
  return fmt::format("{}-{}", NameOf(cluster, kFragmentStore), pool);
}
std::string ShardName(const std::string& cluster, int shard) {
  return fmt::format("{}-{}", NameOf(cluster, kCatalog), shard);
}
std::string PostgresName(const std::string& cluster, int shard) {
  return fmt::format("{}-{}", NameOf(cluster, kPostgres), shard);
}

std::string BackupName(const std::string& cluster, int shard) { return PostgresName(cluster, shard) + "-backup"; }

std::string DomainsName(const std::string& cluster) { return cluster + "-domains"; }

bool IsDnsLabel(std::string_view text) {
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), good);
}

}  // namespace pbfs::operators
