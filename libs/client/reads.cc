// Bucket's reads: one verified listing per stretch, the skyline, k fragments of each visible body, merged into place.
#include <algorithm>

#include <fmt/format.h>

#include "libs/base/mutants.h"
#include "libs/client/fetch_plan.h"
#include "libs/client/listing.h"
#include "libs/client/pieces_ahead.h"
#include "libs/client/region_shape.h"

namespace pbfs {
namespace {

constexpr int64_t kWindow = 8 << 20;       // plaintext fetched at a time by one read
constexpr int64_t kFirstPiece = 1 << 20;   // of a stream; the following ones grow
constexpr int64_t kStreamPiece = 8 << 20;  // up to so much
constexpr size_t kPiecesAhead = 4;         // of a stream: one that the sink takes, others on their way
constexpr size_t kPoorAhead = 2;           // the same where there is no memory for more
constexpr int kListAgain = 3;              // when fragments are gone or the lease is over (I19)
constexpr size_t kInlinesAtOnce = 64;      // opened by one thread

/// Bytes of a body, or a row's own ciphertext, and where they go.
struct InlineOpen {
  const ListedBody* body = nullptr;
  int64_t inner = 0;
  int64_t size = 0;
  uint8_t* out = nullptr;
};

/// Fetches that go together.
struct Batch {
  std::vector<SegmentFetch> fetches;
  int64_t bytes = 0;  // of buffers
};

/// Everything a stretch of a read needs. Listings are kept, because fetches point into them.
struct ReadPlan {
  std::vector<std::shared_ptr<const Listing>> listings;
  std::vector<WantedBytes> wanted;
  std::vector<InlineOpen> inlines;
  // Byte `lo` of the object goes to `out`, and so on: what errors name.
  int64_t lo = 0;
  const uint8_t* out = nullptr;
  MonotonicTime lease_until = MonotonicTime::max();
};

class Reader {
 public:
  enum class Memory { kTaken, kPaid };  // from the budget by each batch; by the caller, for one batch at a time
  Reader(const Context& context, ClientCore& core, const OpenedBucket& bucket, std::optional<Hlc> as_of,
         Memory memory = Memory::kTaken)
      : context_(context), core_(core), bucket_(bucket), as_of_(as_of), memory_(memory) {}

  /// Fills out = [lo, lo + out.size()) of the object as far as it reaches; returns how much that is.
  Result<int64_t> Read(const ObjectId& object, int64_t lo, MutableByteSpan out) {
    const std::string where =
        fmt::format("object {} bytes [{}, {})", object.ToString(), lo, lo + static_cast<int64_t>(out.size()));
    Status last;
    for (int attempt = 0; attempt < kListAgain; ++attempt) {
      if (attempt > 0) ++core_.counters.lists_again;
      PBFS_RETURN_IF_ERROR(context_.Check());
      Result<int64_t> done = ReadOnce(object, lo, out);
      if (done.ok()) {
        core_.counters.plaintext_read += *done;
        return done;
      }
      last = done.status().Annotate(where);
      const bool forged = last.Detail("pbfs-code").has_value();
      const bool gone = last.code() == StatusCode::kUnavailable || last.code() == StatusCode::kDataLoss;
      if (forged || !gone || IsMutant(Mutant::kReaderListsOnce)) break;
      core_.cluster.Invalidate();
    }
    return last;
  }

  /// Fills out = [lo, lo + out.size()), which the listing covers.
  Status ReadListed(std::shared_ptr<const Listing> listing, int64_t lo, MutableByteSpan out) {
    ReadPlan plan;
    std::fill(out.begin(), out.end(), uint8_t{0});  // what nobody wrote is zeros
    plan.lo = lo;
    plan.out = out.data();
    PBFS_RETURN_IF_ERROR(AddPieces(std::move(listing), lo, out, 0, plan));
    PBFS_RETURN_IF_ERROR(Fetch(plan));
    core_.counters.plaintext_read += static_cast<int64_t>(out.size());
    return OkStatus();
  }

