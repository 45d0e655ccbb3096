// The adapter when PostgreSQL is away, read-only, behind, or does not say how a commit ended; and several catalogs on one
// database at once.
#include <atomic>

#include "libs/adapters/postgres/catalog_parts.h"
#include "libs/adapters/postgres/postgres_catalog.h"
#include "libs/adapters/postgres/testing/catalog_database.h"
#include "libs/base/executor.h"
#include "libs/base/testing.h"
#include "libs/catalog/opset.h"
#include "libs/catalog/testing/test_client.h"
#include "libs/model/byte_array_model.h"
#include "libs/model/limits.h"
#include "libs/model/skyline.h"

namespace pbfs {
namespace {

using postgres::CatalogDatabase;
using postgres::PostgresServer;
using ::testing::HasSubstr;

template <typename Condition>
bool Eventually(const Condition& condition) {
  const MonotonicTime deadline = MonotonicNow() + std::chrono::seconds(30);
  while (!condition()) {
    if (MonotonicNow() > deadline) return false;
    SleepFor(std::chrono::milliseconds(10));  // a poll of another process, bounded by the deadline
  }
  return true;
}

BucketId MakeBucket(Buckets& buckets) {
  SystemRandom random;
  BucketInfo info;
  info.id = BucketId::NewRandom(random);
  info.settings.name = info.id.ToString();
  info.keyring = Buffer::CopyOf(AsBytes("k"));
  EXPECT_OK(buckets.CreateBucket(TestContext(), info));
  return info.id;
}

CommitCode CodeOf(const Result<CommitReply>& reply) {
  EXPECT_OK(reply);
  return reply.ok() ? reply->code : CommitCode::kBadOp;
}

/// A primary with a synchronous standby, and a catalog beside each.
class PairTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(primary_, PostgresServer::Start({}));
    database_ = std::make_unique<CatalogDatabase>(*primary_);
    ASSERT_OK_AND_ASSIGN(standby_, primary_->StartStandby("one"));
    ASSERT_OK(primary_->SetSynchronousStandbys("one"));
    PostgresOptions options = database_->options();
    options.local_dsn = options.primary_dsn = database_->dsn();
    options.statement_timeout = std::chrono::seconds(3);
    catalog_ = std::make_unique<PostgresCatalog>(options);
    bucket_ = MakeBucket(*catalog_);
    client_ = std::make_unique<TestClient>(clock_, bucket_, SystemRandom().U64());
  }
  ObjectId MakeObject() {
    const ObjectId object = client_->NewObject();
    EXPECT_EQ(CodeOf(catalog_->Commit(TestContext(),
                                      TestCommit(*client_).Creates(object).Write(object, 0, Bytes(10, 1)).request())),
              CommitCode::kOk);
    return object;
  }
  PostgresOptions BesideStandby() {
    PostgresOptions options = database_->options();
    options.local_dsn = standby_->Dsn(database_->name());
    options.primary_dsn = PostgresServer::Dsn(*standby_, *primary_, database_->name());
    return options;
  }

  SystemClock clock_;
  std::unique_ptr<PostgresServer> primary_, standby_;
  std::unique_ptr<CatalogDatabase> database_;
  std::unique_ptr<PostgresCatalog> catalog_;
  BucketId bucket_;
  std::unique_ptr<TestClient> client_;
};

TEST_F(PairTest, CommitThatItsStandbyDoesNotConfirmIsNotAcknowledgedAndIsAReplayLater) {
  const ObjectId object = MakeObject();
  TestCommit commit(*client_);
  commit.Write(object, 20, Bytes(10, 2));
  standby_->Freeze();
  const Status unknown = catalog_->Commit(TestContext(), commit.request()).status();
  EXPECT_CODE(unknown, kUnavailable);
  EXPECT_EQ(unknown.Detail("outcome"), "unknown");
  // REPLAY is an acknowledgement too: it waits for the standby like the first.
  const Status still_unknown = catalog_->Commit(TestContext(), commit.request()).status();
  EXPECT_TRUE(IsRetryable(still_unknown)) << still_unknown.ToString();
  standby_->Thaw();
  EXPECT_EQ(CodeOf(catalog_->Commit(TestContext(), commit.request())), CommitCode::kReplay);
}

