#include "libs/adapters/postgres/restored.h"

#include "libs/adapters/postgres/postgres_timelines.h"
#include "libs/adapters/postgres/testing/catalog_database.h"
#include "libs/base/testing.h"

namespace pbfs::postgres {
namespace {

TEST(FenceRestoredTest, TokensOfBeforeEndAndNothingIsDestroyedUntilAPersonThaws) {
  CatalogDatabase database;
  PostgresCatalog catalog(database.options());
  ASSERT_OK(catalog.PurgeMark(TestContext(), {}, 100));
  database.Sql("UPDATE site_self SET fence_epoch = 5");
  ASSERT_OK(FenceRestored(TestContext(), database.dsn()));
  EXPECT_EQ(database.Sql("SELECT thawed_timeline, fence_epoch > 1700000000 FROM site_self"), "0|t\n");
  EXPECT_CODE(catalog.PurgeMark(TestContext(), {}, 100), kFailedPrecondition);
  PostgresTimelines timelines(database.options());
  ASSERT_OK_AND_ASSIGN(const Timelines::State state, timelines.Load(TestContext()));
  ASSERT_OK(timelines.Thaw(TestContext(), state.thawed, state.now.timeline));
  ASSERT_OK(catalog.PurgeMark(TestContext(), {}, 100));
}

// A backup that comes back a second time brings its epoch again, and tokens of the first time must not fit.
TEST(FenceRestoredTest, TheEpochRisesEachTimeAndNeverFallsBackToOneBefore) {
  CatalogDatabase database;
  ASSERT_OK(FenceRestored(TestContext(), database.dsn()));
  const std::string first = database.Sql("SELECT fence_epoch FROM site_self");
  ASSERT_OK(FenceRestored(TestContext(), database.dsn()));
  const std::string second = database.Sql("SELECT fence_epoch FROM site_self");
  EXPECT_LT(std::stoll(first), std::stoll(second));
  database.Sql("UPDATE site_self SET fence_epoch = 1");
  ASSERT_OK(FenceRestored(TestContext(), database.dsn()));
  EXPECT_GE(std::stoll(database.Sql("SELECT fence_epoch FROM site_self")), std::stoll(first));
}

// Ids of transactions of the former PostgreSQL are far ahead of this one's: waited for, they would not come for years.
TEST(FenceRestoredTest, NothingWaitsForTransactionsOfTheFormerPostgresql) {
  CatalogDatabase database;
  database.Sql(
      "INSERT INTO swept (encoding_id, horizon, confirmed) VALUES (gen_random_uuid(), '9000000000', false), "
      "(gen_random_uuid(), '9000000000', true); "
      "INSERT INTO garbage (body_id, since, hold) VALUES (gen_random_uuid(), now(), '9000000000'); "
      "UPDATE pgroup SET horizon = '9000000000'; "
      "INSERT INTO journal (xid, kind) VALUES ('9000000000', 1)");
  ASSERT_OK(FenceRestored(TestContext(), database.dsn()));
  EXPECT_EQ(database.Sql("SELECT count(*) FROM swept WHERE NOT confirmed AND horizon IS NOT NULL"), "0\n");
  EXPECT_EQ(database.Sql("SELECT count(*) FROM swept WHERE confirmed"), "1\n") << "what was confirmed stays so";
  EXPECT_EQ(database.Sql("SELECT count(*) FROM garbage WHERE hold >= '9000000000'"), "0\n");
  EXPECT_EQ(database.Sql("SELECT count(*) FROM pgroup WHERE horizon IS NOT NULL"), "0\n");
  EXPECT_EQ(database.Sql("SELECT count(*) FROM journal"), "0\n");
}

TEST(FenceRestoredTest, ASiteWithPeersIsLeftAsItIs) {
  CatalogDatabase database;
  database.Sql("INSERT INTO peer (site_id, fence_epoch) VALUES (2, 1)");
  const std::string before = database.Sql("SELECT * FROM site_self");
  EXPECT_CODE(FenceRestored(TestContext(), database.dsn()), kFailedPrecondition);
  EXPECT_EQ(database.Sql("SELECT * FROM site_self"), before);
}

}  // namespace
}  // namespace pbfs::postgres