  /// The data runs of a listing, one after another.
  Status ReadRuns(const Listing& listing, const std::vector<SkylinePiece>& runs, MutableByteSpan out) {
    ReadPlan plan;
    plan.lease_until = listing.lease_until;
    for (const SkylinePiece& run : runs) {
      const size_t size = static_cast<size_t>(run.hi - run.lo);
      plan.lo = run.lo;
      plan.out = out.data();
      AddBody(listing.bodies.at(listing.ExtentOf(run).source.body), run.inner, out.first(size), plan);
      out = out.subspan(size);
    }
    return Fetch(plan);
  }

 private:
  Result<int64_t> ReadOnce(const ObjectId& object, int64_t lo, MutableByteSpan out) {
    int64_t at = lo, end = lo + static_cast<int64_t>(out.size());
    while (at < end) {
      ReadPlan plan;
      PBFS_ASSIGN_OR_RETURN(auto listing, List(object, at, end));
      if (!as_of_.has_value()) OfferFragmented(object, *listing, at);
      end = std::min(end, std::max(at, listing->reply.size));
      const int64_t until = std::min(end, listing->reply.covered_hi);
      if (until <= at) break;
      const MutableByteSpan target = out.subspan(static_cast<size_t>(at - lo), static_cast<size_t>(until - at));
      std::fill(target.begin(), target.end(), uint8_t{0});  // what nobody wrote is zeros
      plan.lo = at;
      plan.out = target.data();
      PBFS_RETURN_IF_ERROR(AddPieces(std::move(listing), at, target, 0, plan));
      PBFS_RETURN_IF_ERROR(Fetch(plan));
      at = until;
    }
    return end - lo;
  }
  Result<std::unique_ptr<Listing>> List(const ObjectId& object, int64_t lo, int64_t hi) {
    PBFS_ASSIGN_OR_RETURN(Listing listing, ListVerified(context_, core_, bucket_, object, lo, hi, as_of_));
    return std::make_unique<Listing>(std::move(listing));
  }

  void OfferFragmented(const ObjectId& object, const Listing& listing, int64_t lo) {
    if (!core_.offers.enabled()) return;
    for (const int64_t region : FragmentedRegions(listing, lo, core_.options.rehome_offers.policy))
      core_.offers.Offer(bucket_, object, region);
  }

  // The pieces of a listing that overlap target = [lo, lo + target.size()), references followed.
  Status AddPieces(std::shared_ptr<const Listing> owned, int64_t lo, MutableByteSpan target, int depth,
                   ReadPlan& plan) {
    const Listing& listing = *owned;
    plan.lease_until = std::min(plan.lease_until, listing.lease_until);
    plan.listings.push_back(std::move(owned));
    const int64_t hi = lo + static_cast<int64_t>(target.size());
    auto next = std::upper_bound(listing.pieces.begin(), listing.pieces.end(), lo,
                                 [](int64_t at, const SkylinePiece& piece) { return at < piece.hi; });
    for (; next != listing.pieces.end() && next->lo < hi; ++next) {
      const SkylinePiece& piece = *next;
      const int64_t from = std::max(lo, piece.lo), to = std::min(hi, piece.hi);
      const MutableByteSpan part = target.subspan(static_cast<size_t>(from - lo), static_cast<size_t>(to - from));
      const int64_t inner = piece.inner + (from - piece.lo);
      const Source& source = listing.ExtentOf(piece).source;
      if (source.kind == SourceKind::kBody) AddBody(listing.bodies.at(source.body), inner, part, plan);
      if (source.kind == SourceKind::kObject)
        PBFS_RETURN_IF_ERROR(AddReference(source.object, inner, part, depth + 1, plan));
    }
    return OkStatus();
  }
  static void AddBody(const ListedBody& body, int64_t inner, MutableByteSpan part, ReadPlan& plan) {
    const int64_t size = static_cast<int64_t>(part.size());
    if (!body.row.encoding.has_value()) {
      plan.inlines.push_back({&body, inner, size, part.data()});
      return;
    }
    plan.wanted.push_back({&body, inner, size, part.data(), plan.lo + (part.data() - plan.out)});
  }
  // A sealed object never changes, so it is read as it is now, also by a read of the past.
  Status AddReference(const ObjectId& object, int64_t inner, MutableByteSpan part, int depth, ReadPlan& plan) {
    if (depth > kMaxReferenceDepth)
      return DataLossError("BAD_RECORD: references nest deeper than 8").WithDetail("pbfs-code", "BAD_RECORD");
    int64_t at = inner;
    const int64_t end = inner + static_cast<int64_t>(part.size());
    while (at < end) {
      PBFS_ASSIGN_OR_RETURN(Listing listed, ListVerified(context_, core_, bucket_, object, at, end, std::nullopt));
      const int64_t until = std::min(end, listed.reply.covered_hi);
      if (until <= at) return UnavailableError("the catalog shows nothing of a referenced object");
      const MutableByteSpan stretch = part.subspan(static_cast<size_t>(at - inner), static_cast<size_t>(until - at));
      PBFS_RETURN_IF_ERROR(AddPieces(std::make_shared<Listing>(std::move(listed)), at, stretch, depth, plan));
      at = until;
    }
    return OkStatus();
  }

