// Garbage beside transactions in flight: what a look without a lock, or a clock without a horizon, would get wrong.
#include <algorithm>
#include <atomic>
#include <deque>

#include "libs/adapters/postgres/connection.h"
#include "libs/adapters/postgres/postgres_catalog.h"
#include "libs/adapters/postgres/testing/catalog_database.h"
#include "libs/base/executor.h"
#include "libs/base/testing.h"
#include "libs/catalog/testing/test_client.h"

namespace pbfs {
namespace {

/// A catalog, an object of one body, and a session of PostgreSQL with a transaction open.
class GarbageBesideTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SystemRandom random;
    BucketInfo info;
    info.id = bucket_;
    info.settings.name = "b";
    info.keyring = Buffer::CopyOf(AsBytes("k"));
    ASSERT_OK(catalog_.CreateBucket(TestContext(), info));
    TestCommit commit(client_);
    Send(commit.Creates(object_).Write(object_, 0, Bytes(5000, 1)).Bind("a", object_));
    body_ = commit.last_body();
    ASSERT_OK_AND_ASSIGN(other_, postgres::Connection::Open(database_.dsn(), {}));
    other_->Queue(postgres::kBegin);
  }
  void Send(TestCommit& commit) {
    ASSERT_OK_AND_ASSIGN(const CommitReply reply, catalog_.Commit(TestContext(), commit.request()));
    ASSERT_EQ(reply.code, CommitCode::kOk) << CommitCodeName(reply.code);
  }
  /// In the other session.
  void Run(const std::string& sql) {
    const std::string name = "other-" + std::to_string(statements_++);
    names_.push_back(name), texts_.push_back(sql);
    other_->Queue({names_.back(), texts_.back()});
    ASSERT_OK(other_->Run(TestContext()));
  }
  /// Begins `work` on another thread, waits until it waits for a lock of the other session, commits that, and ends.
  template <typename Work>
  void WhileItWaits(const Work& work) {
    Executor executor("collector", 1, 1);
    std::atomic<bool> done = false;
    ASSERT_OK(executor.Submit([&] {
      work();
      done = true;
    }));
    const MonotonicTime deadline = MonotonicNow() + std::chrono::seconds(4);
    const std::string waits =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    while (!done && database_.Sql(waits) == "0\n" && MonotonicNow() < deadline) SleepFor(std::chrono::milliseconds(5));
    EXPECT_FALSE(done) << "it did not wait";
    ASSERT_OK(other_->Commit(TestContext()));
    while (!done && MonotonicNow() < deadline) SleepFor(std::chrono::milliseconds(5));
    EXPECT_TRUE(done);
  }
  UploadId MakeUpload() {
    const UploadInfo upload{UploadId::New(clock_.NowMillis(), client_.random()), bucket_, "up", {}};
    EXPECT_OK(catalog_.CreateUpload(TestContext(), upload));
    return upload.id;
  }
  /// Makes the object a part, in the other session.
  void SetPartBeside(UploadId upload) {
    Run("SET LOCAL search_path = pbfs");
    Run("SELECT set_part(b.bucket, " + Quoted(upload) + ", 1, " + Quoted(object_) + ", 100, NULL)::text FROM bucket b");
  }
  /// How many it has changed: one, or none.
  int64_t Rewrap(const std::array<uint8_t, 72>& wrapped_dek) {
    const Result<int64_t> changed = catalog_.Rewrap(TestContext(), {bucket_, 2, {{body_, {}, wrapped_dek}}});
    EXPECT_OK(changed);
    return changed.ok() ? *changed : -1;
  }
  std::string Quoted(const auto& id) { return "'" + id.ToString() + "'::uuid"; }
  int64_t Purging() {
    const Result<std::vector<PurgingBody>> bodies = catalog_.ListPurging(TestContext(), 100);
    EXPECT_OK(bodies);
    return bodies.ok() ? static_cast<int64_t>(bodies->size()) : -1;
  }

  SystemClock clock_;
  postgres::CatalogDatabase database_;
  PostgresCatalog catalog_{database_.options()};
  SystemRandom random_;
  const BucketId bucket_ = BucketId::NewRandom(random_);
  TestClient client_{clock_, bucket_, 1};
  const ObjectId object_ = client_.NewObject();
  BodyId body_;
  std::unique_ptr<postgres::Connection> other_;
  int statements_ = 0;
  std::deque<std::string> names_, texts_;  // a statement's name and text outlive its connection
};

