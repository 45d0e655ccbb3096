#include "libs/runtime/settings.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include <google/protobuf/util/json_util.h>

#include "libs/runtime/variables.h"
#include "proto/pbfs/config/v1/catalog.pb.h"
#include "proto/pbfs/config/v1/client.pb.h"
#include "proto/pbfs/config/v1/fragment_store.pb.h"
#include "proto/pbfs/config/v1/garbage_collector.pb.h"
#include "proto/pbfs/config/v1/gateway.pb.h"
#include "proto/pbfs/config/v1/operator.pb.h"
#include "proto/pbfs/config/v1/repairer.pb.h"

namespace pbfs {
namespace {

namespace v1 = config::v1;

/// Reads one file and collects what is wrong with it; the first complaint wins.
class Checker {
 public:
  explicit Checker(std::string path) : path_(std::move(path)) {}

  Status Parse(google::protobuf::Message* message) const {
    std::ifstream file(path_);
    std::stringstream text;
    if (!file || !(text << file.rdbuf()))
      return FailedPreconditionError(path_ + ": cannot be read; give the file with --config");
    google::protobuf::util::JsonParseOptions options;
    options.ignore_unknown_fields = false;
    const auto parsed = google::protobuf::util::JsonStringToMessage(text.str(), message, options);
    return parsed.ok() ? OkStatus() : InvalidArgumentError(path_ + ": " + std::string(parsed.message()));
  }
  void Require(bool good, const std::string& field, const std::string& what) {
    if (!good && status_.ok()) status_ = InvalidArgumentError(path_ + ": " + field + " " + what);
  }
  void RequireText(const std::string& value, const std::string& field) { Require(!value.empty(), field, "is missing"); }
  /// `value` with the variables of the environment in it.
  std::string Expand(const std::string& value, const std::string& field) {
    const Result<std::string> expanded = ExpandVariables(value, Environment());
    if (expanded.ok()) return *expanded;
    Require(false, field, expanded.status().message());
    return {};
  }
  /// What a small file of text says, without blanks and line feeds around it.
  std::string ReadText(const std::string& path, const std::string& field) {
    constexpr size_t kMax = 4096;
    std::string text(kMax, '\0');
    std::ifstream file(path);
    text.resize(file ? static_cast<size_t>(file.read(text.data(), kMax).gcount()) : 0);
    constexpr const char* kBlank = " \t\r\n";
    const size_t first = text.find_first_not_of(kBlank);
    if (first != std::string::npos) return text.substr(first, text.find_last_not_of(kBlank) + 1 - first);
    if (status_.ok()) status_ = FailedPreconditionError(path_ + ": " + field + ": " + path + " is not there, or empty");
    return {};
  }
  const Status& status() const { return status_; }

