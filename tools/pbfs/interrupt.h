#pragma once

#include "libs/base/context.h"

namespace pbfs::cli {

/// From now on the first SIGINT or SIGTERM cancels `context`, so that what is under way ends cleanly; a second one ends the
/// program at once. Call it once, at the start of main().
void CancelOnInterrupt(const Context& context);

}  // namespace pbfs::cli