// I18. A clone has locked the body and placed its extent, but has not committed. One statement that looks and marks would look
// before it waits.
TEST_F(GarbageBesideTest, PurgeWaitsForACloneInFlightAndSeesIt) {
  Run("SELECT FROM pbfs.body WHERE body_id = " + Quoted(body_) + " FOR KEY SHARE");
  Run("INSERT INTO pbfs.extent (object_id, lo, hi, hlc, wid, body_id, op_id) VALUES (gen_random_uuid(), 0, 100, 1, "
      "1, " +
      Quoted(body_) + ", gen_random_uuid())");
  TestCommit overwrite(client_);
  Send(overwrite.Write(object_, 0, Bytes(5000, 2)));
  WhileItWaits([&] { EXPECT_OK(catalog_.PurgeMark(TestContext(), {}, 100)); });
  EXPECT_EQ(Purging(), 0);
}

// A rotation of the bucket's key has listed the body before.
TEST_F(GarbageBesideTest, RewrapWaitsForAPurgeInFlightAndPassesOver) {
  Run("UPDATE pbfs.body SET state = 3 WHERE body_id = " + Quoted(body_));
  WhileItWaits([&] { EXPECT_EQ(Rewrap({1}), 0); });
  EXPECT_EQ(database_.Sql("SELECT key_epoch FROM body WHERE state = 3"), "0\n");
}

TEST_F(GarbageBesideTest, RewrapWaitsForAnotherInFlightAndPassesOver) {
  Run("UPDATE pbfs.body SET wrapped_dek = repeat('x', 72)::bytea, key_epoch = 1 WHERE body_id = " + Quoted(body_));
  WhileItWaits([&] { EXPECT_EQ(Rewrap({1}), 0); });
  EXPECT_EQ(database_.Sql("SELECT key_epoch FROM body"), "1\n");
}

// A repair has nothing to do with keys: what it changes stays, and so does the new wrap.
TEST_F(GarbageBesideTest, RewrapWaitsForARepairInFlightAndLosesNothingOfIt) {
  Run("UPDATE pbfs.body SET missing = 5 WHERE body_id = " + Quoted(body_));
  WhileItWaits([&] { EXPECT_EQ(Rewrap({1}), 1); });
  EXPECT_EQ(database_.Sql("SELECT key_epoch || ' ' || missing FROM body"), "2 5\n");
}

// Clones lock what they name: a rotation does not hold them up, nor they it.
TEST_F(GarbageBesideTest, RewrapDoesNotWaitForAClone) {
  Run("SELECT FROM pbfs.body WHERE body_id = " + Quoted(body_) + " FOR KEY SHARE");
  EXPECT_EQ(Rewrap({1}), 1);
}

TEST_F(GarbageBesideTest, RewrapsSideBySideChangeEachBodyOnce) {
  constexpr int64_t kBodies = 100;
  RewrapRequest forward{bucket_, 2, {}};
  for (int64_t i = 0; i < kBodies; ++i) {
    TestCommit commit(client_);
    Send(commit.Write(object_, i * 10, Bytes(10, 1)));
    forward.changes.push_back({commit.last_body(), {}, {1}});
  }
  RewrapRequest backward = forward;
  std::reverse(backward.changes.begin(), backward.changes.end());
  std::atomic<int64_t> changed = 0;
  {
    std::vector<Thread> threads;
    for (const RewrapRequest* request : {&forward, &backward, &forward, &backward}) {
      threads.emplace_back("rewrap", [&, request] {
        const Result<int64_t> done = catalog_.Rewrap(TestContext(), *request);
        EXPECT_OK(done);
        changed += done.ok() ? *done : 0;
      });
    }
    for (Thread& thread : threads) thread.Join();
  }
  EXPECT_EQ(changed, kBodies);
}

// The clock is read for each row: DISTINCT over it would be none.
TEST_F(GarbageBesideTest, ABodyThatLosesManyRowsAtOnceIsQueuedOnce) {
  ASSERT_OK_AND_ASSIGN(const ListReply list, catalog_.List(TestContext(), {bucket_, object_, 0, 5000}));
  Extent first = list.extents.at(0), second = first;
  first.hi = 1000, second.lo = 2000;
  second.inner += 2000;
  const ObjectId clone = client_.NewObject();
  TestCommit copy(client_), overwrite(client_);
  Send(copy.Creates(clone).Clone(clone, {first, second}));
  Send(overwrite.Write(clone, 0, Bytes(5000, 2)));
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM garbage WHERE body_id = " + Quoted(body_)), "1\n");
}

