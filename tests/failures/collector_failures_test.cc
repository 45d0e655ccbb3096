// The collector beside late puts, dead mergers, clones, clocks that jump: nothing that lives is swept, nothing leaks.
#include "libs/fragments/test_fragments.h"
#include "tests/failures/failure_matrix.h"

namespace pbfs {
namespace {

Status PutFragment(FragmentStore& store, const TestFragment& fragment) {
  const auto writer =
      store.StartPut(TestContext(), {fragment.key, static_cast<int64_t>(fragment.bytes.size()), {}}, {});
  PBFS_RETURN_IF_ERROR(writer->Append(TestContext(), fragment.bytes));
  return writer->Finish(TestContext()).status();
}

/// Two stores of a catalog, the second with a clock that stands still.
class TwoStores {
 public:
  TwoStores() {
    for (const auto& [id, store] : {std::pair(StoreId{1}, sound), std::pair(StoreId{2}, late)}) {
      table_.Set(id, store);
      EXPECT_OK(catalog_.PutStore(TestContext(), {id, "memory", std::to_string(id.value), StoreState::kUp, 1}));
    }
  }
  /// One pass over both; fragments deleted.
  int64_t Sweep() {
    int64_t deleted = 0;
    for (const uint32_t store : {1, 2}) {
      const auto pass = collector_.SweepStore(TestContext(), StoreId{store});
      EXPECT_OK(pass);
      deleted += pass.ok() ? pass->deleted : 0;
    }
    EXPECT_OK(collector_.ConfirmOrphans(TestContext()));
    return deleted;
  }

