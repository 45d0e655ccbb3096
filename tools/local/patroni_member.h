#pragma once

#include <vector>

#include "libs/base/context.h"
#include "tools/local/cluster_state.h"

/// A running member of Patroni's cluster: Patroni, which is the process in the state file, and the PostgreSQL that it
/// started, which outlives it.
namespace pbfs::local {

/// The postmaster of the member, by its data directory; nothing if it does not run.
std::optional<ProcessRef> PostmasterOf(const ManagedProcess& member);
/// Is its PostgreSQL the primary, as far as its files say?
bool IsPrimaryByFiles(const ManagedProcess& member);

/// A signal that ends or stops a process at once, or lets it go on (KILL, QUIT, ABRT, STOP, CONT), goes to Patroni,
/// PostgreSQL and all their children: it is about a machine. Others go to Patroni alone, which stops PostgreSQL for TERM.
/// Returns who got it. Errors: NOT_FOUND neither runs.
Result<std::vector<ProcessRef>> SignalMember(const ManagedProcess& member, int signal);

/// Ends all members. Each Patroni first, without a word, so that none promotes anything; then PostgreSQL: the primary by
/// its fast shutdown while its standbys still follow, and then those, so that all end with the same WAL; `abruptly`: all at
/// once, without a checkpoint.
Status StopMembers(const Context& context, const std::vector<const ManagedProcess*>& members, bool abruptly,
                   Duration grace);

}  // namespace pbfs::local