// The same of a reference to a sealed object.
TEST_F(GarbageBesideTest, ReapWaitsForAReferenceInFlightAndSeesIt) {
  database_.Sql("UPDATE object SET state = 0, nbind = 0, expires = now() - interval '1 s'");
  Run("SELECT FROM pbfs.object WHERE object_id = " + Quoted(object_) + " FOR KEY SHARE");
  Run("INSERT INTO pbfs.extent (object_id, lo, hi, hlc, wid, from_object, op_id) VALUES (gen_random_uuid(), 0, 100, 1, "
      "1, " +
      Quoted(object_) + ", gen_random_uuid())");
  WhileItWaits([&] {
    const Result<int64_t> reaped = catalog_.Reap(TestContext(), 100);
    EXPECT_TRUE(reaped.ok() && *reaped == 0);
  });
}

// And of a part that is being set.
TEST_F(GarbageBesideTest, ReapWaitsForAPartInFlightAndSeesIt) {
  database_.Sql("UPDATE object SET state = 0, nbind = 0, sealed = true, expires = now() - interval '1 s'");
  SetPartBeside(MakeUpload());
  WhileItWaits([&] {
    const Result<int64_t> reaped = catalog_.Reap(TestContext(), 100);
    EXPECT_TRUE(reaped.ok() && *reaped == 0);
  });
}

// Who completes an upload waits for its parts in flight, and does not take it for gone.
TEST_F(GarbageBesideTest, ACompleteWaitsForAPartInFlight) {
  database_.Sql("UPDATE object SET state = 0, nbind = 0, sealed = true");
  const UploadId upload = MakeUpload();
  SetPartBeside(upload);
  const ObjectId whole = client_.NewObject();
  TestCommit complete(client_);
  complete.Creates(whole).Bind("up", whole);
  complete.request().complete_upload = upload;
  WhileItWaits([&] {
    const Result<CommitReply> reply = catalog_.Commit(TestContext(), complete.request());
    EXPECT_TRUE(reply.ok() && reply->code == CommitCode::kOk);
  });
  EXPECT_CODE(catalog_.FindUpload(TestContext(), bucket_, upload), kNotFound);
}

// A write holds the object's lock: it is passed over, not waited for.
TEST_F(GarbageBesideTest, ReapPassesOverAnObjectThatIsWritten) {
  database_.Sql("UPDATE object SET state = 0, nbind = 0, expires = now() - interval '1 s'");
  Run("SELECT pg_advisory_xact_lock_shared(uuid_hash_extended(" + Quoted(object_) + ", 1))::text");
  ASSERT_OK_AND_ASSIGN(const int64_t while_held, catalog_.Reap(TestContext(), 100));
  EXPECT_EQ(while_held, 0);
  other_->Rollback();
  ASSERT_OK_AND_ASSIGN(const int64_t then, catalog_.Reap(TestContext(), 100));
  EXPECT_EQ(then, 1);
}

// I21. The commit had its transaction id, and read the clock, before the mark; it becomes visible after everything.
TEST_F(GarbageBesideTest, SweepWaitsForACommitInFlightAndLetsItLive) {
  const int64_t birth = clock_.NowMillis() - 25 * 3'600'000;
  const EncodingId in_flight = client_.MakeEncoded({}, 4, 6, 0, birth, {}).encoding->id;
  const EncodingId orphan = client_.MakeEncoded({}, 4, 6, 0, birth, {}).encoding->id;
  Run("SELECT pg_current_xact_id()::text");
  const EncodingId reported[] = {in_flight, orphan};
  ASSERT_OK(catalog_.SweepMark(TestContext(), reported));
  ASSERT_OK(catalog_.SweepArm(TestContext()));
  ASSERT_OK_AND_ASSIGN(const auto early, catalog_.SweepConfirm(TestContext(), 100));
  EXPECT_TRUE(early.empty());
  Run("INSERT INTO pbfs.body (body_id, bucket, key_epoch, header, wrapped_dek, scheme, k, n, encoding_id) VALUES "
      "(gen_random_uuid(), 1, 1, '', '', 2, 4, 6, " +
      Quoted(in_flight) + ")");
  ASSERT_OK(other_->Commit(TestContext()));
  ASSERT_OK_AND_ASSIGN(const auto confirmed, catalog_.SweepConfirm(TestContext(), 100));
  EXPECT_EQ(confirmed, std::vector<EncodingId>{orphan});
  ASSERT_OK_AND_ASSIGN(const auto again, catalog_.SweepMark(TestContext(), reported));
  EXPECT_EQ(again, std::vector<EncodingId>{orphan});
}

