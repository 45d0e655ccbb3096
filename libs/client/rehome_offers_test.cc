// The queue of offers, in virtual time, with rehomes that only say that they were.
#include "libs/client/rehome_offers.h"

#include <set>

#include "libs/base/simulated_scheduler.h"
#include "libs/base/testing.h"

namespace pbfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class RehomeOffersTest : public testing::Test {
 protected:
  RehomeOffersTest() { options.queued = 4; }
  // Runs `body` in virtual time, with offers that take `took` each.
  void InVirtualTime(const std::function<void(RehomeOffers&)>& body) {
    SimulatedScheduler scheduler(TestSeed());
    scheduler.Run([&] {
      RehomeOffers offers(options, random, counters,
                          [this](const Context& context, const OpenedBucket&, const ObjectId& object, int64_t region) {
                            return Rehome(context, object, region);
                          });
      body(offers);
    });
  }
  Result<RehomeReport> Rehome(const Context& context, const ObjectId& object, int64_t region) {
    EXPECT_TRUE(running.insert({object, region}).second) << "a region twice at once";
    most_at_once = std::max(most_at_once, running.size());
    const MonotonicTime end = MonotonicNow() + took;
    while (MonotonicNow() < end && context.Check().ok()) SleepFor(milliseconds(10));
    running.erase({object, region});
    done.emplace_back(region, MonotonicNow());
    PBFS_RETURN_IF_ERROR(context.Check());
    return RehomeReport{1, merges, merges * 100, 0, 0};
  }
  ObjectId Object() { return ObjectId::New(0, random); }
  OpRecord Patch(int64_t lo, int64_t size) const {
    OpRecord record;
    record.object = object;
    PlaceBody(record, lo, size, 0, 0);
    return record;
  }

  SeededRandom random{TestSeed()};
  RehomeOfferOptions options;
  ClientCounters counters;
  std::shared_ptr<OpenedBucket> bucket =
      std::make_shared<OpenedBucket>(BucketInfo{}, std::make_shared<OpenedKeyring>());
  const ObjectId object = Object();
  Duration took = seconds(1);
  int64_t merges = 1;
  std::set<std::pair<ObjectId, int64_t>> running;
  size_t most_at_once = 0;
  std::vector<std::pair<int64_t, MonotonicTime>> done;
};

TEST_F(RehomeOffersTest, AnOfferIsTakenUpAfterADelayThatIsDrawn) {
  InVirtualTime([&](RehomeOffers& offers) {
    const MonotonicTime start = MonotonicNow();
    offers.Offer(*bucket, object, 3);
    SleepFor(minutes(1));
    ASSERT_EQ(done.size(), 1u);
    EXPECT_EQ(done[0].first, 3);
    EXPECT_GE(done[0].second, start + options.delay / 2 + took);
    EXPECT_LE(done[0].second, start + options.delay * 2 + took);
  });
  EXPECT_EQ(counters.rehomes_offered, 1);
  EXPECT_EQ(counters.rehomes_done, 1);
}

TEST_F(RehomeOffersTest, ARegionIsMergedOnceInAnInterval) {
  InVirtualTime([&](RehomeOffers& offers) {
    const MonotonicTime end = MonotonicNow() + minutes(10);
    for (; MonotonicNow() < end; SleepFor(milliseconds(100))) offers.Offer(*bucket, object, 0);
  });
  for (size_t i = 1; i < done.size(); ++i) EXPECT_GE(done[i].second - done[i - 1].second, options.interval);
  EXPECT_GT(done.size(), 100u);
  EXPECT_EQ(counters.rehomes_refused, 0);
}

TEST_F(RehomeOffersTest, WhereThereWasNothingToDoItTakesLonger) {
  merges = 0;
  InVirtualTime([&](RehomeOffers& offers) {
    const MonotonicTime end = MonotonicNow() + minutes(10);
    for (; MonotonicNow() < end; SleepFor(milliseconds(100))) offers.Offer(*bucket, object, 0);
  });
  EXPECT_LE(done.size(), 20u);
  EXPECT_EQ(counters.rehomes_idle, static_cast<int64_t>(done.size()));
  EXPECT_EQ(counters.rehomes_done, 0);
}

TEST_F(RehomeOffersTest, FewAtATimeFewThatWaitAndTheRestAreRefused) {
  options.concurrent = 2;
  InVirtualTime([&](RehomeOffers& offers) {
    for (int64_t region = 0; region < 10; ++region) offers.Offer(*bucket, object, region);
    SleepFor(minutes(1));
    EXPECT_EQ(done.size(), 4u);
    offers.Offer(*bucket, object, 9);  // later there is room
    SleepFor(minutes(1));
  });
  EXPECT_EQ(done.size(), 5u);
  EXPECT_EQ(most_at_once, 2u);
  EXPECT_EQ(counters.rehomes_offered, 5);
  EXPECT_EQ(counters.rehomes_refused, 6);
}

