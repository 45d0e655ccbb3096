#pragma once

#include <string>
#include <vector>

#include "libs/base/sync.h"
#include "libs/base/testing.h"
#include "libs/coordination/leases.h"

/// What every Leases passes. A Fixture is default constructed for each test and has
///   Leases& leases();            empty
///   Leases& other();             another client of the same coordinator, or the same object
///   void SetAvailable(bool up);  stops and starts the coordinator; what it holds stays
///   Duration short_ttl();        the shortest time to live that it honours
namespace pbfs {

template <typename Fixture>
class LeasesContract : public testing::Test {
 protected:
  static LeaseInfo Lease(const std::string& key, const std::string& holder, const std::string& value = "v") {
    return {key, holder, value};
  }
  std::vector<LeaseInfo> List(const std::string& prefix) {
    auto leases = fixture_.leases().List(TestContext(), prefix);
    EXPECT_OK(leases);
    return leases.value_or({});
  }
  /// Waits until the leases under `prefix` are `wanted`, woken by AwaitChange.
  void ExpectBecomes(const std::string& prefix, const std::vector<LeaseInfo>& wanted) {
    const Context context = TestContext();
    int64_t revision = 0;
    while (context.Check().ok()) {
      const auto changed = fixture_.leases().AwaitChange(context, prefix, revision);
      if (!changed.ok()) break;
      revision = *changed;
      if (List(prefix) == wanted) return;
    }
    EXPECT_EQ(List(prefix), wanted);
  }
  /// Another client takes a lease that has expired; it may need to watch the lease for its time to live to know that.
  void ExpectOtherTakes(const LeaseInfo& lease) {
    const Context context = TestContext();
    Status taken = fixture_.other().Acquire(context, lease, kTtl);
    while (taken.code() == StatusCode::kAlreadyExists && context.Check().ok()) {
      SleepFor(std::chrono::milliseconds(20));  // a poll, bounded by the deadline
      taken = fixture_.other().Acquire(context, lease, kTtl);
    }
    EXPECT_OK(taken);
  }

