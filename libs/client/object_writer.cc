// New objects that are written in pieces: ranges that are committed together, and again where there get to be too many.
#include "libs/client/committer.h"
#include "libs/client/metadata.h"
#include "libs/client/range_writer.h"
#include "libs/format/name.h"

namespace pbfs {
namespace {

// What is placed by one Commit at most, and for how long pieces wait for theirs: much less than what is uploaded lasts.
constexpr int64_t kBytesOfCommit = int64_t{1} << 30;
constexpr Duration kWaitForCommit = std::chrono::minutes(10);

}  // namespace

class ObjectWriter::Impl {
 public:
  Impl(const Context& context, ClientCore& core, std::shared_ptr<const OpenedBucket> bucket)
      : context_(context),
        core_(core),
        bucket_(std::move(bucket)),
        written_{ObjectId::New(core.clock.NowMillis(), core.to.random), {}, 0, 0, 0, Opset{}} {}

  Status Add(Buffer piece) {
    const int64_t size = static_cast<int64_t>(piece.size());
    if (IsDue(size)) {
      CommitPlan plan;
      PBFS_RETURN_IF_ERROR(PlacePieces(plan));
      PBFS_RETURN_IF_ERROR(Commit(plan).status());
    }
    if (pieces_ == nullptr) {
      pieces_ = std::make_unique<RangeWriter::Impl>(context_, core_, bucket_);
      first_at_ = MonotonicNow();
    }
    PBFS_RETURN_IF_ERROR(pieces_->Add(written_.hi, std::move(piece)));
    written_.hi += size;
    return OkStatus();
  }

  Result<Written> Finish(const LastOp& last, std::optional<NameCondition> condition) {
    CommitPlan plan;
    PBFS_RETURN_IF_ERROR(PlacePieces(plan));
    PBFS_ASSIGN_OR_RETURN(PlannedOp op, last(written_.object, *written_.opset));
    plan.ops.push_back(std::move(op));
    plan.if_name = condition;
    PBFS_ASSIGN_OR_RETURN(const Committed done, Commit(plan));
    SetBound(done, written_);
    return written_;
  }

  ClientCore& core() { return core_; }

 private:
  bool IsDue(int64_t size) const {
    if (pieces_ == nullptr) return false;
    const bool many = pieces_->bytes() + size > kBytesOfCommit || !pieces_->HasRoomFor(size);
    return many || MonotonicNow() > first_at_ + kWaitForCommit;
  }
  // What was added since the last Commit, as one WRITE.
  Status PlacePieces(CommitPlan& plan) {
    // Later it is there, and if it was reaped meanwhile no empty one may take its place.
    if (written_.ops == 0) plan.creates = {written_.object};
    if (pieces_ == nullptr) return OkStatus();
    PBFS_ASSIGN_OR_RETURN(PlacedRanges placed, pieces_->Place(*bucket_, written_.object, {}));
    pieces_ = nullptr;
    written_.opset = OpsetAfter(*written_.opset, placed.plan.write.record.op);
    plan.ops.push_back(std::move(placed.plan.write));
    plan.bodies = std::move(placed.uploads);
    return OkStatus();
  }
  Result<Committed> Commit(const CommitPlan& plan) {
    const Result<Committed> done = CommitOps(context_.Within(core_.options.timeout), core_, *bucket_, plan);
    PBFS_RETURN_IF_ERROR(OfPieces(done.status()));
    ++written_.ops;
    return done;
  }

  const Context context_;
  ClientCore& core_;
  const std::shared_ptr<const OpenedBucket> bucket_;
  Written written_;                            // so far; hi: what was added
  std::unique_ptr<RangeWriter::Impl> pieces_;  // since the last Commit
  MonotonicTime first_at_{};
};

ObjectWriter::ObjectWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ObjectWriter::~ObjectWriter() = default;
Status ObjectWriter::Add(Buffer piece) { return impl_->Add(std::move(piece)); }
Result<Written> ObjectWriter::Bind(const std::string& name, const PutOptions& options) {
  PBFS_RETURN_IF_ERROR(CheckName(name));
  return impl_->Finish(Binding(impl_->core(), name, options), ConditionOf(options));
}
Result<Written> ObjectWriter::Seal() { return impl_->Finish(Sealing(impl_->core()), std::nullopt); }

std::unique_ptr<ObjectWriter> Bucket::NewObject(const Context& context) {
  return std::unique_ptr<ObjectWriter>(new ObjectWriter(std::make_unique<ObjectWriter::Impl>(context, *core_, state_)));
}

}  // namespace pbfs
