#pragma once

#include <memory>
#include <string>

#include "libs/base/random.h"
#include "libs/runtime/coordinator.h"

namespace pbfs {

/// Which of several processes of one role is at work: who holds the lease "roles/<role>". A lease fences nothing, so this is for
/// work of which two at once do no harm. Threads: any.
class RoleTurn {
 public:
  /// Without a coordinator it is always this process's turn. Errors: those of Coordinator::Open.
  static Result<std::unique_ptr<RoleTurn>> Begin(const LeaseSettings& settings, const std::string& role,
                                                 Random& random);
  bool IsMine() const { return keeper_ == nullptr || keeper_->Held(); }

 private:
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<LeaseKeeper> keeper_;
};

}  // namespace pbfs
