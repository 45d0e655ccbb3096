// Rows of the failure matrix (docs/operations/failures.md) that take a real PostgreSQL: transactions that are cut off,
// see a tombstone, or never end.
#include <atomic>
#include <functional>

#include "libs/adapters/postgres/connection.h"
#include "libs/adapters/postgres/postgres_catalog.h"
#include "libs/adapters/postgres/testing/catalog_database.h"
#include "libs/base/executor.h"
#include "libs/base/testing.h"
#include "libs/catalog/testing/test_client.h"
#include "libs/model/limits.h"

namespace pbfs {
namespace {

using postgres::CatalogDatabase;
using postgres::PostgresServer;

constexpr const char* kTables[] = {"object", "region_head", "binding", "body", "op", "extent", "journal"};

/// A catalog and a writer. By request, whoever writes to one of its tables stands still with the rows written.
class Site {
 public:
  explicit Site(PostgresServer& server = postgres::SharedPostgres()) : database(server) {
    BucketInfo info;
    info.id = bucket;
    info.settings.name = "b";
    info.keyring = Buffer::CopyOf(AsBytes("k"));
    EXPECT_OK(catalog.CreateBucket(TestContext(), info));
  }
  CommitCode Send(const TestCommit& commit) {
    const Result<CommitReply> reply = catalog.Commit(TestContext(), commit.request());
    EXPECT_OK(reply);
    return reply.ok() ? reply->code : CommitCode::kBadOp;
  }
  /// A new object with ten bytes, five on each side of a border of regions, that is bound to `name`.
  TestCommit AcrossABorder(ObjectId object, const std::string& name) {
    TestCommit commit(client);
    commit.Creates(object).Write(object, kRegionSize - 5, Bytes(10, 2)).Bind(name, object);
    return commit;
  }
  int64_t Extents(ObjectId object) {
    const Result<ObjectInfo> info = catalog.Stat(TestContext(), {bucket, object});
    EXPECT_OK(info);
    return info.ok() ? info->extents : -1;
  }

  void StandStillAt(const std::string& table) {
    database.Sql(
        "CREATE FUNCTION stand_still() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_sleep(1000); RETURN NULL; END $$");
    database.Sql("CREATE TRIGGER stand_still AFTER INSERT ON " + table +
                 " FOR EACH STATEMENT EXECUTE FUNCTION stand_still()");
  }
  void GoOn() { database.Sql("DROP FUNCTION stand_still CASCADE"); }
  /// Sends the Commit, and does `then` when it stands still. The answer.
  Status SendAnd(const TestCommit& commit, const std::function<void()>& then) {
    std::atomic<bool> done = false;
    Status answer;
    Executor executor("writer", 1, 1);
    EXPECT_OK(executor.Submit([&] {
      answer = catalog.Commit(TestContext(), commit.request()).status();
      done = true;
    }));
    const std::string stands =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()";
    EXPECT_TRUE(Eventually([&] { return done || database.Sql(stands) == "1\n"; }));
    EXPECT_FALSE(done) << "it did not stand still: " << answer.ToString();
    then();
    EXPECT_TRUE(Eventually([&] { return done.load(); }));
    return answer;
  }
  template <typename Condition>
  static bool Eventually(const Condition& condition) {
    const MonotonicTime deadline = MonotonicNow() + std::chrono::seconds(30);
    while (!condition()) {
      if (MonotonicNow() > deadline) return false;
      SleepFor(std::chrono::milliseconds(10));  // a poll of another process, bounded by the deadline
    }
    return true;
  }
  /// How many rows each table has.
  std::string Rows() const {
    std::string counts;
    for (const std::string table : kTables) counts += table + " " + database.Sql("SELECT count(*) FROM " + table);
    return counts;
  }

  SystemClock clock;
  CatalogDatabase database;
  PostgresCatalog catalog{database.options()};
  SystemRandom random;
  const BucketId bucket = BucketId::NewRandom(random);
  TestClient client{clock, bucket, random.U64()};
};

/// A session of PostgreSQL with a transaction open that has an id.
class OpenTransaction {
 public:
  explicit OpenTransaction(const CatalogDatabase& database) {
    auto opened = postgres::Connection::Open(database.dsn(), {});
    EXPECT_OK(opened);
    connection_ = *std::move(opened);
    connection_->Queue(postgres::kBegin);
    connection_->Queue({"id", "SELECT pg_current_xact_id()::text"});
    EXPECT_OK(connection_->Run(TestContext()));
  }
  void End() { connection_->Rollback(); }
  /// How long PostgreSQL lets it stand idle.
  std::string Patience() {
    connection_->Queue({"patience", "SELECT current_setting('idle_in_transaction_session_timeout')"});
    const auto results = connection_->Run(TestContext());
    EXPECT_OK(results);
    return results.ok() ? std::string(results->at(0).Text(0, 0)) : "";
  }

