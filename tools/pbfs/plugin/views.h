#pragma once

#include <string>
#include <vector>

#include "libs/kube/kube_json.h"

/// What people are shown of objects. Pure; every text ends in a line break.
namespace pbfs::plugin {

using kube::Json;

bool IsReady(const Json& cluster);
/// A line for each.
std::string ClustersView(const std::vector<Json>& clusters);
/// One of them, with its conditions.
std::string ClusterView(const Json& cluster);
/// Its stores: `pods` are those of its stores.
std::string StoresView(const Json& cluster, const std::vector<Json>& pods);

/// `object` without what is nobody else's business: values of variables, what kubectl keeps beside an object, who set which field.
Json WithoutSecrets(Json object);

}  // namespace pbfs::plugin
