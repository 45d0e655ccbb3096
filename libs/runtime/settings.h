#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "libs/adapters/grpc/transport_security.h"
#include "libs/base/ids.h"
#include "libs/base/result.h"
#include "libs/base/scheduler.h"

/// The configuration of each program as plain structs, read from JSON files of the messages in proto/pbfs/config/v1 (the
/// reference of every field and its default) and checked. All loaders: FAILED_PRECONDITION the file cannot be read;
/// INVALID_ARGUMENT naming the file and the field that is unknown, missing or out of range.
namespace pbfs {

struct CommonSettings {
  TlsFiles tls;
  std::string log_level = "info";
  std::string metrics_address;  // empty: none
};

struct EtcdSettings {
  std::vector<std::string> endpoints;  // empty: no coordinator
  std::string prefix;
  TlsFiles tls;
};

struct KubernetesSettings {
  std::string cluster;  // empty: not Kubernetes
  std::string space;    // the namespace; empty: the pod's
  std::string server;
  std::string ca_file;
  std::string token_file;
};

/// Where leases are kept: in one of them, or nowhere.
struct LeaseSettings {
  EtcdSettings etcd;
  KubernetesSettings kubernetes;
};

/// What both servers have.
struct ServerSettings : CommonSettings {
  std::string listen;
  std::string address;  // empty: listen
  SiteId site;
  LeaseSettings leases;
  Duration drain{};
};

struct FragmentStoreSettings : ServerSettings {
  StoreId store;                      // 0: the directory says it, or at the first start a catalog
  std::vector<std::string> catalogs;  // who is asked then; none if the number is configured
  std::array<uint8_t, 16> cluster_id{};
  std::string data_directory;
  int64_t capacity_bytes = 0;  // 0: the file system's
  std::string domain;
  float weight = 1;
  std::string store_key_file;  // empty without a configured number
  std::string token_key_file;
  int64_t request_memory_bytes = 0;
  int threads = 0;
  int64_t volume_bytes = 0;
  int64_t scrub_bytes_per_second = 0;  // 0: no scrub
};
Result<FragmentStoreSettings> LoadFragmentStoreSettings(const std::string& path);

struct CatalogSettings : ServerSettings {
  std::string primary_dsn_file;
  std::string local_dsn_file;  // empty: the primary
  std::string site_secret_file;
  std::string token_key_file;
  // Its Patroni: what its keys in etcd begin with, or its scope, which has Endpoints in Kubernetes. Empty: none.
  std::string patroni_keys, patroni_scope;
  int commit_threads = 0;
  int read_threads = 0;
  int read_connections = 0;
  int write_connections = 0;
  Duration down_after{};
};
Result<CatalogSettings> LoadCatalogSettings(const std::string& path);

struct GarbageCollectorSettings : CommonSettings {
  std::vector<std::string> catalogs;
  LeaseSettings leases;
  Duration interval{};
  Duration grace{};
  Duration sweep_interval{};
  double brake = 0;
};
Result<GarbageCollectorSettings> LoadGarbageCollectorSettings(const std::string& path);

struct RepairerSettings : CommonSettings {
  std::vector<std::string> catalogs;
  LeaseSettings leases;
  Duration interval{};
  Duration check_interval{};
  Duration old_copies{};
  int64_t bytes_per_second = 0;  // 0: no limit
  int threads = 0;
};
Result<RepairerSettings> LoadRepairerSettings(const std::string& path);

struct ClientSettings : CommonSettings {
  std::vector<std::string> catalogs;
  std::string keys_directory;
  std::string identity_file;  // empty: in keys_directory, and made there at first use
  std::string admin_key_file;
  std::string admin_public_key;  // hex
  int64_t memory_bytes = 0;
  int threads = 0;  // 0: one per processor
  Duration timeout{};
};
Result<ClientSettings> LoadClientSettings(const std::string& path);

/// How bodies of new buckets are coded.
struct SchemeSettings {
  int k = 0, m = 0;  // 0: the site's
  int w = 0;         // 0: what the site has for k and m
};

struct GatewaySettings : CommonSettings {
  ClientSettings client;
  SchemeSettings scheme;
  std::string http, https, grpc, admin;  // host:port; empty: none
  std::string certificate_file, certificate_key_file;
  std::string region;
  std::vector<std::string> domains;
  bool admin_page = true;
  std::vector<std::string> admin_names;
  bool md5_etags = true;
  int requests = 0;
  Duration drain{};
  std::string access_log;  // as LineLog::Open has it
};
Result<GatewaySettings> LoadGatewaySettings(const std::string& path);

struct OperatorSettings : CommonSettings {  // no tls: it serves nothing but metrics
  KubernetesSettings kubernetes;
  std::string watch_space;  // empty: all namespaces
  std::string gateway_image, catalog_image, fragment_store_image, garbage_collector_image, repairer_image,
      postgres_image;
  std::string directory;
  int threads = 0;
};
Result<OperatorSettings> LoadOperatorSettings(const std::string& path);

}  // namespace pbfs
