// Rotation of a bucket's key: nobody notices it, whoever dies or comes in between, and in the end no body has an older key.
#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/testing.h"
#include "libs/catalog/catalog_decorator.h"
#include "libs/client/twin_cluster.h"
#include "libs/format/keyring.h"

namespace pbfs {
namespace {

/// A catalog with something in between before and after each call: an error of either is what the caller gets.
class NumberedCalls final : public CatalogDecorator {
 public:
  explicit NumberedCalls(const Catalog& inner) : inner_(inner) {}
  std::function<Status(int call)> before, after;  // called with 1, 2 ...
  int calls = 0;
  void Reset() { calls = 0, before = nullptr, after = nullptr; }

 private:
  Status Around(const Context& context, const Call& call) override {
    const int number = ++calls;
    if (before) PBFS_RETURN_IF_ERROR(before(number));
    PBFS_RETURN_IF_ERROR(call(context, inner_));
    return after ? after(number) : OkStatus();
  }
  const Catalog inner_;
};

class RotationTest : public testing::Test {
 protected:
  RotationTest() : client(cluster.NewClient({}, numbered.ports(), cluster.keys())), other(cluster.NewClient()) {
    BucketSettings settings;
    settings.name = "b";
    auto made = client->CreateBucket(TestContext(), settings);
    PBFS_CHECK(made.ok(), made.status().ToString());
    bucket.emplace(*made);
    object = bucket->Put(TestContext(), "x", Bytes(30'000, 1))->object;
    content = Bytes(30'000, 1);
    for (size_t i = 0; i < 7; ++i) Write(*bucket, 1000 * i, Bytes(i % 2 == 0 ? 900 : 6000, static_cast<uint8_t>(i)));
    theirs.emplace(*other->OpenBucket(TestContext(), "b"));  // with the key from before every rotation
    numbered.Reset();
  }

  void Write(Bucket& by, size_t offset, const Bytes& bytes) {
    ASSERT_OK(by.Write(TestContext(), object, static_cast<int64_t>(offset), bytes));
    std::copy(bytes.begin(), bytes.end(), content.begin() + static_cast<ptrdiff_t>(offset));
  }
  void ExpectReadable(Bucket& by) {
    MemorySink sink;
    EXPECT_OK(by.Read(TestContext(), object, 0, kMaxObjectSize, sink));
    EXPECT_TRUE(sink.bytes() == content);
    ASSERT_OK_AND_ASSIGN(const ObjectId found, by.Find(TestContext(), "x"));
    EXPECT_EQ(found, object);
    ASSERT_OK_AND_ASSIGN(const auto history, by.History(TestContext(), object));
    for (const HistoryEntry& op : history) EXPECT_TRUE(op.authentic);
  }
  /// By who rotated, by who opened the bucket before, and by who opens it now.
  void ExpectReadableByAll() {
    const auto later = cluster.NewClient();
    ASSERT_OK_AND_ASSIGN(Bucket now, later->OpenBucket(TestContext(), "b"));
    for (Bucket* const any : {&*bucket, &*theirs, &now}) ExpectReadable(*any);
  }
  static RotationOptions InPages(bool fresh_key = true) {
    RotationOptions options;
    options.fresh_key = fresh_key;
    options.page = 3;
    return options;
  }
  BucketInfo Info(const std::string& name = "b") { return *cluster.catalog().FindBucket(TestContext(), name, 0); }
  uint32_t Epoch() { return Keyring::Decode(Info().keyring, *cluster.keys().AdminPublicKey())->epoch; }
  std::vector<WrappedBody> WrappedBelow(uint32_t epoch) {
    return *cluster.catalog().ListWrapped(TestContext(), {bucket->info().id, epoch, {}, kMaxRewraps});
  }

  TwinCluster cluster;
  NumberedCalls numbered{cluster.catalog().ports()};
  std::unique_ptr<Client> client, other;
  std::optional<Bucket> bucket, theirs;
  ObjectId object;
  Bytes content;
};

TEST_F(RotationTest, EveryBodyIsWrappedUnderTheNewKeyAndReads) {
  RotationOptions options = InPages();
  std::vector<int64_t> seen;
  options.progress = [&](const RotationReport& so_far) { seen.push_back(so_far.rewrapped); };
  ASSERT_OK_AND_ASSIGN(const RotationReport report, bucket->RotateKey(TestContext(), options));
  EXPECT_TRUE(report.fresh_key);
  EXPECT_EQ(report.epoch, 2u);
  EXPECT_EQ(report.rewrapped, 8);
  EXPECT_EQ(report.passed_over, 0);
  EXPECT_EQ(report.unreadable, 0);
  EXPECT_EQ(seen, (std::vector<int64_t>{3, 6, 8}));
  EXPECT_EQ(Epoch(), 2u);
  EXPECT_TRUE(WrappedBelow(2).empty());
  ExpectReadableByAll();
}

TEST_F(RotationTest, WhatIsWrittenAfterItHasTheNewKeyAndWhatWasBeforeIsStillRead) {
  for (uint32_t epoch = 2; epoch <= 5; ++epoch) {
    ASSERT_OK_AND_ASSIGN(const RotationReport report, bucket->RotateKey(TestContext(), InPages()));
    EXPECT_EQ(report.epoch, epoch);
    Write(*bucket, epoch * 100, Bytes(500, static_cast<uint8_t>(epoch)));
    ASSERT_OK(bucket->Put(TestContext(), "with metadata", Bytes{1}, {.metadata = {.content_type = "text/plain"}}));
    EXPECT_TRUE(WrappedBelow(epoch).empty());
    ASSERT_OK_AND_ASSIGN(const ObjectStat stat, theirs->Stat(TestContext(), "with metadata"));
    EXPECT_EQ(stat.metadata.content_type, "text/plain");
    ExpectReadableByAll();
  }
}

TEST_F(RotationTest, InterruptedAtAnyCallItLosesNothingAndGoesOn) {
  for (int call = 1;; ++call) {
    SCOPED_TRACE(call);
    numbered.Reset();
    numbered.before = [&](int number) { return number == call ? InternalError("the end") : OkStatus(); };
    const Result<RotationReport> interrupted = bucket->RotateKey(TestContext(), InPages());
    const bool all_done = interrupted.ok();
    if (!all_done) {
      EXPECT_CODE(interrupted, kInternal);
    }
    numbered.Reset();
    ExpectReadableByAll();
    const uint32_t epoch = Epoch();
    ASSERT_OK_AND_ASSIGN(const RotationReport rest, bucket->RotateKey(TestContext(), InPages(false)));
    EXPECT_EQ(rest.epoch, epoch);
    EXPECT_FALSE(rest.fresh_key);
    EXPECT_EQ(rest.passed_over, 0);
    EXPECT_TRUE(WrappedBelow(epoch).empty());
    ExpectReadableByAll();
    if (all_done) {
      EXPECT_GT(call, 8);
      return;
    }
  }
}

// The process died, and another one goes on.
TEST_F(RotationTest, AnotherClientGoesOnWithIt) {
  numbered.before = [](int number) { return number >= 7 ? InternalError("the end") : OkStatus(); };
  EXPECT_CODE(bucket->RotateKey(TestContext(), InPages()), kInternal);
  const size_t left = WrappedBelow(2).size();
  EXPECT_TRUE(left > 0 && left < 8) << left;
  ASSERT_OK_AND_ASSIGN(const RotationReport rest, theirs->RotateKey(TestContext(), InPages(false)));
  EXPECT_EQ(rest.rewrapped, static_cast<int64_t>(left));
  EXPECT_TRUE(WrappedBelow(2).empty());
  numbered.Reset();
  ExpectReadableByAll();
}

// The new keyring may be there though nobody said so: it is looked for, and there is never a second one.
TEST_F(RotationTest, ALostAnswerOfAnyCallIsNoSecondKey) {
  bool lost = true;
  for (int call = 1; lost; ++call) {
    SCOPED_TRACE(call);
    numbered.Reset();
    const uint32_t epoch = Epoch();
    lost = false;
    numbered.after = [&](int number) {
      lost = lost || number == call;
      return number == call ? UnavailableError("lost") : OkStatus();
    };
    ASSERT_OK_AND_ASSIGN(const RotationReport report, bucket->RotateKey(TestContext(), InPages()));
    EXPECT_TRUE(report.fresh_key);
    EXPECT_EQ(report.epoch, epoch + 1);
    EXPECT_EQ(report.rewrapped + report.passed_over, 8);
    EXPECT_EQ(Info().keyring_version, epoch + 1);
    numbered.Reset();
    ExpectReadableByAll();
    if (!lost) {
      EXPECT_GT(call, 8);
    }
  }
}

TEST_F(RotationTest, WithoutAnyAnswerItIsInDoubt) {
  numbered.after = [](int number) { return number >= 3 ? UnavailableError("lost") : OkStatus(); };
  const Context brief = Context::WithTimeout(std::chrono::milliseconds(50));
  const Status status = bucket->RotateKey(brief, InPages()).status();
  EXPECT_EQ(status.Detail("pbfs-outcome").value_or(""), "in-doubt") << status.ToString();
  EXPECT_EQ(Epoch(), 2u);
  EXPECT_EQ(WrappedBelow(2).size(), 8u);
  numbered.Reset();
  ExpectReadableByAll();
  ASSERT_OK(bucket->RotateKey(TestContext(), InPages(false)));
  EXPECT_TRUE(WrappedBelow(2).empty());
}

TEST_F(RotationTest, WhoOpenedTheBucketBeforeReadsAndWritesMeanwhile) {
  const auto later = cluster.NewClient();
  Bucket reader = *later->OpenBucket(TestContext(), "b");
  numbered.before = [&](int number) {
    Write(*theirs, static_cast<size_t>(number) * 700, Bytes(number % 2 == 0 ? 300 : 5000, 0x80));
    ExpectReadable(number % 2 == 0 ? *theirs : reader);
    return OkStatus();
  };
  ASSERT_OK(bucket->RotateKey(TestContext(), InPages()));
  numbered.Reset();
  ExpectReadableByAll();
  ASSERT_OK(bucket->RotateKey(TestContext(), InPages(false)));
  EXPECT_TRUE(WrappedBelow(2).empty());
}

// One that never reads goes on with the older key; everybody reads what it writes.
TEST_F(RotationTest, AWriterWithTheOlderKeyGoesOn) {
  ASSERT_OK(bucket->RotateKey(TestContext()));
  Write(*theirs, 10, Bytes(5000, 7));
  Write(*theirs, 20, Bytes(50, 8));
  EXPECT_EQ(WrappedBelow(2).size(), 2u);
  ExpectReadableByAll();
  Write(*theirs, 30, Bytes(50, 9));  // it has read by now, and met the new key
  EXPECT_EQ(WrappedBelow(2).size(), 2u);
  ASSERT_OK_AND_ASSIGN(const RotationReport rest, theirs->RotateKey(TestContext(), InPages(false)));
  EXPECT_EQ(rest.rewrapped, 2);
  ExpectReadableByAll();
}

TEST_F(RotationTest, TwoAtOnceDoEachBodyOnce) {
  for (int call = 1;; ++call) {
    SCOPED_TRACE(call);
    numbered.Reset();
    const uint32_t epoch = Epoch();
    std::optional<Result<RotationReport>> other_one;
    numbered.before = [&](int number) {
      if (number == call) other_one.emplace(theirs->RotateKey(TestContext(), InPages()));
      return OkStatus();
    };
    ASSERT_OK_AND_ASSIGN(const RotationReport first, bucket->RotateKey(TestContext(), InPages()));
    if (!other_one.has_value()) {
      EXPECT_GT(call, 8);
      return;
    }
    ASSERT_OK_AND_ASSIGN(const RotationReport second, *other_one);
    EXPECT_TRUE(second.fresh_key);
    EXPECT_EQ(second.rewrapped, 8);
    EXPECT_EQ(Epoch(), epoch + (first.fresh_key ? 2 : 1));
    EXPECT_TRUE(WrappedBelow(Epoch()).empty());
    numbered.Reset();
    ExpectReadableByAll();
  }
}

// All of them remember the newest keyring in one place: what one has just seen makes nothing stale that another asked for before.
TEST_F(RotationTest, ClientsSideBySideRotateOpenReadAndWrite) {
  constexpr int64_t kPlace = 1000;  // that a thread writes to
  std::vector<Thread> threads;
  for (int64_t t = 0; t < 4; ++t) {
    threads.emplace_back("client", [&, t] {
      const auto one = cluster.NewClient();
      Bucket mine = *one->OpenBucket(TestContext(), "b");
      for (uint8_t round = 1; round <= 30; ++round) {
        ASSERT_OK(mine.Write(TestContext(), object, t * kPlace, Bytes(kPlace, round)));
        if (round % 3 == t % 3) {
          ASSERT_OK(mine.RotateKey(TestContext(), InPages(round % 2 == 0)));
        }
        if (round % 5 == 0) {
          ASSERT_OK_AND_ASSIGN(mine, one->OpenBucket(TestContext(), "b"));
        }
        Bytes out(kPlace);
        ASSERT_OK(mine.Read(TestContext(), object, t * kPlace, out));
        ASSERT_EQ(out, Bytes(kPlace, round));
      }
    });
  }
  for (Thread& thread : threads) thread.Join();
  std::fill(content.begin(), content.begin() + 4 * kPlace, 30);
  ExpectReadableByAll();
  ASSERT_OK(bucket->RotateKey(TestContext(), InPages(false)));
  EXPECT_TRUE(WrappedBelow(Epoch()).empty());
}

TEST_F(RotationTest, ABodyThatDoesNotOpenIsLeftAsItIs) {
  const WrappedBody body = WrappedBelow(2).front();
  ASSERT_OK(cluster.catalog().Rewrap(TestContext(), {bucket->info().id, 2, {{body.body, body.wrapped_dek, {1}}}}));
  ASSERT_OK_AND_ASSIGN(const RotationReport first, bucket->RotateKey(TestContext(), InPages()));
  EXPECT_EQ(first.rewrapped, 7);
  ASSERT_OK_AND_ASSIGN(const RotationReport second, bucket->RotateKey(TestContext(), InPages()));
  EXPECT_EQ(second.rewrapped, 7);
  EXPECT_EQ(second.unreadable, 1);
  EXPECT_EQ(WrappedBelow(3).front().wrapped_dek, (std::array<uint8_t, 72>{1}));
}

// ---- several principals ----------------------------------------------------------------------------------------------

class SharedRotationTest : public RotationTest {
 protected:
  SharedRotationTest() {
    BucketSettings settings;
    settings.name = "shared";
    shared.emplace(*client->CreateBucket(TestContext(), settings, {MemberOf(writer, true), MemberOf(reader, false)}));
    writers.emplace(*writers_client->OpenBucket(TestContext(), "shared"));
    readers.emplace(*readers_client->OpenBucket(TestContext(), "shared"));
    file = shared->Put(TestContext(), "f", Bytes(100, 1))->object;
  }
  static BucketMember MemberOf(MemoryKeyStore& keys, bool may_write) {
    const ClientIdentity identity = *keys.Identity();
    return {identity.box.public_key, identity.signing.public_key, may_write};
  }
  void ExpectFile(uint8_t fill) {
    for (Bucket* const any : {&*shared, &*writers, &*readers}) {
      Bytes out(100);
      EXPECT_OK(any->Read(TestContext(), file, 0, out));
      EXPECT_EQ(out, Bytes(100, fill));
    }
  }

  MemoryKeyStore writer{cluster.random(), *cluster.keys().AdminKey(), false};
  MemoryKeyStore reader{cluster.random(), *cluster.keys().AdminKey(), false};
  std::unique_ptr<Client> writers_client = cluster.NewClient({}, cluster.catalog().ports(), writer);
  std::unique_ptr<Client> readers_client = cluster.NewClient({}, cluster.catalog().ports(), reader);
  std::optional<Bucket> shared, writers, readers;
  ObjectId file;
};

TEST_F(SharedRotationTest, EveryMemberGoesOnAsBefore) {
  ASSERT_OK(shared->RotateKey(TestContext()));
  ExpectFile(1);
  ASSERT_OK(writers->Write(TestContext(), file, 0, Bytes(100, 2)));
  ExpectFile(2);
  EXPECT_CODE(readers->Write(TestContext(), file, 0, Bytes(100, 3)), kPermissionDenied);
  ExpectFile(2);
}

TEST_F(SharedRotationTest, AReaderDoesNotRotateAndAWriterMakesNoKey) {
  for (const bool fresh_key : {true, false})
    EXPECT_CODE(readers->RotateKey(TestContext(), InPages(fresh_key)), kPermissionDenied);
  EXPECT_CODE(writers->RotateKey(TestContext()), kPermissionDenied);
  EXPECT_EQ(Info("shared").keyring_version, 1);
  ASSERT_OK(shared->RotateKey(TestContext()));
  EXPECT_CODE(readers->RotateKey(TestContext(), InPages(false)), kPermissionDenied);
  ASSERT_OK_AND_ASSIGN(const RotationReport rest, writers->RotateKey(TestContext(), InPages(false)));
  EXPECT_EQ(rest.epoch, 2u);
  EXPECT_EQ(rest.rewrapped, 0);
}

// ---- keyrings that are not what they should be -----------------------------------------------------------------------

class ShownKeyringTest : public RotationTest {
 protected:
  /// The next keyring, changed before it is signed, in the catalog.
  void Set(const std::function<void(Keyring&)>& change) {
    const BucketInfo info = Info();
    const Keyring now = *Keyring::Decode(info.keyring, *cluster.keys().AdminPublicKey());
    const auto keys = *OpenKeyring(now, cluster.keys().Identity()->box);
    Keyring next = RotateKeyring(now, info.keyring, keys, keys[0].second, now.recipients, cluster.random());
    change(next);
    ASSERT_OK(cluster.catalog().SetKeyring(TestContext(), info.id, info.keyring_version,
                                           Buffer::FromBytes(next.Encode(*cluster.keys().AdminKey()))));
  }
  /// `theirs` has to fetch it, because somebody shows an epoch that it does not know.
  Status Renew() { return theirs->RotateKey(TestContext(), InPages(false)).status(); }
  static std::string Code(const Status& status) { return status.Detail("pbfs-code").value_or(status.ToString()); }
};

TEST_F(ShownKeyringTest, OneThatDoesNotFollowTheLastIsRefused) {
  Set([](Keyring& next) { next.previous_hash[0] ^= 1; });
  EXPECT_EQ(Code(Renew()), "STALE_OR_ROLLBACK");
  EXPECT_EQ(Code(other->OpenBucket(TestContext(), "b").status()), "STALE_OR_ROLLBACK");
  ExpectReadable(*theirs);
}

// The hash of one before the last says nothing of a bucket that was not opened since.
TEST_F(ShownKeyringTest, OneThatLacksAKeyIsRefusedByWhoHasThat) {
  Set([](Keyring& next) { next.version += 1, next.old_keys.clear(); });
  EXPECT_EQ(Code(Renew()), "STALE_OR_ROLLBACK");
  ExpectReadable(*theirs);
}

TEST_F(ShownKeyringTest, OneThatSkipsSeveralIsTaken) {
  for (int i = 0; i < 3; ++i) Set([](Keyring&) {});
  EXPECT_OK(Renew());
  ExpectReadableByAll();
}

TEST_F(ShownKeyringTest, AnotherBucketsIsRefused) {
  Set([&](Keyring& next) { next.bucket = BucketId::NewRandom(cluster.random()); });
  EXPECT_CODE(Renew(), kPermissionDenied);
  ExpectReadable(*theirs);
}

// Nor is it signed as the one before a new one.
TEST_F(ShownKeyringTest, NoNewKeyringFollowsOneOfThePast) {
  const Buffer first = Info().keyring;
  ASSERT_OK(bucket->RotateKey(TestContext()));
  ASSERT_OK(cluster.catalog().SetKeyring(TestContext(), bucket->info().id, 2, first));
  EXPECT_EQ(Code(bucket->RotateKey(TestContext()).status()), "STALE_OR_ROLLBACK");
  EXPECT_EQ(Info().keyring_version, 3);
}

// A standby that is behind is asked for what this client knows to be there.
TEST_F(ShownKeyringTest, ABucketIsOpenedThroughACatalogThatIsBehind) {
  class Behind final : public CatalogDecorator {
   public:
    Behind(const Catalog& inner, BucketInfo past) : inner_(inner), past_(std::move(past)) {}
    Result<BucketInfo> FindBucket(const Context& context, const std::string& name, int64_t min_keyring) override {
      if (min_keyring <= past_.keyring_version) return past_;
      return CatalogDecorator::FindBucket(context, name, min_keyring);
    }

   private:
    Status Around(const Context& context, const Call& call) override { return call(context, inner_); }
    const Catalog inner_;
    const BucketInfo past_;
  };
  Behind behind(cluster.catalog().ports(), Info());
  const auto with_standby = cluster.NewClient({}, behind.ports(), cluster.keys());
  ASSERT_OK_AND_ASSIGN(Bucket early, with_standby->OpenBucket(TestContext(), "b"));
  ASSERT_OK(bucket->RotateKey(TestContext()));
  ExpectReadable(early);
  ASSERT_OK_AND_ASSIGN(Bucket late, with_standby->OpenBucket(TestContext(), "b"));
  ExpectReadable(late);
  ASSERT_OK(early.RotateKey(TestContext()));
  EXPECT_EQ(Epoch(), 3u);
}

}  // namespace
}  // namespace pbfs
