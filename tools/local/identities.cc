#include "tools/local/identities.h"

#include <sodium.h>

#include <array>

#include <fmt/format.h>

#include "libs/adapters/grpc/certificate_authority.h"
#include "tools/local/cluster_maker.h"
#include "tools/local/files.h"

namespace pbfs::local {
namespace {

/// Secrets are kept as hexadecimal text.
Status WriteSecret(const std::string& path, ByteSpan secret) { return WriteTextFile(path, ToHex(secret) + "\n", 0600); }

/// K_store of a store (format, section 4), so that each store is given its own key and never the site secret.
std::array<uint8_t, 32> DeriveStoreKey(ByteSpan site_secret, uint16_t site, uint32_t store) {
  std::array<uint8_t, 16> salt{}, personal{};
  StoreLe(salt.data(), site);
  const std::string_view label = "PBFS1.store";
  std::copy(label.begin(), label.end(), personal.begin());
  std::array<uint8_t, 4> message{};
  StoreLe(message.data(), store);
  std::array<uint8_t, 32> key{};
  crypto_generichash_blake2b_salt_personal(key.data(), key.size(), message.data(), message.size(), site_secret.data(),
                                           site_secret.size(), salt.data(), personal.data());
  return key;
}

struct SigningKey {
  std::array<uint8_t, crypto_sign_PUBLICKEYBYTES> open;
  std::array<uint8_t, crypto_sign_SECRETKEYBYTES> secret;
};

SigningKey NewSigningKey() {
  SigningKey key;
  crypto_sign_keypair(key.open.data(), key.secret.data());
  return key;
}

Status MakeCertificates(const std::string& directory, int stores, int catalogs) {
  PBFS_ASSIGN_OR_RETURN(CertificateAuthority authority, CertificateAuthority::Create(directory + "/tls"));
  // The common name of a certificate is the role that PostgreSQL gives its bearer: postgres is the superuser.
  std::vector<std::string> names = {"postgres-server", "postgres", "replicator", "pbfs", "etcd", "client"};
  for (int i = 1; i <= catalogs; ++i) names.push_back(fmt::format("catalog-{}", i));
  for (int i = 1; i <= stores; ++i) names.push_back(fmt::format("store-{}", i));
  for (const std::string& name : names) PBFS_RETURN_IF_ERROR(authority.IssueLocal(name).status());
  return OkStatus();
}

Status MakeSecrets(const std::string& directory, int stores) {
  std::array<uint8_t, 32> site_secret;
  randombytes_buf(site_secret.data(), site_secret.size());
  PBFS_RETURN_IF_ERROR(WriteSecret(SiteSecretFile(directory), site_secret));
  for (int i = 1; i <= stores; ++i)
    PBFS_RETURN_IF_ERROR(WriteSecret(StoreKeyFile(directory, i), DeriveStoreKey(site_secret, kLocalSiteId, static_cast<uint32_t>(i))));
  const SigningKey token_key = NewSigningKey();
  PBFS_RETURN_IF_ERROR(WriteSecret(TokenKeyFile(directory), token_key.secret));
  return WriteSecret(TokenPublicFile(directory), token_key.open);
}

}  // namespace

Status MakeIdentities(const std::string& directory, int stores, int catalogs) {
  if (sodium_init() < 0) return InternalError("libsodium does not start");
  PBFS_RETURN_IF_ERROR(MakeCertificates(directory, stores, catalogs));
  return MakeSecrets(directory, stores);
}

std::string CaFile(const std::string& directory) { return directory + "/tls/ca.pem"; }
std::string CertificateFile(const std::string& directory, const std::string& name) { return fmt::format("{}/tls/{}.pem", directory, name); }
std::string KeyFile(const std::string& directory, const std::string& name) { return fmt::format("{}/tls/{}-key.pem", directory, name); }
std::string SiteSecretFile(const std::string& directory) { return directory + "/keys/site-secret"; }
std::string TokenKeyFile(const std::string& directory) { return directory + "/keys/token-key"; }
std::string TokenPublicFile(const std::string& directory) { return directory + "/keys/token-key.pub"; }
std::string StoreKeyFile(const std::string& directory, int store) { return fmt::format("{}/keys/store-{}", directory, store); }

}  // namespace pbfs::local