TEST_F(PairTest, CommitWhoseBackendIsKilledWhileItWaitsIsUnknownAndHappensOnce) {
  const ObjectId object = MakeObject();
  TestCommit commit(*client_);
  commit.Write(object, 20, Bytes(10, 2));
  standby_->Freeze();
  Executor executor("commit", 1, 1);
  Status unknown;
  std::atomic<bool> done = false;
  ASSERT_OK(executor.Submit([&] {
    unknown = catalog_->Commit(TestContext(), commit.request()).status();
    done = true;
  }));
  EXPECT_TRUE(Eventually([&] {
    return database_->Sql(
               "SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND "
               "datname = "
               "current_database()") == "t\n";
  }));
  EXPECT_TRUE(Eventually([&] { return done.load(); }));
  EXPECT_CODE(unknown, kUnavailable);
  EXPECT_EQ(unknown.Detail("outcome"), "unknown");
  standby_->Thaw();
  EXPECT_EQ(CodeOf(catalog_->Commit(TestContext(), commit.request())), CommitCode::kReplay);
  ASSERT_OK_AND_ASSIGN(const ObjectInfo info, catalog_->Stat(TestContext(), bucket_, object));
  EXPECT_EQ(info.extents, 2);
}

TEST_F(PairTest, ReadBesideAStandbyNeverAnswersWithThePast) {
  PostgresCatalog beside(BesideStandby());
  const ObjectId object = MakeObject();
  ListRequest request{bucket_, object, 0, 100};
  for (const bool paused : {false, true}) {
    if (paused) {
      ASSERT_OK(standby_->Psql("SELECT pg_wal_replay_pause()"));
    }
    TestCommit commit(*client_);
    commit.Write(object, paused ? 40 : 20, Bytes(10, 2));
    ASSERT_OK_AND_ASSIGN(const CommitReply reply, beside.Commit(TestContext(), commit.request()));
    ASSERT_EQ(reply.code, CommitCode::kOk);
    request.min_hlc = reply.max_hlc;
    ASSERT_OK_AND_ASSIGN(const ListReply list, beside.List(TestContext(), request));
    EXPECT_EQ(list.extents.size(), paused ? 3U : 2U);
  }
  const ObjectId unseen = MakeObject();  // replay is still paused
  EXPECT_OK(beside.Stat(TestContext(), bucket_, unseen));
  ASSERT_OK(standby_->Psql("SELECT pg_wal_replay_resume()"));
}

TEST_F(PairTest, ReadThatReplayCancelsAtAStandbyIsAnsweredByThePrimary) {
  ASSERT_OK(standby_->Psql("ALTER SYSTEM SET max_standby_streaming_delay = 0"));
  ASSERT_OK(standby_->Psql("SELECT pg_reload_conf()"));
  database_->Sql("CREATE TABLE churn (value int4)");
  const PostgresOptions options = BesideStandby();
  postgres::SessionPool local({.dsn = options.local_dsn});
  postgres::SessionPool primary({.dsn = options.primary_dsn, .access = postgres::SessionPool::Access::kWrite});
  std::atomic<bool> done{false};
  Thread vacuum("vacuum", [&] {
    while (!done) {
      database_->Sql("INSERT INTO churn VALUES (1); DELETE FROM churn");
      ASSERT_OK(primary_->Psql("VACUUM pbfs.churn", database_->name()));
    }
  });
  int at_standby = 0, at_primary = 0;
  const auto read = [&](postgres::Connection& connection, bool&) -> Result<int> {
    ++(connection.is_standby() ? at_standby : at_primary);
    connection.Queue(connection.is_standby()
                         ? postgres::Statement{"slow", "SELECT pg_sleep(60), count(*) FROM pbfs.churn"}
                         : postgres::Statement{"quick", "SELECT 1"});
    PBFS_RETURN_IF_ERROR(connection.Run(TestContext()).status());
    return 1;
  };
  EXPECT_OK(postgres::ReadFresh<int>(local, primary, TestContext(), Duration{}, read));
  done = true;
  EXPECT_EQ(at_standby, 1);
  EXPECT_EQ(at_primary, 1);
}

