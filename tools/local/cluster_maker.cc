#include "tools/local/cluster_maker.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "tools/local/client_keys.h"
#include "tools/local/files.h"
#include "tools/local/identities.h"
#include "tools/local/patroni_setup.h"
#include "tools/local/postgres_setup.h"

namespace pbfs::local {
namespace {

using Json = nlohmann::ordered_json;

/// Volumes are reserved whole: eight stores on one disk take small ones.
constexpr int64_t kVolumeBytes = int64_t{256} << 20;

/// Which process listens where.
struct Ports {
  std::vector<int> postgres, catalogs, stores;
  std::vector<int> catalog_metrics, store_metrics;
  int etcd = 0, etcd_peer = 0, collector = 0, repairer = 0;
  int gateway_http = 0, gateway_https = 0, gateway_grpc = 0, gateway_metrics = 0, gateway_admin = 0;
  std::vector<int> patroni;  // where its members ask each other
};

std::string Address(int port) { return fmt::format("127.0.0.1:{}", port); }

Status CheckOptions(const LocalClusterOptions& options) {
  if (options.stores < 1 || options.stores > 48) return InvalidArgumentError("--stores must be 1 to 48");
  if (options.catalogs < 1 || options.catalogs > 2) return InvalidArgumentError("--catalogs must be 1 or 2");
  if (options.postgres == PostgresKind::kPatroni && options.catalogs < 2)
    return InvalidArgumentError("--postgres patroni needs --catalogs 2: with one there is nothing to fail over to");
  if (options.base_port < 0 || options.base_port > 65535) return InvalidArgumentError("--base-port must be 1 to 65535");
  if (options.directory.find_first_of(" \t\n'\"\\") != std::string::npos)
    return InvalidArgumentError(
        fmt::format("the directory '{}' has a blank, quote or backslash in its name, which "
                    "PostgreSQL's connection strings cannot hold: choose another --dir",
                    options.directory));
  return OkStatus();
}

/// Missing or empty, and the user that runs PostgreSQL can get there.
Status ClaimDirectory(const std::string& directory) {
  if (access(StatePath(directory).c_str(), F_OK) == 0)
    return FailedPreconditionError(
        fmt::format("{} holds a cluster already: pbfs local up starts it, pbfs local up --fresh "
                    "makes a new one in its place",
                    directory));
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error))
    return FailedPreconditionError(
        fmt::format("{} is not empty and holds no cluster (there is {}): choose another --dir", directory,
                    entry.path().filename().string()));
  PBFS_RETURN_IF_ERROR(MakeDirectory(directory, 0755));
  return CheckReachableBy(directory, PostgresUser());
}

Result<Ports> ChoosePorts(const LocalClusterOptions& options) {
  const size_t catalogs = static_cast<size_t>(options.catalogs), stores = static_cast<size_t>(options.stores);
  const size_t servers = static_cast<size_t>(PostgresServers(options));
  const size_t members = options.postgres == PostgresKind::kPatroni ? servers : 0;
  PBFS_ASSIGN_OR_RETURN(
      const std::vector<int> free,
      FreePorts(static_cast<int>(servers + 2 * (catalogs + stores) + 9 + members), options.base_port));
  Ports ports;
  auto next = free.begin();
  ports.etcd = *next++;
  ports.etcd_peer = *next++;
  for (size_t i = 0; i < servers; ++i) ports.postgres.push_back(*next++);
  for (size_t i = 0; i < catalogs; ++i) ports.catalogs.push_back(*next++);
  for (size_t i = 0; i < stores; ++i) ports.stores.push_back(*next++);
  for (size_t i = 0; i < catalogs; ++i) ports.catalog_metrics.push_back(*next++);
  for (size_t i = 0; i < stores; ++i) ports.store_metrics.push_back(*next++);
  ports.collector = *next++;
  ports.repairer = *next++;
  ports.gateway_http = *next++;
  ports.gateway_https = *next++;
  ports.gateway_grpc = *next++;
  ports.gateway_metrics = *next++;
  ports.gateway_admin = *next++;
  for (size_t i = 0; i < members; ++i) ports.patroni.push_back(*next++);
  return ports;
}

/// Makes one cluster's files; every member function is one part of them.
class Maker {
 public:
  Maker(const LocalClusterOptions& options, Ports ports) : options_(options), ports_(std::move(ports)) {
    state_.options = options;
  }

