// Clocks that are wrong, and time that has passed.
#include <atomic>
#include <cstdlib>

#include <gmock/gmock.h>

#include "libs/client/client.h"
#include "libs/client/testing/twin_site.h"

namespace pbfs {
namespace {

constexpr int64_t kHour = 3'600'000'000;

// F21: refused in a way that says what to set, and nothing is there.
TEST(ClientClock, AClientThatIsAYearOffIsToldSoAndNothingIsVisible) {
  const ManualClock clock(1'800'000'000'000'000);
  TwinSite site(clock);
  const ClientDependencies rest = site.Dependencies();
  const auto healthy = site.MakeClient();
  ASSERT_OK_AND_ASSIGN(Bucket good, healthy->CreateBucket(TestContext(), {.name = "b"}));
  for (const int64_t off : {365 * 24 * kHour, -365 * 24 * kHour}) {
    for (const size_t size : {100, 300'000}) {
      SCOPED_TRACE(testing::Message() << off << " microseconds, " << size << " bytes");
      const ManualClock own(clock.NowMicros() + off);
      const auto client = *Client::Create({}, {rest.catalog, nullptr, rest.stores, rest.keys, own, rest.random});
      ASSERT_OK_AND_ASSIGN(Bucket bucket, client->OpenBucket(TestContext(), "b"));
      const Status refused = bucket.Put(TestContext(), "x", ByteSpan(Bytes(size, 7))).status();
      EXPECT_CODE(refused, kFailedPrecondition);
      EXPECT_THAT(refused.message(), testing::HasSubstr("clock"));
      EXPECT_CODE(good.Find(TestContext(), "x"), kNotFound);
    }
  }
  EXPECT_OK(good.Put(TestContext(), "x", ByteSpan(Bytes(300'000, 7))));
}

/// This machine's, set by hand.
class ShiftedClock final : public Clock {
 public:
  int64_t NowMicros() const override { return SystemClock().NowMicros() + shift_; }
  void SetBack(int64_t micros) { shift_ -= micros; }

 private:
  std::atomic<int64_t> shift_{0};
};

// A failover: the new primary's clock is behind. What was acknowledged is ahead of it, and so is what comes next, for a while. Where
// nothing is newer that is refused.
TEST(ClientClock, ACatalogsClockThatIsSetBackIsWaitedFor) {
  ShiftedClock clock;
  TwinSite site(clock);
  const auto client = site.MakeClient();
  ASSERT_OK_AND_ASSIGN(Bucket bucket, client->CreateBucket(TestContext(), {.name = "b"}));
  ASSERT_OK_AND_ASSIGN(const Written before, bucket.Put(TestContext(), "x", Bytes{1}));
  clock.SetBack((kMaxHlcDriftMs + 200) * 1000);
  ASSERT_OK_AND_ASSIGN(const Written after, bucket.Put(TestContext(), "y", Bytes{2}));
  EXPECT_GT(after.order, before.order);
  clock.SetBack(3'600'000'000);
  EXPECT_CODE(bucket.Put(TestContext(), "z", Bytes{3}), kFailedPrecondition);
}

// Where stores ask for tokens, the catalog's clock comes with the token, before anything is minted for a store.
TEST(ClientClock, TheClockThatComesWithATokenIsGoodForEncodings) {
  const ManualClock clock(1'800'000'000'000'000);
  TwinSite site(clock);
  const ManualClock own(clock.NowMicros() + 365 * 24 * kHour);
  class ClockedTokens final : public Tokens {
   public:
    explicit ClockedTokens(const Clock& catalogs) : clock_(catalogs) {}
    Result<TokenGrant> IssueToken(const Context&, const std::string&, BucketId, uint16_t) override {
      return TokenGrant{Buffer::CopyOf(Bytes(144)), clock_.NowMillis() + 900'000, clock_.NowMillis()};
    }

   private:
    const Clock& clock_;
  } tokens(clock);
  const ClientDependencies rest = site.Dependencies();
  const auto client = *Client::Create({}, {rest.catalog, &tokens, rest.stores, rest.keys, own, rest.random});
  ASSERT_OK_AND_ASSIGN(Bucket bucket, client->CreateBucket(TestContext(), {.name = "b"}));
  const Bytes bytes(300'000, 7);
  ASSERT_OK_AND_ASSIGN(const Written put, bucket.Put(TestContext(), "x", ByteSpan(bytes)));
  EXPECT_LE(std::abs(HlcMillis(put.order.hlc) - clock.NowMillis()), 60'000);
}

/// Two hours pass between an upload and its first Commit.
class LateCommits final : public Commits {
 public:
  LateCommits(Commits& inner, ManualClock& clock) : inner_(inner), clock_(clock) {}
  Result<CommitReply> Commit(const Context& context, const CommitRequest& request) override {
    if (calls_++ == 0) clock_.Advance(2 * kHour);
    return inner_.Commit(context, request);
  }

 private:
  Commits& inner_;
  ManualClock& clock_;
  std::atomic<int> calls_{0};
};

TEST(ClientClock, AnEncodingOlderThanItsFenceIsUploadedAgain) {
  ManualClock clock(1'800'000'000'000'000);
  TwinSite site(clock);
  const ClientDependencies rest = site.Dependencies();
  const auto maker = site.MakeClient();
  ASSERT_OK(maker->CreateBucket(TestContext(), {.name = "b"}));
  LateCommits late(rest.catalog.commits, clock);
  Catalog catalog{late,
                  rest.catalog.lists,
                  rest.catalog.names,
                  rest.catalog.uploads,
                  rest.catalog.buckets,
                  rest.catalog.groups,
                  rest.catalog.journal};
  const auto client = *Client::Create({}, {catalog, nullptr, rest.stores, rest.keys, rest.clock, rest.random});
  ASSERT_OK_AND_ASSIGN(Bucket bucket, client->OpenBucket(TestContext(), "b"));
  const Bytes bytes(300'000, 7);
  ASSERT_OK_AND_ASSIGN(const Written put, bucket.Put(TestContext(), "x", ByteSpan(bytes)));
  EXPECT_GE(client->Stats().bodies_written, 2) << "the first upload was of no use";
  Bytes out(bytes.size());
  ASSERT_OK(bucket.Read(TestContext(), put.object, 0, out));
  EXPECT_EQ(out, bytes);
}

// F22: a region that somebody wrote far ahead of time.
TEST(ClientClock, APoisonedRegionStaysWritableAndSpoilsNoOther) {
  ManualClock clock(1'800'000'000'000'000);
  TwinSite site(clock);
  BucketSettings settings;
  settings.name = "b";
  const auto first = site.MakeClient();
  ASSERT_OK_AND_ASSIGN(Bucket bucket, first->CreateBucket(TestContext(), settings));
  ASSERT_OK_AND_ASSIGN(const Written healthy, bucket.Put(TestContext(), "healthy", Bytes(10, 1)));
  clock.Advance(kHour);
  const auto early = site.MakeClient();
  ASSERT_OK_AND_ASSIGN(Bucket ahead, early->OpenBucket(TestContext(), "b"));
  ASSERT_OK_AND_ASSIGN(const Written poisoned, ahead.Put(TestContext(), "poisoned", Bytes(10, 2)));
  clock.Advance(-kHour);

  const auto later = site.MakeClient();
  ASSERT_OK_AND_ASSIGN(Bucket now, later->OpenBucket(TestContext(), "b"));
  Bytes out(10);
  ASSERT_OK(now.Read(TestContext(), poisoned.object, 0, out));
  EXPECT_EQ(out, Bytes(10, 2));
  ASSERT_OK(now.Write(TestContext(), healthy.object, 0, Bytes(10, 3)));
  ASSERT_OK(now.Write(TestContext(), poisoned.object, 0, Bytes(10, 4)));
  ASSERT_OK(now.Write(TestContext(), healthy.object, 0, Bytes(10, 5)));
  ASSERT_OK(now.Read(TestContext(), poisoned.object, 0, out));
  EXPECT_EQ(out, Bytes(10, 4));
  ASSERT_OK(now.Read(TestContext(), healthy.object, 0, out));
  EXPECT_EQ(out, Bytes(10, 5));
}

}  // namespace
}  // namespace pbfs