TEST_F(PairTest, WritesToAStandbyAloneSayThatItIsReadOnly) {
  PostgresOptions options = BesideStandby();
  options.primary_dsn = options.local_dsn;
  PostgresCatalog beside(options);
  const Status refused =
      beside.Commit(TestContext(), TestCommit(*client_).Zero(MakeObject(), 0, 10).request()).status();
  EXPECT_CODE(refused, kUnavailable);
  EXPECT_THAT(refused.message(), HasSubstr("read-only"));
}

TEST_F(PairTest, AcknowledgedCommitIsThereAfterFailover) {
  PostgresCatalog either(BesideStandby());
  const ObjectId object = MakeObject();
  ASSERT_OK(either.Stat(TestContext(), bucket_, object));
  primary_->Kill9();
  ASSERT_OK(standby_->Promote());
  ASSERT_OK(standby_->SetSynchronousStandbys(""));
  TestCommit commit(*client_);
  commit.Write(object, 20, Bytes(10, 2));
  EXPECT_TRUE(Eventually([&] { return either.Commit(TestContext(), commit.request()).ok(); }));
  ASSERT_OK_AND_ASSIGN(const ObjectInfo info, either.Stat(TestContext(), bucket_, object));
  EXPECT_EQ(info.extents, 2);
}

TEST(PostgresFaults, ServerThatIsDownIsUnavailableAndServesAgainWhenItIsBack) {
  ASSERT_OK_AND_ASSIGN(auto server, PostgresServer::Start({}));
  const CatalogDatabase database(*server);
  PostgresCatalog catalog(database.options());
  const SystemClock clock;
  const BucketId bucket = MakeBucket(catalog);
  TestClient client(clock, bucket, 1);
  const ObjectId object = client.NewObject();
  TestCommit first(client);
  first.Creates(object).Write(object, 0, Bytes(10, 1));
  ASSERT_EQ(CodeOf(catalog.Commit(TestContext(), first.request())), CommitCode::kOk);
  server->Kill9();
  // Backends outlive their postmaster for a moment.
  const auto is_down = [](const Status& status) { return status.code() == StatusCode::kUnavailable; };
  EXPECT_TRUE(Eventually([&] { return is_down(catalog.Stat(TestContext(), bucket, object).status()); }));
  EXPECT_TRUE(Eventually([&] { return is_down(catalog.Commit(TestContext(), first.request()).status()); }));
  ASSERT_OK(server->Restart());
  EXPECT_TRUE(Eventually([&] { return catalog.Stat(TestContext(), bucket, object).ok(); }));
  Result<CommitReply> again = UnavailableError("not sent");
  EXPECT_TRUE(Eventually([&] { return (again = catalog.Commit(TestContext(), first.request())).ok(); }));
  EXPECT_EQ(CodeOf(again), CommitCode::kReplay);
}

/// A database that, on request, does to every commit what a full disk or a slow server does.
class MisbehavingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(CodeOf(Commit(TestCommit(client_).Creates(object_).Write(object_, 0, Bytes(10, 1)))), CommitCode::kOk);
  }
  void Misbehave(const std::string& plpgsql) {
    database_.Sql("CREATE FUNCTION misbehave() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + plpgsql +
                  "; RETURN NULL; END $$");
    database_.Sql("CREATE TRIGGER misbehave AFTER INSERT ON op FOR EACH STATEMENT EXECUTE FUNCTION misbehave()");
  }
  void Behave() { database_.Sql("DROP FUNCTION misbehave CASCADE"); }
  Result<CommitReply> Commit(TestCommit& commit) { return catalog_.Commit(TestContext(), commit.request()); }
  PostgresOptions Options() {
    PostgresOptions options = database_.options();
    options.statement_timeout = std::chrono::milliseconds(500);
    return options;
  }
  /// The commit is refused so, and nothing of it is there; what was there before reads; later it happens.
  void ExpectRefusedWhole(StatusCode code, const std::string& reason) {
    TestCommit commit(client_);
    commit.Write(object_, 20, Bytes(10, 2)).Bind("half", object_);
    const Status refused = Commit(commit).status();
    EXPECT_EQ(StatusCodeName(refused.code()), StatusCodeName(code)) << refused.ToString();
    EXPECT_THAT(refused.message(), HasSubstr(reason));
    ASSERT_OK_AND_ASSIGN(const ObjectInfo info, catalog_.Stat(TestContext(), bucket_, object_));
    EXPECT_EQ(info.size, 10);
    EXPECT_CODE(catalog_.Resolve(TestContext(), {bucket_, "half", {}, 0}), kNotFound);
    Behave();
    EXPECT_EQ(CodeOf(Commit(commit)), CommitCode::kOk);
    ASSERT_OK(catalog_.Resolve(TestContext(), {bucket_, "half", {}, 0}));
  }

  SystemClock clock_;
  CatalogDatabase database_;
  PostgresCatalog catalog_{Options()};
  BucketId bucket_ = MakeBucket(catalog_);
  TestClient client_{clock_, bucket_, 1};
  const ObjectId object_ = client_.NewObject();
};

