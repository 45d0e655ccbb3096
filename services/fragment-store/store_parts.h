#pragma once

#include "libs/adapters/disk/disk_volumes.h"
#include "libs/adapters/disk/start_mark.h"
#include "libs/base/random.h"
#include "libs/fragments/store_rules.h"
#include "libs/runtime/coordinator.h"
#include "libs/runtime/settings.h"
#include "services/fragment-store/fragment_service.h"

/// From the settings of the program to the options of its parts.
namespace pbfs::fragment_store {

/// What can be told without touching the store's directory. Errors: FAILED_PRECONDITION naming the file with a key that is bad.
Status CheckKeys(const FragmentStoreSettings& settings);
/// Who the store is: as configured, or as its directory says, or, at its first start, as one of the catalogs says, which is written down
/// (disk::SettleIdentity). Errors: as CheckKeys() and SettleIdentity(); UNAVAILABLE no catalog answers.
Result<StoreIdentity> IdentityOf(const FragmentStoreSettings& settings, disk::FileSystem& files,
                                 const TransportSecurity& security);
disk::DiskOptions DiskOptionsOf(const FragmentStoreSettings& settings, StoreId store);
ServiceLimits LimitsOf(const FragmentStoreSettings& settings);
/// What catalogs learn of the store. `port`: where it listens.
LeaseInfo LeaseOf(const FragmentStoreSettings& settings, StoreId store, int port, const disk::StartMark& mark,
                  Random& random);

/// Says that the store is there for as long as it lives; nothing where no coordinator is configured.
class Presence {
 public:
  static Result<std::unique_ptr<Presence>> Begin(const FragmentStoreSettings& settings, StoreId store, int port,
                                                 const disk::StartMark& mark, Random& random);
  /// Whether others see it now; true where no coordinator is configured.
  bool Held() const;

 private:
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<LeaseKeeper> keeper_;
};

/// Puts the parts together and serves until a signal. `security`: mutual TLS, except where a benchmark asks what that costs.
Status Serve(const FragmentStoreSettings& settings, const TransportSecurity& security);

}  // namespace pbfs::fragment_store
