#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/access/system_bucket.h"
#include "libs/catalog/catalog.h"
#include "libs/client/client.h"
#include "libs/fragments/fragment_store.h"

namespace pbfs::operators {

/// What it takes to be a client of a site, and its administrator. Texts are the contents of files; most of them are secrets.
struct SiteKeys {
  std::vector<std::string> catalogs;  // host:port, tried in turn
  std::string ca, certificate, key;   // PEM: whom it trusts, and who it is
  std::string identity;               // that of the gateways (libs/client/file_key_store.h)
  std::string admin_key;              // the administrator's, as above
  std::string admin_public_key;       // hex
  friend bool operator==(const SiteKeys&, const SiteKeys&) = default;
};

/// A site that the operator has opened: the ports of its catalogs and stores. Threads: any.
class Site {
 public:
  virtual ~Site() = default;
  virtual Client& client() = 0;
  /// Stores, states and placement.
  virtual Groups& groups() = 0;
  virtual Repairs& repairs() = 0;
  virtual FragmentStores& stores() = 0;
  /// What gateways share: access keys, settings of buckets.
  virtual SystemBucket& documents() = 0;
};

/// The port to sites. It connects lazily: what is away shows in the calls of what it opened.
/// Implementations: TwinSiteDoor, ConnectionDoor.
class SiteDoor {
 public:
  virtual ~SiteDoor() = default;
  /// `cluster`: "namespace/name"; opened again with the same keys it is the same site. Errors: INVALID_ARGUMENT keys that are none.
  virtual Result<std::shared_ptr<Site>> Open(const std::string& cluster, const SiteKeys& keys) = 0;
};

}  // namespace pbfs::operators