// A Commit that loaded the older version of a group may become visible after the group has changed: until it ended, a look at
// the group's bodies may miss its.
TEST_F(GarbageBesideTest, AGroupIsSettledOnceTransactionsThatMayHaveUsedItsOlderVersionEnded) {
  Run("SELECT pg_current_xact_id()::text");
  ASSERT_OK(catalog_.PutStore(TestContext(), {StoreId{1}, "127.0.0.1:1", "host", StoreState::kUp, 1}));
  for (int look = 0; look < 2; ++look) {
    ASSERT_OK_AND_ASSIGN(const std::vector<GroupCheck> checks, catalog_.ListGroupChecks(TestContext()));
    ASSERT_EQ(checks.size(), static_cast<size_t>(kPlacementGroups));
    EXPECT_FALSE(checks[5].settled);
  }
  other_->Rollback();
  ASSERT_OK_AND_ASSIGN(const std::vector<GroupCheck> checks, catalog_.ListGroupChecks(TestContext()));
  EXPECT_TRUE(checks[5].settled);
}

// I23. A peer has yet to read our journal up to where the body lost its row.
TEST_F(GarbageBesideTest, PurgeWaitsForPeers) {
  database_.Sql("INSERT INTO peer (site_id, fence_epoch, sent_xid) VALUES (2, 1, '1')");
  TestCommit overwrite(client_);
  Send(overwrite.Write(object_, 0, Bytes(5000, 2)));
  ASSERT_OK(catalog_.PurgeMark(TestContext(), {}, 100));
  EXPECT_EQ(Purging(), 0);
  database_.Sql("UPDATE peer SET sent_xid = pg_current_xact_id()");
  ASSERT_OK(catalog_.PurgeMark(TestContext(), {}, 100));
  EXPECT_EQ(Purging(), 1);
}

// Nothing in PBFS shortens a bucket's history yet; an administrator may, in the database.
TEST_F(GarbageBesideTest, ShortenedHistoryGoesWithTheNextPass) {
  database_.Sql("UPDATE bucket SET history_ms = 365 * 86400000::int8");
  for (int i = 0; i < 2; ++i) {
    TestCommit overwrite(client_);
    Send(overwrite.Write(object_, 0, Bytes(5000, 2)));
  }
  ASSERT_OK(catalog_.HistoryAdvance(TestContext()));
  ASSERT_OK_AND_ASSIGN(const int64_t kept, catalog_.HistoryExpire(TestContext(), 100));
  EXPECT_EQ(kept, 0);
  database_.Sql("UPDATE bucket SET history_ms = 0");
  ASSERT_OK(catalog_.HistoryAdvance(TestContext()));
  ASSERT_OK_AND_ASSIGN(const int64_t gone, catalog_.HistoryExpire(TestContext(), 100));
  EXPECT_EQ(gone, 2);
  ASSERT_OK(catalog_.PurgeMark(TestContext(), {}, 100));
  EXPECT_EQ(Purging(), 2);
}

// I14. A peer may still send what these zeros have to hide.
TEST_F(GarbageBesideTest, ZerosWaitForTheFloorsOfPeers) {
  TestCommit trunc(client_);
  Send(trunc.Trunc(object_, 0));
  database_.Sql("INSERT INTO peer (site_id, fence_epoch, floor_hlc) VALUES (2, 1, 5)");
  ASSERT_OK_AND_ASSIGN(const ZerosPage early, catalog_.DropZeros(TestContext(), {}, 100));
  EXPECT_EQ(early.dropped, 0);
  const std::string passed = std::to_string(trunc.last_order().hlc);
  database_.Sql("UPDATE peer SET floor_hlc = " + passed + "; UPDATE site_self SET floor_hlc = " + passed);
  ASSERT_OK_AND_ASSIGN(const ZerosPage then, catalog_.DropZeros(TestContext(), {}, 100));
  EXPECT_EQ(then.dropped, 1);
}

