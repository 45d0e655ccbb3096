#pragma once

#include "libs/catalog/catalog.h"
#include "libs/catalog/enrolments.h"

namespace pbfs::catalog {

/// Gives stores numbers from the database, and keys that only a catalog can derive: the site's secret is in no database.
/// Threads: any.
class StoreEnroller final : public Enrolments {
 public:
  /// `numbers` outlives this.
  StoreEnroller(StoreNumbers& numbers, const Key32& site_secret, SiteId site);
  /// The cluster is logged, not compared: no catalog knows yet which is its own.
  Result<EnrolledStore> EnrolStore(const Context& context, const std::array<uint8_t, 16>& cluster) override;

 private:
  StoreNumbers& numbers_;
  const Key32 site_secret_;
  const SiteId site_;
};

}  // namespace pbfs::catalog
