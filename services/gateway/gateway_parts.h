#pragma once

#include <string>

#include "libs/runtime/settings.h"

/// From the settings of the program to its parts.
namespace pbfs::gateway {

/// Serves S3 until a signal. `config`: the file of the settings, for errors.
/// Errors: UNAVAILABLE an address is in use; FAILED_PRECONDITION certificates; those of the connection to the site.
Status ServeS3(const GatewaySettings& settings, const std::string& config);

}  // namespace pbfs::gateway