 private:
  std::unique_ptr<postgres::Connection> connection_;
};

// To PostgreSQL a catalog that is killed is a connection that ends.
TEST(FailureMatrix, F06_ACatalogThatDiesInsideATransactionLeavesNoRow) {
  Site site;
  for (const std::string table : kTables) {
    SCOPED_TRACE(table);
    const std::string before = site.Rows();
    const ObjectId object = site.client.NewObject();
    const TestCommit commit = site.AcrossABorder(object, table);
    site.StandStillAt(table);
    const Status answer = site.SendAnd(commit, [&] {
      site.database.Sql(
          "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND "
          "datname = current_database()");
    });
    EXPECT_CODE(answer, kUnavailable);
    EXPECT_EQ(site.Rows(), before);
    site.GoOn();
    EXPECT_EQ(site.Send(commit), CommitCode::kOk) << "the writer asks again";
    EXPECT_EQ(site.Extents(object), 2);
  }
}

TEST(FailureMatrix, F24_ACommitThatMeetsATombstoneIsExpiredHoweverYoungItsEncoding) {
  Site site;
  const ObjectId object = site.client.NewObject();
  ASSERT_EQ(site.Send(TestCommit(site.client).Creates(object).Write(object, 0, Bytes(10, 1))), CommitCode::kOk);
  const BodyUpload body = site.client.MakeBody(Bytes(5000, 2));
  site.database.Sql("INSERT INTO swept (encoding_id) VALUES ('" + body.encoding->id.ToString() + "')");
  EXPECT_EQ(site.Send(TestCommit(site.client).WriteBody(object, 0, 5000, body)), CommitCode::kEncodingExpired);
  EXPECT_EQ(site.Extents(object), 1);
  EXPECT_EQ(site.Send(TestCommit(site.client).Write(object, 0, Bytes(5000, 2))), CommitCode::kOk)
      << "uploaded again under an encoding of its own";
}

TEST(FailureMatrix, F45_ATransactionThatDoesNotEndHoldsUpShippingAndSweepingAndNoWrite) {
  Site site;
  const EncodingId orphan =
      site.client.MakeEncoded({}, 4, 6, 0, site.clock.NowMillis() - 25 * 3'600'000, {}).encoding->id;
  const auto shipped = [&] {
    const auto entries = site.catalog.ReadJournal(TestContext(), {}, 1000);
    EXPECT_OK(entries);
    return entries.ok() ? entries->size() : 0;
  };
  const auto confirmed = [&] {
    EXPECT_OK(site.catalog.SweepArm(TestContext()));
    const auto encodings = site.catalog.SweepConfirm(TestContext(), 100);
    EXPECT_OK(encodings);
    return encodings.ok() ? *encodings : std::vector<EncodingId>();
  };
  ASSERT_EQ(shipped(), 0u);
  OpenTransaction other(site.database);
  EXPECT_EQ(other.Patience(), "20s");
  const ObjectId object = site.client.NewObject();
  EXPECT_EQ(site.Send(site.AcrossABorder(object, "a")), CommitCode::kOk);
  EXPECT_EQ(site.Extents(object), 2);
  ASSERT_OK(site.catalog.SweepMark(TestContext(), std::span(&orphan, 1)));
  EXPECT_EQ(shipped(), 0u);
  EXPECT_TRUE(confirmed().empty());
  other.End();
  EXPECT_EQ(shipped(), 2u);
  EXPECT_EQ(confirmed(), std::vector<EncodingId>{orphan});
}

TEST(FailureMatrix, F59_AWriteAcrossABorderIsThereWithBothExtentsOrNoneAfterACrash) {
  ASSERT_OK_AND_ASSIGN(const auto server, PostgresServer::Start({}));
  Site site(*server);
  const ObjectId torn = site.client.NewObject(), done = site.client.NewObject();
  const TestCommit commit = site.AcrossABorder(torn, "torn");
  const std::string before = site.Rows();
  site.StandStillAt("extent");
  EXPECT_CODE(site.SendAnd(commit, [&] { server->Kill9(); }), kUnavailable);
  ASSERT_OK(server->Restart());
  EXPECT_EQ(site.Rows(), before);
  site.GoOn();
  const auto serves = [&](ObjectId object) { return site.catalog.Stat(TestContext(), {site.bucket, object}).ok(); };
  EXPECT_TRUE(Site::Eventually([&] { return site.catalog.Commit(TestContext(), commit.request()).ok(); }));
  EXPECT_TRUE(Site::Eventually([&] { return serves(torn); }));
  EXPECT_EQ(site.Extents(torn), 2);
  EXPECT_EQ(site.Send(site.AcrossABorder(done, "done")), CommitCode::kOk);
  server->Kill9();
  ASSERT_OK(server->Restart());
  EXPECT_TRUE(Site::Eventually([&] { return serves(done); }));
  EXPECT_EQ(site.Extents(done), 2);
}

}  // namespace
}  // namespace pbfs
