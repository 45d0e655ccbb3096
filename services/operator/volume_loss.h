#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/operator/json.h"

/// Whether what is on a volume can still be reached. Pure.
namespace pbfs::operators {

/// Whether somebody said of the node that it is shut down for good (the taint node.kubernetes.io/out-of-service).
bool IsOutOfService(const Json& node);

/// The nodes that a PersistentVolume names as the only ones that reach it, by names or host names. None: any node may, or those of a zone, so
/// it outlives each of them.
std::optional<std::vector<std::string>> NodesOf(const Json& volume);

/// Why nobody reaches the volume any more: "node n3 is gone". Empty: one of `nodes`, which are all that there are, may yet.
std::string WhyUnreachable(const Json& volume, const std::vector<Json>& nodes);

}  // namespace pbfs::operators
