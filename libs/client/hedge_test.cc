// When a reader asks for a spare shard, in virtual time.
#include "libs/base/simulated_scheduler.h"
#include "libs/client/testing/twin_site.h"

namespace pbfs {
namespace {

using std::chrono::milliseconds;

/// A read of a coded body of 64 KiB, one shard of which is held back.
class HedgeTest : public testing::Test {
 protected:
  void Run(const std::function<void()>& body) {
    SimulatedScheduler(TestSeed()).Run([&] {
      site_.emplace(clock_);
      client_ = site_->MakeClient();
      BucketSettings settings;
      settings.name = "b";
      settings.k = 4;
      settings.m = 2;
      ASSERT_OK_AND_ASSIGN(bucket_, client_->CreateBucket(TestContext(), settings));
      site_->random.Fill(content_);
      ASSERT_OK_AND_ASSIGN(object_, bucket_->Put(TestContext(), "object", content_));
      body();
      bucket_.reset();
      client_.reset();
    });
  }
  Duration TimeOfRead() {
    Bytes out(content_.size());
    const MonotonicTime start = MonotonicNow();
    EXPECT_OK(bucket_->Read(TestContext(), object_.object, 0, out));
    EXPECT_EQ(out, content_);
    return MonotonicNow() - start;
  }
  /// The first store that a read asks.
  FaultyFragmentStore& AskedStore() {
    for (const auto& store : site_->faulty) {
      const int64_t before = store->calls();
      (void)TimeOfRead();
      if (store->calls() > before) return *store;
    }
    return *site_->faulty[0];
  }
  int64_t hedges() const { return client_->Stats().hedges; }

  ManualClock clock_{1'800'000'000'000'000};
  std::optional<TwinSite> site_;
  std::unique_ptr<Client> client_;
  std::optional<Bucket> bucket_;
  Written object_;
  Bytes content_ = Bytes(65536);
};

TEST_F(HedgeTest, AStoreOfWhichLittleIsKnownHasAHundredMilliseconds) {
  Run([&] {
    AskedStore().Hold();
    EXPECT_EQ(TimeOfRead(), milliseconds(100));
    EXPECT_EQ(hedges(), 1);
  });
}

TEST_F(HedgeTest, AStoreThatWasQuickIsLateSooner) {
  Run([&] {
    for (int i = 0; i < 30; ++i) (void)TimeOfRead();
    AskedStore().Hold();
    EXPECT_EQ(TimeOfRead(), milliseconds(10));
    EXPECT_EQ(hedges(), 1);
  });
}

TEST_F(HedgeTest, OneLateStoreCostsOneSpareShard) {
  Run([&] {
    for (int i = 0; i < 30; ++i) (void)TimeOfRead();
    AskedStore().Hold();
    const int64_t before = client_->Stats().read_calls;
    (void)TimeOfRead();
    EXPECT_EQ(client_->Stats().read_calls, before + 5);
  });
}

TEST_F(HedgeTest, AStoreThatIsAlwaysLateGetsMoreTime) {
  Run([&] {
    for (int i = 0; i < 30; ++i) (void)TimeOfRead();
    AskedStore().Hold();
    // Each read that does without it says that it takes at least so long; it is never asked to be quicker than that.
    for (int i = 0; i < 30; ++i) EXPECT_LE(TimeOfRead(), milliseconds(100));
    EXPECT_EQ(hedges(), 30);
  });
}

}  // namespace
}  // namespace pbfs