// F56
TEST_F(MisbehavingTest, AFullDiskRefusesCommitsWholeAndServesReads) {
  Misbehave("RAISE SQLSTATE '53100' USING MESSAGE = 'could not extend file: No space left on device'");
  ExpectRefusedWhole(StatusCode::kResourceExhausted, "the disk of PostgreSQL is full");
}

TEST_F(MisbehavingTest, ASlowServerIsNotWaitedForAndNothingIsHalfDone) {
  Misbehave("PERFORM pg_sleep(1000)");
  ExpectRefusedWhole(StatusCode::kDeadlineExceeded, "statement timeout");
}

/// Two catalogs on one database.
class TwoCatalogsTest : public ::testing::Test {
 protected:
  SystemClock clock_;
  CatalogDatabase database_;
  PostgresCatalog first_{database_.options()}, second_{database_.options()};
  BucketId bucket_ = MakeBucket(first_);
  PostgresCatalog& Of(int writer) { return writer % 2 == 0 ? first_ : second_; }
};

TEST_F(TwoCatalogsTest, OfTwoConditionalWritersOneWins) {
  TestClient setup(clock_, bucket_, SystemRandom().U64());
  const ObjectId object = setup.NewObject();
  ASSERT_EQ(
      CodeOf(first_.Commit(TestContext(), TestCommit(setup).Creates(object).Write(object, 0, Bytes(1, 1)).request())),
      CommitCode::kOk);
  Executor executor("writers", 1, 1);
  for (int round = 0; round < TestScaled(40); ++round) {
    ASSERT_OK_AND_ASSIGN(const ObjectInfo info, first_.Stat(TestContext(), bucket_, object));
    CommitCode codes[2] = {};
    ParallelFor(executor, 2, [&](size_t i) {
      TestClient client(clock_, bucket_, SystemRandom().U64());
      client.hlc().Observe(info.max_hlc);
      TestCommit commit(client);
      commit.IfOpset(info.opset).Write(object, 0, Bytes(1, 2));
      codes[i] = CodeOf(Of(static_cast<int>(i)).Commit(TestContext(), commit.request()));
    });
    const bool one = (codes[0] == CommitCode::kOk) != (codes[1] == CommitCode::kOk);
    EXPECT_TRUE(one) << CommitCodeName(codes[0]) << " " << CommitCodeName(codes[1]);
  }
}

TEST_F(TwoCatalogsTest, NameGoesToOneOfTwoThatWantItFree) {
  Executor executor("writers", 1, 1);
  for (int round = 0; round < TestScaled(40); ++round) {
    const std::string name = "name-" + std::to_string(round);
    CommitCode codes[2] = {};
    ParallelFor(executor, 2, [&](size_t i) {
      TestClient client(clock_, bucket_, SystemRandom().U64());
      const ObjectId object = client.NewObject();
      TestCommit commit(client);
      commit.Creates(object).IfName(std::nullopt).Write(object, 0, Bytes(1, 2)).Bind(name, object);
      codes[i] = CodeOf(Of(static_cast<int>(i)).Commit(TestContext(), commit.request()));
    });
    EXPECT_TRUE((codes[0] == CommitCode::kOk) != (codes[1] == CommitCode::kOk))
        << CommitCodeName(codes[0]) << " " << CommitCodeName(codes[1]);
  }
  // Nothing of the losers is left, nor rows made only to be locked.
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM object WHERE nbind = 0"), "0\n");
  EXPECT_EQ(
      database_.Sql(
          "SELECT count(*) FROM region_head h WHERE NOT EXISTS (SELECT FROM object o WHERE o.object_id = h.object_id)"),
      "0\n");
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM binding WHERE hlc = 0"), "0\n");
}

