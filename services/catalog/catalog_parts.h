#pragma once

#include <memory>

#include "libs/adapters/postgres/postgres_catalog.h"
#include "libs/base/random.h"
#include "libs/runtime/coordinator.h"
#include "libs/runtime/secret_file.h"
#include "libs/runtime/settings.h"
#include "services/catalog/membership.h"
#include "services/catalog/token_issuer.h"

/// From the settings of the program to its parts.
namespace pbfs::catalog {

/// Reads the DSN and secret files. Errors: FAILED_PRECONDITION naming the file.
Result<PostgresOptions> PostgresOptionsOf(const CatalogSettings& settings);

/// The site's signing key, from its file, read again when that changes.
class SiteKey {
 public:
  static Result<std::unique_ptr<SiteKey>> Open(const CatalogSettings& settings);
  TokenIssuer::Options IssuerOptions(const CatalogSettings& settings);

 private:
  std::unique_ptr<KeyFile> file_;
};

/// Membership by the leases at the coordinator; nothing where none is configured.
class LeasedMembership {
 public:
  static Result<std::unique_ptr<LeasedMembership>> Begin(const CatalogSettings& settings, Groups& groups);

 private:
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<Membership> membership_;
};

/// `pbfs-catalog migrate`.
Status MigrateSchema(const CatalogSettings& settings);

/// Puts the parts together and serves until a signal. `security`: mutual TLS, except where a benchmark asks what that costs.
Status Serve(const CatalogSettings& settings, const PostgresOptions& postgres, SiteKey& key,
             const TransportSecurity& security);

}  // namespace pbfs::catalog
