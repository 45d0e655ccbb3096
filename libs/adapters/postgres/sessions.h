#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/adapters/postgres/connection.h"
#include "libs/base/sync.h"

namespace pbfs::postgres {

/// A bounded pool of connections to one place. Beyond about four connections per core a database commits no faster, only
/// later, so callers wait here, in a bounded queue, in the order of their coming as far as the mutex is fair.
/// A server that is away: the first caller finds out; until a back-off (0.1 s doubling to 2 s) has passed, others get the
/// same error at once. Threads: any.
class SessionPool {
 public:
  enum class Access { kRead, kWrite };
  struct Options {
    std::string dsn;
    Access access = Access::kRead;  // kWrite: finds the primary among the DSN's hosts (target_session_attrs=read-write)
    size_t connections = 4;
    size_t queue_limit = 256;  // callers that may wait for a connection; more get RESOURCE_EXHAUSTED
    bool check_schema = true;  // refuse a database whose schema is not this program's
    Connection::Options connection;
  };
  explicit SessionPool(Options options) : options_(std::move(options)) {}

  /// A connection on loan. Given back when it goes: rolled back if a transaction is open, closed if broken.
  class Lease {
   public:
    Lease(SessionPool& pool, std::unique_ptr<Connection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_ != nullptr) pool_->GiveBack(std::move(connection_));
    }
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }

   private:
    SessionPool* pool_;
    std::unique_ptr<Connection> connection_;
  };
  /// Errors: RESOURCE_EXHAUSTED too many callers wait (detail retry-after-ms); DEADLINE_EXCEEDED, CANCELLED; UNAVAILABLE
  /// no server, or none that is writable; FAILED_PRECONDITION the schema is older or newer than this program's.
  Result<Lease> Take(const Context& context);

 private:
  Status AwaitSlot(const Context& context, std::unique_ptr<Connection>& idle);
  Result<std::unique_ptr<Connection>> Open();
  Status NoteFailure(Status why);
  void GiveBack(std::unique_ptr<Connection> connection);
  void FreeSlot();

  const Options options_;
  Mutex mutex_;
  CondVar free_;
  size_t taken_ PBFS_GUARDED_BY(mutex_) = 0;
  size_t waiting_ PBFS_GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<Connection>> idle_ PBFS_GUARDED_BY(mutex_);
  Status last_failure_ PBFS_GUARDED_BY(mutex_);
  Duration back_off_ PBFS_GUARDED_BY(mutex_){};
  MonotonicTime not_before_ PBFS_GUARDED_BY(mutex_){};
};

/// Runs `work` in a READ COMMITTED transaction on a connection of `pool` and commits it. After a deadlock it runs again, a
/// few times: `work` must change nothing but the database and what it overwrites. A status other than OK from `work` rolls
/// back. Errors: of Take, of `work`, of Connection::Commit (detail outcome=unknown).
Status Transact(SessionPool& pool, const Context& context, const std::function<Status(Connection&)>& work);

/// Runs one statement as a transaction of its own, as Transact. What it returns is on the synchronous standbys, also what was there
/// before and is only looked at: an earlier commit that was not confirmed may be visible on this server (I25).
Result<Rows> TransactOne(SessionPool& pool, const Context& context, const Statement& statement,
                         const Params& params = {});

/// Runs `work` against one snapshot, read-only.
Status ReadSnapshot(SessionPool& pool, const Context& context, const std::function<Status(Connection&)>& work);

/// OK if the server of `connection` is the primary, and not one that was replaced and does not know it yet: its standbys
/// confirm a commit. What is open on the connection is rolled back. Errors: UNAVAILABLE, also if that takes too long.
/// Bounded by itself as well: two seconds.
Status ConfirmPrimary(Connection& connection, const Context& context);

/// Runs one statement outside of any transaction block.
Result<Rows> RunOne(SessionPool& pool, const Context& context, const Statement& statement, const Params& params = {});

}  // namespace pbfs::postgres