// A write is under way: it may be about to put bytes over the zeros.
TEST_F(GarbageBesideTest, ZerosOfAnObjectThatIsWrittenArePassedOver) {
  TestCommit trunc(client_);
  Send(trunc.Trunc(object_, 0));
  Run("SELECT pg_advisory_xact_lock_shared(uuid_hash_extended(" + Quoted(object_) + ", 1))::text");
  ASSERT_OK_AND_ASSIGN(const ZerosPage held, catalog_.DropZeros(TestContext(), {}, 100));
  EXPECT_EQ(held.dropped, 0);
  EXPECT_EQ(held.last, object_);
  other_->Rollback();
  ASSERT_OK_AND_ASSIGN(const ZerosPage then, catalog_.DropZeros(TestContext(), {}, 100));
  EXPECT_EQ(then.dropped, 1);
}

// I23, of days of the journal.
class JournalDaysTest : public GarbageBesideTest {
 protected:
  std::string Partitions() {
    return database_.Sql("SELECT count(*) FROM pg_inherits WHERE inhparent = 'journal'::regclass");
  }
  std::string Old() { return database_.Sql("SELECT count(*) FROM journal WHERE at < now() - interval '2 days'"); }
  /// A day long past, with a partition of its own, and another in the default.
  void MakeOldDays() {
    database_.Sql(
        "SELECT make_journal_partition('2024-03-01'); INSERT INTO journal (kind, at) VALUES (12, '2024-03-01 "
        "12:00+00'), "
        "(12, '2024-03-02 12:00+00')");
  }
};

TEST_F(JournalDaysTest, EachDayHasAPartitionAndThoseThatAreOldGo) {
  EXPECT_EQ(Partitions(), "4\n");  // the default, today and two days to come
  ASSERT_NO_FATAL_FAILURE(MakeOldDays());
  EXPECT_EQ(Old(), "2\n");
  ASSERT_OK_AND_ASSIGN(const int64_t gone, catalog_.DaysExpire(TestContext()));
  EXPECT_EQ(gone, 2);
  EXPECT_EQ(Old(), "0\n");
  EXPECT_EQ(Partitions(), "4\n");
  EXPECT_NE(database_.Sql("SELECT count(*) FROM journal"), "0\n");
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM journal_default"), "0\n");
}

// F61. The clock was ahead, and is right again.
TEST_F(JournalDaysTest, EntriesOfTheFutureStayInTheDefault) {
  database_.Sql("INSERT INTO journal (kind, at) VALUES (12, now() + interval '10 days')");
  database_.Sql("SELECT make_journal_partition((now() AT TIME ZONE 'UTC')::date + 10)");
  EXPECT_EQ(Partitions(), "4\n");
  ASSERT_OK_AND_ASSIGN(const int64_t gone, catalog_.DaysExpire(TestContext()));
  EXPECT_EQ(gone, 0);
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM journal_default"), "1\n");
}

TEST_F(JournalDaysTest, DaysThatAPeerHasNotReadStay) {
  ASSERT_NO_FATAL_FAILURE(MakeOldDays());
  database_.Sql("INSERT INTO peer (site_id, fence_epoch, sent_xid) VALUES (2, 1, '1')");
  ASSERT_OK_AND_ASSIGN(const int64_t early, catalog_.DaysExpire(TestContext()));
  EXPECT_EQ(early, 0);
  EXPECT_EQ(Old(), "2\n");
  database_.Sql("UPDATE peer SET sent_xid = pg_current_xact_id()");
  ASSERT_OK_AND_ASSIGN(const int64_t then, catalog_.DaysExpire(TestContext()));
  EXPECT_EQ(then, 2);
}

// The journal is locked alone for that: whoever commits comes first.
TEST_F(JournalDaysTest, ACommitInFlightIsNotHeldUp) {
  ASSERT_NO_FATAL_FAILURE(MakeOldDays());
  Run("INSERT INTO pbfs.journal (kind) VALUES (12)");
  ASSERT_OK_AND_ASSIGN(const int64_t held, catalog_.DaysExpire(TestContext()));
  EXPECT_EQ(held, 0);
  EXPECT_EQ(Old(), "2\n");
  other_->Rollback();
  ASSERT_OK_AND_ASSIGN(const int64_t then, catalog_.DaysExpire(TestContext()));
  EXPECT_EQ(then, 2);
}

