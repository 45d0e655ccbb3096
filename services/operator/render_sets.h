#pragma once

#include <string>

#include "services/operator/render_object.h"
#include "services/operator/render_pods.h"

/// StatefulSets. For the renderers.
namespace pbfs::operators {

/// What tells one StatefulSet from others.
struct SetPlan {
  std::string name;
  std::string service;  // that gives its pods their names
  int replicas;
  Ownership ownership = Ownership::kOwned;
  int partition = 0;
  Json claims = Json::array();
};
Json StatefulSet(const ClusterIntent& intent, const SetPlan& set, const PodPlan& pods);

/// The claim of a pod's one volume, "data". Its labels are `selector`.
Json DataClaim(const Storage& storage, const Json& selector);

/// Of what pods read of it, for PodPlan::config_hash.
std::string HashOf(const Json& config_map);

/// A variable of the environment from what the pod's object says, "metadata.name".
Json FieldVariable(const char* name, const char* path);

}  // namespace pbfs::operators
