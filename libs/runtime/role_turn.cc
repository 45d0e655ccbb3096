#include "libs/runtime/role_turn.h"

#include "libs/base/ids.h"

namespace pbfs {

Result<std::unique_ptr<RoleTurn>> RoleTurn::Begin(const LeaseSettings& settings, const std::string& role,
                                                  Random& random) {
  auto turn = std::make_unique<RoleTurn>();
  PBFS_ASSIGN_OR_RETURN(turn->coordinator_, Coordinator::Open(settings));
  Coordinator& coordinator = *turn->coordinator_;
  if (coordinator.leases() == nullptr) return turn;
  const LeaseInfo lease{"roles/" + role, BucketId::NewRandom(random).ToString(), ""};
  turn->keeper_ = std::make_unique<LeaseKeeper>(*coordinator.leases(), lease, coordinator.keeping());
  return turn;
}

}  // namespace pbfs
