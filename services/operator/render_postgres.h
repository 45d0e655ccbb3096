#pragma once

#include <string>
#include <vector>

#include "libs/base/random.h"
#include "services/operator/render_object.h"

/// The PostgreSQL of a cluster, whoever runs it. Pure, as render.h. Threads: any.
namespace pbfs::operators {

/// What the catalogs of a shard are given.
struct Database {
  SecretKey dsn;
  std::string ca_secret;  // with ca.crt; empty: the cluster's own authority
  std::string ssl_mode;   // where the DSN says none
};
Database DatabaseOf(const ClusterIntent& intent, int shard);

/// Labels of its pods; null: it runs elsewhere.
Json PostgresPods(const ClusterIntent& intent, int shard);

/// A volume for it, where the spec names none.
Storage DefaultPostgresStorage();

/// Whether the operator runs it: PostgreSQL under Patroni, members of which are pods.
bool IsManaged(const ClusterIntent& intent);

/// Whether the catalogs see from Patroni's records if a failover lost nothing, and go on with destroying: where it promotes none but synchronous
/// standbys, and catalogs have an account.
bool JudgesFailovers(const ClusterIntent& intent);
/// "demo-pg-0-thawed": a ConfigMap in which catalogs remember how Patroni's records were. To be made once: what is in it is theirs.
Json FailoverMemory(const ClusterIntent& intent, int shard);

/// What Patroni needs of a managed one, without the hashes of Render(); nothing for others. Pods wait for the Secrets "demo-pg-0" and
/// "demo-pg-tls", which others make.
std::vector<Json> PostgresObjects(const ClusterIntent& intent);

/// The Secret "demo-pg-0" with new passwords: `password` (of the role pbfs, which owns the database pbfs), `superuser-password`,
/// `replication-password`, each 64 hexadecimal digits, and `uri` (PostgresUri). To be made once, by create and never by apply: members
/// take the passwords when they make their database, and at no later time.
Json PostgresSecret(const ClusterIntent& intent, int shard, Random& random);

/// Where catalogs find the primary: every member of the spec by its pod's name, then the Service, which knows members that came later.
/// Whoever raises `instances` may write it anew into the Secret.
std::string PostgresUri(const ClusterIntent& intent, int shard, const std::string& password);

/// The hosts of that: all that may be primary.
std::vector<std::string> PostgresHosts(const ClusterIntent& intent, int shard);

/// What the certificate in "demo-pg-tls" must be valid for, of all shards: both Services, and every member by its pod's name.
std::vector<std::string> PostgresDnsNames(const ClusterIntent& intent);

}  // namespace pbfs::operators
