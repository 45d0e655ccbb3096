#pragma once

#include <string>

#include "libs/base/status.h"
#include "libs/runtime/settings.h"

/// Everything of pbfs-operator but main().
namespace pbfs::operators {

/// Looks after the clusters that it is told of while it leads, until SIGTERM. Only under RunProgram. Errors: FAILED_PRECONDITION naming a
/// file of the configuration that cannot be read; UNAVAILABLE the port of the metrics is in use.
Status Operate(const OperatorSettings& settings);

}  // namespace pbfs::operators
