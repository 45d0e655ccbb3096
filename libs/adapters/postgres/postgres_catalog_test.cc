#include "libs/adapters/postgres/postgres_catalog.h"

#include "libs/adapters/postgres/testing/catalog_database.h"
#include "libs/catalog/buckets_contract.h"
#include "libs/catalog/commits_contract.h"
#include "libs/catalog/groups_contract.h"
#include "libs/catalog/history_property.h"
#include "libs/catalog/journal_contract.h"
#include "libs/catalog/lists_contract.h"
#include "libs/catalog/names_contract.h"

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

INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, CommitsContract, PostgresCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, ListsContract, PostgresCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, NamesContract, PostgresCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, BucketsContract, PostgresCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, GroupsContract, PostgresCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, JournalContract, PostgresCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, HistoryProperty, PostgresCatalogFixture);

}  // namespace
}  // namespace pbfs