  // In batches, some side by side: while one is opened, the next is on its way. Each waits for its share of memory, so that
  // stays bounded. Inline bodies are opened meanwhile.
  Status Fetch(const ReadPlan& plan) {
    const std::vector<Batch> batches = MakeBatches(PlanFetches(plan.wanted, kWindow));
    if (memory_ == Memory::kPaid) {
      PBFS_RETURN_IF_ERROR(OpenInlines(plan.inlines));
      return FetchOneByOne(batches, plan.lease_until);
    }
    const std::span<const InlineOpen> inlines = plan.inlines;
    std::vector<Status> outcomes(batches.size() + (inlines.size() + kInlinesAtOnce - 1) / kInlinesAtOnce);
    ParallelFor(core_.executor, outcomes.size(), [&](size_t i) {
      const size_t first = i < batches.size() ? 0 : (i - batches.size()) * kInlinesAtOnce;
      outcomes[i] = i < batches.size()
                        ? FetchBatch(batches[i])
                        : OpenInlines(inlines.subspan(first, std::min(kInlinesAtOnce, inlines.size() - first)));
    });
    for (const Status& outcome : outcomes) PBFS_RETURN_IF_ERROR(outcome);
    if (MonotonicNow() > plan.lease_until) return UnavailableError("the listing's lease is over");
    return OkStatus();
  }
  Status FetchOneByOne(const std::vector<Batch>& batches, MonotonicTime lease_until) {
    for (const Batch& batch : batches)
      PBFS_RETURN_IF_ERROR(FetchSegments(context_.Within(core_.options.timeout), core_, bucket_, batch.fetches));
    if (MonotonicNow() > lease_until) return UnavailableError("the listing's lease is over");
    return OkStatus();
  }
  static std::vector<Batch> MakeBatches(std::vector<SegmentFetch> fetches) {
    std::vector<Batch> batches;
    for (SegmentFetch& fetch : fetches) {
      if (batches.empty() || batches.back().bytes >= kWindow) batches.emplace_back();
      batches.back().bytes += BufferBytes(fetch);
      batches.back().fetches.push_back(std::move(fetch));
    }
    return batches;
  }
  // What a fetch holds at most: the segments' fragments, and one segment opened aside.
  static int64_t BufferBytes(const SegmentFetch& fetch) {
    const int64_t segment = int64_t{1} << fetch.body->header.seg_log2;
    const int64_t begin = fetch.begin / segment * segment, end = (fetch.end + segment - 1) / segment * segment;
    return std::min(end, fetch.body->header.length) - begin + std::min(segment, fetch.body->header.length);
  }
  Status FetchBatch(const Batch& batch) {
    PBFS_ASSIGN_OR_RETURN(const MemoryShare share, core_.budget.Take(context_, batch.bytes));
    return FetchSegments(context_.Within(core_.options.timeout), core_, bucket_, batch.fetches);
  }
  static Status OpenInlines(std::span<const InlineOpen> inlines) {
    for (const InlineOpen& open : inlines) {
      PBFS_ASSIGN_OR_RETURN(const Bytes plaintext,
                            OpenInline(open.body->dek, open.body->header, open.body->row.inline_ct));
      std::memcpy(open.out, plaintext.data() + open.inner, static_cast<size_t>(open.size));
    }
    return OkStatus();
  }

