#include "services/operator/render_postgres.h"

#include <fmt/format.h>

namespace pbfs::operators {
namespace {

std::string PostgresName(const ClusterIntent& intent, int shard) { return fmt::format("{}-pg-{}", intent.name, shard); }

Database ExternalDatabase(const ExternalPostgres& external, int shard) {
  const char* mode = !external.require_tls ? "prefer" : external.ca_secret.empty() ? "require" : "verify-full";
  return {shard == 0 ? external.dsn : external.shard_dsn.at(shard), external.ca_secret, mode};
}

}  // namespace

Database DatabaseOf(const ClusterIntent& intent, int shard) {
  const std::string name = PostgresName(intent, shard);
  if (intent.spec.postgres.external) return ExternalDatabase(*intent.spec.postgres.external, shard);
  if (intent.facts.postgres_type == "CloudNativePG") return {{name + "-app", "uri"}, name + "-ca", "verify-full"};
  return {{name, "uri"}, "", "verify-full"};
}

Json PostgresPods(const ClusterIntent& intent, int shard) {
  const std::string name = PostgresName(intent, shard);
  if (intent.spec.postgres.external) return nullptr;
  if (intent.facts.postgres_type == "CloudNativePG") return {{"cnpg.io/cluster", name}};
  return {{kClusterLabel, intent.name}, {kComponentLabel, "postgres"}, {kShardLabel, std::to_string(shard)}};
}

}  // namespace pbfs::operators