 private:
  const std::string path_;
  Status status_;
};

template <typename T>
T Or(T value, T fallback) {
  return value == T{} ? fallback : value;
}

TlsFiles ReadTls(const v1::Tls& tls, Checker& checker, const std::string& field) {
  checker.RequireText(tls.ca(), field + ".ca");
  checker.RequireText(tls.cert(), field + ".cert");
  checker.RequireText(tls.key(), field + ".key");
  return {tls.ca(), tls.cert(), tls.key()};
}

std::string ReadLogLevel(const v1::Log& log, Checker& checker) {
  const std::string level = Or<std::string>(log.level(), "info");
  checker.Require(level == "debug" || level == "info" || level == "warning" || level == "error", "log.level",
                  "must be debug, info, warning or error");
  return level;
}

template <typename Config>
void ReadCommon(const Config& config, Checker& checker, CommonSettings& out) {
  out.tls = ReadTls(config.tls(), checker, "tls");
  out.log_level = ReadLogLevel(config.log(), checker);
}

/// Milliseconds, of which no Duration overflows.
Duration ReadTime(int64_t value, int64_t fallback, Checker& checker, const std::string& field) {
  constexpr int64_t kYear = int64_t{366} * 86'400'000;
  checker.Require(value >= 0 && value <= kYear, field, "must be up to a year of milliseconds and not negative");
  return std::chrono::milliseconds(std::clamp<int64_t>(Or(value, fallback), 0, kYear));
}

EtcdSettings ReadEtcd(const v1::Etcd& etcd, const TlsFiles& tls, Checker& checker) {
  EtcdSettings out;
  out.endpoints = {etcd.endpoints().begin(), etcd.endpoints().end()};
  out.prefix = Or<std::string>(etcd.prefix(), "/pbfs/");
  out.tls = etcd.has_tls() ? ReadTls(etcd.tls(), checker, "etcd.tls") : tls;
  return out;
}

KubernetesSettings ReadKubernetes(const v1::Kubernetes& kubernetes, Checker& checker) {
  const std::string account = "/var/run/secrets/kubernetes.io/serviceaccount/";
  KubernetesSettings out;
  out.cluster = kubernetes.cluster();
  checker.RequireText(out.cluster, "kubernetes.cluster");
  out.space = kubernetes.namespace_();
  out.server = Or<std::string>(kubernetes.server(), "https://kubernetes.default.svc");
  checker.Require(out.server.starts_with("https://"), "kubernetes.server", "must begin with https://");
  out.ca_file = Or(kubernetes.ca_file(), account + "ca.crt");
  out.token_file = Or(kubernetes.token_file(), account + "token");
  return out;
}

template <typename Config>
LeaseSettings ReadLeases(const Config& config, const TlsFiles& tls, Checker& checker) {
  checker.Require(!config.has_etcd() || !config.has_kubernetes(), "kubernetes", "and etcd cannot both keep the leases");
  LeaseSettings out;
  out.etcd = ReadEtcd(config.etcd(), tls, checker);
  if (config.has_kubernetes()) out.kubernetes = ReadKubernetes(config.kubernetes(), checker);
  return out;
}

template <typename Config>
void ReadServer(const Config& config, Checker& checker, ServerSettings& out) {
  ReadCommon(config, checker, out);
  out.metrics_address = config.metrics().address();
  out.listen = config.listen();
  out.address = config.address();
  checker.RequireText(out.listen, "listen");
  checker.Require(config.site_id() >= 1 && config.site_id() <= 65535, "site_id", "must be 1 to 65535");
  out.site = SiteId{static_cast<uint16_t>(config.site_id())};
  out.leases = ReadLeases(config, out.tls, checker);
  out.drain = ReadTime(config.limits().drain_ms(), 10'000, checker, "limits.drain_ms");
}

int AtLeastOne(int32_t value, int32_t fallback, Checker& checker, const std::string& field) {
  checker.Require(value >= 0 && value <= 4096, field, "must be 1 to 4096");
  return Or(value, fallback);
}

void ReadStoreLimits(const v1::FragmentStoreConfig::Limits& limits, Checker& checker, FragmentStoreSettings& out) {
  constexpr int64_t kMiB = 1 << 20;
  checker.Require(limits.request_memory_bytes() == 0 || limits.request_memory_bytes() >= 16 * kMiB,
                  "limits.request_memory_bytes", "must be at least 16 MiB");
  checker.Require(limits.volume_bytes() == 0 || limits.volume_bytes() >= 16 * kMiB, "limits.volume_bytes",
                  "must be at least 16 MiB");
  out.request_memory_bytes = Or(limits.request_memory_bytes(), 160 * kMiB);
  out.threads = AtLeastOne(limits.threads(), 8, checker, "limits.threads");
  out.volume_bytes = Or(limits.volume_bytes(), 1024 * kMiB);
  out.scrub_bytes_per_second = std::max<int64_t>(0, Or(limits.scrub_bytes_per_second(), 16 * kMiB));
}

/// A store is configured with a number and its key, or with catalogs that give it both.
void ReadIdentity(const v1::FragmentStoreConfig& config, Checker& checker, FragmentStoreSettings& out) {
  out.catalogs = {config.catalogs().begin(), config.catalogs().end()};
  out.store = StoreId{config.store_id()};
  out.store_key_file = config.store_key_file();
  if (out.catalogs.empty()) {
    checker.Require(config.store_id() >= 1, "store_id", "must be at least 1, or catalogs named that give one");
    checker.RequireText(out.store_key_file, "store_key_file");
    return;
  }
  checker.Require(config.store_id() == 0, "store_id", "is given by catalogs: leave one of the two out");
  checker.Require(out.store_key_file.empty(), "store_key_file", "is given by catalogs: leave one of the two out");
}

/// Where a store is, and with what it fails: in a pod, both are known to the pod alone.
void ReadPlace(const v1::FragmentStoreConfig& config, Checker& checker, FragmentStoreSettings& out) {
  out.address = checker.Expand(config.address(), "address");
  const bool by_file = !config.domain_file().empty();
  checker.Require(config.domain().empty() || !by_file, "domain_file", "and domain exclude each other");
  const std::string path = checker.Expand(config.domain_file(), "domain_file");
  out.domain = checker.Expand(config.domain(), "domain");
  if (by_file && checker.status().ok()) out.domain = checker.ReadText(path, "domain_file");
  checker.RequireText(out.domain, "domain");
}

ClientSettings ReadClient(const v1::ClientConfig& config, Checker& checker) {
  ClientSettings out;
  ReadCommon(config, checker, out);
  out.catalogs = {config.catalogs().begin(), config.catalogs().end()};
  checker.Require(!out.catalogs.empty(), "catalogs", "is missing");
  out.keys_directory = config.keys_directory();
  checker.RequireText(out.keys_directory, "keys_directory");
  out.identity_file = config.identity_file();
  out.admin_key_file = config.admin_key_file();
  out.admin_public_key = config.admin_public_key();
  checker.Require(config.memory_bytes() == 0 || config.memory_bytes() >= 64 << 20, "memory_bytes",
                  "must be at least 64 MiB");
  out.memory_bytes = Or<int64_t>(config.memory_bytes(), 256 << 20);
  checker.Require(config.threads() >= 0 && config.threads() <= 1024, "threads", "must be 0 to 1024");
  out.threads = config.threads();
  out.timeout = ReadTime(config.timeout_ms(), 60'000, checker, "timeout_ms");
  return out;
}

SchemeSettings ReadScheme(const v1::GatewayConfig::Scheme& scheme, Checker& checker) {
  const SchemeSettings out{scheme.data_shards(), scheme.parity_shards(), scheme.min_write_shards()};
  checker.Require(out.k >= 1 && out.k <= 32, "scheme.data_shards", "must be 1 to 32");
  checker.Require(out.m >= 1 && out.m <= 48 - out.k, "scheme.parity_shards",
                  "must be at least 1, and with data_shards at most 48");
  checker.Require(out.w == 0 || (out.w >= out.k && out.w <= out.k + out.m), "scheme.min_write_shards",
                  "must lie between data_shards and data_shards + parity_shards");
  return out;
}

}  // namespace

Result<FragmentStoreSettings> LoadFragmentStoreSettings(const std::string& path) {
  Checker checker(path);
  v1::FragmentStoreConfig config;
  PBFS_RETURN_IF_ERROR(checker.Parse(&config));
  FragmentStoreSettings out;
  ReadServer(config, checker, out);
  ReadIdentity(config, checker, out);
  const auto cluster = ParseUuid(config.cluster_id());
  checker.Require(cluster.ok(), "cluster_id", "must be a UUID");
  if (cluster.ok()) out.cluster_id = *cluster;
  out.data_directory = config.data_directory();
  checker.RequireText(out.data_directory, "data_directory");
  checker.Require(config.capacity_bytes() >= 0, "capacity_bytes", "must not be negative");
  out.capacity_bytes = config.capacity_bytes();
  ReadPlace(config, checker, out);
  checker.Require(config.weight() >= 0 && config.weight() <= 1e6f, "weight",
                  "must be at most 1000000 and not negative");
  out.weight = Or(config.weight(), 1.0f);
  out.token_key_file = config.token_key_file();
  checker.RequireText(out.token_key_file, "token_key_file");
  ReadStoreLimits(config.limits(), checker, out);
  PBFS_RETURN_IF_ERROR(checker.status());
  return out;
}

Result<CatalogSettings> LoadCatalogSettings(const std::string& path) {
  Checker checker(path);
  v1::CatalogConfig config;
  PBFS_RETURN_IF_ERROR(checker.Parse(&config));
  CatalogSettings out;
  ReadServer(config, checker, out);
  out.primary_dsn_file = config.primary_dsn_file();
  checker.RequireText(out.primary_dsn_file, "primary_dsn_file");
  out.local_dsn_file = config.local_dsn_file();
  out.site_secret_file = config.site_secret_file();
  checker.RequireText(out.site_secret_file, "site_secret_file");
  out.token_key_file = config.token_key_file();
  checker.RequireText(out.token_key_file, "token_key_file");
  if (config.has_patroni()) {
    const auto& patroni = config.patroni();
    checker.RequireText(patroni.scope(), "patroni.scope");
    if (!out.leases.kubernetes.cluster.empty()) {
      out.patroni_scope = patroni.scope();
    } else {
      checker.Require(!out.leases.etcd.endpoints.empty(), "etcd.endpoints", "is empty, but patroni has its keys there");
      out.patroni_keys = (patroni.namespace_().empty() ? "/service/" : patroni.namespace_()) + patroni.scope() + "/";
    }
  }
  const auto& limits = config.limits();
  out.commit_threads = AtLeastOne(limits.commit_threads(), 128, checker, "limits.commit_threads");
  out.read_threads = AtLeastOne(limits.read_threads(), 64, checker, "limits.read_threads");
  out.read_connections = AtLeastOne(limits.read_connections(), 8, checker, "limits.read_connections");
  out.write_connections = AtLeastOne(limits.write_connections(), 8, checker, "limits.write_connections");
  out.down_after = ReadTime(config.down_after_ms(), 900'000, checker, "down_after_ms");
  PBFS_RETURN_IF_ERROR(checker.status());
  return out;
}

Result<GarbageCollectorSettings> LoadGarbageCollectorSettings(const std::string& path) {
  constexpr int64_t kSecond = 1000, kWeek = 7 * 86'400 * kSecond;
  Checker checker(path);
  v1::GarbageCollectorConfig config;
  PBFS_RETURN_IF_ERROR(checker.Parse(&config));
  GarbageCollectorSettings out;
  ReadCommon(config, checker, out);
  out.metrics_address = config.metrics().address();
  out.catalogs = {config.catalogs().begin(), config.catalogs().end()};
  checker.Require(!out.catalogs.empty(), "catalogs", "names no catalog");
  out.leases = ReadLeases(config, out.tls, checker);
  out.interval = ReadTime(config.interval_ms(), 60 * kSecond, checker, "interval_ms");
  out.grace = ReadTime(config.grace_ms(), 1800 * kSecond, checker, "grace_ms");
  out.sweep_interval = ReadTime(config.sweep_interval_ms(), kWeek, checker, "sweep_interval_ms");
  checker.Require(config.brake() >= 0 && config.brake() <= 1, "brake", "must be 0 to 1");
  out.brake = Or(config.brake(), 0.001);
  PBFS_RETURN_IF_ERROR(checker.status());
  return out;
}

Result<RepairerSettings> LoadRepairerSettings(const std::string& path) {
  constexpr int64_t kSecond = 1000, kMinute = 60 * kSecond, kWeek = 7 * 86'400 * kSecond;
  Checker checker(path);
  v1::RepairerConfig config;
  PBFS_RETURN_IF_ERROR(checker.Parse(&config));
  RepairerSettings out;
  ReadCommon(config, checker, out);
  out.metrics_address = config.metrics().address();
  out.catalogs = {config.catalogs().begin(), config.catalogs().end()};
  checker.Require(!out.catalogs.empty(), "catalogs", "names no catalog");
  out.leases = ReadLeases(config, out.tls, checker);
  out.interval = ReadTime(config.interval_ms(), 10 * kSecond, checker, "interval_ms");
  out.check_interval = ReadTime(config.check_interval_ms(), kWeek, checker, "check_interval_ms");
  out.old_copies = ReadTime(config.old_copies_ms(), 30 * kMinute, checker, "old_copies_ms");
  checker.Require(config.bytes_per_second() >= -1, "bytes_per_second", "must be positive, or -1 for no limit");
  out.bytes_per_second = std::max<int64_t>(0, Or<int64_t>(config.bytes_per_second(), 100'000'000));
  checker.Require(config.threads() >= 0 && config.threads() <= 256, "threads", "must be 0 to 256");
  out.threads = Or(config.threads(), 8);
  PBFS_RETURN_IF_ERROR(checker.status());
  return out;
}

Result<ClientSettings> LoadClientSettings(const std::string& path) {
  Checker checker(path);
  v1::ClientConfig config;
  PBFS_RETURN_IF_ERROR(checker.Parse(&config));
  const ClientSettings out = ReadClient(config, checker);
  PBFS_RETURN_IF_ERROR(checker.status());
  return out;
}

Result<GatewaySettings> LoadGatewaySettings(const std::string& path) {
  Checker checker(path);
  v1::GatewayConfig config;
  PBFS_RETURN_IF_ERROR(checker.Parse(&config));
  GatewaySettings out;
  out.client = ReadClient(config.client(), checker);
  out.tls = out.client.tls;
  out.log_level = ReadLogLevel(config.log(), checker);
  out.metrics_address = config.metrics().address();
  out.http = config.http(), out.https = config.https(), out.grpc = config.grpc(), out.admin = config.admin();
  const bool tls = !out.https.empty() || !out.grpc.empty();
  checker.Require(tls || !out.http.empty(), "https", "is missing: at least one of http, https and grpc");
  out.certificate_file = config.certificate(), out.certificate_key_file = config.certificate_key();
  checker.Require(!tls || !out.certificate_file.empty(), "certificate", "is missing: https and grpc need one");
  checker.Require(!tls || !out.certificate_key_file.empty(), "certificate_key", "is missing: https and grpc need one");
  out.region = Or<std::string>(config.region(), "us-east-1");
  out.domains = {config.domains().begin(), config.domains().end()};
  for (const std::string& domain : out.domains)
    checker.Require(!domain.empty() && domain.find_first_of(":/*") == std::string::npos && domain.front() != '.',
                    "domains", "must be names of hosts, without port");
  const std::string& etag = config.etag();
  checker.Require(etag.empty() || etag == "md5" || etag == "opaque", "etag", "must be md5 or opaque");
  out.md5_etags = etag != "opaque";
  const std::string& page = config.admin_page();
  checker.Require(page.empty() || page == "on" || page == "off", "admin_page", "must be on or off");
  out.admin_page = page != "off";
  out.admin_names = {config.admin_names().begin(), config.admin_names().end()};
  if (config.has_scheme()) out.scheme = ReadScheme(config.scheme(), checker);
  out.requests = AtLeastOne(config.requests(), 256, checker, "requests");
  out.drain = ReadTime(config.drain_ms(), 30'000, checker, "drain_ms");
  const std::string& log = out.access_log = Or<std::string>(config.access_log(), "stdout");
  checker.Require(log == "stdout" || log == "stderr" || log == "off" || log.starts_with('/'), "access_log",
                  "must be stdout, stderr, off or the path of a file, which begins with /");
  PBFS_RETURN_IF_ERROR(checker.status());
  return out;
}

Result<OperatorSettings> LoadOperatorSettings(const std::string& path) {
  Checker checker(path);
  v1::OperatorConfig config;
  PBFS_RETURN_IF_ERROR(checker.Parse(&config));
  OperatorSettings out;
  if (config.kubernetes().cluster().empty()) config.mutable_kubernetes()->set_cluster("pbfs-operator");
  out.kubernetes = ReadKubernetes(config.kubernetes(), checker);
  out.watch_space = config.watch_namespace();
  const auto image = [&](const std::string& reference, const char* field) {
    checker.RequireText(reference, std::string("images.") + field);
    return reference;
  };
  out.gateway_image = image(config.images().gateway(), "gateway");
  out.catalog_image = image(config.images().catalog(), "catalog");
  out.fragment_store_image = image(config.images().fragment_store(), "fragment_store");
  out.garbage_collector_image = image(config.images().garbage_collector(), "garbage_collector");
  out.repairer_image = image(config.images().repairer(), "repairer");
  out.postgres_image = image(config.images().postgres(), "postgres");
  out.directory = Or<std::string>(config.directory(), "/tmp/pbfs-operator");
  out.threads = AtLeastOne(config.threads(), 4, checker, "threads");
  out.log_level = ReadLogLevel(config.log(), checker);
  out.metrics_address = config.metrics().address();
  PBFS_RETURN_IF_ERROR(checker.status());
  return out;
}

}  // namespace pbfs
