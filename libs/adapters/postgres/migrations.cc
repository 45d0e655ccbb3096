#include "libs/adapters/postgres/migrations.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "libs/adapters/postgres/embedded_sql.h"

namespace pbfs::postgres {
namespace {

constexpr Statement kReadVersion{"read_schema_version", "SELECT coalesce(max(version), 0) FROM pbfs.schema_version"};
constexpr Statement kReadVersions{"read_schema_versions", "SELECT version, checksum FROM pbfs.schema_version"};
constexpr Statement kChecksums{"checksums",
                               "SELECT encode(sha256(convert_to(t, 'UTF8')), 'hex') FROM unnest($1::text[]) t"};
constexpr Statement kReadSite{"read_site", "SELECT site_id FROM pbfs.site_self"};

// One at a time; held by the session, so that it spans the transactions. Any number that nobody else uses.
constexpr const char* kPrepareDatabase =
    "SELECT pg_advisory_lock(7526479234170881); "
    "CREATE SCHEMA IF NOT EXISTS pbfs; "
    "CREATE TABLE IF NOT EXISTS pbfs.schema_version ("
    "  version int4 PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, at timestamptz NOT NULL DEFAULT now())";

class Migrator {
 public:
  Migrator(Connection& connection, const Context& context, const std::vector<Migration>& migrations)
      : connection_(connection), context_(context), migrations_(migrations) {}

  Status Run(SiteId site) {
    // A migration may build an index over a large table: no timeout but the caller's.
    PBFS_RETURN_IF_ERROR(connection_.RunScript(context_, "SET statement_timeout = 0; SET lock_timeout = 0"));
    PBFS_RETURN_IF_ERROR(connection_.RunScript(context_, kPrepareDatabase));
    PBFS_RETURN_IF_ERROR(LoadApplied());
    PBFS_RETURN_IF_ERROR(ComputeChecksums());
    PBFS_RETURN_IF_ERROR(Compare());
    for (size_t i = 0; i < migrations_.size(); ++i) {
      if (applied_.count(migrations_[i].version) == 0) PBFS_RETURN_IF_ERROR(Apply(i));
    }
    return ClaimSite(site);
  }

 private:
  Status LoadApplied() {
    connection_.Queue(kReadVersions);
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection_.Run(context_));
    for (int row = 0; row < results[0].size(); ++row)
      applied_[static_cast<int>(results[0].Int4(row, 0))] = results[0].Text(row, 1);
    return OkStatus();
  }

  Status ComputeChecksums() {
    Array texts(Type::kText);
    for (const Migration& migration : migrations_) texts.Text(migration.text);
    connection_.Queue(kChecksums, Params().Add(texts));
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection_.Run(context_));
    for (int row = 0; row < results[0].size(); ++row) checksums_.push_back(results[0].Text(row, 0));
    return OkStatus();
  }

  Status Compare() const {
    for (size_t i = 0; i < migrations_.size(); ++i) {
      const auto found = applied_.find(migrations_[i].version);
      if (found != applied_.end() && found->second != checksums_[i])
        return FailedPreconditionError(
            fmt::format("migration {} was changed after it was applied to this database: restore its text and "
                        "write a new migration",
                        migrations_[i].name));
    }
    const int newest = applied_.empty() ? 0 : applied_.rbegin()->first;
    if (newest > migrations_.back().version)
      return FailedPreconditionError(
          fmt::format("the database has schema {}, newer than {} of this program: upgrade the program", newest,
                      migrations_.back().version));
    return OkStatus();
  }

  Status Apply(size_t i) {
    const Migration& migration = migrations_[i];
    // The checksum is hexadecimal and the name is a file's: nothing to quote.
    const std::string script = fmt::format(
        "BEGIN; {}; INSERT INTO pbfs.schema_version (version, name, checksum) VALUES ({}, '{}', '{}'); COMMIT",
        migration.text, migration.version, migration.name, checksums_[i]);
    const Status applied = connection_.RunScript(context_, script);
    if (!applied.ok()) (void)connection_.RunScript(context_, "ROLLBACK");
    return applied.Annotate("migration " + migration.name + ": ");
  }

  Status ClaimSite(SiteId site) {
    PBFS_RETURN_IF_ERROR(connection_.RunScript(
        context_,
        fmt::format(
            "INSERT INTO site_self (site_id, thawed_timeline) VALUES ({}, wal_timeline()) ON CONFLICT DO NOTHING",
            site.value)));
    connection_.Queue(kReadSite);
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection_.Run(context_));
    const int64_t owner = results[0].Int2(0, 0);
    if (owner == static_cast<int16_t>(site.value)) return OkStatus();
    return FailedPreconditionError(
        fmt::format("this database is the catalog of site {}, not of {}", owner, site.value));
  }

  Connection& connection_;
  const Context& context_;
  const std::vector<Migration>& migrations_;
  std::map<int, std::string> applied_;  // version -> checksum
  std::vector<std::string> checksums_;  // of migrations_
};

}  // namespace

int SchemaVersion() {
  static const int version = Migrations().back().version;
  return version;
}

Status Migrate(const Context& context, const std::string& dsn, SiteId site) {
  return Migrate(context, dsn, site, Migrations());
}

Status Migrate(const Context& context, const std::string& dsn, SiteId site, const std::vector<Migration>& migrations) {
  PBFS_ASSIGN_OR_RETURN(const auto connection, Connection::Open(dsn, {.application_name = "pbfs-migrate"}));
  return Migrator(*connection, context, migrations).Run(site);
}

Status CheckSchemaVersion(Connection& connection, const Context& context) {
  connection.Queue(kReadVersion);
  PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
  const int64_t found = results[0].Int4(0, 0);
  if (found == SchemaVersion()) return OkStatus();
  if (found < SchemaVersion())
    return FailedPreconditionError(fmt::format(
        "the database has schema {}, this program needs {}: run `pbfs-catalog migrate`", found, SchemaVersion()));
  return FailedPreconditionError(fmt::format(
      "the database has schema {}, newer than {} of this program: upgrade the program", found, SchemaVersion()));
}

}  // namespace pbfs::postgres
