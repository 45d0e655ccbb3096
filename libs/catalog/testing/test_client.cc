#include "libs/catalog/testing/test_client.h"

#include <algorithm>

#include "libs/format/keys.h"
#include "libs/format/receipt.h"
#include "libs/model/limits.h"

namespace pbfs {
namespace {

RecordBody NamedBody(BodyId id, int64_t length) {
  BodyHeader header;
  header.id = id;
  header.length = length;
  std::copy(id.bytes.begin(), id.bytes.end(), header.key_commit.begin());  // no key: nobody opens these bodies
  return {header.Encode(), {}};
}

uint32_t IndexOfBody(OpRecord& record, BodyId id, int64_t length) {
  const RecordBody body = NamedBody(id, length);
  const auto found = std::find(record.bodies.begin(), record.bodies.end(), body);
  const auto index = static_cast<uint32_t>(found - record.bodies.begin());
  if (found == record.bodies.end()) record.bodies.push_back(body);
  return index;
}

uint32_t IndexOfObject(OpRecord& record, ObjectId id) {
  const auto found = std::find(record.sources.begin(), record.sources.end(), id);
  const auto index = static_cast<uint32_t>(found - record.sources.begin());
  if (found == record.sources.end()) record.sources.push_back(id);
  return index;
}

void PlaceZeros(OpRecord& record, int64_t lo, int64_t hi) {
  record.extents.push_back({lo, hi, record.order, 0, 0, SourceKind::kZeros});
}

}  // namespace

BucketKeys TestBucketKeys(BucketId bucket) {
  std::array<uint8_t, 32> key;
  key.fill(7);
  return BucketKeys::Derive(bucket, 1, Key32::FromBytes(key));
}

Key32 TestSiteSecret() {
  std::array<uint8_t, 32> secret;
  secret.fill(9);
  return Key32::FromBytes(secret);
}

std::array<uint8_t, 64> TestReceipt(EncodingId encoding, uint8_t shard, StoreId store) {
  Receipt receipt;
  receipt.encoding = encoding;
  receipt.shard = shard;
  receipt.store = store;
  return receipt.Encode(StoreKey(TestSiteSecret(), SiteId{1}, store));
}

std::vector<std::pair<int64_t, int64_t>> SplitAtRegions(int64_t lo, int64_t hi) {
  std::vector<std::pair<int64_t, int64_t>> parts;
  while (lo < hi) {
    const int64_t end = std::min(hi, (RegionOf(lo) + 1) * kRegionSize);
    parts.emplace_back(lo, end);
    lo = end;
  }
  return parts;
}

TestClient::TestClient(const Clock& clock, BucketId bucket, uint64_t seed)
    : bucket_(bucket), hlc_(clock), random_(seed), wid_(static_cast<int64_t>(random_.U64() >> 1 | 1)) {}

BodyUpload TestClient::MakeBody(const Bytes& content) {
  if (content.size() > static_cast<size_t>(kMaxInlineBody)) {
    const std::vector<StoreId> stores = {{1}, {2}, {3}, {4}, {5}, {6}};
    return MakeEncoded(content, 4, 6, static_cast<uint16_t>(random_.Below(kPlacementGroups)), hlc_.NowMillis(), stores);
  }
  BodyUpload body;
  body.id = BodyId::New(hlc_.NowMillis(), random_);
  Bytes sealed = content;
  sealed.resize(content.size() + 16);
  body.inline_ct = Buffer::FromBytes(std::move(sealed));
  contents_[body.id] = content;
  return body;
}

BodyUpload TestClient::MakeEncoded(const Bytes& content, uint8_t k, uint8_t n, uint16_t group, int64_t birth_ms,
                                   const std::vector<StoreId>& stores) {
  BodyUpload body;
  body.id = BodyId::New(hlc_.NowMillis(), random_);
  const uint8_t scheme = k == 1 ? 1 : 2;
  body.encoding = Encoding{NewEncodingId(birth_ms, group, random_), scheme, k, n};
  for (uint8_t shard = 0; shard < stores.size(); ++shard) {
    body.receipts.push_back(TestReceipt(body.encoding->id, shard, stores[shard]));
  }
  contents_[body.id] = content;
  return body;
}

TestCommit& TestCommit::Add(const OpRecord& record) {
  request_.records.push_back(Buffer::FromBytes(EncodeRecord(record, TestBucketKeys(request_.bucket))));
  return *this;
}

OpRecord TestCommit::Start(OpKind kind, ObjectId object) {
  OpRecord record;
  record.kind = kind;
  record.object = object;
  record.site = SiteId{1};
  record.op = last_op_ = next_op_ ? *next_op_ : client_.NewOp();
  record.observed = client_.hlc().Seen();
  record.order = last_order_ = next_order_ ? *next_order_ : client_.NextOrder();
  next_op_.reset(), next_order_.reset();
  return record;
}

TestCommit& TestCommit::Write(ObjectId object, int64_t lo, const Bytes& content) {
  return WriteBody(object, lo, static_cast<int64_t>(content.size()), client_.MakeBody(content));
}

TestCommit& TestCommit::WriteBody(ObjectId object, int64_t lo, int64_t size, const BodyUpload& body) {
  OpRecord record = Start(OpKind::kWrite, object);
  PlaceBody(record, lo, size, 0, IndexOfBody(record, body.id, size));
  return AddBody(body).Add(record);
}

TestCommit& TestCommit::WriteBodies(ObjectId object, int64_t lo, int64_t step, int64_t size,
                                    const std::vector<BodyUpload>& bodies) {
  OpRecord record = Start(OpKind::kWrite, object);
  for (const BodyUpload& body : bodies) {
    PlaceBody(record, lo, size, 0, IndexOfBody(record, body.id, size));
    AddBody(body);
    lo += step;
  }
  return Add(record);
}

TestCommit& TestCommit::Zero(ObjectId object, int64_t lo, int64_t hi) {
  OpRecord record = Start(OpKind::kZero, object);
  if (hi - lo > kRegionSize) {
    PlaceZeros(record, lo, hi);
  } else {
    for (const auto& [from, to] : SplitAtRegions(lo, hi)) PlaceZeros(record, from, to);
  }
  return Add(record);
}

TestCommit& TestCommit::Trunc(ObjectId object, int64_t length) {
  OpRecord record = Start(OpKind::kTrunc, object);
  PlaceZeros(record, length, kTruncEnd);
  record.trunc_length = length;
  return Add(record);
}

TestCommit& TestCommit::Clone(ObjectId object, const std::vector<Extent>& extents) {
  OpRecord record = Start(OpKind::kClone, object);
  for (const Extent& extent : extents) {
    RecordExtent placed{extent.lo, extent.hi, record.order, extent.inner, 0, extent.source.kind};
    if (extent.source.kind == SourceKind::kObject) {
      placed.index = IndexOfObject(record, extent.source.object);
    } else {
      const BodyId id = extent.source.body;
      const auto content = client_.contents().find(id);
      const bool own = content != client_.contents().end();
      placed.index =
          IndexOfBody(record, id, own ? static_cast<int64_t>(content->second.size()) : extent.inner + extent.size());
    }
    record.extents.push_back(placed);
  }
  return Add(record);
}

TestCommit& TestCommit::CloneObject(ObjectId object, int64_t lo, int64_t hi, ObjectId source, int64_t inner) {
  std::vector<Extent> extents;
  if (hi - lo > kRegionSize) return Clone(object, {{lo, hi, {}, Source::Of(source), inner, {}}});
  for (const auto& [from, to] : SplitAtRegions(lo, hi)) {
    extents.push_back({from, to, {}, Source::Of(source), inner + from - lo, {}});
  }
  return Clone(object, extents);
}

TestCommit& TestCommit::Bind(const std::string& name, ObjectId object, const Bytes& meta) {
  OpRecord record = Start(OpKind::kBind, object);
  record.name = name;
  record.metadata = meta;
  return Add(record);
}

TestCommit& TestCommit::Unbind(const std::string& name, ObjectId seen) {
  OpRecord record = Start(OpKind::kUnbind, seen);
  record.name = name;
  return Add(record);
}

TestCommit& TestCommit::Drop(const std::string& name, Order order) {
  OpRecord record = Start(OpKind::kDrop, {});
  record.name = name;
  record.dropped = order;
  return Add(record);
}

TestCommit& TestCommit::Seal(ObjectId object) { return Add(Start(OpKind::kSeal, object)); }

TestCommit& TestCommit::Meta(ObjectId object, const Bytes& meta) {
  OpRecord record = Start(OpKind::kMeta, object);
  record.metadata = meta;
  return Add(record);
}

TestCommit& TestCommit::Rehome(ObjectId object, const Bytes& content, const std::vector<TestRun>& runs,
                               const std::vector<Extent>& sources) {
  OpRecord record = Start(OpKind::kRehome, object);
  const BodyUpload body = client_.MakeBody(content);
  for (const TestRun& run : runs) {
    const uint32_t index = IndexOfBody(record, body.id, static_cast<int64_t>(content.size()));
    record.extents.push_back({run.lo, run.hi, run.order, run.inner, index, SourceKind::kBody});
  }
  for (const Extent& source : sources)
    record.listed.push_back({source.lo, source.hi, source.order, source.source.body});
  return AddBody(body).Add(record);
}

void Flatten(std::vector<TestRun>& runs, Hlc frontier) {
  Order flat;
  for (const TestRun& run : runs) {
    if (run.order.hlc <= frontier) flat = std::max(flat, run.order);
  }
  for (TestRun& run : runs) {
    if (run.order.hlc <= frontier) run.order = flat;
  }
}

}  // namespace pbfs
