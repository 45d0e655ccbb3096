#include "libs/client/region_shape.h"

#include <algorithm>
#include <set>

#include "libs/model/limits.h"

namespace pbfs {
namespace {

/// What is needed to make a RegionShape.
struct Draft {
  std::map<BodyId, VisibleBody> bodies;
  std::set<Order> orders;  // that are visible
  RegionShape shape;
  // The run that the last piece would be part of after a rewrite.
  int64_t run_end = -1;
  Order run_order;
};

class Shaper {
 public:
  explicit Shaper(const Listing& listing) : listing_(listing) {}

  std::map<int64_t, RegionShape> Run() {
    for (const SkylinePiece& piece : listing_.pieces) AddPiece(piece);
    for (const Extent& extent : listing_.reply.extents) AddExtent(extent);
    std::map<int64_t, RegionShape> shapes;
    for (auto& [region, draft] : drafts_) {
      for (auto& [id, body] : draft.bodies) draft.shape.bodies.push_back(body);
      shapes.emplace(region, std::move(draft.shape));
    }
    return shapes;
  }

 private:
  void AddPiece(const SkylinePiece& piece) {
    const Extent& extent = listing_.ExtentOf(piece);
    if (extent.source.kind != SourceKind::kBody) return;  // may be longer than a region
    Draft& draft = drafts_[RegionOf(piece.lo)];
    const ListedBody& listed = listing_.bodies.at(extent.source.body);
    VisibleBody& body = draft.bodies[extent.source.body];
    body.body = extent.source.body;
    body.placed = listed.placed;
    body.is_inline = !listed.row.encoding.has_value();
    body.gathered = listed.rehomed;
    body.visible += piece.hi - piece.lo;
    ++body.extents;
    draft.orders.insert(extent.order);
    AddRun(piece, extent.order, draft);
  }
  // All below the frontier take one order, and neighbours of one order are one run.
  void AddRun(const SkylinePiece& piece, Order order, Draft& draft) {
    if (order.hlc <= FrontierOf(listing_.reply, RegionOf(piece.lo))) order = {};
    if (piece.lo != draft.run_end || order != draft.run_order) ++draft.shape.rewritten;
    draft.run_end = piece.hi;
    draft.run_order = order;
  }
  void AddExtent(const Extent& extent) {
    if (extent.hi - extent.lo > kRegionSize) return;  // a span: of no region
    Draft& draft = drafts_[RegionOf(extent.lo)];
    ++draft.shape.extents;
    if (extent.source.kind != SourceKind::kBody) {
      ++draft.shape.rewritten;
      return;
    }
    // A source that lies beneath copies of its own order stays whatever is rewritten (I7).
    const bool hidden = !draft.bodies.contains(extent.source.body) && !draft.orders.contains(extent.order);
    if (hidden) draft.shape.hidden += extent.size();
  }

  const Listing& listing_;
  std::map<int64_t, Draft> drafts_;
};

}  // namespace

Hlc FrontierOf(const ListReply& reply, int64_t region) {
  Hlc newest = reply.span_hlc;
  for (const RegionHead& head : reply.regions) {
    if (head.region == region) newest = std::max(newest, head.max_hlc);
  }
  return std::min(newest, reply.frontier);
}

std::map<int64_t, RegionShape> ShapesOf(const Listing& listing) { return Shaper(listing).Run(); }

std::vector<int64_t> FragmentedRegions(const Listing& listing, int64_t lo, const RehomePolicy& policy) {
  std::vector<int64_t> regions;
  if (static_cast<int64_t>(listing.bodies.size()) <= std::min(policy.gather_bodies, kFewBodies)) return regions;
  const int64_t hi = std::min(listing.reply.covered_hi, listing.reply.size);
  for (const auto& [region, shape] : ShapesOf(listing)) {
    const int64_t begin = region << kRegionLog2, end = std::min(begin + kRegionSize, listing.reply.size);
    const int64_t shown = std::min(end, hi) - std::max(begin, lo);
    if (shown <= 0) continue;
    const double share = static_cast<double>(shown) / static_cast<double>(end - begin);
    if (LooksFragmented(shape, share, policy)) regions.push_back(region);
  }
  return regions;
}

}  // namespace pbfs
