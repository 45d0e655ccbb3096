#pragma once

#include "libs/base/result.h"

/// Ports of 127.0.0.1, for what starts servers on its own machine: the local cluster, tests, benchmarks.
namespace pbfs {

/// A port that nobody has, and that nobody gets from this function, in any process, for the next minute; a server
/// that listens with SO_REUSEADDR (all of ours, PostgreSQL and etcd do) can take it. It lies outside the range from
/// which the kernel takes ports of outgoing connections, so a server that is started again can have it again.
/// Errors: RESOURCE_EXHAUSTED.
Result<int> ReserveLoopbackPort();
/// Whether somebody could listen on `port` now.
bool PortIsFree(int port);
/// Does a process of this network namespace listen on `port`? Takes no port and connects to none, so it disturbs
/// nobody: who asks PortIsFree while another process starts may take that process's port from it.
bool IsListening(int port);

}  // namespace pbfs
