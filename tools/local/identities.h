#pragma once

#include <cstdint>
#include <string>

#include "libs/base/result.h"

/// Who is who in a local cluster: a certificate authority, a certificate for each process, the site's secrets, and the
/// keys of one client. Secret files have mode 0600.
namespace pbfs::local {

inline constexpr uint16_t kLocalSiteId = 1;

/// tls/ and keys/ of a new cluster.
Status MakeIdentities(const std::string& directory, int stores, int catalogs);

/// Certificates and their keys: those of "etcd", "client", "garbage-collector", "repairer", "gateway", "catalog-1", "store-1" ..., and of PostgreSQL: "postgres-server",
/// and one for each role ("postgres", "pbfs", "replicator").
std::string CaFile(const std::string& directory);
std::string CertificateFile(const std::string& directory, const std::string& name);
std::string KeyFile(const std::string& directory, const std::string& name);
std::string SiteSecretFile(const std::string& directory);  // derives the keys of all stores
std::string TokenKeyFile(const std::string& directory);    // signs tokens
std::string TokenPublicFile(const std::string& directory);
std::string StoreKeyFile(const std::string& directory, int store);

}  // namespace pbfs::local
