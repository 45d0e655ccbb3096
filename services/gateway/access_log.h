#pragma once

#include <string>

#include "services/gateway/gateway.h"

namespace pbfs::gateway {

/// A request as one object of JSON, on one line: when, what was asked, by whom, what became of it (docs/operations/gateway.md). Never a
/// query, a signature, a token or a secret.
std::string AccessLine(const Served& served);

}  // namespace pbfs::gateway
