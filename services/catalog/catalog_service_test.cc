#include <algorithm>

#include "libs/base/simulated_scheduler.h"
#include "libs/base/testing.h"
#include "libs/catalog/memory_catalog.h"
#include "libs/coordination/lease_keeper.h"
#include "libs/coordination/memory_leases.h"
#include "libs/format/token.h"
#include "services/catalog/floors.h"
#include "services/catalog/membership.h"
#include "services/catalog/token_issuer.h"

namespace pbfs::catalog {
namespace {

/// "<id> <address>" of a lease, in place of the JSON of the program.
Result<StoreInfo> DecodeTestLease(const LeaseInfo& lease) {
  if (lease.value.empty()) return InvalidArgumentError("empty");
  return StoreInfo{StoreId{static_cast<uint32_t>(std::stoi(lease.key.substr(7)))}, lease.value, "domain",
                   StoreState::kUp, 1};
}

class MembershipTest : public testing::Test {
 protected:
  /// In virtual time, with a membership at work.
  void Run(const std::function<void()>& body) {
    SimulatedScheduler(TestSeed()).Run([&] {
      MemoryCatalog catalog(clock_);
      MemoryLeases leases;
      catalog_ = &catalog;
      leases_ = &leases;
      Membership membership(leases, catalog, DecodeTestLease, {});
      membership_ = &membership;
      body();
    });
  }
  void Acquire(const std::string& key, const std::string& address, Duration ttl = std::chrono::hours(24)) {
    EXPECT_OK(leases_->Acquire(Context(), {key, "life", address}, ttl));
  }
  std::optional<StoreInfo> Store(uint32_t id) {
    const ClusterMap map = *catalog_->WatchMap(Context(), -1);
    const auto found =
        std::find_if(map.stores.begin(), map.stores.end(), [id](const StoreInfo& s) { return s.id.value == id; });
    return found == map.stores.end() ? std::nullopt : std::optional(*found);
  }
  StoreState StateOf(uint32_t id) { return Store(id)->state; }

