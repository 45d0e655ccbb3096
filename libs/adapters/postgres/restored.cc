#include "libs/adapters/postgres/restored.h"

#include "libs/adapters/postgres/connection.h"

namespace pbfs::postgres {
namespace {

constexpr Statement kCountPeers{"count_peers", "SELECT count(*) FROM pbfs.peer WHERE NOT evicted"};

// The same backup may come back twice, and the epoch with it: so it is at least the time.
// No transaction of this PostgreSQL has written what is in the journal, and without peers nobody reads it.
constexpr const char* kFence =
    "BEGIN; "
    "UPDATE site_self SET thawed_timeline = 0, fence_epoch = greatest(fence_epoch + 1, extract(epoch FROM "
    "now())::int8); "
    "UPDATE swept SET horizon = NULL WHERE NOT confirmed; "
    "UPDATE pgroup SET horizon = NULL, checked = NULL; "
    "UPDATE garbage SET hold = DEFAULT; "
    "TRUNCATE journal; "
    "COMMIT";

}  // namespace

Status FenceRestored(const Context& context, const std::string& dsn) {
  PBFS_ASSIGN_OR_RETURN(const auto connection, Connection::Open(dsn, {.application_name = "pbfs-restored"}));
  connection->Queue(kCountPeers);
  PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection->Run(context));
  if (results[0].Int8(0, 0) > 0)
    return FailedPreconditionError("the site has peers, which know of what this database does not: evict them first");
  PBFS_RETURN_IF_ERROR(connection->RunScript(context, "SET statement_timeout = 0"));  // as long as it takes
  return connection->RunScript(context, kFence);
}

}  // namespace pbfs::postgres
