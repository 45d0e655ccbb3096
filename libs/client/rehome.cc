// Bucket's rehome: merge visible runs of a region onto one new body, each keeping its order (I9) or raised below the frontier
// (I10). Needs no lock: its facts stay true whatever happens meanwhile, and the catalog removes only what it can itself prove
// covered (I11).
#include "libs/client/rehome.h"

#include <algorithm>
#include <tuple>

#include "libs/base/mutants.h"
#include "libs/base/pacer.h"
#include "libs/base/sync.h"
#include "libs/client/body_upload.h"
#include "libs/client/committer.h"
#include "libs/client/listing.h"
#include "libs/client/region_shape.h"

namespace pbfs {
namespace {

constexpr int64_t kReadPiece = 4 << 20;
constexpr int kPasses = 4;                   // over a region: what was gathered may fill a tier, and so on
constexpr int64_t kUploadMemory = 32 << 20;  // fragments on their way, at most
constexpr Duration kLentSoon = std::chrono::seconds(5);
constexpr Duration kGatherEvery = std::chrono::milliseconds(300);  // beside a rewrite

/// What a merge takes of bytes [lo, hi) of a region, which a verified listing shows completely.
struct Merge {
  std::vector<SkylinePiece> runs;  // of data, by lo
  std::vector<ListedSource> sources;
  int64_t bytes = 0;
  bool IsNothing() const { return runs.empty() || sources.empty(); }
};

// How far a merge from `lo` may reach: as far as the list does, and no more extents than one may take.
int64_t ReachOf(const Listing& listing, int64_t lo, int64_t most) {
  const int64_t hi = listing.reply.covered_hi;
  if (static_cast<int64_t>(listing.reply.extents.size()) <= most) return hi;
  std::vector<int64_t> starts;
  for (const Extent& extent : listing.reply.extents) starts.push_back(extent.lo);
  std::sort(starts.begin(), starts.end());
  const auto beyond = std::upper_bound(starts.begin() + most, starts.end(), lo);  // always some way on
  return beyond == starts.end() ? hi : *beyond;
}

bool Takes(const RehomePlan& plan, const Source& source) {
  if (source.kind != SourceKind::kBody) return false;  // zeros stay extents; references stay references
  return plan.kind == RehomeKind::kRewrite || std::binary_search(plan.bodies.begin(), plan.bodies.end(), source.body);
}

/// What the stretches of a region in front of the present one have become: from byte `from` on, every byte of data is in a
/// merge that raised what was below `order` and not above `frontier` to an order of at least `order`.
struct Merged {
  int64_t from = 0;
  Order order{INT64_MAX, INT64_MAX};
  Hlc frontier = INT64_MAX;
  void Add(const Order& flat, Hlc up_to) { order = std::min(order, flat), frontier = std::min(frontier, up_to); }
  // Of an extent that begins there, is that part covered by strictly greater ones? Only that lets it go (I7).
  bool Covers(const Extent& extent) const {
    return extent.lo >= from && extent.order < order && extent.order.hlc <= frontier;
  }
};

// The runs are what is visible of the merged bodies in [lo, hi). The sources are their extents there, visible or not, and those
// that began before and are covered there: the catalog checks each.
Merge SelectMerge(const Listing& listing, RehomePlan plan, const Merged& before, int64_t lo, int64_t hi) {
  std::sort(plan.bodies.begin(), plan.bodies.end());
  Merge merge;
  for (SkylinePiece piece : listing.pieces) {
    if (!Takes(plan, listing.ExtentOf(piece).source) || piece.lo >= hi) continue;
    piece.hi = std::min(piece.hi, hi);
    merge.runs.push_back(piece);
    merge.bytes += piece.hi - piece.lo;
  }
  for (const Extent& extent : listing.reply.extents) {
    if (!Takes(plan, extent.source) || extent.hi > hi) continue;
    if (extent.lo < lo && !before.Covers(extent)) continue;
    merge.sources.push_back({extent.lo, extent.hi, extent.order, extent.source.body});
  }
  // The catalog takes them away page by page: neighbours together.
  std::sort(merge.sources.begin(), merge.sources.end(), [](const ListedSource& a, const ListedSource& b) {
    return std::tie(a.lo, a.hi, a.order, a.body) < std::tie(b.lo, b.hi, b.order, b.body);
  });
  return merge;
}

// The greatest order of what is merged that is not above the frontier; null if there is none.
Order FlatOrder(const Listing& listing, const Merge& merge, Hlc frontier) {
  Order flat;
  for (const SkylinePiece& run : merge.runs) {
    const Order& order = listing.ExtentOf(run).order;
    if (order.hlc <= frontier) flat = std::max(flat, order);
  }
  return flat;
}

// I10: a byte whose order the frontier has passed keeps its value up to the frontier, for the list shows all that ever
// touched it up to there. So runs below it take one order, and neighbours become one extent. The others keep theirs (I9).
std::vector<RecordExtent> RunsOf(const Listing& listing, const Merge& merge, Hlc frontier) {
  Order flat = FlatOrder(listing, merge, frontier);
  if (IsMutant(Mutant::kRehomeRaisesAboveFrontier)) flat.hlc += HlcFromMillis(20);
  std::vector<RecordExtent> runs;
  int64_t inner = 0;
  for (const SkylinePiece& piece : merge.runs) {
    const Order own = listing.ExtentOf(piece).order;
    const Order order = own.hlc <= frontier ? flat : own;
    const bool goes_on = !runs.empty() && runs.back().hi == piece.lo && runs.back().order == order;
    if (goes_on)
      runs.back().hi = piece.hi;
    else
      runs.push_back({piece.lo, piece.hi, order, inner, 0, SourceKind::kBody});
    inner += piece.hi - piece.lo;
  }
  return runs;
}

// The runs in pieces of `most` bytes.
std::vector<std::vector<SkylinePiece>> CutRuns(const std::vector<SkylinePiece>& runs, int64_t most) {
  std::vector<std::vector<SkylinePiece>> pieces;
  int64_t room = 0;
  for (SkylinePiece run : runs) {
    while (run.lo < run.hi) {
      if (room == 0) pieces.emplace_back(), room = most;
      const int64_t size = std::min(room, run.hi - run.lo);
      pieces.back().push_back({run.lo, run.lo + size, run.extent, run.inner});
      run.lo += size, run.inner += size, room -= size;
    }
  }
  return pieces;
}

/// Rehomes one region.
class RegionRehome {
 public:
  RegionRehome(const Context& context, ClientCore& core, const OpenedBucket& bucket, const ObjectId& object,
               const RehomePolicy& policy, RehomePatience patience)
      : context_(context), core_(core), bucket_(bucket), object_(object), policy_(policy), patience_(patience) {}

