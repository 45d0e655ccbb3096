#pragma once

#include <string>

#include "services/operator/names.h"
#include "services/operator/render.h"

/// What every object has. For the renderers.
namespace pbfs::operators {

enum class Ownership { kOwned, kRetained };

/// The selector that the labels begin with, the labels that everything of a cluster has, and the user's. Never those of a selector.
Json LabelsOf(const ClusterIntent& intent, const Json& selector);
/// For what belongs to no single part.
Json ClusterLabels(const ClusterIntent& intent);

/// apiVersion, kind and metadata.
Json MakeObject(const ClusterIntent& intent, const char* api_version, const char* kind, const std::string& name,
                const Json& labels, Ownership ownership = Ownership::kOwned);

/// `object` with its hash in its annotations.
Json WithHash(Json object);

/// Leaves out `value` where it is empty: an empty member that an API server drops would differ for ever.
template <typename T>
void PutUnlessEmpty(Json& object, const char* name, const T& value) {
  if (!value.empty()) object[name] = value;
}

}  // namespace pbfs::operators
