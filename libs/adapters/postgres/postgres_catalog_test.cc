#include "libs/adapters/postgres/postgres_catalog.h"

#include "libs/adapters/postgres/embedded_sql.h"
#include "libs/adapters/postgres/sessions.h"
#include "libs/adapters/postgres/testing/catalog_database.h"
#include "libs/base/testing.h"
#include "libs/catalog/failures_contract.h"
#include "libs/catalog/garbage_contract.h"
#include "libs/catalog/history_property.h"
#include "libs/catalog/recodes_contract.h"
#include "libs/catalog/repairs_contract.h"
#include "libs/catalog/store_numbers_contract.h"
#include "libs/catalog/testing/all_contracts.h"

namespace pbfs {
namespace {

/// A catalog over the database that all contract tests share: they make buckets of their own.
class PostgresCatalogFixture {
 public:
  Catalog ports() { return catalog_.ports(); }
  const Clock& clock() const { return clock_; }
  StoreNumbers& store_numbers() { return catalog_; }
  Garbage& garbage() { return catalog_; }
  Repairs& repairs() { return catalog_; }
  Recodes& recodes() { return catalog_; }
  void RaiseFloor(Hlc floor) {
    Database().Sql("UPDATE site_self SET floor_hlc = greatest(floor_hlc, " + std::to_string(floor) + ")");
  }
  void ExpireOpen(ObjectId object) {
    Database().Sql("UPDATE object SET expires = now() - interval '1 s' WHERE object_id = '" + object.ToString() + "'");
  }
  void ExpireUpload(UploadId upload) {
    Database().Sql("UPDATE upload SET expires = now() - interval '1 s' WHERE upload_id = '" + upload.ToString() + "'");
  }
  void AgeTombstone(EncodingId encoding) {
    Database().Sql("UPDATE swept SET at = at - interval '31 days' WHERE encoding_id = '" + encoding.ToString() + "'");
  }
  void ExpireHistory(BucketId bucket, Hlc floor) {
    Database().Sql("UPDATE bucket SET history_floor_hlc = greatest(history_floor_hlc, " + std::to_string(floor) +
                   ") WHERE bucket_id = '" + bucket.ToString() + "'");
    for (int64_t gone = 1; gone > 0;) {
      const Result<int64_t> reply = catalog_.HistoryExpire(TestContext(), 1000);
      ASSERT_OK(reply);
      gone = *reply;
    }
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
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, StoreNumbersContract, PostgresCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, GarbageContract, PostgresCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, FailureMatrixContract, PostgresCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, RepairsContract, PostgresCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, RecodesContract, PostgresCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, HistoryProperty, PostgresCatalogFixture);

// I13, I20. The clock of this database refuses to be read by a transaction that has no id yet.
TEST(PostgresBatch, ATransactionHasItsIdBeforeItReadsTheClock) {
  const postgres::CatalogDatabase database;
  database.Sql(
      "CREATE OR REPLACE FUNCTION now_ms() RETURNS int8 LANGUAGE plpgsql VOLATILE AS $$ BEGIN "
      "IF pg_current_xact_id_if_assigned() IS NULL THEN RAISE 'no transaction id'; END IF; RETURN 1; END $$");
  postgres::SessionPool pool({.dsn = database.dsn(), .connections = 1});
  postgres::Array no_buckets(postgres::Type::kUuid);
  ASSERT_OK_AND_ASSIGN(const postgres::Rows site,
                       postgres::RunOne(pool, TestContext(), postgres::kLoadSite, postgres::Params().Add(no_buckets)));
  ASSERT_EQ(site.size(), 1);
  EXPECT_EQ(site.Int8(0, 1), 1);
}

// Nor does a page read what it folds.
TEST(PostgresNames, ACommonPrefixIsSkippedBySeeking) {
  const postgres::CatalogDatabase database;
  database.Sql(
      "INSERT INTO binding SELECT 1, p || '/' || i, 1, 1, gen_random_uuid(), gen_random_uuid(), gen_random_uuid() "
      "FROM generate_series(1, 5000) i, unnest('{a,b,c}'::text[]) p");
  const std::string read = database.Sql(
      "SELECT string_agg(o_name, ' ') FROM list_names(1, '', '', '/', 100); "
      "SELECT pg_stat_get_xact_tuples_fetched('binding'::regclass) < 100");
  EXPECT_THAT(read, testing::HasSubstr("a/ b/ c/")) << read;
  EXPECT_THAT(read, testing::HasSubstr("t\n")) << read;
}

}  // namespace
}  // namespace pbfs