  static constexpr Duration kTtl = std::chrono::seconds(60);
  Fixture fixture_;
};

TYPED_TEST_SUITE_P(LeasesContract);

TYPED_TEST_P(LeasesContract, AFreeLeaseIsTakenAndListed) {
  auto& leases = this->fixture_.leases();
  EXPECT_TRUE(this->List("").empty());
  ASSERT_OK(leases.Acquire(TestContext(), this->Lease("stores/7", "a", "{\"address\":\"h:1\"}"), this->kTtl));
  ASSERT_OK(leases.Acquire(TestContext(), this->Lease("stores/10", "b"), this->kTtl));
  ASSERT_OK(leases.Acquire(TestContext(), this->Lease("roles/collector", "a"), this->kTtl));
  EXPECT_EQ(this->List("stores/"),
            (std::vector{this->Lease("stores/10", "b"), this->Lease("stores/7", "a", "{\"address\":\"h:1\"}")}));
  EXPECT_EQ(this->List("stores/7").size(), 1u);
  EXPECT_EQ(this->List("").size(), 3u);
}

TYPED_TEST_P(LeasesContract, AHeldLeaseIsRefusedToOthersOnly) {
  ASSERT_OK(this->fixture_.leases().Acquire(TestContext(), this->Lease("roles/x", "a"), this->kTtl));
  const Status refused = this->fixture_.other().Acquire(TestContext(), this->Lease("roles/x", "b", "w"), this->kTtl);
  EXPECT_CODE(refused, kAlreadyExists);
  EXPECT_EQ(refused.Detail("holder"), "a");
  ASSERT_OK(this->fixture_.leases().Acquire(TestContext(), this->Lease("roles/x", "a", "w"), this->kTtl));
  EXPECT_EQ(this->List("roles/"), std::vector{this->Lease("roles/x", "a", "w")});
}

TYPED_TEST_P(LeasesContract, RenewChangesTheValueOfAHolder) {
  ASSERT_OK(this->fixture_.leases().Acquire(TestContext(), this->Lease("r", "a"), this->kTtl));
  ASSERT_OK(this->fixture_.leases().Renew(TestContext(), this->Lease("r", "a"), this->kTtl));
  ASSERT_OK(this->fixture_.leases().Renew(TestContext(), this->Lease("r", "a", "new"), this->kTtl));
  EXPECT_EQ(this->List("r"), std::vector{this->Lease("r", "a", "new")});
  EXPECT_CODE(this->fixture_.other().Renew(TestContext(), this->Lease("r", "b"), this->kTtl), kAborted);
  EXPECT_CODE(this->fixture_.other().Renew(TestContext(), this->Lease("never", "b"), this->kTtl), kAborted);
}

TYPED_TEST_P(LeasesContract, ReleaseIsForTheHolderAndHarmlessTwice) {
  const LeaseInfo lease = this->Lease("r", "a");
  ASSERT_OK(this->fixture_.leases().Acquire(TestContext(), lease, this->kTtl));
  ASSERT_OK(this->fixture_.other().Release(TestContext(), this->Lease("r", "b")));
  EXPECT_EQ(this->List("r").size(), 1u);
  for (int i = 0; i < 2; ++i) ASSERT_OK(this->fixture_.leases().Release(TestContext(), lease));
  EXPECT_TRUE(this->List("r").empty());
  EXPECT_CODE(this->fixture_.leases().Renew(TestContext(), lease, this->kTtl), kAborted);
  ASSERT_OK(this->fixture_.other().Acquire(TestContext(), this->Lease("r", "b"), this->kTtl));
}

TYPED_TEST_P(LeasesContract, AnUnrenewedLeaseExpires) {
  ASSERT_OK(this->fixture_.leases().Acquire(TestContext(), this->Lease("s/1", "a"), this->fixture_.short_ttl()));
  ASSERT_OK(this->fixture_.leases().Acquire(TestContext(), this->Lease("s/2", "a"), this->kTtl));
  this->ExpectBecomes("s/", {this->Lease("s/2", "a")});
  EXPECT_CODE(this->fixture_.leases().Renew(TestContext(), this->Lease("s/1", "a"), this->kTtl), kAborted);
  this->ExpectOtherTakes(this->Lease("s/1", "b"));
}

TYPED_TEST_P(LeasesContract, ALongerRenewalOutlivesTheFirstTtl) {
  ASSERT_OK(this->fixture_.leases().Acquire(TestContext(), this->Lease("s/1", "a"), this->fixture_.short_ttl()));
  ASSERT_OK(this->fixture_.leases().Acquire(TestContext(), this->Lease("s/2", "a"), this->fixture_.short_ttl()));
  ASSERT_OK(this->fixture_.leases().Renew(TestContext(), this->Lease("s/1", "a"), this->kTtl));
  this->ExpectBecomes("s/", {this->Lease("s/1", "a")});
}

TYPED_TEST_P(LeasesContract, AwaitChangeAnswersAtOnceThenOnlyForChangesUnderThePrefix) {
  auto& leases = this->fixture_.leases();
  const auto first = leases.AwaitChange(TestContext(), "s/", 0);
  ASSERT_OK(first);
  ASSERT_OK(leases.Acquire(TestContext(), this->Lease("other", "a"), this->kTtl));
  EXPECT_CODE(leases.AwaitChange(Context::WithTimeout(std::chrono::milliseconds(100)), "s/", *first),
              kDeadlineExceeded);
  ASSERT_OK(leases.Acquire(TestContext(), this->Lease("s/1", "a"), this->kTtl));
  const auto second = leases.AwaitChange(TestContext(), "s/", *first);
  ASSERT_OK(second);
  EXPECT_GT(*second, *first);
}

TYPED_TEST_P(LeasesContract, AwaitChangeWakesForWhatHappensMeanwhile) {
  const auto first = this->fixture_.leases().AwaitChange(TestContext(), "s/", 0);
  ASSERT_OK(first);
  Thread late("late",
              [&] { EXPECT_OK(this->fixture_.other().Acquire(TestContext(), this->Lease("s/1", "a"), this->kTtl)); });
  EXPECT_OK(this->fixture_.leases().AwaitChange(TestContext(), "s/", *first));
  EXPECT_EQ(this->List("s/").size(), 1u);
}

TYPED_TEST_P(LeasesContract, ACoordinatorThatIsDownAnswersUnavailableAndComesBack) {
  const LeaseInfo lease = this->Lease("stores/1", "a");
  ASSERT_OK(this->fixture_.leases().Acquire(TestContext(), lease, this->kTtl));
  this->fixture_.SetAvailable(false);
  EXPECT_CODE(this->fixture_.leases().Renew(TestContext(), lease, this->kTtl), kUnavailable);
  EXPECT_CODE(this->fixture_.leases().List(TestContext(), ""), kUnavailable);
  EXPECT_CODE(this->fixture_.leases().AwaitChange(TestContext(), "", 0), kUnavailable);
  this->fixture_.SetAvailable(true);
  const Context context = TestContext();
  Status renewed = UnavailableError("not tried");
  while (!renewed.ok() && context.Check().ok()) {
    renewed = this->fixture_.leases().Renew(context, lease, this->kTtl);
    if (!renewed.ok()) SleepFor(std::chrono::milliseconds(20));  // a poll, bounded by the deadline
  }
  EXPECT_OK(renewed);
  EXPECT_EQ(this->List(""), std::vector{lease});
}

REGISTER_TYPED_TEST_SUITE_P(LeasesContract, AFreeLeaseIsTakenAndListed, AHeldLeaseIsRefusedToOthersOnly,
                            RenewChangesTheValueOfAHolder, ReleaseIsForTheHolderAndHarmlessTwice,
                            AnUnrenewedLeaseExpires, ALongerRenewalOutlivesTheFirstTtl,
                            AwaitChangeAnswersAtOnceThenOnlyForChangesUnderThePrefix,
                            AwaitChangeWakesForWhatHappensMeanwhile,
                            ACoordinatorThatIsDownAnswersUnavailableAndComesBack);

}  // namespace pbfs
