// Writers that die, stores that are away, others who were faster: what a write leaves, and what its writer is told.
#include <algorithm>
#include <bit>

#include "libs/format/fragment.h"
#include "tests/failures/failure_matrix.h"

namespace pbfs {
namespace {

/// A client process that dies after it began so many puts, or at its Commit: nothing that it calls afterwards happens.
class DyingWriter {
 public:
  DyingWriter(FailureSite& site, int puts)
      : left_(puts),
        catalog_(site.cluster.catalog().ports()),
        stores_(site.cluster.fragment_stores(), [this] { return left_-- > 0 ? OkStatus() : InternalError("dead"); }) {
    catalog_.before_commit = [this](const CommitRequest& request) {
      unsent = request;
      return InternalError("dead");
    };
    client_ = site.NewClient(catalog_.ports(), stores_);
    bucket.emplace(FailureSite::Open(*client_));
  }

 private:
  int left_;
  HookedCatalog catalog_;
  HookedStores stores_;
  std::unique_ptr<Client> client_;

 public:
  std::optional<Bucket> bucket;
  std::optional<CommitRequest> unsent;  // the Commit that it died at
};

TEST(FailureMatrix, F01_AWriterThatDiesBeforeItsFirstPutLeavesNothing) {
  FailureSite site;
  const Bytes old = site.Data();
  const ObjectId object = site.Put("x", old);
  const size_t ops = site.Ops();
  DyingWriter writer(site, 0);
  EXPECT_FALSE(writer.bucket->Put(TestContext(), "y", ByteSpan(site.Data())).ok());
  EXPECT_FALSE(writer.bucket->Write(TestContext(), object, 0, ByteSpan(site.Data())).ok());
  EXPECT_FALSE(writer.unsent) << "nothing announces a write";
  EXPECT_EQ(site.Ops(), ops);
  EXPECT_EQ(site.Fragments(), 6);
  site.ExpectContent(object, old);
  site.ExpectNotFound("y");
}

TEST(FailureMatrix, F02_AWriterThatDiesBetweenItsPutsLeavesOrphansThatAreSwept) {
  FailureSite site(6);  // every body has a fragment in every store
  const Bytes old = site.Data();
  const ObjectId object = site.Put("x", old);
  DyingWriter writer(site, 6);
  for (const int unsent : {1, 3, 5}) site.cluster.store(unsent).FailCall(2, InternalError("dead"));  // begun, no bytes
  EXPECT_FALSE(writer.bucket->Write(TestContext(), object, 0, ByteSpan(site.Data())).ok());
  EXPECT_FALSE(writer.unsent) << "three receipts are too few to ask for anything";
  EXPECT_EQ(site.Fragments(), 6 + 3);
  EXPECT_EQ(site.Sweep(), 0) << "it may yet be committed";
  site.Jump(FailureSite::kSweepAge);
  EXPECT_EQ(site.Sweep(), 3);
  EXPECT_EQ(site.Fragments(), 6);
  site.ExpectContent(object, old);
}

TEST(FailureMatrix, F03_AWriterThatDiesBeforeItsCommitIsNeverRescued) {
  FailureSite site;
  const Bytes old = site.Data();
  const ObjectId object = site.Put("x", old);
  DyingWriter writer(site, 6);
  EXPECT_FALSE(writer.bucket->Write(TestContext(), object, 0, ByteSpan(site.Data())).ok());
  ASSERT_TRUE(writer.unsent);
  EXPECT_EQ(site.Fragments(), 6 + 6);
  EXPECT_EQ(site.Sweep(), 0) << "it may yet be committed";
  site.ExpectContent(object, old);
  site.Jump(FailureSite::kSweepAge);
  EXPECT_EQ(site.Sweep(), 6);
  ASSERT_OK_AND_ASSIGN(const CommitReply late, site.cluster.catalog().Commit(TestContext(), *writer.unsent));
  EXPECT_NE(late.code, CommitCode::kOk) << "its fragments are gone";
  EXPECT_EQ(site.Fragments(), 6);
  site.ExpectContent(object, old);
}

TEST(FailureMatrix, F09_AWriteWithOneStoreDownIsDoneAndTheCatalogKnowsWhatIsMissing) {
  FailureSite site(6);  // every body has a fragment in every store
  site.cluster.store(2).SetDown(true);
  const Bytes bytes = site.Data();
  const ObjectId object = site.Put("x", bytes);
  EXPECT_EQ(site.client->Stats().fragments_missing, 1);
  ASSERT_OK_AND_ASSIGN(const ListReply list,
                       site.cluster.catalog().List(TestContext(), {site.bucket->info().id, object, 0, kMaxObjectSize}));
  ASSERT_EQ(list.bodies.size(), 1u);
  const FailureSite::Holders holders = site.Encodings().at(list.bodies[0].encoding->id);
  uint64_t missing = 0b111111;
  for (const auto& [shard, store] : holders) missing &= ~(uint64_t{1} << shard);
  EXPECT_EQ(list.bodies[0].missing, missing);
  EXPECT_EQ(std::popcount(missing), 1);
  site.ExpectContent(object, bytes);
}

/// The body that an encoding is of, as one of its fragments says.
BodyId BodyOf(FailureSite& site, const EncodingId& encoding, const FailureSite::Holders& holders) {
  ReadRequest request;
  request.ranges = {{{encoding, holders.begin()->first}, 0, Geometry::kFragmentHeader}};
  auto reply = site.cluster.disk(holders.begin()->second).StartRead(TestContext(), request, {})->Wait(TestContext());
  PBFS_CHECK(reply.ok() && reply->parts[0].status.ok());
  return FragmentHeader::Decode(reply->parts[0].bytes)->body;
}

TEST(FailureMatrix, F10_AWriteWithTwoStoresDownGoesToAnotherGroupAsTheSameBody) {
  FailureSite site(8);
  for (const int down : {1, 5}) site.cluster.store(down).SetDown(true);
  for (int tries = 0; tries < 50; ++tries) {  // until a group has both
    const auto client = site.cluster.NewClient();
    const Bytes bytes = site.Data();
    const auto before = site.Encodings();
    ASSERT_OK_AND_ASSIGN(const Written put, FailureSite::Open(*client).Put(TestContext(), "x", ByteSpan(bytes)));
    site.ExpectContent(put.object, bytes);
    if (client->Stats().groups_given_up == 0) continue;
    const VisibleExtent visible = site.ExtentAt(put.object, 0);
    int given_up = 0;
    for (const auto& [encoding, holders] : site.Encodings()) {
      if (before.contains(encoding)) continue;
      EXPECT_EQ(BodyOf(site, encoding, holders), visible.source.body);
      given_up += encoding != visible.encoding->id ? 1 : 0;
    }
    EXPECT_EQ(given_up, client->Stats().groups_given_up);
    return;
  }
  FAIL() << "no upload met both stores";
}

TEST(FailureMatrix, F10_AWriteWithoutAnotherGroupIsUnavailableAndNothingOfItIsVisible) {
  FailureSite site(6);
  const Bytes old = site.Data();
  const ObjectId object = site.Put("x", old);
  for (const int down : {1, 5}) site.cluster.store(down).SetDown(true);
  EXPECT_CODE(site.bucket->Put(TestContext(), "y", ByteSpan(site.Data())), kUnavailable);
  EXPECT_CODE(site.bucket->Write(TestContext(), object, 7, ByteSpan(site.Data())), kUnavailable);
  site.ExpectNotFound("y");
  site.ExpectContent(object, old);
}

TEST(FailureMatrix, F20_AStaleOrderCostsANewMacAndNoUpload) {
  FailureSite site;
  const ObjectId object = site.Put("x", site.Data());
  HookedCatalog catalog(site.cluster.catalog().ports());
  const auto slow = site.NewClient(catalog.ports());
  Bucket theirs = FailureSite::Open(*slow);
  const auto overtake = Once([&] {
    site.clock.Jump(std::chrono::seconds(5));
    Bytes one(1);
    EXPECT_OK(site.bucket->Read(TestContext(), object, 0, one));  // which tells the client the time
    EXPECT_OK(site.bucket->Write(TestContext(), object, 0, ByteSpan(site.Data())));
  });
  catalog.before_commit = [overtake](const CommitRequest&) mutable { return overtake(), OkStatus(); };
  const Bytes bytes = site.Data();
  ASSERT_OK(theirs.Write(TestContext(), object, 0, ByteSpan(bytes)));
  EXPECT_EQ(slow->Stats().orders_stale, 1);
  EXPECT_EQ(slow->Stats().bodies_written, 1);
  EXPECT_EQ(site.Fragments(), 3 * 6);
  site.ExpectContent(object, bytes);
}

TEST(FailureMatrix, F57_AnInlineWriteNeedsNoStore) {
  FailureSite site;
  for (int i = 0; i < site.cluster.stores(); ++i) site.cluster.store(i).SetDown(true);
  Bytes bytes = site.Data(kMaxInlineBody);
  const ObjectId object = site.Put("x", bytes);
  ASSERT_OK(site.bucket->Write(TestContext(), object, 10, Bytes(100, 7)));
  std::fill_n(bytes.begin() + 10, 100, uint8_t{7});
  site.ExpectContent(object, bytes);
  EXPECT_CODE(site.bucket->Put(TestContext(), "y", ByteSpan(site.Data(kMaxInlineBody + 1))), kUnavailable);
}

}  // namespace
}  // namespace pbfs
