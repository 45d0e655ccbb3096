#pragma once

#include <string>
#include <vector>

#include "services/operator/render_config.h"
#include "services/operator/render_object.h"
#include "services/operator/render_placement.h"

/// Pods. For the renderers.
namespace pbfs::operators {

struct Port {
  const char* name;
  int number;
};
/// Of the container of a part: what Services and policies may name.
std::vector<Port> PortsOf(const ClusterIntent& intent, const Part& part);

/// One of the volumes of a pod.
struct Mounted {
  std::string name, path;
  Json source;  // {"secret": {...}}; null: a claim of that name
  bool read_only = true;
};

/// What tells the pods of one StatefulSet from others.
struct PodPlan {
  Part part;
  Json selector;
  const Component& component;
  const std::string& image;  // where the spec has none; for PostgreSQL: whatever the spec has
  std::string config_map;
  std::string config_hash;
  Placement placement;
  std::vector<Mounted> volumes;  // besides those that all have
  Json variables = Json::array();
  const char* config_file = kConfigFile;  // in the ConfigMap
  Json labels = Json::object();           // besides the selector's
};

/// The template of a StatefulSet: pods that the restricted Pod Security Standard admits.
Json PodTemplate(const ClusterIntent& intent, const PodPlan& plan);

/// What a container, or whatever says it alike, asks for and may have at most.
void PutResources(const Resources& resources, Json& container);

/// The certificate of a part's pods, and whom they trust.
Mounted TlsVolume(const ClusterIntent& intent, const Part& part);
/// `keys` of the Secret of keys that are made once.
Mounted KeysVolume(const ClusterIntent& intent, std::initializer_list<const char*> keys);
/// One volume from a Secret: all of it, or only `items` {key: file}.
Mounted SecretVolume(const char* name, const char* path, const std::string& secret, const StringMap& items = {});
/// What a client of the API server needs, as the kubelet would make it in pods that ask for a token.
Mounted AccountVolume();
/// What a holder of leases needs to reach their keeper.
std::vector<Mounted> LeaseVolumes(const ClusterIntent& intent);

}  // namespace pbfs::operators
