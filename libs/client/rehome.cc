// Bucket's rehome: merge visible runs of a region onto one new body, each keeping its order (I9). Needs no lock: its facts
// stay true whatever happens meanwhile, and the catalog removes only what it can itself prove covered (I11).
#include <algorithm>
#include <map>
#include <set>

#include "libs/client/body_upload.h"
#include "libs/client/committer.h"
#include "libs/client/listing.h"
#include "libs/client/rehome_policy.h"

namespace pbfs {
namespace {

/// What a merge of one region takes.
struct Merge {
  std::vector<SkylinePiece> runs;  // of data, by lo
  int64_t bytes = 0;
};

std::vector<VisibleBody> VisibleBodies(const Listing& listing) {
  std::map<BodyId, VisibleBody> bodies;
  for (const SkylinePiece& piece : listing.pieces) {
    const Source& source = listing.ExtentOf(piece).source;
    if (source.kind != SourceKind::kBody) continue;
    const ListedBody& listed = listing.bodies.at(source.body);
    VisibleBody& body = bodies[source.body];
    body.body = source.body;
    body.length = listed.header.length;
    body.is_inline = !listed.row.encoding.has_value();
    body.visible += piece.hi - piece.lo;
    ++body.extents;
  }
  std::vector<VisibleBody> out;
  for (auto& [id, body] : bodies) out.push_back(body);
  return out;
}

Merge SelectRuns(const Listing& listing, const RehomePlan& plan, int64_t lo, int64_t hi) {
  const std::set<BodyId> chosen(plan.bodies.begin(), plan.bodies.end());
  Merge merge;
  for (const SkylinePiece& piece : listing.pieces) {
    const Source& source = listing.ExtentOf(piece).source;
    if (source.kind != SourceKind::kBody) continue;  // zeros stay extents; references stay references
    if (plan.kind != RehomeKind::kRewrite && chosen.count(source.body) == 0) continue;
    if (piece.lo < lo || piece.hi > hi) continue;
    merge.runs.push_back(piece);
    merge.bytes += piece.hi - piece.lo;
  }
  return merge;
}

// Sources: every extent of a merged body, and in a rewrite whatever the new body covers; the catalog checks each.
std::vector<ListedSource> SourcesOf(const Listing& listing, const RehomePlan& plan, int64_t region) {
  const std::set<BodyId> chosen(plan.bodies.begin(), plan.bodies.end());
  std::vector<ListedSource> sources;
  for (const Extent& extent : listing.reply.extents) {
    if (extent.source.kind != SourceKind::kBody || RegionOf(extent.lo) != region) continue;
    if (plan.kind != RehomeKind::kRewrite && chosen.count(extent.source.body) == 0) continue;
    sources.push_back({extent.lo, extent.hi, extent.order, extent.source.body});
  }
  return sources;
}

}  // namespace

Result<RehomeReport> Bucket::Rehome(const Context& context, ObjectId object, const RehomePolicy& policy) {
  PBFS_ASSIGN_OR_RETURN(const ObjectStat stat, Stat(context, object));
  RehomeReport report;
  for (int64_t lo = 0; lo < stat.size; lo += kRegionSize) {
    PBFS_RETURN_IF_ERROR(context.Check());
    const int64_t hi = lo + kRegionSize;
    PBFS_ASSIGN_OR_RETURN(const Listing listing, ListVerified(context, *core_, *state_, object, lo, hi, std::nullopt));
    ++report.regions;
    if (listing.reply.covered_hi < hi) continue;  // more extents than one list shows: the next rehome will see fewer
    const RehomePlan plan =
        PlanRehome(VisibleBodies(listing), static_cast<int64_t>(listing.reply.extents.size()), policy);
    if (plan.kind == RehomeKind::kNothing) continue;
    const Merge merge = SelectRuns(listing, plan, lo, hi);
    const std::vector<ListedSource> sources = SourcesOf(listing, plan, RegionOf(lo));
    if (merge.runs.empty() || sources.empty()) continue;
    PBFS_ASSIGN_OR_RETURN(const MemoryShare share, core_->budget.Take(context, 2 * merge.bytes));
    Bytes content(static_cast<size_t>(merge.bytes));
    PBFS_RETURN_IF_ERROR(ReadRuns(context, *core_, *state_, listing, merge.runs, content));
    const NewBody body = MakeNewBody(*core_, *state_, content);
    PBFS_ASSIGN_OR_RETURN(const UploadedBody uploaded, UploadBody(context, *core_, *state_, body));
    CommitPlan commit;
    commit.ops.push_back({NewRecord(*core_, OpKind::kRehome, object), {}});
    OpRecord& record = commit.ops[0].record;
    record.bodies = {uploaded.record};
    record.list_frontier = listing.reply.frontier;
    record.listed = sources;
    int64_t inner = 0;
    for (const SkylinePiece& run : merge.runs) {
      record.extents.push_back({run.lo, run.hi, listing.ExtentOf(run).order, inner, 0, SourceKind::kBody});
      inner += run.hi - run.lo;
    }
    commit.bodies = {uploaded.upload};
    PBFS_ASSIGN_OR_RETURN(const Committed done, CommitOps(context, *core_, *state_, commit));
    ++report.merged;
    report.bytes += merge.bytes;
    report.removed += done.reply.removed;
    report.kept += done.reply.kept;
  }
  return report;
}

}  // namespace pbfs
