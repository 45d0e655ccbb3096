// The adapter when PostgreSQL is away, read-only, behind, or does not say how a commit ended; and several catalogs on one
// database at once.
#include <atomic>

#include "libs/adapters/postgres/catalog_parts.h"
#include "libs/adapters/postgres/embedded_sql.h"
#include "libs/adapters/postgres/postgres_catalog.h"
#include "libs/adapters/postgres/postgres_timelines.h"
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

BucketId MakeBucket(Buckets& buckets, std::chrono::milliseconds history = {}) {
  SystemRandom random;
  BucketInfo info;
  info.settings.history_ms = history.count();
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
  ObjectId MakeObject(size_t size = 10) {
    const ObjectId object = client_->NewObject();
    TestCommit commit(*client_);
    commit.Creates(object).Write(object, 0, Bytes(size, 1));
    EXPECT_EQ(CodeOf(catalog_->Commit(TestContext(), commit.request())), CommitCode::kOk);
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
  ASSERT_OK_AND_ASSIGN(const ObjectInfo info, catalog_->Stat(TestContext(), {bucket_, object}));
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
  EXPECT_OK(beside.Stat(TestContext(), {bucket_, unseen}));
  const Hlc seen = request.min_hlc;
  EXPECT_EQ(beside.Stat(TestContext(), {bucket_, object})->extents, 2) << "of who has seen nothing";
  EXPECT_EQ(beside.Stat(TestContext(), {bucket_, object, seen})->extents, 3);
  EXPECT_EQ(beside.History(TestContext(), {bucket_, object, INT64_MAX, 10, seen})->size(), 3U);
  ASSERT_OK_AND_ASSIGN(const CommitReply bound,
                       beside.Commit(TestContext(), TestCommit(*client_).Bind("name", object).request()));
  EXPECT_EQ(beside.NameHistory(TestContext(), {bucket_, "name", bound.max_hlc})->size(), 1U);
  EXPECT_EQ(beside.ListNames(TestContext(), {bucket_, "", "", 10, {}})->names.size(), 0U);
  EXPECT_EQ(beside.ListNames(TestContext(), {bucket_, "", "", 10, {}, true})->names.size(), 1U);
  ASSERT_OK(standby_->Psql("SELECT pg_wal_replay_resume()"));
}

// F60, I25: what a collector acts on is on the standbys first, also what an earlier attempt has left behind.
TEST_F(PairTest, NothingIsDestroyedThatIsNotConfirmedByTheStandby) {
  const ObjectId object = MakeObject(5000);
  ASSERT_OK(catalog_->Commit(TestContext(), TestCommit(*client_).Write(object, 0, Bytes(5000, 2)).request()));
  const EncodingId orphan = client_->MakeEncoded({}, 4, 6, 0, clock_.NowMillis() - 25 * 3'600'000, {}).encoding->id;
  ASSERT_OK(catalog_->SweepMark(TestContext(), {&orphan, 1}));
  ASSERT_OK(catalog_->SweepArm(TestContext()));
  standby_->Freeze();
  const auto soon = [] { return Context::WithTimeout(std::chrono::seconds(2)); };
  const Status marked = catalog_->PurgeMark(soon(), {}, 100).status();
  EXPECT_EQ(marked.Detail("outcome"), "unknown") << marked.ToString();
  const Status confirmed = catalog_->SweepConfirm(soon(), 100).status();
  EXPECT_EQ(confirmed.Detail("outcome"), "unknown") << confirmed.ToString();
  // What no longer waits can be seen on this server, though no other has it; so after a restart of the server.
  EXPECT_TRUE(Eventually([&] {
    database_->Sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    return database_->Sql(
               "SELECT (SELECT count(*) FROM body WHERE state = 3) + (SELECT count(*) FROM swept WHERE "
               "confirmed)") == "2\n";
  }));
  EXPECT_CODE(catalog_->ListPurging(soon(), 100), kUnavailable);
  EXPECT_CODE(catalog_->SweepMark(soon(), {&orphan, 1}), kUnavailable);
  standby_->Thaw();
  ASSERT_OK_AND_ASSIGN(const auto purging, catalog_->ListPurging(TestContext(), 100));
  EXPECT_EQ(purging.size(), 1U);
  ASSERT_OK_AND_ASSIGN(const auto again, catalog_->SweepMark(TestContext(), {&orphan, 1}));
  EXPECT_EQ(again, std::vector<EncodingId>{orphan});
}

// The primary of before, which does not know yet that it is none any more.
TEST_F(PairTest, ReadOfAPrimaryThatWasReplacedIsRefusedIfTheCallerHasSeenMore) {
  const ObjectId object = MakeObject();
  ASSERT_OK(standby_->Promote());
  ASSERT_OK(standby_->SetSynchronousStandbys(""));
  PostgresOptions options = BesideStandby();
  options.primary_dsn = options.local_dsn;
  PostgresCatalog successor(options);
  TestCommit commit(*client_);
  commit.Write(object, 20, Bytes(10, 2)).Bind("name", object);
  ASSERT_OK_AND_ASSIGN(const CommitReply reply, successor.Commit(TestContext(), commit.request()));
  ASSERT_EQ(reply.code, CommitCode::kOk);

  ListRequest list{bucket_, object, 0, 100};
  EXPECT_OK(catalog_->List(TestContext(), list));  // of who has seen nothing else
  list.min_hlc = reply.max_hlc;
  EXPECT_CODE(catalog_->List(TestContext(), list), kUnavailable);
  const NameQuery query{bucket_, "name", {}, reply.max_hlc};
  EXPECT_CODE(catalog_->Resolve(TestContext(), query), kUnavailable);
  EXPECT_CODE(catalog_->NameHistory(TestContext(), {bucket_, "name", reply.max_hlc}), kUnavailable);
  EXPECT_CODE(catalog_->ListNames(TestContext(), {bucket_, "", "", 10, {}, true}), kUnavailable);
  EXPECT_CODE(catalog_->Stat(TestContext(), {bucket_, object, reply.max_hlc}), kUnavailable);
  EXPECT_CODE(catalog_->History(TestContext(), {bucket_, object, INT64_MAX, 10, reply.max_hlc}), kUnavailable);
  const ObjectId unseen = client_->NewObject();
  ASSERT_OK(successor.Commit(TestContext(), TestCommit(*client_).Creates(unseen).Write(unseen, 0, Bytes(1)).request()));
  EXPECT_CODE(catalog_->List(TestContext(), {bucket_, unseen, 0, 100, reply.max_hlc}), kUnavailable);
}

// Of reads that wait at once one asks the standbys for all; with another server's answer none would be content.
TEST_F(PairTest, NewestReadsAtOnceAreAllAnsweredOrAllRefused) {
  ListRequest list{bucket_, MakeObject(), 0, 100};
  list.newest = true;
  Executor executor("reads", 12, 12);
  std::vector<Status> outcomes(12);
  const auto read_all = [&] {
    ParallelFor(executor, outcomes.size(),
                [&](size_t i) { outcomes[i] = catalog_->List(TestContext(), list).status(); });
  };
  read_all();
  for (const Status& outcome : outcomes) EXPECT_OK(outcome);
  ASSERT_OK(standby_->Promote());  // what was the primary does not know it
  read_all();
  for (const Status& outcome : outcomes) EXPECT_CODE(outcome, kUnavailable);
}

// I25, as a person or the manager of failovers sees to it.
TEST_F(PairTest, TimelineIsThawedOnceByWhoKnowsWhatItWas) {
  PostgresOptions options = BesideStandby();
  PostgresTimelines timelines(options);
  ASSERT_OK_AND_ASSIGN(const Timelines::State before, timelines.Load(TestContext()));
  EXPECT_EQ(before.thawed, 1);
  EXPECT_EQ(before.now.timeline, 1);
  EXPECT_NE(before.now.system, "");
  primary_->Kill9();
  ASSERT_OK(standby_->Promote());
  ASSERT_OK(standby_->SetSynchronousStandbys(""));
  Result<Timelines::State> after = UnavailableError("not asked");
  ASSERT_TRUE(Eventually([&] { return (after = timelines.Load(TestContext())).ok(); }));
  EXPECT_EQ(after->thawed, 1);
  EXPECT_EQ(after->now.timeline, 2);
  EXPECT_EQ(after->now.system, before.now.system);
  EXPECT_GE(after->now.lsn, before.now.lsn);
  EXPECT_CODE(timelines.Thaw(TestContext(), 7, 2), kAborted);
  EXPECT_CODE(timelines.Thaw(TestContext(), 1, 3), kAborted);
  EXPECT_OK(timelines.Thaw(TestContext(), 1, 2));
  EXPECT_OK(timelines.Thaw(TestContext(), 1, 2));
  ASSERT_OK_AND_ASSIGN(const Timelines::State thawed, timelines.Load(TestContext()));
  EXPECT_EQ(thawed.thawed, 2);
}

// F08: then it is for the client to say what it misses.
TEST_F(PairTest, ReadOfAPrimaryThatHasLostSomethingIsAnswered) {
  const ObjectId object = MakeObject();
  ListRequest list{bucket_, object, 0, 100};
  list.min_hlc = client_->hlc().Next() + (int64_t{1} << 30);
  EXPECT_OK(catalog_->List(TestContext(), list));
  EXPECT_CODE(catalog_->List(TestContext(), {bucket_, client_->NewObject(), 0, 100, list.min_hlc}), kNotFound);
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
  ASSERT_OK(either.Stat(TestContext(), {bucket_, object}));
  primary_->Kill9();
  ASSERT_OK(standby_->Promote());
  ASSERT_OK(standby_->SetSynchronousStandbys(""));
  TestCommit commit(*client_);
  commit.Write(object, 20, Bytes(10, 2));
  EXPECT_TRUE(Eventually([&] { return either.Commit(TestContext(), commit.request()).ok(); }));
  ASSERT_OK_AND_ASSIGN(const ObjectInfo info, either.Stat(TestContext(), {bucket_, object}));
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
  EXPECT_TRUE(Eventually([&] { return is_down(catalog.Stat(TestContext(), {bucket, object}).status()); }));
  EXPECT_TRUE(Eventually([&] { return is_down(catalog.Commit(TestContext(), first.request()).status()); }));
  ASSERT_OK(server->Restart());
  EXPECT_TRUE(Eventually([&] { return catalog.Stat(TestContext(), {bucket, object}).ok(); }));
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
    ASSERT_OK_AND_ASSIGN(const ObjectInfo info, catalog_.Stat(TestContext(), {bucket_, object_}));
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
    ASSERT_OK_AND_ASSIGN(const ObjectInfo info, first_.Stat(TestContext(), {bucket_, object}));
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

/// An object with two writes, and a session of PostgreSQL that is in the middle of something.
class RehomeBesideTest : public TwoCatalogsTest {
 protected:
  void SetUp() override {
    TestCommit first(client_), second(client_);
    ASSERT_EQ(Send(first.Creates(object_).Write(object_, 0, Bytes(100, 1))), CommitCode::kOk);
    ASSERT_EQ(Send(second.Write(object_, 20, Bytes(20, 2))), CommitCode::kOk);
    ASSERT_OK_AND_ASSIGN(const ListReply list, first_.List(TestContext(), {bucket_, object_, 0, 100}));
    const Order old = first.last_order(), young = second.last_order();
    rehome_.Rehome(object_, Bytes(100, 3), {{0, 20, old, 0}, {20, 40, young, 20}, {40, 100, old, 40}}, list.extents);
    ASSERT_OK_AND_ASSIGN(other_, postgres::Connection::Open(database_.dsn(), {}));
    other_->Queue(postgres::kBegin);
  }
  CommitCode Send(TestCommit& commit) { return CodeOf(first_.Commit(TestContext(), commit.request())); }
  int64_t Extents() {
    const Result<ObjectInfo> info = first_.Stat(TestContext(), {bucket_, object_});
    EXPECT_OK(info);
    return info.ok() ? info->extents : 0;
  }
  std::string Sql(const std::string& text) const { return text + " WHERE object_id = '" + object_.ToString() + "'"; }

  TestClient client_{clock_, bucket_, 1};
  const ObjectId object_ = client_.NewObject();
  TestCommit rehome_{client_};
  std::unique_ptr<postgres::Connection> other_;
};

TEST_F(RehomeBesideTest, WritersOfItsRegionAreNotWaitedFor) {
  const std::string head = Sql("SELECT 1 FROM pbfs.region_head") + " FOR UPDATE";
  const std::string pruned = Sql("DELETE FROM pbfs.extent") + " AND lo = 20";
  other_->Queue({"head", head});
  other_->Queue({"pruned", pruned});
  ASSERT_OK(other_->Run(TestContext()));
  EXPECT_EQ(Send(rehome_), CommitCode::kOk);
  EXPECT_EQ(Extents(), 4);  // the runs, and what the other session has taken without having committed yet
  ASSERT_OK(other_->Commit(TestContext()));
  EXPECT_EQ(Extents(), 3);
}

// Each could rest on what the other takes away.
TEST_F(RehomeBesideTest, TwoRehomesOfARegionTakeTurns) {
  other_->Queue(postgres::kLockRehomes, postgres::Params().Uuid(object_).Int4(0));
  ASSERT_OK(other_->Run(TestContext()));
  const Context impatient = Context::WithTimeout(std::chrono::milliseconds(300));
  EXPECT_CODE(first_.Commit(impatient, rehome_.request()), kDeadlineExceeded);
  EXPECT_EQ(Send(TestCommit(client_).Write(object_, 50, Bytes(10, 4))), CommitCode::kOk);
  other_->Rollback();
  EXPECT_EQ(Send(rehome_), CommitCode::kReplay);
  EXPECT_EQ(Extents(), 4);
}

/// Writers and rehomes through two catalogs, over the border of two regions of three objects in a bucket with history. Every
/// accepted order and its bytes are remembered.
class ConcurrentTest : public TwoCatalogsTest {
 protected:
  static constexpr int64_t kBase = kRegionSize - 32, kBytes = 64;
  struct Object {
    ObjectId id;
    ByteArrayModel model;
  };

  void SetUp() override {
    bucket_ = MakeBucket(first_, std::chrono::hours(1));
    TestClient client(clock_, bucket_, seed_);
    for (Object& object : objects_) {
      object.id = client.NewObject();
      TestCommit commit(client);
      commit.Creates(object.id).Trunc(object.id, kBase);
      ASSERT_EQ(CodeOf(first_.Commit(TestContext(), commit.request())), CommitCode::kOk);
      object.model.Truncate(commit.last_order(), 0);
    }
  }

  void WriteSome(int number) {
    TestClient client(clock_, bucket_, seed_ * 100 + static_cast<uint64_t>(number) + 1);
    for (int step = 0; step < TestScaled(60); ++step) {
      Object& object = objects_[client.random().Below(std::size(objects_))];
      ModelOp op;
      op.lo = static_cast<int64_t>(client.random().Below(kBytes));
      op.hi = op.lo + 1 + static_cast<int64_t>(client.random().Below(static_cast<uint64_t>(kBytes - op.lo)));
      const uint64_t kind = client.random().Below(8);
      op.kind = kind == 0 ? OpKind::kTrunc : kind == 1 ? OpKind::kZero : OpKind::kWrite;
      if (op.kind == OpKind::kWrite)
        op.bytes.assign(static_cast<size_t>(op.hi - op.lo), static_cast<uint8_t>(client.random().Below(255) + 1));
      WriteUntilAccepted(client, number, object, op);
    }
  }
  void WriteUntilAccepted(TestClient& client, int number, Object& object, const ModelOp& op) {
    for (CommitCode code = CommitCode::kOrderStale; code == CommitCode::kOrderStale;) {
      TestCommit commit(client);
      switch (op.kind) {
        case OpKind::kTrunc: commit.Trunc(object.id, kBase + op.lo); break;
        case OpKind::kZero: commit.Zero(object.id, kBase + op.lo, kBase + op.hi); break;
        default: commit.Write(object.id, kBase + op.lo, op.bytes);
      }
      code = Send(client, number, commit);
      ASSERT_TRUE(code == CommitCode::kOk || code == CommitCode::kOrderStale) << CommitCodeName(code);
      MutexLock lock(mutex_);
      if (code == CommitCode::kOk) object.model.Apply(commit.last_order(), op);
    }
  }

  /// Merges what a list shows, which may be stale when it arrives.
  void RehomeSome(int number) {
    TestClient client(clock_, bucket_, seed_ * 100 + 50 + static_cast<uint64_t>(number));
    for (int step = 0; step < TestScaled(60); ++step) {
      const ObjectId object = objects_[client.random().Below(std::size(objects_))].id;
      const int64_t region = static_cast<int64_t>(client.random().Below(2));
      const auto list = Of(number).List(TestContext(), {bucket_, object, kBase, kBase + kBytes});
      ASSERT_OK(list);
      std::vector<Extent> sources;
      for (const Extent& e : list->extents) {
        if (RegionOf(e.lo) == region && RegionOf(e.hi - 1) == region) sources.push_back(e);
      }
      std::vector<TestRun> runs;
      const Bytes merged = Merge(list->extents, sources, region, runs);
      if (runs.empty()) continue;
      if (client.random().Below(2) == 0) Flatten(runs, FrontierOf(*list, region));
      TestCommit commit(client);
      ASSERT_EQ(Send(client, number, commit.Rehome(object, merged, runs, sources)), CommitCode::kOk);
    }
  }
  Bytes Merge(const std::vector<Extent>& list, const std::vector<Extent>& sources, int64_t region,
              std::vector<TestRun>& runs) {
    Bytes merged;
    MutexLock lock(mutex_);
    for (const SkylinePiece& piece : Skyline(list, region * kRegionSize, (region + 1) * kRegionSize)) {
      const Extent& extent = list[piece.extent];
      if (extent.source.kind != SourceKind::kBody) continue;
      if (std::find(sources.begin(), sources.end(), extent) == sources.end()) continue;
      runs.push_back({piece.lo, piece.hi, extent.order, static_cast<int64_t>(merged.size())});
      const auto from = contents_.at(extent.source.body).begin() + piece.inner;
      std::copy(from, from + (piece.hi - piece.lo), std::back_inserter(merged));
    }
    return merged;
  }

  static Hlc FrontierOf(const ListReply& list, int64_t region) {
    Hlc newest = list.span_hlc;
    for (const RegionHead& head : list.regions) {
      if (head.region == region) newest = std::max(newest, head.max_hlc);
    }
    return std::min(newest, list.frontier);
  }
  CommitCode Send(TestClient& client, int number, TestCommit& commit) {
    {
      MutexLock lock(mutex_);  // before anybody can see them
      contents_.insert(client.contents().begin(), client.contents().end());
    }
    const Result<CommitReply> reply = Of(number).Commit(TestContext(), commit.request());
    if (reply.ok()) client.hlc().Observe(reply->max_hlc);
    return CodeOf(reply);
  }

  void ExpectFold(const Object& object, std::optional<Hlc> as_of) {
    ListRequest query{bucket_, object.id, kBase, kBase + kBytes};
    query.as_of = as_of;
    ASSERT_OK_AND_ASSIGN(const ListReply list, second_.List(TestContext(), query));
    std::vector<uint8_t> want = object.model.Fold({as_of.value_or(INT64_MAX), INT64_MAX}), got(kBytes);
    EXPECT_EQ(list.size, kBase + static_cast<int64_t>(want.size()));
    want.resize(kBytes);
    MutexLock lock(mutex_);
    for (const SkylinePiece& piece : Skyline(list.extents, kBase, kBase + kBytes)) {
      const Source& source = list.extents[piece.extent].source;
      for (int64_t at = piece.lo; at < piece.hi; ++at)
        got[at - kBase] = source.kind == SourceKind::kBody ? contents_.at(source.body)[piece.inner + at - piece.lo] : 0;
    }
    EXPECT_EQ(got, want) << "as of " << as_of.value_or(0);
  }

  const uint64_t seed_ = TestSeed();
  Object objects_[3];
  Mutex mutex_;  // of the models and contents_
  std::map<BodyId, Bytes> contents_;
};

TEST_F(ConcurrentTest, WritesAndRehomesFoldAndNeverDeadlock) {
  SCOPED_TRACE(seed_);
  constexpr int kWriters = 8, kRehomers = 3;
  Executor executor("writers", kWriters + kRehomers, kWriters + kRehomers);
  ParallelFor(executor, kWriters + kRehomers, [&](size_t i) {
    const int number = static_cast<int>(i);
    number < kWriters ? WriteSome(number) : RehomeSome(number);
  });
  for (const Object& object : objects_) {
    ExpectFold(object, std::nullopt);
    for (const auto& [order, op] : object.model.ops()) ExpectFold(object, order.hlc);  // I26
  }
  // I2: where the journal says an op came later, its order in the region is greater.
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM (SELECT p.hlc, lag(p.hlc) OVER (PARTITION BY p.object_id ORDER BY "
                          "j.xid, j.seq) AS before "
                          "FROM journal j JOIN op p USING (object_id, op_id) WHERE p.kind = 3) t WHERE hlc <= before"),
            "0\n");
}

}  // namespace
}  // namespace pbfs
