#pragma once

#include <memory>

#include "libs/adapters/postgres/postgres_catalog.h"
#include "libs/base/clock.h"
#include "libs/catalog/database_health.h"

namespace pbfs {

/// Looks at the primary of a catalog, on one connection of its own. Connects when it is asked. It needs no right that the catalog
/// does not have.
class PostgresHealth final : public DatabaseWatch {
 public:
  /// `clock`: this machine's; outlives this.
  PostgresHealth(const PostgresOptions& options, const Clock& clock);
  ~PostgresHealth() override;

  Result<DatabaseHealth> Look(const Context& context) override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
  const Clock& clock_;
};

}  // namespace pbfs
