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

/// Reads the key files. Errors: FAILED_PRECONDITION naming the file.
Result<StoreIdentity> IdentityOf(const FragmentStoreSettings& settings);
disk::DiskOptions DiskOptionsOf(const FragmentStoreSettings& settings);
ServiceLimits LimitsOf(const FragmentStoreSettings& settings);
/// What catalogs learn of the store. `port`: where it listens.
LeaseInfo LeaseOf(const FragmentStoreSettings& settings, int port, const disk::StartMark& mark, Random& random);

/// Says that the store is there for as long as it lives; nothing where no coordinator is configured.
class Presence {
 public:
  static Result<std::unique_ptr<Presence>> Begin(const FragmentStoreSettings& settings, int port,
                                                 const disk::StartMark& mark, Random& random);
  /// Whether others see it now; true where no coordinator is configured.
  bool Held() const;

 private:
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<LeaseKeeper> keeper_;
};

/// Puts the parts together and serves until a signal. `security`: mutual TLS, except where a benchmark asks what that costs.
Status Serve(const FragmentStoreSettings& settings, const StoreIdentity& identity, const TransportSecurity& security);

}  // namespace pbfs::fragment_store
