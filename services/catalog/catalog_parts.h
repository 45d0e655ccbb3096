#pragma once

#include <memory>

#include "libs/adapters/kube/kube_client.h"
#include "libs/adapters/postgres/postgres_catalog.h"
#include "libs/base/random.h"
#include "libs/kube/kube_api.h"
#include "libs/runtime/coordinator.h"
#include "libs/runtime/secret_file.h"
#include "libs/runtime/settings.h"
#include "services/catalog/membership.h"
#include "services/catalog/thaws.h"
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
  /// None where no coordinator is configured.
  std::optional<Membership::Look> look() const;

 private:
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<Membership> membership_;
};

/// `pbfs-catalog migrate`.
Status MigrateSchema(const CatalogSettings& settings);

/// `pbfs-catalog thaw`: destructive work may run on the primary's timeline from now on. For a person who knows that the
/// primary has every acknowledged commit.
Status ThawTimeline(const PostgresOptions& postgres);

/// `pbfs-catalog restored`: after a backup came back, before a catalog serves it (FenceRestored).
Status FenceRestoredCatalog(const CatalogSettings& settings);

/// Thaws by itself where a Patroni is configured; nothing where none is.
class PatroniThaws {
 public:
  static Result<std::unique_ptr<PatroniThaws>> Begin(const CatalogSettings& settings, const PostgresOptions& postgres);

 private:
  Status WatchKubernetes(const CatalogSettings& settings);

  std::unique_ptr<Timelines> timelines_;
  std::unique_ptr<kube::KubeClient> kube_client_;
  std::unique_ptr<kube::KubeApi> kube_;
  std::unique_ptr<FailoverManager> failovers_;
  std::unique_ptr<Thaws> thaws_;
};

/// Puts the parts together and serves until a signal. `security`: mutual TLS, except where a benchmark asks what that costs.
Status Serve(const CatalogSettings& settings, const PostgresOptions& postgres, SiteKey& key,
             const TransportSecurity& security);

}  // namespace pbfs::catalog
