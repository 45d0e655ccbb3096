#pragma once

#include <string>
#include <vector>

#include "services/operator/render_object.h"

/// Backups of a managed PostgreSQL, and how one is brought back: pods of its image that run pbfs-backup. Pure, as render.h. Threads: any.
namespace pbfs::operators {

/// Account, settings and CronJob; nothing where the spec has no backups.
std::vector<Json> BackupObjects(const ClusterIntent& intent);

/// What brings the backup of `spec.postgres.managed.restore` into the empty database of a shard, and then has the catalog's program fence
/// what came before (`pbfs-catalog restored`). It may run again: a database that is not empty is refused, but for one that a Job of the same
/// cluster has filled. Its settings are the ConfigMap of the same name.
Json RestoreJob(const ClusterIntent& intent, int shard);
Json RestoreSettings(const ClusterIntent& intent, int shard);

}  // namespace pbfs::operators
