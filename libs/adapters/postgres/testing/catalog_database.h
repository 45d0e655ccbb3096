#pragma once

#include <string>

#include "libs/adapters/postgres/postgres_catalog.h"
#include "libs/adapters/postgres/testing/postgres_server.h"

namespace pbfs::postgres {

/// The PostgreSQL that the tests of this process share; started at first use, on the main thread.
PostgresServer& SharedPostgres();

/// An empty catalog of site 1: a database of its own on `server`, made as a copy of one that was migrated before.
class CatalogDatabase {
 public:
  explicit CatalogDatabase(PostgresServer& server = SharedPostgres());
  const std::string& name() const { return name_; }
  std::string dsn() const { return server_.Dsn(name_); }
  /// Options of a catalog over it that verifies receipts of TestReceipt().
  PostgresOptions options() const;
  /// Runs SQL in schema pbfs; fails the test if PostgreSQL refuses it.
  std::string Sql(const std::string& sql) const;

 private:
  PostgresServer& server_;
  std::string name_;
};

}  // namespace pbfs::postgres