TEST_F(RehomeOffersTest, WhatIsRememberedIsBounded) {
  options.queued = 1'000'000;
  options.idle_interval = minutes(1);
  merges = 0;
  InVirtualTime([&](RehomeOffers& offers) {
    took = Duration::zero();
    for (size_t i = 0; i < RehomeOffers::kRemembered + 10; ++i) offers.Offer(*bucket, Object(), 0);
    EXPECT_EQ(counters.rehomes_refused, 10);
    SleepFor(minutes(10));
    offers.Offer(*bucket, Object(), 0);
    EXPECT_EQ(counters.rehomes_refused, 10) << "those of before are forgotten";
  });
}

TEST_F(RehomeOffersTest, TheEndCallsOffWhatIsUnderWayAndForgetsWhatWaits) {
  took = std::chrono::hours(10);
  MonotonicTime asked, ended;
  SimulatedScheduler scheduler(1);
  scheduler.Run([&] {
    {
      RehomeOffers offers(options, random, counters,
                          [this](const Context& context, const OpenedBucket&, const ObjectId& o, int64_t region) {
                            return Rehome(context, o, region);
                          });
      for (int64_t region = 0; region < 3; ++region) offers.Offer(*bucket, object, region);
      SleepFor(seconds(10));
      EXPECT_EQ(running.size(), 1u);
      asked = MonotonicNow();
    }
    ended = MonotonicNow();
  });
  EXPECT_LE(ended - asked, milliseconds(100));
  EXPECT_EQ(done.size(), 1u);
  EXPECT_EQ(counters.rehomes_done, 0);
}

TEST_F(RehomeOffersTest, OffIsOff) {
  options.enabled = false;
  InVirtualTime([&](RehomeOffers& offers) {
    for (int i = 0; i < 1000; ++i) offers.NoteOp(*bucket, Patch(0, 10));
    offers.Offer(*bucket, object, 0);
    SleepFor(minutes(1));
  });
  EXPECT_EQ(counters.rehomes_offered, 0);
  EXPECT_TRUE(done.empty());
}

TEST_F(RehomeOffersTest, AReaderOffersNothing) {
  bucket->Adopt(std::make_shared<OpenedKeyring>(OpenedKeyring{.version = 1, .must_sign = true}));  // this is no writer
  InVirtualTime([&](RehomeOffers& offers) { offers.Offer(*bucket, object, 0); });
  EXPECT_EQ(counters.rehomes_offered, 0);
}

TEST_F(RehomeOffersTest, AWriterOffersARegionWhenItsOwnPatchesMakeAGather) {
  InVirtualTime([&](RehomeOffers& offers) {
    for (int i = 0; i < 256; ++i) offers.NoteOp(*bucket, Patch(5 * kRegionSize + i * 100, 10));
    EXPECT_EQ(counters.rehomes_offered, 0);
    offers.NoteOp(*bucket, Patch(4 * kRegionSize, 10));
    EXPECT_EQ(counters.rehomes_offered, 0) << "another region";
    offers.NoteOp(*bucket, Patch(5 * kRegionSize, 10));
    EXPECT_EQ(counters.rehomes_offered, 1);
    SleepFor(minutes(1));
  });
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].first, 5);
}

TEST_F(RehomeOffersTest, AfterARehomeAWriterCountsAnew) {
  InVirtualTime([&](RehomeOffers& offers) {
    for (int i = 0; i < 200; ++i) offers.NoteOp(*bucket, Patch(i * 100, 10));
    OpRecord rehome = Patch(0, 10'000);
    rehome.kind = OpKind::kRehome;
    offers.NoteOp(*bucket, rehome);
    for (int i = 0; i < 256; ++i) offers.NoteOp(*bucket, Patch(i * 100, 10));
    EXPECT_EQ(counters.rehomes_offered, 0);
    offers.NoteOp(*bucket, Patch(0, 10));
    EXPECT_EQ(counters.rehomes_offered, 1);
  });
}

TEST_F(RehomeOffersTest, WhatIsPutIsNoPatchThatCounts) {
  InVirtualTime([&](RehomeOffers& offers) {
    offers.NoteOp(*bucket, Patch(0, kRegionSize));
    for (int i = 0; i < 100; ++i) offers.NoteOp(*bucket, Patch(i * 100, 10));
  });
  EXPECT_EQ(counters.rehomes_offered, 0);
}

TEST_F(RehomeOffersTest, LargePatchesCountByTheirBytesAndAStreamIsNoPatch) {
  InVirtualTime([&](RehomeOffers& offers) {
    for (int64_t i = 0; i < 100; ++i) offers.NoteOp(*bucket, Patch(i * kRegionSize, kRegionSize));
    EXPECT_EQ(counters.rehomes_offered, 0);
    for (int64_t i = 0; i < 17; ++i) offers.NoteOp(*bucket, Patch(200 * kRegionSize + (i << 20), 2 << 20));
    EXPECT_EQ(counters.rehomes_offered, 1);
  });
}

}  // namespace
}  // namespace pbfs
