#pragma once

#include <string>
#include <vector>

#include "libs/adapters/postgres/connection.h"
#include "libs/base/ids.h"

namespace pbfs::postgres {

/// The version of the schema that this program speaks: the number of its newest migration.
int SchemaVersion();

/// Brings the database of `dsn` (its primary) to this program's schema and makes it the catalog of `site`. Each migration
/// is one transaction; an interrupted run goes on where it stopped; running it again changes nothing. Programs that migrate
/// at once wait for each other.
/// Errors: FAILED_PRECONDITION a migration that was applied here has another text in this program, the database is newer
/// than this program, or it belongs to another site; INVALID_ARGUMENT the DSN; UNAVAILABLE.
Status Migrate(const Context& context, const std::string& dsn, SiteId site);
/// The same with other migrations: for tests.
Status Migrate(const Context& context, const std::string& dsn, SiteId site, const std::vector<Migration>& migrations);

/// Errors: FAILED_PRECONDITION the schema is missing, older or newer than this program's, and what to do.
Status CheckSchemaVersion(Connection& connection, const Context& context);

}  // namespace pbfs::postgres
