#pragma once

#include <string>

#include "services/operator/render_object.h"

/// How catalogs find the PostgreSQL of their shard, whoever runs it. For the renderers.
namespace pbfs::operators {

/// What the catalogs of a shard are given.
struct Database {
  SecretKey dsn;
  std::string ca_secret;  // with ca.crt; empty: the cluster's own authority
  std::string ssl_mode;   // where the DSN says none
};
Database DatabaseOf(const ClusterIntent& intent, int shard);

/// Labels of its pods; null: it runs elsewhere.
Json PostgresPods(const ClusterIntent& intent, int shard);

}  // namespace pbfs::operators