  Result<ClusterState> Make(const Context& context) {
    PBFS_RETURN_IF_ERROR(MakeDirectories());
    PBFS_RETURN_IF_ERROR(MakeIdentities(dir(), options_.stores, options_.catalogs));
    PBFS_RETURN_IF_ERROR(MakePostgres(context));
    PBFS_RETURN_IF_ERROR(AddEtcd());
    for (int i = 1; i <= options_.catalogs; ++i) PBFS_RETURN_IF_ERROR(AddCatalog(i));
    for (int i = 1; i <= options_.stores; ++i) PBFS_RETURN_IF_ERROR(AddStore(i));
    PBFS_RETURN_IF_ERROR(AddKeyless("garbage-collector", ProcessKind::kGarbageCollector, ports_.collector));
    PBFS_RETURN_IF_ERROR(AddKeyless("repairer", ProcessKind::kRepairer, ports_.repairer));
    PBFS_RETURN_IF_ERROR(AddClientAndGateway());
    return state_;
  }

 private:
  const std::string& dir() const { return options_.directory; }
  std::string Log(const std::string& name) const { return dir() + "/log/" + name + ".log"; }

  Status MakeDirectories() {
    for (const char* secret : {"/tls", "/keys", "/client", "/log"})
      PBFS_RETURN_IF_ERROR(MakeDirectory(dir() + secret, 0700));
    return OkStatus();
  }

  PostgresNode Node(int number) const {
    const std::string home = fmt::format("{}/postgres-{}", dir(), number);
    return {.data = home + "/data",
            .port = ports_.postgres[static_cast<size_t>(number - 1)],
            .certificate = home + "/tls/server.crt",
            .key = home + "/tls/server.key",
            .ca = home + "/tls/ca.crt",
            .replication_certificate = home + "/tls/replicator.crt",
            .replication_key = home + "/tls/replicator.key"};
  }

  /// PostgreSQL runs as another user if we are root: it gets copies of its keys, in a directory of its own.
  Status GivePostgresKeys(int number) {
    const std::string home = fmt::format("{}/postgres-{}", dir(), number);
    PBFS_RETURN_IF_ERROR(MakeDirectory(home, 0755));
    PBFS_RETURN_IF_ERROR(MakeDirectory(home + "/tls", 0700));
    const std::pair<std::string, std::string> copies[] = {{CaFile(dir()), "ca.crt"},
                                                          {CertificateFile(dir(), "postgres-server"), "server.crt"},
                                                          {KeyFile(dir(), "postgres-server"), "server.key"},
                                                          {CertificateFile(dir(), "postgres"), "postgres.crt"},
                                                          {KeyFile(dir(), "postgres"), "postgres.key"},
                                                          {CertificateFile(dir(), "replicator"), "replicator.crt"},
                                                          {KeyFile(dir(), "replicator"), "replicator.key"}};
    for (const auto& [from, name] : copies) {
      PBFS_ASSIGN_OR_RETURN(const std::string content, ReadTextFile(from));
      PBFS_RETURN_IF_ERROR(WriteTextFile(home + "/tls/" + name, content, 0600));
    }
    return GiveTo(home, PostgresUser());
  }

  Status MakePostgres(const Context& context) {
    for (int i = 1; i <= PostgresServers(options_); ++i) PBFS_RETURN_IF_ERROR(GivePostgresKeys(i));
    return options_.postgres == PostgresKind::kPatroni ? MakePatroni(context) : MakePair(context);
  }

  PatroniMember Member(int number) const {
    const std::string name = fmt::format("postgres-{}", number), home = fmt::format("{}/{}", dir(), name);
    return {.name = name,
            .directory = home,
            .node = Node(number),
            .superuser_certificate = home + "/tls/postgres.crt",
            .superuser_key = home + "/tls/postgres.key",
            .rest_port = ports_.patroni[static_cast<size_t>(number - 1)]};
  }

  Status MakePatroni(const Context& context) {
    std::vector<PatroniMember> members;
    for (int i = 1; i <= PostgresServers(options_); ++i) members.push_back(Member(i));
    PBFS_RETURN_IF_ERROR(MakeMembers(context, members));
    for (const PatroniMember& member : members) {
      PBFS_ASSIGN_OR_RETURN(CommandSpec command, AddPatroni(member, ports_.etcd, Log(member.name)));
      Add(member.name, ProcessKind::kPatroni, member.node.port, 0, member.directory, std::move(command));
    }
    return OkStatus();
  }

