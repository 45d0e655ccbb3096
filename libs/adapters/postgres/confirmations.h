#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "libs/base/context.h"
#include "libs/base/result.h"
#include "libs/base/sync.h"

namespace pbfs::postgres {

/// Confirmations that a server is the primary (ConfirmPrimary), shared. Whoever comes while one is under way waits for the next one,
/// which is one for all that have come by then: nobody relies on a confirmation that began before he came. Threads: any.
class Confirmations {
 public:
  /// What a confirmation of `server` said that began after this call. `confirm` makes it; where somebody else does, `spare` is called instead,
  /// before the wait. Waits for `confirm`s, whatever the context of whom they come from: they have to end by themselves, and soon.
  /// Errors: those of `confirm`, and of the context.
  Status Await(const Context& context, const std::string& server, const std::function<Status()>& confirm,
               const std::function<void()>& spare);

 private:
  struct Round {
    bool ended = false;
    Status outcome;
  };
  struct Server {
    bool confirming = false;
    std::shared_ptr<Round> next;  // not begun; whoever made it confirms for all who take part
  };
  Status Lead(const std::string& server, Round& round, const std::function<Status()>& confirm);

  Mutex mutex_;
  CondVar changed_;
  std::map<std::string, Server> servers_ PBFS_GUARDED_BY(mutex_);  // only those that somebody asks about now
};

}  // namespace pbfs::postgres