  Result<RehomeReport> Run(int64_t region) {
    report_.regions = 1;
    for (int pass = 0; pass < kPasses; ++pass) {
      const int64_t before = report_.merged;
      PBFS_RETURN_IF_ERROR(Pass(region));
      if (report_.merged == before || policy_.always_rewrite) break;
    }
    return report_;
  }

 private:
  // Mostly one step. A region of more extents than a list or a record holds goes stretch by stretch.
  Status Pass(int64_t region) {
    const int64_t hi = (region + 1) << kRegionLog2;
    Merged before;
    before.from = region << kRegionLog2;
    for (int64_t lo = before.from; lo < hi;) {
      PBFS_RETURN_IF_ERROR(context_.Check());
      PBFS_ASSIGN_OR_RETURN(const Listing listing,
                            ListVerified(context_, core_, bucket_, object_, lo, hi, std::nullopt));
      const int64_t until = ReachOf(listing, lo, policy_.merge_extents);
      const RehomePlan plan = PlanRehome(ShapesOf(listing)[region], policy_);
      if (plan.kind != RehomeKind::kRewrite) before = {until};
      if (plan.kind != RehomeKind::kNothing) {
        const Merge merge = SelectMerge(listing, plan, before, lo, until);
        const Hlc frontier = FrontierOf(listing.reply, region);
        const bool commit = !merge.IsNothing();
        if (commit && plan.kind == RehomeKind::kRewrite) {
          PBFS_RETURN_IF_ERROR(Rewrite(listing, merge, frontier, region));
        } else if (commit) {
          PBFS_ASSIGN_OR_RETURN(const RehomeReport done, Commit(listing, merge, frontier));
          report_ += done;
        }
        if (commit) before.Add(FlatOrder(listing, merge, frontier), frontier);
        if (!commit && !merge.runs.empty()) before = {until};
      }
      lo = until;
    }
    return OkStatus();
  }

  // At its rate a rewrite takes seconds, in which patches go on. Readers fetch each by itself, so what came after the listing is
  // gathered beside it.
  Status Rewrite(const Listing& listing, const Merge& merge, Hlc frontier, int64_t region) {
    RehomeReport gathered;
    Mutex mutex;
    CondVar changed;
    bool ended = false;
    Thread beside("pbfs-gather", [&] {
      for (MonotonicTime due = MonotonicNow() + kGatherEvery;; due = MonotonicNow() + kGatherEvery) {
        {
          MutexLock lock(mutex);
          while (!ended && MonotonicNow() < due) changed.WaitUntil(mutex, due);
          if (ended) return;
        }
        const Result<RehomeReport> done = GatherNewer(listing, region);
        if (!done.ok()) return;  // nobody asked for it
        gathered += *done;
      }
    });
    const Result<RehomeReport> done = Commit(listing, merge, frontier);
    {
      MutexLock lock(mutex);
      ended = true;
    }
    changed.NotifyAll();
    beside.Join();
    report_ += gathered;
    if (done.ok()) report_ += *done;
    return done.status();
  }