  Status MakePair(const Context& context) {
    PBFS_RETURN_IF_ERROR(MakePrimary(context, Node(1), options_.catalogs - 1));
    for (int i = 2; i <= options_.catalogs; ++i)
      PBFS_RETURN_IF_ERROR(MakeStandby(context, Node(1), Node(i), fmt::format("postgres-{}", i)));
    for (int i = 1; i <= options_.catalogs; ++i) {
      const std::string name = fmt::format("postgres-{}", i);
      PBFS_ASSIGN_OR_RETURN(CommandSpec command, PostgresCommand(Node(i), Log(name)));
      Add(name, ProcessKind::kPostgres, Node(i).port, 0, fmt::format("{}/{}", dir(), name), std::move(command));
    }
    return OkStatus();
  }

  Status AddEtcd() {
    PBFS_ASSIGN_OR_RETURN(const std::string program, FindProgram("etcd"));
    PBFS_RETURN_IF_ERROR(FindProgram("etcdctl").status());
    const std::string data = dir() + "/etcd", client = "https://" + Address(ports_.etcd),
                      peer = "https://" + Address(ports_.etcd_peer);
    PBFS_RETURN_IF_ERROR(MakeDirectory(data, 0700));
    const std::string certificate = CertificateFile(dir(), "etcd"), key = KeyFile(dir(), "etcd"), ca = CaFile(dir());
    Add("etcd", ProcessKind::kEtcd, ports_.etcd, 0, data,
        {.argv = {program,
                  "--name=pbfs",
                  "--data-dir=" + data,
                  "--listen-client-urls=" + client,
                  "--advertise-client-urls=" + client,
                  "--listen-peer-urls=" + peer,
                  "--initial-advertise-peer-urls=" + peer,
                  "--initial-cluster=pbfs=" + peer,
                  "--client-cert-auth",
                  "--cert-file=" + certificate,
                  "--key-file=" + key,
                  "--trusted-ca-file=" + ca,
                  "--peer-client-cert-auth",
                  "--peer-cert-file=" + certificate,
                  "--peer-key-file=" + key,
                  "--peer-trusted-ca-file=" + ca,
                  "--logger=zap",
                  "--log-level=warn",
                  "--auto-compaction-mode=periodic",
                  "--auto-compaction-retention=1h"},
         .log = Log("etcd"),
         .directory = "/"});
    return OkStatus();
  }

  Json TlsOf(const std::string& name) const {
    return {{"ca", CaFile(dir())}, {"cert", CertificateFile(dir(), name)}, {"key", KeyFile(dir(), name)}};
  }
  Json EtcdJson() const { return {{"endpoints", {Address(ports_.etcd)}}}; }

  Status WriteConfig(const std::string& path, const Json& config) {
    return WriteTextFile(path, config.dump(2) + "\n", 0600);
  }

  SqlLogin PbfsLogin() const {
    return {0, "pbfs", "pbfs", CertificateFile(dir(), "pbfs"), KeyFile(dir(), "pbfs"), CaFile(dir())};
  }
  /// For writes: whichever server is primary.
  std::string PrimaryDsn() const {
    const Wanted wanted = ports_.postgres.size() == 1 ? Wanted::kAny : Wanted::kPrimary;
    return ConnectionString(PbfsLogin(), ports_.postgres, wanted);
  }
  /// For reads: the server beside the catalog. Under Patroni, while that is away, another one: then there may be no
  /// primary for a while, and reads need none.
  std::string LocalDsn(int number) const {
    std::vector<int> ports{Node(number).port};
    if (options_.postgres == PostgresKind::kPatroni)
      for (const int port : ports_.postgres)
        if (port != ports[0]) ports.push_back(port);
    return ConnectionString(PbfsLogin(), ports, Wanted::kAny);
  }

