#include "libs/runtime/connection.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "libs/adapters/grpc/catalog_pool.h"
#include "libs/adapters/grpc/garbage_pool.h"
#include "libs/adapters/grpc/grpc_fragment_stores.h"
#include "libs/adapters/grpc/locks.h"
#include "libs/adapters/grpc/recodes_pool.h"
#include "libs/adapters/grpc/repairs_pool.h"
#include "libs/adapters/grpc/transport_security.h"
#include "libs/client/file_key_store.h"
#include "libs/runtime/settings.h"

namespace pbfs {
namespace {

/// Whatever is wrong with the configuration and the files that it names is the user's to mend.
Status Misconfigured(const Status& status, const std::string& config) {
  if (status.ok() || status.code() == StatusCode::kInvalidArgument) return status;
  return InvalidArgumentError(
      fmt::format("{}. The configuration is {}: --config or PBFS_CONFIG names another, pbfs local up makes one",
                  status.message(), config));
}

Result<PublicKey> PinnedKey(const std::string& hex, const std::string& config) {
  const Result<Bytes> bytes = FromHex(hex);
  PublicKey key{};
  if (!bytes.ok() || bytes->size() != key.size())
    return InvalidArgumentError(fmt::format("{}: admin_public_key must be 64 hexadecimal digits", config));
  std::copy(bytes->begin(), bytes->end(), key.begin());
  return key;
}

}  // namespace

struct Connection::Parts {
  SystemClock clock;
  SystemRandom random;
  std::unique_ptr<FileKeyStore> keys;
  std::unique_ptr<CatalogPool> catalog;
  std::unique_ptr<RepairsPool> repairs;
  std::unique_ptr<GarbagePool> garbage;
  std::unique_ptr<RecodesPool> recodes;
  std::unique_ptr<GrpcFragmentStores> stores;
  std::unique_ptr<Client> client;
};

Connection::Connection(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Connection::~Connection() = default;
Client& Connection::client() { return *parts_->client; }
FragmentStores& Connection::stores() { return *parts_->stores; }
Groups& Connection::groups() { return parts_->catalog->ports().groups; }
Repairs& Connection::repairs() { return *parts_->repairs; }
Garbage& Connection::garbage() { return *parts_->garbage; }
Recodes& Connection::recodes() { return *parts_->recodes; }
Buckets& Connection::buckets() { return parts_->catalog->ports().buckets; }

Result<std::unique_ptr<Connection>> Connection::Open(const std::string& config, const ConnectionOptions& options) {
  // What gRPC would log of connections is in our errors; on stderr it would stand amid the JSON.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  Result<ClientSettings> settings = LoadClientSettings(config);
  PBFS_RETURN_IF_ERROR(Misconfigured(settings.status(), config));
  return Open(*settings, config, options);
}

Result<std::unique_ptr<Connection>> Connection::Open(const ClientSettings& settings, const std::string& config,
                                                     const ConnectionOptions& options) {
  const Result<TransportSecurity> security = TransportSecurity::MutualTls(settings.tls);
  PBFS_RETURN_IF_ERROR(Misconfigured(security.status(), config));
  return Open(settings, *security, config, options);
}

Result<std::unique_ptr<Connection>> Connection::OpenInClear(const std::string& config) {
  PBFS_ASSIGN_OR_RETURN(const ClientSettings settings, LoadClientSettings(config));
  return Open(settings, TransportSecurity::Insecure(), config, {});
}

Result<std::unique_ptr<Connection>> Connection::Open(const ClientSettings& settings, const TransportSecurity& security,
                                                     const std::string& config, const ConnectionOptions& asked) {
  SettleLocks();
  auto parts = std::make_unique<Parts>();
  FileKeyStore::Options keys{settings.keys_directory, {}, settings.admin_key_file, settings.identity_file};
  PBFS_ASSIGN_OR_RETURN(keys.admin_public_key, PinnedKey(settings.admin_public_key, config));
  parts->keys = std::make_unique<FileKeyStore>(std::move(keys), parts->random);
  parts->catalog = std::make_unique<CatalogPool>(settings.catalogs, security, parts->random,
                                                 CatalogPool::Options{.total = settings.timeout});
  parts->repairs = std::make_unique<RepairsPool>(settings.catalogs, security, std::chrono::seconds(10));
  parts->garbage = std::make_unique<GarbagePool>(settings.catalogs, security, std::chrono::seconds(25));
  parts->recodes = std::make_unique<RecodesPool>(settings.catalogs, security, std::chrono::seconds(10));
  parts->stores = std::make_unique<GrpcFragmentStores>(parts->catalog->ports().groups, security);
  ClientOptions options;
  options.memory_bytes = settings.memory_bytes;
  options.threads = settings.threads;
  options.timeout = settings.timeout;
  options.rehome_offers.enabled = asked.rehome_offers;
  options.last_receipts = asked.last_receipts.value_or(options.last_receipts);
  PBFS_ASSIGN_OR_RETURN(parts->client, Client::Create(options, {.catalog = parts->catalog->ports(),
                                                                .tokens = parts->catalog.get(),
                                                                .stores = *parts->stores,
                                                                .keys = *parts->keys,
                                                                .clock = parts->clock,
                                                                .random = parts->random}));
  return std::unique_ptr<Connection>(new Connection(std::move(parts)));
}

}  // namespace pbfs
