#pragma once

namespace pbfs {

/// Turns off the search for deadlocks among gRPC's own locks, in which Debian's build of Abseil keeps a graph of all locks behind one lock: a
/// percent or two of what stores do. For the whole process, so for those who own it: programs call it before they make connections.
void SettleLocks();

}  // namespace pbfs