// Inline ciphertext of patches stands in a table of its day.
class InlineDaysTest : public GarbageBesideTest {
 protected:
  std::string Sql(const std::string& sql) { return database_.Sql(sql); }
  std::string Partitions() { return Sql("SELECT count(*) FROM pg_inherits WHERE inhparent = 'inline_ct'::regclass"); }
  std::string Days() { return Sql("SELECT count(*) FROM inline_ct"); }
  /// What was written today was written on a day long past, with a partition of its own or not.
  void LetDaysPass(bool partition = true) {
    if (partition) Sql("SELECT make_inline_partition('2024-03-01')");
    Sql("UPDATE inline_ct SET day = '2024-03-01'; UPDATE body SET inline_day = '2024-03-01' WHERE inline_day IS NOT "
        "NULL");
  }
  void Patch(int64_t offset, uint8_t value) {
    TestCommit patch(client_);
    Send(patch.Write(object_, offset, Bytes(100, value)));
  }
  std::vector<std::string> Ciphertexts() {
    std::vector<std::string> found;
    const auto list = catalog_.List(TestContext(), {bucket_, object_, 0, 10'000});
    for (const BodyRow& body : list.value().bodies) {
      if (!body.encoding) found.emplace_back(AsText(body.inline_ct));
    }
    std::sort(found.begin(), found.end());
    return found;
  }
};

TEST_F(InlineDaysTest, ADayGoesOnceNothingOfItIsNeeded) {
  Patch(0, 1), Patch(1000, 2);
  const auto before = Ciphertexts();
  ASSERT_EQ(before.size(), 2U);
  EXPECT_EQ(Days(), "2\n");
  EXPECT_EQ(Partitions(), "4\n");  // the default, today and two days to come
  ASSERT_OK(catalog_.DaysExpire(TestContext()));
  EXPECT_EQ(Days(), "2\n") << "of today";
  ASSERT_NO_FATAL_FAILURE(LetDaysPass());
  EXPECT_EQ(Ciphertexts(), before);
  TestCommit overwrite(client_);
  Send(overwrite.Write(object_, 0, Bytes(100, 3)));
  ASSERT_OK(catalog_.PurgeMark(TestContext(), {}, 100));
  EXPECT_EQ(Sql("SELECT count(*) FROM body WHERE inline_day = '2024-03-01'"), "1\n");
  const auto then = Ciphertexts();
  ASSERT_OK(catalog_.DaysExpire(TestContext()));
  EXPECT_EQ(Ciphertexts(), then) << "what is needed has moved into its row";
  EXPECT_EQ(Sql("SELECT count(*) FROM body WHERE inline_day IS NOT NULL"), "1\n");
  EXPECT_EQ(Days(), "1\n");
  EXPECT_EQ(Partitions(), "4\n");
}

TEST_F(InlineDaysTest, SoDoesWhatHadNoPartition) {
  Patch(0, 1);
  const auto before = Ciphertexts();
  ASSERT_NO_FATAL_FAILURE(LetDaysPass(false));
  EXPECT_EQ(Ciphertexts(), before);
  ASSERT_OK(catalog_.DaysExpire(TestContext()));
  EXPECT_EQ(Ciphertexts(), before);
  EXPECT_EQ(Days(), "0\n");
}

// The clock was set back: whoever writes for a day that is about to go is waited for.
TEST_F(InlineDaysTest, AWriteInFlightIsNotLost) {
  Patch(0, 1);
  ASSERT_NO_FATAL_FAILURE(LetDaysPass());
  Run("WITH ct AS (INSERT INTO pbfs.inline_ct VALUES ('2024-03-01', '11111111-1111-1111-1111-111111111111', 'x')) "
      "INSERT INTO pbfs.body (body_id, bucket, key_epoch, header, wrapped_dek, scheme, k, n, inline_day) "
      "SELECT '11111111-1111-1111-1111-111111111111', bucket, key_epoch, header, wrapped_dek, scheme, k, n, inline_day "
      "FROM pbfs.body WHERE inline_day IS NOT NULL");
  ASSERT_OK(catalog_.DaysExpire(TestContext()));
  EXPECT_EQ(Partitions(), "5\n");
  ASSERT_OK(other_->Commit(TestContext()));
  ASSERT_OK(catalog_.DaysExpire(TestContext()));
  EXPECT_EQ(Partitions(), "4\n");
  EXPECT_EQ(Sql("SELECT inline_ct FROM body WHERE body_id = '11111111-1111-1111-1111-111111111111'"), "\\x78\n");
}

// A list whose snapshot is older than the move of a body's ciphertext, and whose second step comes after its day is gone.
TEST_F(InlineDaysTest, AListNeverShowsABodyWithoutItsBytes) {
  Patch(0, 1);
  Sql("DELETE FROM inline_ct");
  EXPECT_CODE(catalog_.List(TestContext(), {bucket_, object_, 0, 10'000}), kUnavailable);
}

TEST_F(InlineDaysTest, WhatIsPutWholeStaysInItsRow) {
  const ObjectId object = client_.NewObject();
  TestCommit put(client_);
  Send(put.Creates(object).Write(object, 0, Bytes(100, 1)));
  EXPECT_EQ(Days(), "0\n");
  EXPECT_EQ(Sql("SELECT count(*) FROM body WHERE inline_ct IS NOT NULL"), "1\n");
}

// I25.
TEST_F(GarbageBesideTest, NothingIsDestroyedOnATimelineThatIsNotThawed) {
  TestCommit overwrite(client_);
  Send(overwrite.Write(object_, 0, Bytes(5000, 2)));
  database_.Sql("UPDATE site_self SET thawed_timeline = 77");
  EXPECT_CODE(catalog_.PurgeMark(TestContext(), {}, 100), kFailedPrecondition);
  EXPECT_CODE(catalog_.Reap(TestContext(), 100), kFailedPrecondition);
  EXPECT_CODE(catalog_.DropRows(TestContext(), 100), kFailedPrecondition);
  EXPECT_CODE(catalog_.HistoryExpire(TestContext(), 100), kFailedPrecondition);
  EXPECT_CODE(catalog_.SweepMark(TestContext(), {}), kFailedPrecondition);
  EXPECT_CODE(catalog_.SweepArm(TestContext()), kFailedPrecondition);
  EXPECT_CODE(catalog_.SweepConfirm(TestContext(), 100), kFailedPrecondition);
  EXPECT_CODE(catalog_.NamesExpire(TestContext(), 100), kFailedPrecondition);
  EXPECT_CODE(catalog_.DropZeros(TestContext(), {}, 100), kFailedPrecondition);
  EXPECT_CODE(catalog_.SweepForget(TestContext(), 100), kFailedPrecondition);
  EXPECT_CODE(catalog_.DaysExpire(TestContext()), kFailedPrecondition);
  ASSERT_OK_AND_ASSIGN(const GarbageState frozen, catalog_.GetGarbage(TestContext()));
  EXPECT_TRUE(frozen.frozen());
  EXPECT_EQ(frozen.thawed_timeline, 77);
  EXPECT_EQ(Purging(), 0);
  database_.Sql("SELECT thaw()");
  ASSERT_OK(catalog_.PurgeMark(TestContext(), {}, 100));
  EXPECT_EQ(Purging(), 1);
}

// ---- bodies that get another encoding ----------------------------------------------------------------------------------------

/// With eight stores, a body of 4+2 in a bucket that wants 2+2, and another encoding for it.
class RecodeBesideTest : public GarbageBesideTest {
 protected:
  static constexpr uint16_t kGroup = 5;
  void SetUp() override {
    for (uint32_t id = 1; id <= 8; ++id)
      ASSERT_OK(catalog_.PutStore(TestContext(),
                                  {StoreId{id}, "127.0.0.1:1", "host-" + std::to_string(id), StoreState::kUp, 1}));
    GarbageBesideTest::SetUp();
    const BodyUpload upload = Encoded(4, 6);
    TestCommit commit(client_);
    Send(commit.WriteBody(object_, 0, 20'000, upload));
    body_ = upload.id;
    old_ = upload.encoding->id;
    ASSERT_OK(catalog_.SetScheme(TestContext(), bucket_, {}, {2, 2, {}}));
    const BodyUpload anew = Encoded(2, 4);
    change_ = {body_, old_, *anew.encoding, anew.receipts};
  }
  BodyUpload Encoded(uint8_t k, uint8_t n) {
    std::vector<StoreId> places = catalog_.WatchMap(TestContext(), -1)->groups.at(kGroup).stores;
    places.resize(n);
    return client_.MakeEncoded(Bytes(20'000, 1), k, n, kGroup, clock_.NowMillis(), places);
  }
  int64_t Version() { return catalog_.WatchMap(TestContext(), -1)->groups.at(kGroup).version; }
  std::string Row() { return database_.Sql("SELECT encoding_id, missing FROM body WHERE body_id = " + Quoted(body_)); }
  /// What SetEncoding does, in the other session; one of the new shards is missing.
  void SwitchInTheOtherSession() {
    Run("UPDATE pbfs.body SET k = 2, n = 4, missing = 8, encoding_id = " + Quoted(change_.encoding.id) +
        " WHERE body_id = " + Quoted(body_));
  }
  std::string Switched() { return change_.encoding.id.ToString() + "|8\n"; }

  EncodingId old_;
  EncodingChange change_;
};

// Bit 3 of the old encoding is another shard than bit 3 of the new one.
TEST_F(RecodeBesideTest, ClearingAShardWaitsForTheSwitchAndTouchesNothing) {
  const Shard marked[] = {{old_, 3}};
  ASSERT_OK(catalog_.MarkMissing(TestContext(), marked));
  SwitchInTheOtherSession();
  const PlacedShard placed[] = {{{old_, 3}, Version()}};
  WhileItWaits([&] { EXPECT_OK(catalog_.ClearMissing(TestContext(), placed)); });
  EXPECT_EQ(Row(), Switched());
}

TEST_F(RecodeBesideTest, MarkingAShardWaitsForTheSwitchAndTouchesNothing) {
  SwitchInTheOtherSession();
  const Shard marked[] = {{old_, 0}};
  WhileItWaits([&] { EXPECT_OK(catalog_.MarkMissing(TestContext(), marked)); });
  EXPECT_EQ(Row(), Switched());
}

TEST_F(RecodeBesideTest, ASwitchWaitsForAPurgeAndFindsNoBody) {
  Run("UPDATE pbfs.body SET state = 3 WHERE body_id = " + Quoted(body_));
  WhileItWaits([&] { EXPECT_CODE(catalog_.SetEncoding(TestContext(), change_), kNotFound); });
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM retired"), "0\n");
}

TEST_F(RecodeBesideTest, ASwitchWaitsForAnotherOneAndIsRefused) {
  SwitchInTheOtherSession();
  const BodyUpload anew = Encoded(2, 4);
  const EncodingChange late{body_, old_, *anew.encoding, anew.receipts};
  WhileItWaits([&] { EXPECT_CODE(catalog_.SetEncoding(TestContext(), late), kAborted); });
}

TEST_F(RecodeBesideTest, ACloneInFlightHoldsOffNoSwitch) {
  Run("SELECT FROM pbfs.body WHERE body_id = " + Quoted(body_) + " FOR KEY SHARE");
  EXPECT_OK(catalog_.SetEncoding(TestContext(), change_));
  EXPECT_EQ(Row(), change_.encoding.id.ToString() + "|0\n");
}

// A Commit that was in flight when its encoding was marked may have been given another one before the mark is confirmed.
TEST_F(RecodeBesideTest, SweepLeavesWhatIsRetired) {
  ASSERT_OK(catalog_.SetEncoding(TestContext(), change_));
  database_.Sql("INSERT INTO swept (encoding_id, horizon) SELECT encoding_id, '1' FROM retired");
  ASSERT_OK_AND_ASSIGN(const auto confirmed, catalog_.SweepConfirm(TestContext(), 100));
  EXPECT_TRUE(confirmed.empty());
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM swept"), "0\n");
  const EncodingId reported[] = {old_};
  database_.Sql("UPDATE site_self SET max_age_ms = -1000000, margin_ms = 0");  // all is old enough
  ASSERT_OK(catalog_.SweepMark(TestContext(), reported));
  EXPECT_EQ(database_.Sql("SELECT count(*) FROM swept"), "0\n");
}

// I20: the tombstone is looked for after the clock was read.
TEST_F(RecodeBesideTest, AnEncodingThatIsSweptIsRefused) {
  database_.Sql("INSERT INTO swept (encoding_id) VALUES (" + Quoted(change_.encoding.id) + ")");
  EXPECT_CODE(catalog_.SetEncoding(TestContext(), change_), kFailedPrecondition);
  EXPECT_EQ(Row(), old_.ToString() + "|0\n");
}

// I25.
TEST_F(RecodeBesideTest, NothingRetiredIsDeletedOnATimelineThatIsNotThawed) {
  ASSERT_OK(catalog_.SetEncoding(TestContext(), change_));
  database_.Sql("UPDATE site_self SET thawed_timeline = 77");
  EXPECT_CODE(catalog_.ListRetired(TestContext(), {}, 100), kFailedPrecondition);
  database_.Sql("SELECT thaw()");
  ASSERT_OK_AND_ASSIGN(const auto due, catalog_.ListRetired(TestContext(), {}, 100));
  EXPECT_EQ(due, (std::vector<RetiredEncoding>{{old_, 6}}));
}

}  // namespace
}  // namespace pbfs
