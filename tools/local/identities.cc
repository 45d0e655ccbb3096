#include "tools/local/identities.h"

#include <fmt/format.h>

#include "libs/adapters/grpc/certificate_authority.h"
#include "libs/base/random.h"
#include "libs/format/keys.h"
#include "tools/local/files.h"

namespace pbfs::local {
namespace {

/// Secrets are kept as hexadecimal text.
Status WriteSecret(const std::string& path, ByteSpan secret) { return WriteTextFile(path, ToHex(secret) + "\n", 0600); }

Status MakeCertificates(const std::string& directory, int stores, int catalogs) {
  PBFS_ASSIGN_OR_RETURN(CertificateAuthority authority, CertificateAuthority::Create(directory + "/tls"));
  // The common name of a certificate is the role that PostgreSQL gives its bearer: postgres is the superuser.
  std::vector<std::string> names = {"postgres-server", "postgres",          "replicator", "pbfs",   "etcd",
                                    "client",          "garbage-collector", "repairer",   "gateway"};
  for (int i = 1; i <= catalogs; ++i) names.push_back(fmt::format("catalog-{}", i));
  for (int i = 1; i <= stores; ++i) names.push_back(fmt::format("store-{}", i));
  for (const std::string& name : names) PBFS_RETURN_IF_ERROR(authority.IssueLocal(name).status());
  return OkStatus();
}

Status MakeSecrets(const std::string& directory, int stores) {
  SystemRandom random;
  Key32 site_secret, token_seed;
  random.Fill(site_secret.mutable_span());
  random.Fill(token_seed.mutable_span());
  PBFS_RETURN_IF_ERROR(WriteSecret(SiteSecretFile(directory), site_secret.span()));
  // Each store is given its own key, never the site secret.
  for (int i = 1; i <= stores; ++i) {
    const Key32 key = StoreKey(site_secret, SiteId{kLocalSiteId}, StoreId{static_cast<uint32_t>(i)});
    PBFS_RETURN_IF_ERROR(WriteSecret(StoreKeyFile(directory, i), key.span()));
  }
  const SigningKey token_key = SigningKeyFromSeed(token_seed);
  PBFS_RETURN_IF_ERROR(WriteSecret(TokenKeyFile(directory), token_key.secret.span()));
  return WriteSecret(TokenPublicFile(directory), token_key.public_key);
}

}  // namespace

Status MakeIdentities(const std::string& directory, int stores, int catalogs) {
  PBFS_RETURN_IF_ERROR(MakeCertificates(directory, stores, catalogs));
  return MakeSecrets(directory, stores);
}

std::string CaFile(const std::string& directory) { return directory + "/tls/ca.pem"; }
std::string CertificateFile(const std::string& directory, const std::string& name) {
  return fmt::format("{}/tls/{}.pem", directory, name);
}
std::string KeyFile(const std::string& directory, const std::string& name) {
  return fmt::format("{}/tls/{}-key.pem", directory, name);
}
std::string SiteSecretFile(const std::string& directory) { return directory + "/keys/site-secret"; }
std::string TokenKeyFile(const std::string& directory) { return directory + "/keys/token-key"; }
std::string TokenPublicFile(const std::string& directory) { return directory + "/keys/token-key.pub"; }
std::string StoreKeyFile(const std::string& directory, int store) {
  return fmt::format("{}/keys/store-{}", directory, store);
}

}  // namespace pbfs::local