  Status AddCatalog(int number) {
    const std::string name = fmt::format("catalog-{}", number), data = dir() + "/" + name;
    PBFS_ASSIGN_OR_RETURN(const std::string program, FindProgram("pbfs-catalog"));
    PBFS_RETURN_IF_ERROR(MakeDirectory(data, 0700));
    PBFS_RETURN_IF_ERROR(WriteTextFile(data + "/primary.dsn", PrimaryDsn() + "\n", 0600));
    PBFS_RETURN_IF_ERROR(WriteTextFile(data + "/local.dsn", LocalDsn(number) + "\n", 0600));
    const int port = ports_.catalogs[static_cast<size_t>(number - 1)];
    const int metrics = ports_.catalog_metrics[static_cast<size_t>(number - 1)];
    Json config = {{"listen", Address(port)},
                   {"tls", TlsOf(name)},
                   {"siteId", kLocalSiteId},
                   {"primaryDsnFile", data + "/primary.dsn"},
                   {"localDsnFile", data + "/local.dsn"},
                   {"siteSecretFile", SiteSecretFile(dir())},
                   {"tokenKeyFile", TokenKeyFile(dir())},
                   {"etcd", EtcdJson()},
                   {"metrics", {{"address", Address(metrics)}}}};
    if (options_.postgres == PostgresKind::kPatroni)
      config["patroni"] = {{"namespace", kPatroniNamespace}, {"scope", kPatroniScope}};
    PBFS_RETURN_IF_ERROR(WriteConfig(ConfigFile(dir(), name), config));
    Add(name, ProcessKind::kCatalog, port, metrics, data, Service(program, name));
    return OkStatus();
  }

  Status AddStore(int number) {
    const std::string name = fmt::format("store-{}", number), data = dir() + "/" + name;
    PBFS_ASSIGN_OR_RETURN(const std::string program, FindProgram("pbfs-fragment-store"));
    PBFS_RETURN_IF_ERROR(MakeDirectory(data, 0700));
    const int port = ports_.stores[static_cast<size_t>(number - 1)];
    const int metrics = ports_.store_metrics[static_cast<size_t>(number - 1)];
    const Json config = {{"listen", Address(port)},
                         {"tls", TlsOf(name)},
                         {"storeId", number},
                         {"siteId", kLocalSiteId},
                         {"clusterId", cluster_id_},
                         {"dataDirectory", data},
                         {"domain", fmt::format("disk-{}", number)},
                         {"storeKeyFile", StoreKeyFile(dir(), number)},
                         {"tokenKeyFile", TokenPublicFile(dir())},
                         {"etcd", EtcdJson()},
                         {"metrics", {{"address", Address(metrics)}}},
                         {"limits", {{"volumeBytes", kVolumeBytes}}}};
    PBFS_RETURN_IF_ERROR(WriteConfig(ConfigFile(dir(), name), config));
    Add(name, ProcessKind::kStore, port, metrics, data, Service(program, name));
    return OkStatus();
  }

  // A service that has no state and nothing to listen at but its metrics.
  Status AddKeyless(const std::string& name, ProcessKind kind, int port) {
    const std::string data = dir() + "/" + name;
    PBFS_ASSIGN_OR_RETURN(const std::string program, FindProgram("pbfs-" + name));
    PBFS_RETURN_IF_ERROR(MakeDirectory(data, 0700));
    const Json config = {{"catalogs", CatalogsJson()},
                         {"tls", TlsOf(name)},
                         {"etcd", EtcdJson()},
                         {"metrics", {{"address", Address(port)}}}};
    PBFS_RETURN_IF_ERROR(WriteConfig(ConfigFile(dir(), name), config));
    Add(name, kind, port, port, data, Service(program, name));
    return OkStatus();
  }

  CommandSpec Service(const std::string& program, const std::string& name) const {
    // Sizes in bytes: without these settings glibc maps and unmaps each 1 MiB buffer.
    return {.argv = {program, "--config", ConfigFile(dir(), name)},
            .environment = {{"MALLOC_TRIM_THRESHOLD_", "536870912"},
                            {"MALLOC_MMAP_THRESHOLD_", "67108864"},
                            {"MALLOC_TOP_PAD_", "67108864"}},
            .log = Log(name),
            .directory = "/"};
  }

  Json CatalogsJson() const {
    Json catalogs = Json::array();
    for (const int port : ports_.catalogs) catalogs.push_back(Address(port));
    return catalogs;
  }