  ManualClock clock{int64_t{1'800'000'000} * 1'000'000};
  const ManualClock stopped{int64_t{1'800'000'000} * 1'000'000};
  std::shared_ptr<MemoryFragmentStore> sound =
      std::make_shared<MemoryFragmentStore>(StoreIdentity{StoreId{1}, SiteId{1}, {}, {}}, clock);
  std::shared_ptr<MemoryFragmentStore> late =
      std::make_shared<MemoryFragmentStore>(StoreIdentity{StoreId{2}, SiteId{1}, {}, {}}, stopped);

 private:
  MemoryCatalog catalog_{clock};
  MapFragmentStores table_;
  collector::Collector collector_{{catalog_, catalog_, table_, nullptr, clock}, {}};
};

TEST(FailureMatrix, F25_APutThatComesAfterTheSweepIsRefusedOrSweptAtOnce) {
  TwoStores two;
  SeededRandom random(TestSeed());
  const EncodingId encoding = NewEncodingId(two.clock.NowMillis(), 1, random);
  const TestFragment first = MakeTestFragment({encoding, 0}, {}, random),
                     delayed = MakeTestFragment({encoding, 1}, {}, random);
  ASSERT_OK(PutFragment(*two.sound, first));
  two.clock.Advance(int64_t{25} * 3'600'000'000);
  EXPECT_EQ(two.Sweep(), 0) << "marked";
  EXPECT_EQ(two.Sweep(), 1);
  const Status refused = PutFragment(*two.sound, delayed);
  EXPECT_CODE(refused, kFailedPrecondition);
  EXPECT_EQ(refused.Detail("pbfs-code").value_or(""), "FENCE_AGE");
  ASSERT_OK(PutFragment(*two.late, delayed)) << "by its clock the encoding is young";
  EXPECT_EQ(two.Sweep(), 1) << "the tombstone is still there";
  EXPECT_EQ(two.late->Stat(TestContext())->fragments, 0);
}

TEST(FailureMatrix, F28_ARehomeThatDiesBeforeItsCommitChangesNothing) {
  FailureSite site;
  Bytes bytes = site.Data();
  const ObjectId object = site.Put("x", bytes);
  const Bytes patch = site.Data(50'000);
  ASSERT_OK(site.bucket->Write(TestContext(), object, 1000, ByteSpan(patch)));
  std::copy(patch.begin(), patch.end(), bytes.begin() + 1000);
  HookedCatalog catalog(site.cluster.catalog().ports());
  catalog.before_commit = [](const CommitRequest&) { return InternalError("dead"); };
  const auto merger = site.NewClient(catalog.ports());
  RehomePolicy rewriting;
  rewriting.always_rewrite = true;
  const auto before = *site.cluster.catalog().Stat(TestContext(), {site.bucket->info().id, object});
  EXPECT_FALSE(FailureSite::Open(*merger).Rehome(TestContext(), object, rewriting).ok());
  const auto after = *site.cluster.catalog().Stat(TestContext(), {site.bucket->info().id, object});
  EXPECT_EQ(after.extents, before.extents);
  EXPECT_EQ(after.opset, before.opset);
  EXPECT_EQ(site.Fragments(), 3 * 6);
  site.Jump(FailureSite::kSweepAge);
  EXPECT_EQ(site.Sweep(), 6);
  EXPECT_EQ(site.Fragments(), 2 * 6);
  site.ExpectContent(object, bytes);
}

TEST(FailureMatrix, F39_ACloneWhoseSourceIsPurgedMeanwhileListsAgain) {
  FailureSite site;
  const Bytes fresh = site.Data();
  const ObjectId object = site.Put("x", site.Data());
  HookedCatalog catalog(site.cluster.catalog().ports());
  const auto cloner = site.NewClient(catalog.ports());
  Bucket theirs = FailureSite::Open(*cloner);
  int64_t purged = 0;
  catalog.after_list = Once([&] {
    ASSERT_OK(site.bucket->Write(TestContext(), object, 0, ByteSpan(fresh)));
    site.Jump(std::chrono::minutes(31));
    purged = site.Collect();
  });
  ASSERT_OK_AND_ASSIGN(const Written clone, theirs.Clone(TestContext(), object, "y"));
  EXPECT_EQ(purged, 1);
  site.ExpectContent(clone.object, fresh);
  ASSERT_OK(site.bucket->Unbind(TestContext(), "x"));
  for (int round = 0; round < 3; ++round) {
    site.Jump(std::chrono::minutes(31));
    site.Collect();
  }
  site.ExpectContent(clone.object, fresh);
}

/// Puts `bytes` as "y" while, between its uploads and its first Commit, `meanwhile` happens.
Result<Written> PutWhile(FailureSite& site, const Bytes& bytes, const std::function<void()>& meanwhile) {
  HookedCatalog catalog(site.cluster.catalog().ports());
  catalog.before_commit = [jump = Once(meanwhile)](const CommitRequest&) mutable { return jump(), OkStatus(); };
  const auto writer = site.NewClient(catalog.ports());
  return FailureSite::Open(*writer).Put(TestContext(), "y", ByteSpan(bytes));
}

// d = M: the worst that the margin is made for.
constexpr Duration kWorst = std::chrono::milliseconds(kSweepMarginMs);

TEST(FailureMatrix, F61_NoLiveFragmentIsSweptBeforeAClockThatWasAheadComesBack) {
  FailureSite site;
  const Bytes old = site.Data(), bytes = site.Data();
  const ObjectId object = site.Put("x", old);
  // The Commit is on its way when the primary's clock is ahead: what it will make visible has to be left alone.
  ASSERT_OK_AND_ASSIGN(const Written put, PutWhile(site, bytes, [&] {
                         site.Jump(std::chrono::minutes(59));
                         site.Jump(kWorst);
                         EXPECT_EQ(site.Sweep(), 0);
                         site.Jump(-kWorst);
                       }));
  EXPECT_EQ(site.Encodings().size(), 2u) << "the first upload was good";
  site.ExpectContent(object, old);
  site.ExpectContent(put.object, bytes);
}

TEST(FailureMatrix, F61_AWriteThatAJumpAheadOvertakesIsUploadedAgain) {
  FailureSite site;
  const Bytes old = site.Data(), bytes = site.Data();
  const ObjectId object = site.Put("x", old);
  ASSERT_OK_AND_ASSIGN(const Written put, PutWhile(site, bytes, [&] { site.Jump(kWorst); }));
  EXPECT_EQ(site.Encodings().size(), 3u) << "the first encoding was too old";
  EXPECT_EQ(site.Sweep(), 0);
  site.Jump(-kWorst);
  EXPECT_EQ(site.Sweep(), 0) << "the second is of the future";
  site.Jump(2 * FailureSite::kSweepAge);
  EXPECT_EQ(site.Sweep(), 6) << "the upload that was of no use";
  site.ExpectContent(object, old);
  site.ExpectContent(put.object, bytes);
}

TEST(FailureMatrix, F61_AWriteThatAJumpBackOvertakesIsRefusedWhole) {
  FailureSite site;
  const Bytes old = site.Data(), bytes = site.Data();
  const ObjectId object = site.Put("x", old);
  EXPECT_CODE(PutWhile(site, bytes, [&] { site.Jump(-kWorst); }), kFailedPrecondition);
  site.ExpectNotFound("y");
  EXPECT_EQ(site.Sweep(), 0);
  site.Jump(kWorst);
  site.ExpectContent(object, old);  // which tells the client the time
  const ObjectId again = site.Put("y", bytes);
  site.Jump(2 * FailureSite::kSweepAge);
  EXPECT_EQ(site.Sweep(), 6) << "of the write that was refused";
  site.ExpectContent(object, old);
  site.ExpectContent(again, bytes);
}

}  // namespace
}  // namespace pbfs
