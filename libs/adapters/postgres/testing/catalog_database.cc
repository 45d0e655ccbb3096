#include "libs/adapters/postgres/testing/catalog_database.h"

#include <map>

#include "libs/adapters/postgres/migrations.h"
#include "libs/base/sync.h"
#include "libs/catalog/receipts.h"
#include "libs/catalog/testing/test_client.h"

namespace pbfs::postgres {

PostgresServer& SharedPostgres() {
  static const std::unique_ptr<PostgresServer> server = [] {
    auto started = PostgresServer::Start({});
    PBFS_CHECK(started.ok(), started.status().ToString());
    return *std::move(started);
  }();
  return *server;
}

namespace {

constexpr const char* kTemplate = "pbfs_template";

Status MakeTemplate(const PostgresServer& server) {
  PBFS_ASSIGN_OR_RETURN(const std::string dsn, server.CreateDatabase(kTemplate));
  return postgres::Migrate(Context::WithTimeout(std::chrono::seconds(60)), dsn, SiteId{1});
}

}  // namespace

CatalogDatabase::CatalogDatabase(PostgresServer& server) : server_(server) {
  static Mutex mutex;
  static int number = 0;
  static std::map<int, bool> has_template;  // by port
  MutexLock lock(mutex);
  if (!std::exchange(has_template[server.port()], true)) {
    const Status made = MakeTemplate(server);
    PBFS_CHECK(made.ok(), made.ToString());
  }
  name_ = "catalog_" + std::to_string(++number);
  const auto created = server.Psql("CREATE DATABASE " + name_ + " TEMPLATE " + kTemplate);
  PBFS_CHECK(created.ok(), created.status().ToString());
}

PostgresOptions CatalogDatabase::options() const {
  PostgresOptions options;
  options.local_dsn = dsn();
  options.verify_receipt = VerifyWithSiteSecret(TestSiteSecret(), SiteId{1});
  return options;
}

std::string CatalogDatabase::Sql(const std::string& sql) const {
  const auto answer = server_.Psql("SET search_path = pbfs; " + sql, name_);
  PBFS_CHECK(answer.ok(), answer.status().ToString());
  return *answer;
}

}  // namespace pbfs::postgres