  const Context context_;
  ClientCore& core_;
  const OpenedBucket& bucket_;
  const std::optional<Hlc> as_of_;
  const Memory memory_;
};

Status CheckReadRange(int64_t offset, int64_t length) {
  if (offset < 0 || length < 0) return InvalidArgumentError("offset or length is negative");
  if (offset > kMaxObjectSize || length > kMaxObjectSize - offset) {
    return InvalidArgumentError(
        fmt::format("bytes [{}, +{}) reach beyond the largest object, 2^43 bytes", offset, length));
  }
  return OkStatus();
}

}  // namespace

Status ReadRuns(const Context& context, ClientCore& core, const OpenedBucket& bucket, const Listing& listing,
                const std::vector<SkylinePiece>& runs, MutableByteSpan out) {
  return Reader(context, core, bucket, std::nullopt, Reader::Memory::kPaid).ReadRuns(listing, runs, out);
}

// Two short pieces at first, most objects have no more. While the sink takes them they grow, and so does how many are ahead: where
// there is room in the memory that all streams share. Whoever takes slowly holds little, and keeps nobody from growing. They end at
// multiples of their size: there bodies and their frames are likely to end, of which parts cost as much as the whole.
Result<int64_t> StreamPieces(const Context& context, ClientCore& core, int64_t offset, int64_t length, ByteSink& sink,
                             const std::function<Result<int64_t>(int64_t at, MutableByteSpan bytes)>& read) {
  const int64_t largest = std::min(kStreamPiece, core.budget.total() / 16), end = offset + length;
  int64_t at = offset, asked = offset, size = std::min(kFirstPiece, largest);
  PiecesAhead pieces(core.streams, read);
  const auto start = [&] {
    MemoryShare share = at == offset ? MemoryShare() : core.ahead.TryTake(std::min(size, end - asked));
    if (share.bytes() == 0 && pieces.count() >= kPoorAhead) return false;
    const int64_t whole = share.bytes() == 0 ? kFirstPiece : size;
    const int64_t bytes = std::min(whole - asked % whole, end - asked);
    pieces.Start(asked, bytes, std::move(share));
    asked += bytes;
    return true;
  };
  while (at < end) {
    while (asked < end && pieces.count() < kPiecesAhead && start()) continue;
    const PiecesAhead::Piece& now = pieces.AwaitFirst();
    PBFS_ASSIGN_OR_RETURN(const int64_t got, now.got);
    if (got > 0) PBFS_RETURN_IF_ERROR(sink.Write(context, ByteSpan(now.bytes).first(static_cast<size_t>(got))));
    at += got;
    if (got < static_cast<int64_t>(now.bytes.size())) break;  // the object ends here
    pieces.DropFirst();
    size = std::min(4 * size, largest);
  }
  return at - offset;
}

Status ReadListed(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                  std::shared_ptr<const Listing> listing, int64_t lo, MutableByteSpan out) {
  return Reader(context, core, bucket, std::nullopt).ReadListed(std::move(listing), lo, out);
}

Result<int64_t> Bucket::Read(const Context& context, ObjectId object, int64_t offset, MutableByteSpan out,
                             const ReadOptions& options) {
  PBFS_RETURN_IF_ERROR(CheckReadRange(offset, static_cast<int64_t>(out.size())));
  if (out.empty()) return int64_t{0};
  return Reader(context, *core_, *state_, options.as_of).Read(object, offset, out);
}

Result<int64_t> Bucket::Read(const Context& context, ObjectId object, int64_t offset, int64_t length, ByteSink& sink,
                             const ReadOptions& options) {
  if (offset < 0 || length < 0) return CheckReadRange(offset, length);
  length = std::min(length, std::max<int64_t>(0, kMaxObjectSize - offset));
  PBFS_RETURN_IF_ERROR(CheckReadRange(offset, length));
  return StreamPieces(context, *core_, offset, length, sink,
                      [&](int64_t at, MutableByteSpan bytes) { return Read(context, object, at, bytes, options); });
}

}  // namespace pbfs
