#pragma once

#include <memory>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/testing.h"
#include "libs/catalog/catalog.h"
#include "libs/catalog/memory_catalog.h"
#include "libs/catalog/receipts.h"
#include "libs/catalog/testing/test_client.h"

namespace pbfs {

/// What a contract suite needs of an implementation. A fixture is a class with these members:
///   Catalog ports();                     all ports, site 1, scheme 4+2, K_store derived from TestSiteSecret()
///   const Clock& clock();                near the catalog's own clock: orders and births are minted by it
///   StoreNumbers& store_numbers();       (for StoreNumbersContract)
///   Garbage& garbage();                  (for GarbageContract, RepairsContract, RecodesContract)
///   Repairs& repairs();                  (for RepairsContract, RecodesContract)
///   Recodes& recodes();                  (for RecodesContract)
///   void ExpireHistory(BucketId, Hlc);   raises the floor of a bucket's history and forgets what lies below
///   void RaiseFloor(Hlc);                raises the site's floor        (for GarbageContract)
///   void ExpireOpen(ObjectId);           an open object's time is over  (for GarbageContract)
///   void ExpireUpload(UploadId);         an upload's time is over       (for GarbageContract)
///   void AgeTombstone(EncodingId);       it is older than 30 days       (for GarbageContract)
/// Each test has a fixture of its own; state may be shared between them, so tests make their own bucket.
class MemoryCatalogFixture {
 public:
  MemoryCatalogFixture() : catalog_(clock_, MakeOptions()) {}
  Catalog ports() { return catalog_.ports(); }
  const Clock& clock() const { return clock_; }
  StoreNumbers& store_numbers() { return catalog_; }
  Garbage& garbage() { return catalog_; }
  Repairs& repairs() { return catalog_; }
  Recodes& recodes() { return catalog_; }
  void ExpireHistory(BucketId bucket, Hlc floor) { catalog_.ExpireHistory(bucket, floor); }
  void RaiseFloor(Hlc floor) { catalog_.RaiseFloor(floor); }
  void ExpireOpen(ObjectId object) { catalog_.ExpireOpen(object); }
  void ExpireUpload(UploadId upload) { catalog_.ExpireUpload(upload); }
  void AgeTombstone(EncodingId encoding) { catalog_.AgeTombstone(encoding); }
  MemoryCatalog& memory() { return catalog_; }

 private:
  static MemoryCatalog::Options MakeOptions() {
    MemoryCatalog::Options options;
    options.verify_receipt = VerifyWithSiteSecret(TestSiteSecret(), SiteId{1});
    return options;
  }
  SystemClock clock_;
  MemoryCatalog catalog_;
};

/// Base of the contract suites: a fresh bucket, a writer for it, and short words for what tests say often.
template <typename Fixture>
class CatalogContract : public testing::Test {
 protected:
  void SetUp() override { bucket_ = MakeBucket({}); }

  /// A bucket with a fresh id and name.
  BucketId MakeBucket(BucketSettings settings) {
    SystemRandom random;
    BucketInfo info;
    info.id = BucketId::NewRandom(random);
    settings.name = "bucket-" + info.id.ToString();
    info.settings = settings;
    info.keyring = Buffer::CopyOf(AsBytes("keyring"));
    info.keyring_version = 1;
    EXPECT_OK(ports_.buckets.CreateBucket(TestContext(), info));
    return info.id;
  }
  BucketId MakeHistoryBucket() {
    BucketSettings settings;
    settings.history_ms = 3'600'000;
    return MakeBucket(settings);
  }
  BucketId MakeVersionedBucket() {
    BucketSettings settings;
    settings.versioning = Versioning::kEnabled;
    return MakeBucket(settings);
  }
  TestClient MakeClient(BucketId bucket) { return TestClient(fixture_.clock(), bucket, SystemRandom().U64()); }
  TestClient MakeClient() { return MakeClient(bucket_); }

  CommitReply Send(const TestCommit& commit) {
    Result<CommitReply> reply = ports_.commits.Commit(TestContext(), commit.request());
    EXPECT_OK(reply);
    return reply.ok() ? *reply : CommitReply{CommitCode::kBadOp, 0, 0, 0, 0};
  }
  CommitCode SendCode(const TestCommit& commit) { return Send(commit).code; }

  Result<ListReply> TryList(BucketId bucket, ObjectId object, int64_t lo, int64_t hi, std::optional<Hlc> as_of = {}) {
    ListRequest request;
    request.bucket = bucket;
    request.object = object;
    request.lo = lo;
    request.hi = hi;
    request.as_of = as_of;
    return ports_.lists.List(TestContext(), request);
  }
  ListReply List(ObjectId object, int64_t lo = 0, int64_t hi = int64_t{1} << 40) {
    Result<ListReply> reply = TryList(bucket_, object, lo, hi);
    EXPECT_OK(reply);
    return reply.ok() ? *std::move(reply) : ListReply{};
  }
  ObjectInfo Stat(ObjectId object) {
    Result<ObjectInfo> info = ports_.lists.Stat(TestContext(), {bucket_, object});
    EXPECT_OK(info);
    return info.ok() ? *std::move(info) : ObjectInfo{};
  }
  /// A new object with one inline body of `size` bytes at 0.
  ObjectId MakeObject(TestClient& client, size_t size = 100) {
    const ObjectId object = client.NewObject();
    EXPECT_EQ(SendCode(TestCommit(client).Creates(object).Write(object, 0, Bytes(size, 1))), CommitCode::kOk);
    return object;
  }

  Fixture fixture_;
  Catalog ports_ = fixture_.ports();
  BucketId bucket_;
};

}  // namespace pbfs
