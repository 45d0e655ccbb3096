#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace pbfs::operators {

/// Objects of Kubernetes. Members are kept in the order of their names, so equal values have equal text.
using Json = nlohmann::json;

using StringMap = std::map<std::string, std::string>;

}  // namespace pbfs::operators
