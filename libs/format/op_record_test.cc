#include "libs/format/op_record.h"

#include <functional>

#include "libs/base/random.h"
#include "libs/base/testing.h"

namespace pbfs {
namespace {

class OpRecordTest : public testing::Test {
 protected:
  OpRecordTest() : random_(TestSeed()) {
    Key32 key;
    random_.Fill(key.mutable_span());
    keys_ = BucketKeys::Derive(BucketId::NewRandom(random_), 1, key);
  }
  OpRecord Record(OpKind kind) {
    OpRecord record;
    record.kind = kind;
    record.op = OpId::New(1760000000000, random_);
    record.object = ObjectId::New(1760000000000, random_);
    record.order = {HlcFromMillis(1760000000000), 77};
    return record;
  }
  RecordBody Body(int64_t length) {
    Key32 dek;
    random_.Fill(dek.mutable_span());
    return {MakeBodyHeader(dek, BodyId::New(1760000000000, random_), length, BodyIntegrity::kCrc32c).Encode(), {}};
  }
  OpRecord Write(int64_t lo, int64_t size) {
    OpRecord record = Record(OpKind::kWrite);
    record.bodies = {Body(size)};
    PlaceBody(record, lo, size, 0, 0);
    return record;
  }
  OpRecord Rehome() {
    OpRecord record = Write(100, 1000);
    record.kind = OpKind::kRehome;
    record.extents[0].order = {5, 6};
    record.listed = {{100, 1100, {5, 6}, BodyId::New(1, random_)}};
    return record;
  }
  void ExpectBad(OpRecord record, const std::function<void(OpRecord&)>& change) {
    ASSERT_OK(CheckRecord(record));
    change(record);
    EXPECT_CODE(CheckRecord(record), kInvalidArgument);
  }

  SeededRandom random_;
  BucketKeys keys_;
};

TEST_F(OpRecordTest, APlainWriteIs288Bytes) { EXPECT_EQ(EncodeRecord(Write(5, 100), keys_).size(), 288u); }

TEST_F(OpRecordTest, EveryFlippedBitBreaksTheMac) {
  const Bytes bytes = EncodeRecord(Write(kRegionSize - 10, 100), keys_);
  EXPECT_EQ(DecodeRecord(bytes)->extents.size(), 2u);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes changed = bytes;
    changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_FALSE(VerifyRecordMac(changed, keys_)) << bit;
  }
}

TEST_F(OpRecordTest, EveryTruncationIsRefused) {
  OpRecord bind = Record(OpKind::kBind);
  bind.name = "n";
  bind.metadata = {1, 2, 3};
  for (const OpRecord& record : {Write(5, 100), bind, Rehome()}) {
    const Bytes bytes = EncodeRecord(record, keys_);
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_CODE(DecodeRecord(ByteSpan(bytes).first(size)), kInvalidArgument);
    }
  }
}

TEST_F(OpRecordTest, RangesOutsideTheObjectAreBad) {
  const OpRecord write = Write(5, 100);
  ExpectBad(write, [](OpRecord& r) { r.extents[0].lo = -1; });
  ExpectBad(write, [](OpRecord& r) { r.extents[0].hi = r.extents[0].lo; });
  ExpectBad(write, [](OpRecord& r) { r.extents[0].lo = kMaxObjectSize, r.extents[0].hi = kMaxObjectSize + 10; });
  ExpectBad(write, [](OpRecord& r) { r.extents[0].lo = kMaxObjectSize - 5, r.extents[0].hi = kMaxObjectSize + 5; });
  ExpectBad(write, [](OpRecord& r) { r.extents[0].lo = kRegionSize - 5, r.extents[0].hi = kRegionSize + 5; });
  ExpectBad(write, [](OpRecord& r) { r.extents[0].inner = 1; });
  ExpectBad(write, [](OpRecord& r) { r.extents[0].inner = INT64_MAX; });
  ExpectBad(write, [](OpRecord& r) { r.extents[0].index = 1; });
}

TEST_F(OpRecordTest, OnlyCanonicalRecordsAreGood) {
  OpRecord two = Write(5, 100);
  two.bodies.push_back(Body(10));
  PlaceBody(two, 200, 10, 0, 1);
  ExpectBad(two, [](OpRecord& r) { std::swap(r.extents[0], r.extents[1]); });
  ExpectBad(two, [](OpRecord& r) { r.extents[1].lo = 50, r.extents[1].hi = 55; });
  ExpectBad(two, [](OpRecord& r) { r.extents.pop_back(); });
  ExpectBad(two, [](OpRecord& r) { std::swap(r.extents[0].index, r.extents[1].index); });
  ExpectBad(two, [](OpRecord& r) { r.bodies[1] = r.bodies[0]; });
  ExpectBad(two, [](OpRecord& r) { r.extents[1].order.wid = 78; });
  ExpectBad(two, [](OpRecord& r) { r.extents[1].kind = SourceKind::kZeros; });
  ExpectBad(two, [](OpRecord& r) { r.name = "x"; });
  ExpectBad(two, [](OpRecord& r) { r.metadata = {1}; });
  ExpectBad(two, [](OpRecord& r) { r.trunc_length = 1; });
  ExpectBad(two, [](OpRecord& r) { r.order.hlc = 0; });
  ExpectBad(two, [](OpRecord& r) { r.bodies[0].ct_root[0] = 1; });
}

TEST_F(OpRecordTest, EachKindTakesItsOwnFieldsOnly) {
  OpRecord seal = Record(OpKind::kSeal);
  ExpectBad(seal, [](OpRecord& r) { r.extents.push_back({0, 1, r.order, 0, 0, SourceKind::kZeros}); });
  ExpectBad(seal, [](OpRecord& r) { r.object = {}; });
  OpRecord clone = Record(OpKind::kClone);
  clone.sources = {ObjectId::New(1, random_)};
  clone.extents = {{0, int64_t{1} << 40, clone.order, 0, 0, SourceKind::kObject}};
  ExpectBad(clone, [](OpRecord& r) { r.sources[0] = r.object; });
  ExpectBad(clone, [](OpRecord& r) { r.sources.clear(); });
  OpRecord trunc = Record(OpKind::kTrunc);
  trunc.extents = {{9, kTruncEnd, trunc.order, 0, 0, SourceKind::kZeros}};
  trunc.trunc_length = 9;
  ExpectBad(trunc, [](OpRecord& r) { r.trunc_length = 8; });
  ExpectBad(trunc, [](OpRecord& r) { r.extents[0].hi = 100; });
  ExpectBad(Rehome(), [](OpRecord& r) { r.listed.clear(); });
  ExpectBad(Rehome(), [](OpRecord& r) { r.listed.push_back({kRegionSize, kRegionSize + 9, {5, 6}, {}}); });
  ExpectBad(Rehome(), [](OpRecord& r) { r.extents[0].lo += kRegionSize, r.extents[0].hi += kRegionSize; });
  OpRecord bind = Record(OpKind::kBind);
  bind.name = "name";
  ExpectBad(bind, [](OpRecord& r) { r.name.clear(); });
  ExpectBad(bind, [](OpRecord& r) { r.metadata.resize(kMaxMetadataSize + 1); });
}

TEST_F(OpRecordTest, AnotherKeyOrBucketDoesNotVerify) {
  const Bytes bytes = EncodeRecord(Write(5, 100), keys_);
  EXPECT_TRUE(VerifyRecordMac(bytes, keys_));
  BucketKeys other = keys_;
  other.kmac.mutable_span()[0] ^= 1;
  EXPECT_FALSE(VerifyRecordMac(bytes, other));
}

}  // namespace
}  // namespace pbfs
