#include "services/operator/render_object.h"

#include <utility>

#include "libs/base/bytes.h"
#include "libs/crypto/primitives.h"

namespace pbfs::operators {

Json LabelsOf(const ClusterIntent& intent, const Json& selector) {
  Json labels = intent.spec.labels;
  labels.update(selector);
  labels.update({{"app.kubernetes.io/name", "pbfs"},
                 {"app.kubernetes.io/instance", intent.name},
                 {"app.kubernetes.io/part-of", "pbfs"},
                 {"app.kubernetes.io/managed-by", "pbfs-operator"}});
  return labels;
}

Json ClusterLabels(const ClusterIntent& intent) {
  return LabelsOf(intent, {{kClusterLabel, intent.name}, {kComponentLabel, "cluster"}});
}

Json MakeObject(const ClusterIntent& intent, const char* api_version, const char* kind, const std::string& name,
                const Json& labels, Ownership ownership) {
  Json metadata = {{"name", name}, {"namespace", intent.space}, {"labels", labels}};
  PutUnlessEmpty(metadata, "annotations", intent.spec.annotations);
  if (ownership == Ownership::kOwned) {
    const Json owner = {{"apiVersion", "pbfs.dev/v1alpha1"},
                        {"kind", "PBFSCluster"},
                        {"name", intent.name},
                        {"uid", intent.uid},
                        {"controller", true},
                        {"blockOwnerDeletion", true}};
    metadata["ownerReferences"] = Json::array({owner});
  }
  return {{"apiVersion", api_version}, {"kind", kind}, {"metadata", std::move(metadata)}};
}

std::string SpecHash(const Json& object) {
  // Text that is no UTF-8 has no JSON; it would be refused anyway.
  const std::string text = object.dump(-1, ' ', false, Json::error_handler_t::replace);
  return ToHex(Sha256(AsBytes(text)));
}

Json WithHash(Json object) {
  std::string hash = SpecHash(object);
  object["metadata"]["annotations"][kSpecHash] = std::move(hash);
  return object;
}

}  // namespace pbfs::operators
