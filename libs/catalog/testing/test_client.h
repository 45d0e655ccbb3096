#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/catalog/types.h"
#include "libs/format/op_record.h"
#include "libs/model/hlc_clock.h"
#include "libs/model/op_kind.h"

/// A writer for tests of the catalog: makes valid Commits with canonical op records, under a fixed bucket key. Bodies hold
/// plain test bytes where a client would put ciphertext; the catalog cannot tell.
namespace pbfs {

/// The keys of every bucket in tests: derived from a fixed bucket key.
BucketKeys TestBucketKeys(BucketId bucket);
/// The secret that the K_store of every store of a test's site derives from; the site is 1.
Key32 TestSiteSecret();
/// A receipt of `store` for one shard, MACed by TestSiteSecret().
std::array<uint8_t, 64> TestReceipt(EncodingId encoding, uint8_t shard, StoreId store);

/// A run of a rehome.
struct TestRun {
  int64_t lo = 0;
  int64_t hi = 0;
  Order order;
  int64_t inner = 0;  // in the new body
};

/// I10: raises every run at or below `frontier` to the greatest order among them.
void Flatten(std::vector<TestRun>& runs, Hlc frontier);

class TestClient {
 public:
  /// One writer process. `clock` must outlive it. Two writers need different seeds.
  TestClient(const Clock& clock, BucketId bucket, uint64_t seed);

  BucketId bucket() const { return bucket_; }
  HlcClock& hlc() { return hlc_; }
  Random& random() { return random_; }
  int64_t wid() const { return wid_; }
  ObjectId NewObject() { return ObjectId::New(hlc_.NowMillis(), random_); }
  OpId NewOp() { return OpId::New(hlc_.NowMillis(), random_); }
  Order NextOrder() { return {hlc_.Next(), wid_}; }
  /// What every body made here holds.
  const std::map<BodyId, Bytes>& contents() const { return contents_; }
  /// A body with `content`: inline if it fits, else an encoding of 4+2 whose six receipts come from the stores 1..6.
  BodyUpload MakeBody(const Bytes& content);
  /// The same with an encoding of its own scheme, placement group and birth, and receipts of `stores` for shards 0, 1 ...
  BodyUpload MakeEncoded(const Bytes& content, uint8_t k, uint8_t n, uint16_t group, int64_t birth_ms,
                         const std::vector<StoreId>& stores);

 private:
  const BucketId bucket_;
  HlcClock hlc_;
  SeededRandom random_;
  const int64_t wid_;
  std::map<BodyId, Bytes> contents_;
};

/// One Commit in the making; each op gets the client's next order and a fresh id unless At() or As() came before it.
class TestCommit {
 public:
  explicit TestCommit(TestClient& client) : client_(client) { request_.bucket = client.bucket(); }

  TestCommit& At(Order order) { return next_order_ = order, *this; }  // for the next op
  TestCommit& As(OpId op) { return next_op_ = op, *this; }
  TestCommit& Creates(ObjectId object) { return request_.creates.push_back(object), *this; }
  TestCommit& IfOpset(Opset opset) { return request_.if_opset = opset, *this; }
  TestCommit& IfName(std::optional<ObjectId> object) { return request_.if_name = NameCondition{object}, *this; }

  TestCommit& Write(ObjectId object, int64_t lo, const Bytes& content);
  TestCommit& WriteBody(ObjectId object, int64_t lo, int64_t size, const BodyUpload& body);
  /// One op of bodies of `size` bytes, of which one begins every `step` bytes.
  TestCommit& WriteBodies(ObjectId object, int64_t lo, int64_t step, int64_t size,
                          const std::vector<BodyUpload>& bodies);
  TestCommit& Zero(ObjectId object, int64_t lo, int64_t hi);
  TestCommit& Trunc(ObjectId object, int64_t length);
  /// A CLONE of what `extents` name, at this op's own order; lo, hi, source and inner of each count.
  TestCommit& Clone(ObjectId object, const std::vector<Extent>& extents);
  TestCommit& CloneObject(ObjectId object, int64_t lo, int64_t hi, ObjectId source, int64_t inner = 0);
  TestCommit& Bind(const std::string& name, ObjectId object, const Bytes& meta = {});
  TestCommit& Unbind(const std::string& name, ObjectId seen = {});
  TestCommit& Drop(const std::string& name, Order order);
  TestCommit& Seal(ObjectId object);
  TestCommit& Meta(ObjectId object, const Bytes& meta);
  /// One new body with `content`, its runs, and the extents that it replaces.
  TestCommit& Rehome(ObjectId object, const Bytes& content, const std::vector<TestRun>& runs,
                     const std::vector<Extent>& sources);
  /// Any record, encoded under the test's keys.
  TestCommit& Add(const OpRecord& record);
  TestCommit& AddBody(const BodyUpload& body) { return request_.bodies.push_back(body), *this; }

  const CommitRequest& request() const { return request_; }
  CommitRequest& request() { return request_; }
  OpId last_op() const { return last_op_; }
  Order last_order() const { return last_order_; }
  BodyId last_body() const { return request_.bodies.back().id; }

 private:
  OpRecord Start(OpKind kind, ObjectId object);

  TestClient& client_;
  CommitRequest request_;
  std::optional<Order> next_order_;
  std::optional<OpId> next_op_;
  OpId last_op_;
  Order last_order_;
};

/// [lo, hi) cut at the borders of regions, as (lo, hi).
std::vector<std::pair<int64_t, int64_t>> SplitAtRegions(int64_t lo, int64_t hi);

}  // namespace pbfs
