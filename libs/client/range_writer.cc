#include "libs/client/range_writer.h"

#include <algorithm>

#include "libs/client/metadata.h"

namespace pbfs {
namespace {

// A Commit is one message, of at most 12 MiB on the wire.
constexpr int64_t kMaxCommitBytes = 11 << 20;

// What a body takes of it: two extents at most, header, key, encoding; its receipts, or all of it.
int64_t BytesInCommit(int64_t size, int fragments) {
  return 320 + (size <= kMaxInlineBody ? size : 66 * int64_t{fragments});
}

}  // namespace

Status RangeWriter::Impl::Add(int64_t offset, Buffer bytes) {
  const int64_t size = static_cast<int64_t>(bytes.size());
  PBFS_RETURN_IF_ERROR(CheckRange(offset, size));
  if (size > kMaxBodySize) return InvalidArgumentError("a piece has at most 64 MiB");
  total_ += size;
  if (total_ > kMaxRangesTotal) return InvalidArgumentError("more than 5 GiB in one atomic write");
  if (!HasRoomFor(size)) return InvalidArgumentError("too many pieces for one Commit: make them longer");
  commit_bytes_ += BytesInCommit(size, bucket_->n());
  PBFS_ASSIGN_OR_RETURN(MemoryShare share, ShareFor(context_, core_, size));
  Piece& piece = pieces_.emplace_back(Piece{offset, size, {}});
  if (size <= kMaxInlineBody) return Upload(piece, bytes);  // nothing is sent
  const auto held = std::make_shared<std::pair<Buffer, MemoryShare>>(std::move(bytes), std::move(share));
  return tasks_.Start([this, &piece, held] { return Upload(piece, held->first); });
}

bool RangeWriter::Impl::HasRoomFor(int64_t size) const {
  return commit_bytes_ + BytesInCommit(size, bucket_->n()) <= kMaxCommitBytes;
}

Status RangeWriter::Impl::Upload(Piece& piece, ByteSpan bytes) {
  const Context step = context_.Within(core_.options.timeout);
  PBFS_ASSIGN_OR_RETURN(piece.body, UploadBody(step, core_, *bucket_, MakeNewBody(core_, *bucket_, bytes)));
  return OkStatus();
}

Result<PlacedRanges> RangeWriter::Impl::Place(const OpenedBucket& bucket, const ObjectId& object,
                                              const std::optional<OpId>& op) {
  // Their keys are wrapped under that bucket's.
  if (bucket.id() != bucket_->id()) return NotFoundError("the pieces were added for another bucket");
  if (pieces_.empty()) return InvalidArgumentError("no ranges to write");
  PBFS_RETURN_IF_ERROR(tasks_.Finish());
  std::sort(pieces_.begin(), pieces_.end(), [](const Piece& a, const Piece& b) { return a.offset < b.offset; });
  PlacedRanges placed{{core_, object, op}, {}};
  for (const Piece& piece : pieces_) {
    PBFS_RETURN_IF_ERROR(placed.plan.Place(origin_ + piece.offset, piece.size));
    placed.plan.write.record.bodies.push_back(piece.body.record);
    placed.uploads.push_back(piece.body.upload);
  }
  return placed;
}

Status OfPieces(const Status& committed) {
  if (!IsEncodingExpired(committed)) return committed;
  return UnavailableError("the first pieces expired before the last had come (within an hour): send them all again");
}

RangeWriter::RangeWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RangeWriter::~RangeWriter() = default;
Status RangeWriter::Add(int64_t offset, Buffer piece) { return impl_->Add(offset, std::move(piece)); }
void RangeWriter::PlaceAt(int64_t origin) { impl_->PlaceAt(origin); }

std::unique_ptr<RangeWriter> Bucket::NewRanges(const Context& context) {
  return std::unique_ptr<RangeWriter>(new RangeWriter(std::make_unique<RangeWriter::Impl>(context, *core_, state_)));
}

Result<Written> Bucket::WriteRanges(const Context& context, ObjectId object, RangeWriter& ranges,
                                    const WriteOptions& options) {
  PBFS_ASSIGN_OR_RETURN(PlacedRanges placed, ranges.impl_->Place(*state_, object, options.op));
  const RangesPlan& planned = placed.plan;
  CommitPlan plan;
  plan.ops.push_back(planned.write);
  plan.bodies = std::move(placed.uploads);
  plan.if_opset = options.if_opset;
  const Result<Committed> done = CommitOps(context.Within(core_->options.timeout), *core_, *state_, plan);
  PBFS_RETURN_IF_ERROR(OfPieces(done.status()));
  Written written{object, done->orders[0], planned.lo, planned.hi, 1, {}};
  if (options.if_opset.has_value()) written.opset = OpsetAfter(*options.if_opset, planned.write.record.op);
  return written;
}

}  // namespace pbfs
