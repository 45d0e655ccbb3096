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
/// which is one for all that have come by then: nobody relies on a confirmation that began before he came. Where many come it waits a
/// little for more of them: a confirmation is a commit on two disks, a reader's share of it should not be. Threads: any.
class Confirmations {
 public:
  /// How far apart confirmations of a server begin while they are for kMany or more each.
  static constexpr Duration kPause = std::chrono::milliseconds(5);
  static constexpr int kMany = 4;

  explicit Confirmations(Duration pause = kPause) : pause_(pause) {}
  /// What a confirmation of `server` said that began after this call. `confirm` makes it; where somebody else does, `spare` is called instead,
  /// before the wait. Waits for `confirm`s, whatever the context of whom they come from: they have to end by themselves, and soon.
  /// Errors: those of `confirm`, and of the context.
  Status Await(const Context& context, const std::string& server, const std::function<Status()>& confirm,
               const std::function<void()>& spare);

 private:
  struct Round {
    CondVar over;
    int takers = 1;
    bool ended = false;
    Status outcome;
  };
  struct Server {
    CondVar turn;
    bool confirming = false;
    MonotonicTime not_before{};   // the next confirmation
    std::shared_ptr<Round> next;  // not begun; whoever made it confirms for all who take part
  };
  Status Lead(const std::string& server, Round& round, const std::function<Status()>& confirm);

  const Duration pause_;
  Mutex mutex_;
  std::map<std::string, Server> servers_ PBFS_GUARDED_BY(mutex_);  // only those that are asked about
};

}  // namespace pbfs::postgres
