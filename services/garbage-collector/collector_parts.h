#pragma once

#include "libs/adapters/grpc/transport_security.h"
#include "libs/runtime/settings.h"

/// From the settings of the program to its parts.
namespace pbfs::collector {

/// Collects until a signal. Errors: those of the metrics page and of files that the settings name.
Status Collect(const GarbageCollectorSettings& settings, const TransportSecurity& security);

}  // namespace pbfs::collector
