// PostgreSQL under Patroni: its primary is killed, under load. Nothing acknowledged may be lost, and nobody has to help.
#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <set>

#include <fmt/format.h>
#include <signal.h>

#include "libs/base/random.h"
#include "libs/base/sync.h"
#include "libs/client/client.h"
#include "libs/runtime/connection.h"
#include "tests/integration/cluster_fixture.h"

namespace pbfs {
namespace {

using testing::RunningCluster;

constexpr int64_t kObjectBytes = 1 << 20;

/// A write as its writer saw it; no two have the same range.
struct Attempt {
  int64_t offset = 0;
  Bytes bytes;
  std::optional<Order> order;  // once acknowledged
};

/// Writers and readers of one object, from several clients, until it goes.
class Load {
 public:
  Load(Bucket& first, Bucket& second, ObjectId object) : object_(object) {
    for (int i = 0; i < kWriters; ++i) {
      Bucket& bucket = i % 2 == 0 ? first : second;
      threads_.emplace_back("writer", [this, &bucket, i] { Write(bucket, i); });
      if (i < kReaders) threads_.emplace_back("reader", [this, &bucket, i] { Read(bucket, i); });
    }
  }
  ~Load() { Stop(); }
  void Stop() {
    stop_ = true;
    for (Thread& thread : threads_) thread.Join();
  }
  int Acknowledged() const {
    MutexLock lock(mutex_);
    return static_cast<int>(
        std::count_if(attempts_.begin(), attempts_.end(), [](const Attempt& attempt) { return attempt.order; }));
  }
  /// Waits for so many acknowledgements, and as many reads, after those that there are.
  void AwaitMore(int count) const {
    const Context patience = Context::WithTimeout(std::chrono::minutes(3) * kTestSlowdown);
    const int writes = Acknowledged() + count, reads = reads_ + count;
    while (Acknowledged() < writes || reads_ < reads) {
      ASSERT_OK(patience.Check());
      SleepFor(std::chrono::milliseconds(20));  // a poll, bounded by `patience`
    }
  }
  /// From `when` to the first acknowledgement after it.
  Duration UntilWritten(MonotonicTime when) const {
    MutexLock lock(mutex_);
    for (const MonotonicTime at : acknowledged_at_)
      if (at > when) return at - when;
    return Duration::max();
  }
  /// From `when` to now: the longest time from the end of one good read of a reader to the end of its next. A read that waits
  /// counts like one that fails.
  Duration LongestWithoutRead(MonotonicTime when) const {
    MutexLock lock(mutex_);
    Duration longest{};
    for (const std::vector<MonotonicTime>& times : read_at_) {
      MonotonicTime last = when;
      for (const MonotonicTime at : times) {
        if (at <= when) continue;
        longest = std::max<Duration>(longest, at - last);
        last = at;
      }
      longest = std::max<Duration>(longest, MonotonicNow() - last);
    }
    return longest;
  }
  /// After Stop().
  std::vector<Attempt> Attempts() const {
    MutexLock lock(mutex_);
    return attempts_;
  }

 private:
  static constexpr int kWriters = 4, kReaders = 2;
  static constexpr int kSlots = 1 << 17;  // of 8 bytes: where a write begins says which one it is
  static constexpr int64_t kSlotBytes = kObjectBytes / kSlots;

