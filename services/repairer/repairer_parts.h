#pragma once

#include "libs/adapters/grpc/transport_security.h"
#include "libs/runtime/settings.h"

namespace pbfs::repairer {

/// Puts the program together and runs it until a signal ends it.
Status RunRepairs(const RepairerSettings& settings, const TransportSecurity& security);

}  // namespace pbfs::repairer
