#include "libs/client/write_plans.h"

#include <algorithm>

#include <fmt/format.h>

#include "libs/base/executor.h"

namespace pbfs {
namespace {

PlannedOp NewOp(ClientCore& core, OpKind kind, const ObjectId& object, const std::optional<OpId>& op) {
  PlannedOp planned{NewRecord(core, kind, object), {}};
  if (op.has_value()) planned.record.op = *op;
  return planned;
}

}  // namespace

Status CheckRange(int64_t offset, int64_t size) {
  if (size <= 0) return InvalidArgumentError("an empty write: give at least one byte");
  if (offset < 0) return InvalidArgumentError("offset is negative");
  if (offset > kMaxObjectSize - size) {
    return InvalidArgumentError(
        fmt::format("bytes [{}, +{}) reach beyond the largest object, 2^43 bytes", offset, size));
  }
  return OkStatus();
}

Status CheckSize(int64_t size) {
  if (size >= 0 && size < kMaxObjectSize) return OkStatus();
  return InvalidArgumentError("size is out of range: 0 to 2^43 - 1");
}

Result<MemoryShare> ShareFor(const Context& context, ClientCore& core, int64_t size) {
  return core.budget.Take(context, size + std::min(size, kUploadSlack));
}

RangesPlan::RangesPlan(ClientCore& core, const ObjectId& object, const std::optional<OpId>& op)
    : write(NewOp(core, OpKind::kWrite, object, op)) {}

Status RangesPlan::Place(int64_t offset, int64_t size) {
  PBFS_RETURN_IF_ERROR(CheckRange(offset, size));
  if (offset < hi) return InvalidArgumentError(fmt::format("the ranges overlap at byte {}", offset));
  if (bodies == 0) lo = offset;
  hi = offset + size;
  total += size;
  if (total > kMaxRangesTotal) return InvalidArgumentError("more than 5 GiB in one atomic write");
  PlaceBody(write.record, offset, size, 0, bodies++);
  return OkStatus();
}

Result<BodiesPlan> PlanBodies(ClientCore& core, const OpenedBucket& bucket, const ObjectId& object,
                              std::vector<RangeWrite> ranges, const std::optional<OpId>& op) {
  if (ranges.empty()) return InvalidArgumentError("no ranges to write");
  std::sort(ranges.begin(), ranges.end(), [](const RangeWrite& a, const RangeWrite& b) { return a.offset < b.offset; });
  BodiesPlan plan{{core, object, op}, {}};
  for (const RangeWrite& range : ranges) {
    const int64_t size = static_cast<int64_t>(range.bytes.size());
    PBFS_RETURN_IF_ERROR(CheckRange(range.offset, size));
    for (int64_t at = 0; at < size; at += kMaxBodySize) {
      const ByteSpan piece =
          range.bytes.subspan(static_cast<size_t>(at), static_cast<size_t>(std::min(kMaxBodySize, size - at)));
      PBFS_RETURN_IF_ERROR(plan.ranges.Place(range.offset + at, static_cast<int64_t>(piece.size())));
      plan.bodies.push_back(MakeNewBody(core, bucket, piece));
    }
  }
  return plan;
}

PlannedOp TruncateOp(ClientCore& core, const ObjectId& object, int64_t size, const std::optional<OpId>& op) {
  PlannedOp trunc = NewOp(core, OpKind::kTrunc, object, op);
  trunc.record.trunc_length = size;
  trunc.record.extents = {{size, kTruncEnd, {}, 0, 0, SourceKind::kZeros}};
  return trunc;
}

Result<PlannedOp> ZeroOp(ClientCore& core, const ObjectId& object, int64_t lo, int64_t hi,
                         const std::optional<OpId>& op) {
  if (lo < 0) return InvalidArgumentError("offset is negative");  // and the difference might not fit
  PBFS_RETURN_IF_ERROR(CheckRange(lo, hi < lo ? 0 : hi - lo));
  PlannedOp zero = NewOp(core, OpKind::kZero, object, op);
  const bool is_span = hi - lo > kRegionSize;
  for (int64_t at = lo; at < hi;) {
    const int64_t end = is_span ? hi : std::min(hi, (RegionOf(at) + 1) << kRegionLog2);
    zero.record.extents.push_back({at, end, {}, 0, 0, SourceKind::kZeros});
    at = end;
  }
  return zero;
}

Status UploadBodies(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                    const std::vector<NewBody>& bodies, std::vector<BodyUpload>& uploads,
                    std::vector<RecordBody>& records) {
  std::vector<Result<UploadedBody>> all(bodies.size(), UnavailableError("not tried"));
  ParallelFor(core.executor, bodies.size(), [&](size_t i) { all[i] = UploadBody(context, core, bucket, bodies[i]); });
  uploads.clear();
  records.clear();
  for (Result<UploadedBody>& body : all) {
    PBFS_RETURN_IF_ERROR(body.status());
    uploads.push_back(body->upload);
    records.push_back(body->record);
  }
  return OkStatus();
}

}  // namespace pbfs
