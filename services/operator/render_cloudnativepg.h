#pragma once

#include <vector>

#include "services/operator/render_object.h"

/// PostgreSQL by CloudNativePG: one of its Clusters for each shard, and ScheduledBackups where the spec has a schedule. How members run, fail
/// over, grow and are backed up is that operator's; its Secrets "demo-pg-0-app" (`uri`) and "demo-pg-0-ca" (`ca.crt`) are read where they
/// are. Source: https://cloudnative-pg.io/documentation (API postgresql.cnpg.io/v1). Pure, as render.h. Threads: any.
namespace pbfs::operators {

/// Whether CloudNativePG runs it.
bool IsCloudNativePg(const ClusterIntent& intent);

/// Without the hashes of Render(); nothing for others. `clusterSpecOverrides` lies over everything (RFC 7396).
std::vector<Json> CloudNativePgObjects(const ClusterIntent& intent);

}  // namespace pbfs::operators
