#pragma once

#include <string>

#include "services/operator/json.h"

namespace pbfs::operators {

/// An Event of events.k8s.io about `object`. Its name says what it says, so that a repeat is no second one: a server keeps events for an
/// hour. `type`: "Normal" or "Warning"; `reason` is an API that people's tools rely on; `note` is cut at 1 KiB.
Json EventOf(const Json& object, const std::string& type, const std::string& reason, const std::string& note,
             const std::string& reporter, int64_t now_micros);

}  // namespace pbfs::operators