  SystemClock clock_;
  MemoryCatalog* catalog_ = nullptr;
  MemoryLeases* leases_ = nullptr;
  Membership* membership_ = nullptr;
};

TEST_F(MembershipTest, AStoreJoinsMovesFailsAndComesBack) {
  Run([&] {
    Acquire("stores/1", "a:1");
    Acquire("stores/2", "b:1");
    SleepFor(std::chrono::seconds(10));
    ASSERT_TRUE(Store(1).has_value());
    EXPECT_EQ(StateOf(1), StoreState::kUp);
    Acquire("stores/1", "a:2");
    SleepFor(std::chrono::seconds(10));
    EXPECT_EQ(Store(1)->address, "a:2");
    EXPECT_OK(leases_->Release(Context(), {"stores/1", "life", ""}));
    SleepFor(std::chrono::seconds(10));
    EXPECT_EQ(StateOf(1), StoreState::kSuspect);
    SleepFor(std::chrono::minutes(16));
    EXPECT_EQ(StateOf(1), StoreState::kDown);
    Acquire("stores/1", "a:2");
    SleepFor(std::chrono::seconds(10));
    EXPECT_EQ(StateOf(1), StoreState::kUp);
  });
}

TEST_F(MembershipTest, AnUnreachableCoordinatorFreezesMembership) {
  Run([&] {
    Acquire("stores/1", "a:1", std::chrono::seconds(30));
    SleepFor(std::chrono::seconds(10));
    leases_->SetAvailable(false);
    SleepFor(std::chrono::hours(1));
    EXPECT_EQ(StateOf(1), StoreState::kUp) << "its lease is long over, but nobody can know";
    leases_->SetAvailable(true);
    SleepFor(std::chrono::seconds(10));
    EXPECT_EQ(StateOf(1), StoreState::kSuspect);
  });
}

// A coordinator that was wiped clean has no leases; its stores' keepers will be a while.
TEST_F(MembershipTest, NobodyGoesDownWhileMostAreMissing) {
  Run([&] {
    for (const char* key : {"stores/1", "stores/2", "stores/3"}) Acquire(key, "a:1");
    SleepFor(std::chrono::seconds(10));
    for (const char* key : {"stores/1", "stores/2"}) EXPECT_OK(leases_->Release(Context(), {key, "life", ""}));
    SleepFor(std::chrono::hours(1));
    EXPECT_EQ(StateOf(1), StoreState::kSuspect);
    EXPECT_EQ(StateOf(2), StoreState::kSuspect);
    Acquire("stores/2", "a:1");
    SleepFor(std::chrono::seconds(10));
    EXPECT_EQ(StateOf(1), StoreState::kDown) << "it has been missing for long";
    EXPECT_EQ(StateOf(2), StoreState::kUp);
  });
}

TEST_F(MembershipTest, OfTwoStoresOfOneNumberTheFirstCounts) {
  Run([&] {
    const LeaseKeeper::Options keeping;
    auto first = std::make_unique<LeaseKeeper>(*leases_, LeaseInfo{"stores/1", "first", "a:1"}, keeping);
    SleepFor(std::chrono::seconds(10));
    const LeaseKeeper second(*leases_, LeaseInfo{"stores/1", "second", "b:1"}, keeping);
    SleepFor(std::chrono::minutes(1));
    EXPECT_EQ(Store(1)->address, "a:1");
    EXPECT_FALSE(second.Held());
    EXPECT_CODE(second.LastStatus(), kAlreadyExists);
    first = nullptr;
    SleepFor(std::chrono::minutes(1));
    EXPECT_EQ(Store(1)->address, "b:1");
  });
}

TEST_F(MembershipTest, AWipedCoordinatorIsFilledAgainAndNobodyMoves) {
  Run([&] {
    std::vector<std::unique_ptr<LeaseKeeper>> keepers;
    for (const char* id : {"1", "2", "3"})
      keepers.push_back(std::make_unique<LeaseKeeper>(*leases_, LeaseInfo{std::string("stores/") + id, id, "a:1"},
                                                      LeaseKeeper::Options{}));
    SleepFor(std::chrono::minutes(1));
    const std::vector<PlacementGroup> before = catalog_->WatchMap(Context(), -1)->groups;
    for (const char* id : {"1", "2", "3"})
      ASSERT_OK(leases_->Release(Context(), {std::string("stores/") + id, id, "a:1"}));
    SleepFor(std::chrono::hours(1));
    for (const uint32_t id : {1, 2, 3}) EXPECT_EQ(StateOf(id), StoreState::kUp);
    EXPECT_EQ(catalog_->WatchMap(Context(), -1)->groups, before);
  });
}

TEST_F(MembershipTest, TellsWhatItSees) {
  Run([&] {
    Acquire("stores/1", "a:1");
    Acquire("stores/2", "b:1", std::chrono::seconds(30));
    SleepFor(std::chrono::seconds(10));
    EXPECT_OK(membership_->look().status);
    EXPECT_EQ(membership_->look().without_lease, 0);
    SleepFor(std::chrono::minutes(1));
    EXPECT_EQ(membership_->look().without_lease, 1);
    leases_->SetAvailable(false);
    SleepFor(std::chrono::minutes(1));
    EXPECT_CODE(membership_->look().status, kUnavailable);
  });
}

TEST_F(MembershipTest, WhatAnAdministratorDecidedStays) {
  Run([&] {
    Acquire("stores/1", "a:1");
    Acquire("stores/2", "a:2");
    Acquire("stores/3", "");  // does not decode
    EXPECT_OK(catalog_->PutStore(Context(), {StoreId{1}, "a:1", "domain", StoreState::kDraining, 1}));
    EXPECT_OK(catalog_->PutStore(Context(), {StoreId{2}, "a:2", "domain", StoreState::kGone, 1}));
    SleepFor(std::chrono::minutes(1));
    EXPECT_EQ(StateOf(1), StoreState::kDraining);
    EXPECT_EQ(StateOf(2), StoreState::kGone);
    EXPECT_FALSE(Store(3).has_value());
  });
}

TEST(FloorsTest, TheFloorRises) {
  SimulatedScheduler(TestSeed()).Run([&] {
    ManualClock clock(1'700'000'000'000'000);
    MemoryCatalog catalog(clock);
    Floors floors(catalog);
    SleepFor(std::chrono::seconds(25));
    const auto first = *catalog.ReadJournal(Context(), {}, 100);
    ASSERT_EQ(first.size(), 2u);
    clock.Advance(10'000'000);
    SleepFor(std::chrono::seconds(10));
    const auto then = *catalog.ReadJournal(Context(), first.back().position, 100);
    ASSERT_EQ(then.size(), 1u);
    EXPECT_EQ(then[0].kind, 12);  // FLOOR
    EXPECT_GT(ToHex(then[0].payload), ToHex(first[0].payload)) << "big-endian";
  });
}

class TokenIssuerTest : public testing::Test {
 protected:
  ManualClock clock_{1'700'000'000'000'000};
  SeededRandom random_{TestSeed()};
  MemoryCatalog catalog_{clock_};
  const SigningKey key_ = SigningKeyFromSeed(Key32(std::array<uint8_t, 32>{1, 2, 3}));
  TokenIssuer issuer_{catalog_, clock_, random_, {SiteId{1}, [this] { return key_; }}};
  const BucketId bucket_ = BucketId::NewRandom(random_);
};

TEST_F(TokenIssuerTest, ATokenIsSignedAndShortLived) {
  ASSERT_OK_AND_ASSIGN(const TokenGrant grant, issuer_.IssueToken(Context(), "client", bucket_, kTokenGet | kTokenPut));
  EXPECT_TRUE(Token::Verify(grant.token, key_.public_key));
  ASSERT_OK_AND_ASSIGN(const Token token, Token::Decode(grant.token));
  EXPECT_EQ(token.verbs, kTokenGet | kTokenPut);
  EXPECT_EQ(token.site, SiteId{1});
  EXPECT_EQ(token.fence_epoch, 1);
  EXPECT_EQ(token.bucket, bucket_);
  EXPECT_EQ(token.not_after_ms - token.not_before_ms, kMaxTokenLifeMs);
  EXPECT_EQ(grant.now_ms, clock_.NowMillis());
}

TEST_F(TokenIssuerTest, ClientsMayNotRepairOrDelete) {
  for (const uint16_t verb : {kTokenRepair, kTokenDelete}) {
    EXPECT_CODE(issuer_.IssueToken(Context(), "client", bucket_, verb), kPermissionDenied);
    EXPECT_OK(issuer_.IssueToken(Context(), "repairer-1", bucket_, verb));
  }
  EXPECT_CODE(issuer_.IssueToken(Context(), "client", bucket_, 0), kInvalidArgument);
  EXPECT_CODE(issuer_.IssueToken(Context(), "client", bucket_, 1 << 9), kInvalidArgument);
}

}  // namespace
}  // namespace pbfs::catalog