  // Small bodies that `older` does not show.
  Result<RehomeReport> GatherNewer(const Listing& older, int64_t region) {
    const int64_t lo = region << kRegionLog2, hi = (region + 1) << kRegionLog2;
    PBFS_ASSIGN_OR_RETURN(const Listing listing, ListVerified(context_, core_, bucket_, object_, lo, hi, std::nullopt));
    RegionShape shape = ShapesOf(listing)[region];
    std::erase_if(shape.bodies, [&](const VisibleBody& body) { return older.bodies.contains(body.body); });
    const RehomePlan plan = PlanGather(shape, policy_);
    if (plan.kind == RehomeKind::kNothing) return RehomeReport();
    const int64_t until = ReachOf(listing, lo, policy_.merge_extents);
    const Merge merge = SelectMerge(listing, plan, {until}, lo, until);
    if (merge.IsNothing()) return RehomeReport();
    return Commit(listing, merge, FrontierOf(listing.reply, region));
  }

  Result<RehomeReport> Commit(const Listing& listing, const Merge& merge, Hlc frontier) {
    PBFS_ASSIGN_OR_RETURN(const MemoryShare share, TakeMemory(merge.bytes));
    Bytes content(static_cast<size_t>(merge.bytes));
    PBFS_RETURN_IF_ERROR(Read(listing, merge, content));
    NewBody body = MakeNewBody(core_, bucket_, content);
    body.bytes_per_second = policy_.bytes_per_second;
    PBFS_ASSIGN_OR_RETURN(const UploadedBody uploaded, UploadBody(context_, core_, bucket_, body));
    CommitPlan commit;
    commit.ops.push_back({NewRecord(core_, OpKind::kRehome, object_), {}});
    OpRecord& record = commit.ops[0].record;
    record.bodies = {uploaded.record};
    record.list_frontier = frontier;
    record.listed = merge.sources;
    record.extents = RunsOf(listing, merge, frontier);
    commit.bodies = {uploaded.upload};
    PBFS_ASSIGN_OR_RETURN(const Committed done, CommitOps(context_, core_, bucket_, commit));
    core_.counters.rehome_bytes += merge.bytes;
    RehomeReport report;
    report.merged = 1;
    report.bytes = merge.bytes;
    report.removed = done.reply.removed;
    report.kept = done.reply.kept;
    return report;
  }

  // One share for everything: the content, and what reading it or sending it needs besides.
  Result<MemoryShare> TakeMemory(int64_t content) {
    const int64_t bytes = content + std::clamp(content, kReadRunsMemory, kUploadMemory);
    if (patience_ == RehomePatience::kAsked) return core_.budget.Take(context_, bytes);
    const MonotonicTime soon = context_.Within(kLentSoon).deadline();
    while (bytes <= core_.budget.total() / 2) {
      MemoryShare share = core_.budget.TryTake(bytes);
      if (share.bytes() > 0) return share;
      PBFS_RETURN_IF_ERROR(context_.Check());
      if (MonotonicNow() >= soon) break;
      SleepFor(std::chrono::milliseconds(50));
    }
    return ResourceExhaustedError("no memory to spare for a rehome that nobody asked for");
  }

  // In pieces, so that the rate can be kept.
  Status Read(const Listing& listing, const Merge& merge, MutableByteSpan out) {
    Pacer pacer(policy_.bytes_per_second);
    for (const std::vector<SkylinePiece>& piece : CutRuns(merge.runs, kReadPiece)) {
      int64_t bytes = 0;
      for (const SkylinePiece& run : piece) bytes += run.hi - run.lo;
      PBFS_RETURN_IF_ERROR(ReadRuns(context_, core_, bucket_, listing, piece, out.first(static_cast<size_t>(bytes))));
      out = out.subspan(static_cast<size_t>(bytes));
      if (!out.empty()) pacer.EndPiece(context_, bytes);
      PBFS_RETURN_IF_ERROR(context_.Check());
    }
    return OkStatus();
  }

  const Context& context_;
  ClientCore& core_;
  const OpenedBucket& bucket_;
  const ObjectId object_;
  const RehomePolicy& policy_;
  const RehomePatience patience_;
  RehomeReport report_;
};

}  // namespace

Result<RehomeReport> RehomeRegion(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                                  const ObjectId& object, int64_t region, const RehomePolicy& policy,
                                  RehomePatience patience) {
  return RegionRehome(context, core, bucket, object, policy, patience).Run(region);
}

Result<RehomeReport> Bucket::RehomeRegion(const Context& context, ObjectId object, int64_t region,
                                          const RehomePolicy& policy) {
  if (region < 0 || region >= kMaxObjectSize >> kRegionLog2) return InvalidArgumentError("no such region");
  return pbfs::RehomeRegion(context, *core_, *state_, object, region, policy, RehomePatience::kAsked);
}

Result<RehomeReport> Bucket::Rehome(const Context& context, ObjectId object, const RehomePolicy& policy) {
  PBFS_ASSIGN_OR_RETURN(const ObjectStat stat, Stat(context, object));
  RehomeReport report;
  for (int64_t region = 0; region << kRegionLog2 < stat.size; ++region) {
    PBFS_ASSIGN_OR_RETURN(const RehomeReport one, RehomeRegion(context, object, region, policy));
    report += one;
  }
  return report;
}

}  // namespace pbfs
