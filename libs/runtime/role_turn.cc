#include "libs/runtime/role_turn.h"

#include "libs/adapters/etcd/etcd_leases.h"
#include "libs/base/ids.h"

namespace pbfs {

Result<std::unique_ptr<RoleTurn>> RoleTurn::Begin(const EtcdSettings& etcd, const std::string& role, Random& random) {
  auto turn = std::make_unique<RoleTurn>();
  if (etcd.endpoints.empty()) return turn;
  PBFS_ASSIGN_OR_RETURN(const auto security, TransportSecurity::MutualTls(etcd.tls));
  turn->leases_ = std::make_unique<EtcdLeases>(etcd.endpoints, security, etcd.prefix);
  const LeaseInfo lease{"roles/" + role, BucketId::NewRandom(random).ToString(), ""};
  turn->keeper_ = std::make_unique<LeaseKeeper>(*turn->leases_, lease, LeaseKeeper::Options{});
  return turn;
}

}  // namespace pbfs
