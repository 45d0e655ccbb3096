#include "tools/local/postgres_setup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "tools/local/files.h"

namespace pbfs::local {
namespace {

constexpr char kRoles[] = R"(CREATE ROLE pbfs LOGIN;
CREATE ROLE replicator LOGIN REPLICATION;
CREATE DATABASE pbfs OWNER pbfs;
)";

std::string NodeSettings(const PostgresNode& node) {
  std::string text = fmt::format("listen_addresses = '127.0.0.1'\nport = {}\n", node.port);
  for (const auto& [name, value] : TlsSettings(node)) text += fmt::format("{} = '{}'\n", name, value);
  return text;
}

std::string CommonSettings(int standbys) {
  std::string text = "include 'node.conf'\n";
  for (const auto& [name, value] : SharedSettings()) text += fmt::format("{} = '{}'\n", name, value);
  return text + fmt::format("synchronous_standby_names = '{}'\n", standbys > 0 ? "ANY 1 (\"postgres-2\")" : "");
}

Status RunAsPostgres(const Context& context, std::vector<std::string> argv, const std::string& input) {
  PBFS_ASSIGN_OR_RETURN(argv[0], FindProgram(argv[0]));
  return RunProgram(context, {.argv = std::move(argv), .user = PostgresUser(), .directory = "/"}, input).status();
}

Status WriteNodeFile(const PostgresNode& node, const std::string& name, const std::string& content) {
  const std::string path = node.data + "/" + name;
  PBFS_RETURN_IF_ERROR(WriteTextFile(path, content, 0600));
  return GiveTo(path, PostgresUser());
}

}  // namespace

std::vector<std::pair<std::string, std::string>> SharedSettings() {
  return {{"max_connections", "120"},
          {"shared_buffers", "256MB"},
          {"wal_level", "replica"},
          {"max_wal_senders", "6"},
          {"min_wal_size", "1GB"},  // kept to be written again: a new segment is filled with zeros first
          {"max_wal_size", "4GB"},
          {"wal_compression", "lz4"},  // of the images of pages that are changed first after a checkpoint
          {"wal_keep_size", "512MB"},
          {"hot_standby", "on"},
          {"wal_retrieve_retry_interval", "500ms"},
          // Commits wait for a synchronous standby that hangs, or is cut off, until it is given up.
          {"wal_sender_timeout", "10s"},
          {"wal_receiver_timeout", "10s"},
          {"max_prepared_transactions", "0"},
          {"jit", "off"},
          {"synchronous_commit", "on"},
          {"log_line_prefix", "%m [%p] %u "}};
}

std::vector<std::pair<std::string, std::string>> TlsSettings(const PostgresNode& node) {
  return {{"unix_socket_directories", ""},
          {"ssl", "on"},
          {"ssl_min_protocol_version", "TLSv1.3"},
          {"ssl_cert_file", node.certificate},
          {"ssl_key_file", node.key},
          {"ssl_ca_file", node.ca}};
}

// Certificates are the only way in, and their common name is the role.
std::vector<std::string> HbaLines() {
  return {"hostssl all all 127.0.0.1/32 cert", "hostssl replication replicator 127.0.0.1/32 cert"};
}

std::string PostgresUser() { return geteuid() == 0 ? "postgres" : ""; }

Status MakePrimary(const Context& context, const PostgresNode& node, int standbys) {
  PBFS_RETURN_IF_ERROR(MakeDirectory(node.data, 0700));
  PBFS_RETURN_IF_ERROR(GiveTo(node.data, PostgresUser()));
  PBFS_RETURN_IF_ERROR(RunAsPostgres(context,
                                     {"initdb", "-D", node.data, "-U", "postgres", "-E", "UTF8", "--locale=C", "-A",
                                      "reject", "-k", "--no-sync", "--no-instructions"},
                                     ""));
  PBFS_RETURN_IF_ERROR(WriteNodeFile(node, "pg_hba.conf", fmt::format("{}\n", fmt::join(HbaLines(), "\n"))));
  PBFS_RETURN_IF_ERROR(WriteNodeFile(node, "node.conf", NodeSettings(node)));
  PBFS_RETURN_IF_ERROR(WriteNodeFile(node, "postgresql.conf", CommonSettings(standbys)));
  // With the final settings, which a standby must be able to match, but without a standby to wait for.
  return RunAsPostgres(
      context, {"postgres", "--single", "-D", node.data, "-c", "synchronous_standby_names=", "postgres"}, kRoles);
}

Status MakeStandby(const Context& context, const PostgresNode& primary, const PostgresNode& node,
                   const std::string& name) {
  PBFS_ASSIGN_OR_RETURN(const std::string cp, FindProgram("cp"));
  PBFS_RETURN_IF_ERROR(RunProgram(context, {.argv = {cp, "-a", primary.data, node.data}}).status());
  PBFS_RETURN_IF_ERROR(WriteNodeFile(node, "standby.signal", ""));
  const SqlLogin login{primary.port, "replicator", "", node.replication_certificate, node.replication_key, node.ca};
  return WriteNodeFile(
      node, "node.conf",
      NodeSettings(node) + fmt::format("primary_conninfo = '{} application_name={}'\n", ConnectionString(login), name));
}

Result<CommandSpec> PostgresCommand(const PostgresNode& node, const std::string& log) {
  PBFS_ASSIGN_OR_RETURN(const std::string program, FindProgram("postgres"));
  return CommandSpec{.argv = {program, "-D", node.data}, .user = PostgresUser(), .log = log, .directory = "/"};
}

std::string ConnectionString(const SqlLogin& login) { return ConnectionString(login, {login.port}, Wanted::kAny); }

std::string ConnectionString(const SqlLogin& login, const std::vector<int>& ports, Wanted wanted) {
  const std::vector<std::string> hosts(ports.size(), "127.0.0.1");
  std::string text =
      fmt::format("host={} port={} user={} sslmode=verify-full sslcert={} sslkey={} sslrootcert={} connect_timeout=5",
                  fmt::join(hosts, ","), fmt::join(ports, ","), login.user, login.certificate, login.key, login.ca);
  if (!login.database.empty()) text += " dbname=" + login.database;
  if (wanted == Wanted::kPrimary) text += " target_session_attrs=read-write";
  return text;
}

Result<std::string> RunSql(const Context& context, const std::string& connection, const std::string& sql) {
  PBFS_ASSIGN_OR_RETURN(const std::string psql, FindProgram("psql"));
  const CommandSpec command{
      .argv = {psql, "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", connection, "-c", sql}};
  Result<std::string> answer = RunProgram(context, command);
  if (answer.status().code() == StatusCode::kInternal) return UnavailableError(answer.status().message());
  return answer;
}

}  // namespace pbfs::local
