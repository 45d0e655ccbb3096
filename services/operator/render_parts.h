#pragma once

#include <vector>

#include "services/operator/render_object.h"

/// The groups of objects that Render() puts together. For the renderers.
namespace pbfs::operators {

/// ConfigMaps and StatefulSets, in this order.
std::vector<Json> Workloads(const ClusterIntent& intent);
std::vector<Json> Services(const ClusterIntent& intent);
/// ServiceAccounts, and what they may do.
std::vector<Json> Accounts(const ClusterIntent& intent);
/// Budgets, network policies and monitors.
std::vector<Json> Policies(const ClusterIntent& intent);

}  // namespace pbfs::operators