  // They are one principal: what one writes the other reads.
  Status AddClientAndGateway() {
    PBFS_ASSIGN_OR_RETURN(const std::string admin, MakeClientKeys(dir()));
    const Json config = {{"catalogs", CatalogsJson()},
                         {"tls", TlsOf("client")},
                         {"keysDirectory", dir() + "/client/keys"},
                         {"adminKeyFile", AdminKeyFile(dir())},
                         {"adminPublicKey", admin}};
    PBFS_RETURN_IF_ERROR(WriteConfig(dir() + "/client/client.json", config));
    return AddGateway(config);
  }

  Status AddGateway(Json client) {
    const std::string name = "gateway", data = dir() + "/" + name;
    PBFS_ASSIGN_OR_RETURN(const std::string program, FindProgram("pbfs-gateway"));
    PBFS_RETURN_IF_ERROR(MakeDirectory(data, 0700));
    client["tls"] = TlsOf(name);
    const Json config = {{"client", client},
                         {"http", Address(ports_.gateway_http)},
                         {"https", Address(ports_.gateway_https)},
                         {"domains", Json::array({"s3.localhost"})},
                         {"grpc", Address(ports_.gateway_grpc)},
                         {"admin", Address(ports_.gateway_admin)},
                         {"certificate", CertificateFile(dir(), name)},
                         {"certificateKey", KeyFile(dir(), name)},
                         {"metrics", {{"address", Address(ports_.gateway_metrics)}}}};
    PBFS_RETURN_IF_ERROR(WriteConfig(ConfigFile(dir(), name), config));
    Add(name, ProcessKind::kGateway, ports_.gateway_http, ports_.gateway_metrics, data, Service(program, name));
    return OkStatus();
  }

  void Add(const std::string& name, ProcessKind kind, int port, int health_port, const std::string& data,
           CommandSpec command) {
    state_.processes.push_back({name, kind, port, health_port, data, std::move(command), {}});
  }

  const LocalClusterOptions options_;
  const Ports ports_;
  SystemRandom random_;
  const std::string cluster_id_ = BucketId::New(SystemClock().NowMillis(), random_).ToString();
  ClusterState state_;
};

}  // namespace

Result<ClusterState> MakeCluster(const Context& context, LocalClusterOptions options) {
  options.directory = AbsolutePath(options.directory);
  PBFS_RETURN_IF_ERROR(CheckOptions(options));
  // Before anything is written: what is missing on this machine.
  for (const char* program : {"initdb", "postgres", "psql", "etcd", "etcdctl", "pbfs-catalog", "pbfs-fragment-store",
                              "pbfs-garbage-collector", "pbfs-repairer", "pbfs-gateway"})
    PBFS_RETURN_IF_ERROR(FindProgram(program).status());
  if (options.postgres == PostgresKind::kPatroni) PBFS_RETURN_IF_ERROR(FindProgram("patroni").status());
  PBFS_RETURN_IF_ERROR(ClaimDirectory(options.directory));
  PBFS_ASSIGN_OR_RETURN(Ports ports, ChoosePorts(options));
  return Maker(options, std::move(ports)).Make(context);
}

Status Migrate(const Context& context, const ClusterState& state) {
  PBFS_ASSIGN_OR_RETURN(const std::string program, FindProgram("pbfs-catalog"));
  const CommandSpec command{.argv = {program, "migrate", "--config", ConfigFile(state.options.directory, "catalog-1")}};
  return RunProgram(context.Within(std::chrono::seconds(60)), command)
      .status()
      .Annotate("cannot bring the schema up to date");
}

namespace {

SqlLogin Superuser(const std::string& directory, int port) {
  return {port,
          "postgres",
          "pbfs",
          CertificateFile(directory, "postgres"),
          KeyFile(directory, "postgres"),
          CaFile(directory)};
}

}  // namespace

std::string AdminLogin(const ClusterState& state, int node) {
  for (const ManagedProcess& process : state.processes)
    if (process.name == fmt::format("postgres-{}", node))
      return ConnectionString(Superuser(state.options.directory, process.port));
  return "";
}

std::string PrimaryLogin(const ClusterState& state) {
  std::vector<int> ports;
  for (const ManagedProcess& process : state.processes)
    if (process.kind == ProcessKind::kPostgres || process.kind == ProcessKind::kPatroni) ports.push_back(process.port);
  return ConnectionString(Superuser(state.options.directory, 0), ports, Wanted::kPrimary);
}

std::string ConfigFile(const std::string& directory, const std::string& name) {
  return fmt::format("{}/{}.json", directory, name);
}

}  // namespace pbfs::local
