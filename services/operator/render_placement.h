#pragma once

#include "services/operator/render_object.h"

/// Where pods run. For the renderers.
namespace pbfs::operators {

struct Placement {
  Json affinity = Json::object();
  Json spread = Json::array();  // topologySpreadConstraints
};

/// Stores are even over the failure domains. While there are too few of these that is a wish, else it is a must.
Placement StorePlacement(const ClusterIntent& intent, const Pool& pool);
/// Catalogs of a shard are on different nodes, if there are enough, and rather beside a PostgreSQL of their shard.
Placement CatalogPlacement(const ClusterIntent& intent, int shard);
/// Members of PostgreSQL of a shard are on different nodes, if there are enough.
Placement PostgresPlacement(const ClusterIntent& intent, int shard, int members);
/// Gateways are spread over zones, if they can be.
Placement GatewayPlacement(const ClusterIntent& intent);

/// `ours` under what the user wants: members of the affinity are replaced or added, and constraints of the same topologyKey replaced.
Placement WithOverrides(Placement ours, const PodOverrides& pod, const Json& selector);

}  // namespace pbfs::operators
