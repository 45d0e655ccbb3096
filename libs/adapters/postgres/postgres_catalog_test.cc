#include "libs/adapters/postgres/postgres_catalog.h"

#include "libs/adapters/postgres/testing/catalog_database.h"
#include "libs/catalog/history_property.h"
#include "libs/catalog/testing/all_contracts.h"

namespace pbfs {
namespace {

/// A catalog over the database that all contract tests share: they make buckets of their own.
class PostgresCatalogFixture {
 public:
  Catalog ports() { return catalog_.ports(); }
  const Clock& clock() const { return clock_; }
  void ExpireHistory(BucketId bucket, Hlc floor) {
    Database().Sql(
        "UPDATE bucket SET history_floor_hlc = greatest(history_floor_hlc, " + std::to_string(floor) +
        ") WHERE bucket_id = '" + bucket.ToString() +
        "'; DELETE FROM extent_past e USING bucket b WHERE b.bucket = e.bucket AND e.gone_hlc <= b.history_floor_hlc");
  }

 private:
  static const postgres::CatalogDatabase& Database() {
    static const postgres::CatalogDatabase database;
    return database;
  }
  SystemClock clock_;
  PostgresCatalog catalog_{Database().options()};
};

PBFS_CATALOG_CONTRACTS(Postgres, PostgresCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, HistoryProperty, PostgresCatalogFixture);

}  // namespace
}  // namespace pbfs
