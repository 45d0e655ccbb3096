#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "services/operator/render_object.h"

/// The groups of objects that Render() puts together. For the renderers.
namespace pbfs::operators {

/// ConfigMaps and StatefulSets, in this order.
std::vector<Json> Workloads(const ClusterIntent& intent);
std::vector<Json> Services(const ClusterIntent& intent);
/// ServiceAccounts, and what they may do.
std::vector<Json> Accounts(const ClusterIntent& intent);
/// Budgets and network policies.
std::vector<Json> Policies(const ClusterIntent& intent);
/// Who scrapes, alerts and dashboards, as far as the spec wants them and somebody is there who reads them.
std::vector<Json> MonitoringObjects(const ClusterIntent& intent);
bool WantsMonitor(const ClusterIntent& intent);

/// A Job that calls a command of the catalogs' program, with what they have: it alone speaks SQL.
Json CatalogJob(const ClusterIntent& intent, int shard, const std::string& name, const char* component,
                const char* command);
/// A container that runs once and serves nobody.
void MakeOneShot(const char* command, Json& container);

Json ServiceAccount(const ClusterIntent& intent, const Part& part);
/// What may be done with objects of one kind.
struct Rule {
  const char* group;
  const char* resource;
  std::vector<std::string> verbs;
  std::vector<std::string> names = {};  // of the only objects that may be; empty: all
};
Json Role(const ClusterIntent& intent, const std::string& name, const Json& labels, std::span<const Rule> rules);
/// Gives the Role of the same name to the accounts of these parts.
Json RoleBinding(const ClusterIntent& intent, const std::string& name, const Json& labels, std::span<const Part> parts);

/// A headless Service, which gives each pod of the selector a name. One of pods that are not ready as well is for those who look for one
/// pod, not for any.
Json HeadlessService(const ClusterIntent& intent, const std::string& name, const Part& part, const Json& selector,
                     bool not_ready_too = false);
Json Budget(const ClusterIntent& intent, const std::string& name, const Json& selector, int64_t max_unavailable);

/// A NetworkPolicy for who may come in; `selector` is a label selector. And what its rules are made of: ports, and peers.
Json IngressPolicy(const ClusterIntent& intent, const std::string& name, const Json& labels, Json selector,
                   Json ingress);
Json PolicyPorts(std::initializer_list<int> ports);
Json PodsOf(const Json& labels);
Json AnyPod();
Json OperatorPods(const ClusterIntent& intent);

}  // namespace pbfs::operators
