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

Json Selector(const std::string& cluster, const Part& part) {
  return {{kClusterLabel, cluster}, {kComponentLabel, part.component}};
}

Json PoolSelector(const std::string& cluster, const std::string& pool) {
  Json labels = Selector(cluster, kFragmentStore);
  labels[kPoolLabel] = pool;
  return labels;
}

Json ShardSelector(const std::string& cluster, int shard) {
  Json labels = Selector(cluster, kCatalog);
  labels[kShardLabel] = std::to_string(shard);
  return labels;
}

std::string NameOf(const std::string& cluster, const Part& part) {
  return fmt::format("{}-{}", cluster, part.short_name);
}
std::string PoolName(const std::string& cluster, const std::string& pool) {
  return fmt::format("{}-{}", NameOf(cluster, kFragmentStore), pool);
}
std::string ShardName(const std::string& cluster, int shard) {
  return fmt::format("{}-{}", NameOf(cluster, kCatalog), shard);
}

std::string DomainsName(const std::string& cluster) { return cluster + "-domains"; }

bool IsDnsLabel(std::string_view text) {
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), good);
}

}  // namespace pbfs::operators
