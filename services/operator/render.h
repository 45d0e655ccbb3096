#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "services/operator/cluster_spec.h"
#include "services/operator/json.h"

/// From what a PBFSCluster says, and what is known about its surroundings, to the objects that it means. Pure: equal intents give equal
/// objects, to the byte. Threads: any.
namespace pbfs::operators {

/// References of the images of each program; `image` of the spec stands for all of them but PostgreSQL's.
struct Images {
  std::string gateway, catalog, fragment_store, garbage_collector, repairer;
  std::string postgres;  // where `postgres.managed.image` says none
};

/// What is not in the spec.
struct Facts {
  std::string postgres_type;     // "Managed", "CloudNativePG" or "External": what Auto was resolved to, once
  std::string cluster_id;        // a UUID
  int site_id = 1;               // 1 to 65535
  std::string admin_public_key;  // hex; empty: none yet
  std::string operator_namespace;
  int nodes = 1;              // that may run pods
  int failure_domains = 1;    // different values of redundancy.failureDomain among them
  std::string release;        // of the operator
  bool catalog_made = false;  // there is something to back up
  bool service_monitors_served = false, prometheus_rules_served = false;
  std::string restarted_at;  // what users write to have all pods restarted; empty: nothing
  // Replicas that the StatefulSet of a pool has now; none: it has no StatefulSet. Fewer in the spec are a wish: a store is
  // decommissioned before its pod goes, and that is what lowers this number.
  std::map<std::string, int> store_replicas;
  // The most that it may have: the volume behind the next pod is that of a store that was removed. None: as many as the spec says.
  std::map<std::string, int> most_stores;
  // What the claims of a pool's StatefulSet ask for now. That cannot be changed, so more in the spec is for volumes to grow to first; none: it
  // has no StatefulSet.
  std::map<std::string, Quantity> store_sizes;
};

/// A cluster as it should be. `spec` was parsed without a violation, and CheckSpec and CheckSupported have none.
struct ClusterIntent {
  std::string name, space, uid;  // space: the namespace
  ClusterSpec spec;
  Images images;
  Facts facts;
};

/// The objects of a cluster, ready for server-side apply, in an order in which they can be made. Each carries SpecHash of itself, as
/// it is without it, in the annotation pbfs.dev/spec-hash. Those that the cluster owns have an owner reference and go with it;
/// StatefulSets of stores and of PostgreSQL have none.
std::vector<Json> Render(const ClusterIntent& intent);

/// What brings the database of a shard to schema `schema`, once: the catalog's image, for no other program speaks SQL. It cannot be changed
/// afterwards, so it is made, not applied; its name says by which image.
Json MigrationJob(const ClusterIntent& intent, int shard, int schema);

/// Names of the Secrets and ConfigMaps that the pods of Render() mount and that it does not make: certificates, keys, and what users
/// and other operators provide. Pods wait for them.
std::set<std::string> MountedFromElsewhere(const ClusterIntent& intent);

/// 64 hexadecimal digits; equal exactly for equal JSON, whatever the order of its members (SHA-256 of its text).
std::string SpecHash(const Json& object);

}  // namespace pbfs::operators