// Eight writers through two catalogs, over the border of two regions of three objects; every accepted order and its bytes
// are remembered, and at the end what is listed must be their fold.
TEST_F(TwoCatalogsTest, RandomOverlappingWritesFoldAndNeverDeadlock) {
  constexpr int64_t kBase = kRegionSize - 32, kBytes = 64;
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(seed);
  TestClient setup(clock_, bucket_, seed);
  std::vector<ObjectId> objects;
  for (int i = 0; i < 3; ++i) {
    objects.push_back(setup.NewObject());
    ASSERT_EQ(CodeOf(first_.Commit(TestContext(),
                                   TestCommit(setup).Creates(objects.back()).Trunc(objects.back(), kBase).request())),
              CommitCode::kOk);
  }
  Mutex mutex;
  std::vector<ByteArrayModel> models(objects.size());
  std::map<BodyId, Bytes> contents;
  Executor executor("writers", 8, 8);
  ParallelFor(executor, 8, [&](size_t writer) {
    TestClient client(clock_, bucket_, seed * 100 + writer + 1);
    for (int step = 0; step < TestScaled(60); ++step) {
      const size_t which = client.random().Below(objects.size());
      const ObjectId object = objects[which];
      const int64_t lo = static_cast<int64_t>(client.random().Below(kBytes)),
                    hi = lo + 1 + static_cast<int64_t>(client.random().Below(kBytes - lo));
      const Bytes bytes(static_cast<size_t>(hi - lo), static_cast<uint8_t>(client.random().Below(255) + 1));
      const uint64_t kind = client.random().Below(8);
      for (int attempt = 0; attempt < 100; ++attempt) {
        TestCommit commit(client);
        if (kind == 0)
          commit.Trunc(object, kBase + lo);
        else if (kind == 1)
          commit.Zero(object, kBase + lo, kBase + hi);
        else
          commit.Write(object, kBase + lo, bytes);
        const Result<CommitReply> reply = Of(static_cast<int>(writer)).Commit(TestContext(), commit.request());
        ASSERT_OK(reply);
        client.hlc().Observe(reply->max_hlc);
        if (reply->code == CommitCode::kOrderStale) continue;
        ASSERT_EQ(reply->code, CommitCode::kOk) << CommitCodeName(reply->code);
        MutexLock lock(mutex);
        if (kind == 0)
          models[which].Truncate(commit.last_order(), lo);
        else if (kind == 1)
          models[which].Zero(commit.last_order(), lo, hi);
        else
          models[which].Write(commit.last_order(), lo, bytes);
        break;
      }
    }
    MutexLock lock(mutex);
    contents.insert(client.contents().begin(), client.contents().end());
  });
  for (size_t which = 0; which < objects.size(); ++which) {
    ASSERT_OK_AND_ASSIGN(const ListReply list,
                         second_.List(TestContext(), {bucket_, objects[which], kBase, kBase + kBytes}));
    std::vector<uint8_t> want = models[which].Fold(), got(kBytes);
    EXPECT_EQ(list.size, kBase + static_cast<int64_t>(want.size()));
    want.resize(kBytes);
    for (const SkylinePiece& piece : Skyline(list.extents, kBase, kBase + kBytes)) {
      const Source& source = list.extents[piece.extent].source;
      for (int64_t at = piece.lo; at < piece.hi; ++at)
        got[at - kBase] = source.kind == SourceKind::kBody ? contents.at(source.body)[piece.inner + at - piece.lo] : 0;
    }
    EXPECT_EQ(got, want);
  }
  // I2: where the journal says an op came later, its order in the region is greater.
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM (SELECT p.hlc, lag(p.hlc) OVER (PARTITION BY p.object_id ORDER BY "
                          "j.xid, j.seq) AS before "
                          "FROM journal j JOIN op p USING (object_id, op_id) WHERE p.kind = 3) t WHERE hlc <= before"),
            "0\n");
}

}  // namespace
}  // namespace pbfs