  void Write(Bucket& bucket, int number) {
    SeededRandom random(TestSeed() + static_cast<uint64_t>(number));
    for (int i = number; !stop_ && i < kSlots; i += kWriters) {
      Attempt attempt{i * kSlotBytes, Bytes(1 + random.Below(i % 5 == 0 ? 40'000 : 500)), std::nullopt};
      random.Fill(attempt.bytes);
      const auto written = bucket.Write(TestContext(), object_, attempt.offset, attempt.bytes);
      if (written.ok()) attempt.order = written->order;
      // Whoever waits as long as a failover takes is told how it ended.
      EXPECT_OK(written);
      MutexLock lock(mutex_);
      if (attempt.order) acknowledged_at_.push_back(MonotonicNow());
      attempts_.push_back(std::move(attempt));
    }
  }
  void Read(Bucket& bucket, int number) {
    Bytes out(4096);
    while (!stop_) {
      const auto read = bucket.Read(TestContext(), object_, 0, out);
      EXPECT_OK(read);
      if (!read.ok()) continue;
      ++reads_;
      MutexLock lock(mutex_);
      read_at_[number].push_back(MonotonicNow());
    }
  }

  const ObjectId object_;
  std::atomic<bool> stop_{false};
  std::atomic<int> reads_{0};
  mutable Mutex mutex_;
  std::vector<Attempt> attempts_ PBFS_GUARDED_BY(mutex_);
  std::vector<MonotonicTime> acknowledged_at_ PBFS_GUARDED_BY(mutex_);
  std::vector<MonotonicTime> read_at_[kReaders] PBFS_GUARDED_BY(mutex_);  // of good reads
  std::vector<Thread> threads_;                                           // last: they use all the above
};

class FailoverTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(running_.status());
    for (auto* connection : {&first_, &second_}) {
      ASSERT_OK_AND_ASSIGN(*connection, Connection::Open(cluster().client_config()));
    }
    BucketSettings settings;
    settings.name = "b";
    settings.k = 2, settings.m = 1;
    ASSERT_OK_AND_ASSIGN(Bucket bucket, first_->client().CreateBucket(TestContext(), settings));
    bucket_ = std::make_unique<Bucket>(std::move(bucket));
    ASSERT_OK_AND_ASSIGN(const Written put, bucket_->Put(TestContext(), "object", Bytes(kObjectBytes)));
    object_ = put.object;
  }
  local::LocalCluster& cluster() { return running_.cluster(); }

  std::map<std::string, std::string> Roles() {
    std::map<std::string, std::string> roles;
    for (const auto& process : cluster().Processes())
      if (process.kind == local::ProcessKind::kPatroni) roles[process.name] = process.role;
    return roles;
  }
  std::string Primary() {
    for (const auto& [name, role] : Roles())
      if (role == "primary") return name;
    return "";
  }
  std::string Sql(const std::string& sql) {
    const auto psql = local::FindProgram("psql");
    EXPECT_OK(psql);
    const auto answer = local::RunProgram(
        TestContext(), {.argv = {*psql, "-XqAt", "-d", cluster().PrimaryConnectionString(), "-c", sql}});
    return answer.ok() ? *answer : answer.status().ToString();
  }
  void Await(const std::function<bool()>& condition) {
    const Context patience = Context::WithTimeout(std::chrono::minutes(2) * kTestSlowdown);
    while (!condition()) {
      ASSERT_OK(patience.Check());
      SleepFor(std::chrono::milliseconds(100));  // a poll of other processes, bounded by `patience`
    }
  }
  std::map<OpId, HistoryEntry> History() {
    std::map<OpId, HistoryEntry> ops;
    const auto history = bucket_->History(TestContext(), object_, INT64_MAX, 1'000'000);
    EXPECT_OK(history);
    if (history.ok())
      for (const HistoryEntry& entry : *history) ops[entry.op] = entry;
    return ops;
  }

  /// Every acknowledged write is in the history at its order, nothing is there that nobody wrote, and the object reads as its
  /// history says.
  void ExpectWhole(const std::vector<Attempt>& attempts) {
    std::map<int64_t, const Attempt*> by_offset;
    for (const Attempt& attempt : attempts) by_offset[attempt.offset] = &attempt;
    std::map<Order, const Attempt*> in_order;
    std::set<Order> put;  // of SetUp()
    for (const auto& [op, entry] : History()) {
      if (entry.kind != OpKind::kWrite) continue;
      EXPECT_TRUE(entry.authentic);
      const auto found = by_offset.find(entry.lo);
      if (entry.hi - entry.lo == kObjectBytes) {
        put.insert(entry.order);
      } else if (found == by_offset.end() || static_cast<int64_t>(found->second->bytes.size()) != entry.hi - entry.lo) {
        ADD_FAILURE() << "a write at " << entry.lo << " that nobody made";
      } else {
        EXPECT_TRUE(in_order.emplace(entry.order, found->second).second);
      }
    }
    EXPECT_EQ(put.size(), 1U);
    for (const Attempt& attempt : attempts) {
      if (!attempt.order) continue;
      const auto found = in_order.find(*attempt.order);
      EXPECT_TRUE(found != in_order.end() && found->second == &attempt) << "lost: the write at " << attempt.offset;
    }
    Bytes want(kObjectBytes), got(kObjectBytes);
    for (const auto& [order, attempt] : in_order) {
      const auto begin = static_cast<size_t>(attempt->offset);
      if (want.size() < begin + attempt->bytes.size()) want.resize(begin + attempt->bytes.size());
      std::copy(attempt->bytes.begin(), attempt->bytes.end(), want.begin() + attempt->offset);
    }
    got.resize(want.size());
    ASSERT_OK(bucket_->Read(TestContext(), object_, 0, got));
    EXPECT_TRUE(got == want);
  }

  RunningCluster running_{3, 2, local::PostgresKind::kPatroni};
  std::unique_ptr<Connection> first_, second_;
  std::unique_ptr<Bucket> bucket_;
  ObjectId object_;
};

// F07. With PBFS_TEST_SCALE as many failovers, one after another (scripts/crash --failover); what it prints is measured.
TEST_F(FailoverTest, WritesResumeByThemselvesAndNothingAcknowledgedIsLost) {
  ASSERT_OK_AND_ASSIGN(Bucket other, second_->client().OpenBucket(TestContext(), "b"));
  Load load(*bucket_, other, object_);
  for (int round = 0; round < TestScaled(1); ++round) {
    ASSERT_NO_FATAL_FAILURE(load.AwaitMore(50));
    const auto before = History();
    const std::string killed = Primary();
    ASSERT_NE(killed, "");
    const MonotonicTime begin = MonotonicNow();
    ASSERT_OK(cluster().Kill(TestContext(), killed, SIGKILL));
    const MonotonicTime end = MonotonicNow();
    ASSERT_NO_FATAL_FAILURE(load.AwaitMore(50));
    const auto seconds = [](Duration duration) { return std::chrono::duration<double>(duration).count(); };
    fmt::print("killed {}: written again after {:.1f} s; longest time without a read {:.1f} s\n", killed,
               seconds(load.UntilWritten(end)), seconds(load.LongestWithoutRead(begin)));
    EXPECT_NE(Primary(), "");
    EXPECT_NE(Primary(), killed);

    // The old one has what nobody was told of, and follows the new one all the same.
    ASSERT_OK(cluster().Start(Context::WithTimeout(std::chrono::minutes(5)), killed));
    EXPECT_EQ(Roles()[killed], "standby");
    ASSERT_NO_FATAL_FAILURE(load.AwaitMore(50));
    const auto after = History();
    for (const auto& [op, entry] : before) {
      ASSERT_TRUE(after.count(op)) << op.ToString();
      EXPECT_EQ(after.at(op).order, entry.order);
    }
  }
  load.Stop();
  ASSERT_NO_FATAL_FAILURE(ExpectWhole(load.Attempts()));
}

// I25: the collector goes on by itself, for Patroni says that the new primary was a synchronous standby.
TEST_F(FailoverTest, DestructiveWorkThawsByItself) {
  const std::string thawed = "SELECT thawed_timeline = pbfs.wal_timeline() FROM pbfs.site_self";
  const std::string timeline = "SELECT pbfs.wal_timeline()";
  const std::string before = Sql(timeline);
  EXPECT_EQ(Sql(thawed), "t\n");
  const std::string killed = Primary();
  ASSERT_OK(cluster().Kill(TestContext(), killed, SIGKILL));
  ASSERT_OK(bucket_->Write(TestContext(), object_, 0, Bytes(kObjectBytes, 1)));  // the body of the put is dead
  EXPECT_NE(Sql(timeline), before);
  ASSERT_NO_FATAL_FAILURE(Await([&] { return Sql(thawed) == "t\n"; }));

  const std::string path = cluster().directory() + "/garbage-collector.json";
  std::ifstream in(path);
  nlohmann::ordered_json config = nlohmann::ordered_json::parse(in);
  config["graceMs"] = 1, config["intervalMs"] = 100;
  ASSERT_OK(local::WriteTextFile(path, config.dump(2), 0600));
  ASSERT_OK(cluster().Kill(TestContext(), "garbage-collector", SIGKILL));
  ASSERT_OK(cluster().Start(TestContext(), "garbage-collector"));
  ASSERT_NO_FATAL_FAILURE(Await([&] { return Sql("SELECT count(*) FROM pbfs.body") == "1\n"; }));
}

TEST_F(FailoverTest, StopsStartsAndLosesEtcdWithoutAFailover) {
  const Bytes patch(100, 7);
  ASSERT_OK(cluster().Down(TestContext()));
  for (const auto& process : cluster().Processes()) EXPECT_FALSE(process.alive) << process.name;
  ASSERT_OK(cluster().Up(Context::WithTimeout(std::chrono::minutes(5))));
  for (const auto& process : cluster().Processes()) EXPECT_TRUE(process.ready) << process.name;
  const auto roles = Roles();
  EXPECT_EQ(std::count_if(roles.begin(), roles.end(), [](const auto& role) { return role.second == "standby"; }), 2);

  ASSERT_OK(cluster().Kill(TestContext(), "etcd", SIGKILL));
  SleepFor(std::chrono::seconds(15));  // longer than a primary keeps its lease
  EXPECT_EQ(Roles(), roles);
  EXPECT_OK(bucket_->Write(TestContext(), object_, 10, patch));
  ASSERT_OK(cluster().Start(TestContext(), "etcd"));
  EXPECT_EQ(Roles(), roles);
  Bytes got(patch.size());
  ASSERT_OK(bucket_->Read(TestContext(), object_, 10, got));
  EXPECT_EQ(got, patch);
}

// A primary that is frozen and then goes on believes for a moment that it still is one: nobody is told of what it alone knows.
TEST_F(FailoverTest, APrimaryThatWakesUpAfterItsSuccessionAcknowledgesNothing) {
  ASSERT_OK_AND_ASSIGN(Bucket other, second_->client().OpenBucket(TestContext(), "b"));
  Load load(*bucket_, other, object_);
  ASSERT_NO_FATAL_FAILURE(load.AwaitMore(20));
  const std::string frozen = Primary();
  ASSERT_OK(cluster().Kill(TestContext(), frozen, SIGSTOP));
  ASSERT_NO_FATAL_FAILURE(load.AwaitMore(20));
  ASSERT_OK(cluster().Kill(TestContext(), frozen, SIGCONT));
  ASSERT_NO_FATAL_FAILURE(Await([&] { return Roles()[frozen] == "standby"; }));
  ASSERT_NO_FATAL_FAILURE(load.AwaitMore(20));
  load.Stop();
  ASSERT_NO_FATAL_FAILURE(ExpectWhole(load.Attempts()));
}

// Its connection stays open and says nothing: the primary has to give it up.
TEST_F(FailoverTest, AStandbyThatHangsHoldsUpNoWriteForLong) {
  const auto roles = Roles();
  const auto standby =
      std::find_if(roles.begin(), roles.end(), [](const auto& role) { return role.second == "standby"; });
  ASSERT_NE(standby, roles.end());
  ASSERT_OK(cluster().Kill(TestContext(), standby->first, SIGSTOP));
  const Bytes patch(1000, 7);
  EXPECT_OK(bucket_->Write(TestContext().Within(std::chrono::seconds(40)), object_, 10, patch));
  ASSERT_OK(cluster().Kill(TestContext(), standby->first, SIGCONT));
  ASSERT_NO_FATAL_FAILURE(Await([&] { return Roles()[standby->first] == "standby"; }));
}

}  // namespace
}  // namespace pbfs
