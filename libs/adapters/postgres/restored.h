#pragma once

#include <string>

#include "libs/base/context.h"
#include "libs/base/result.h"

namespace pbfs::postgres {

/// Makes a database of which an older state came back fit to be a catalog again (format, section 9.12), before the first catalog
/// serves it: the fence epoch rises above every one there ever was, so tokens of the time that is lost end; everything destructive is frozen until a
/// person thaws; what waits for transactions of the former PostgreSQL begins to wait anew, for another one counts from the beginning.
/// `dsn` finds the primary. Durable on OK; a repeat is harmless.
/// Errors: FAILED_PRECONDITION it is no catalog, or that of a site with peers, which would have to hear of it; UNAVAILABLE.
Status FenceRestored(const Context& context, const std::string& dsn);

}  // namespace pbfs::postgres
