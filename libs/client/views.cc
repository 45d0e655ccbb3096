// ObjectView: reads of one state of an object.
#include <algorithm>

#include "libs/client/listing.h"
#include "libs/format/name.h"

namespace pbfs {
namespace {

constexpr int kOpenAgain = 20;  // while somebody writes between two pages of a listing

Status OtherState() { return AbortedError("the object has changed since it was opened; open it again"); }

}  // namespace

Result<ObjectView> Bucket::Open(const Context& context, const std::string& name, const ViewOptions& options) {
  const int64_t lo = std::clamp<int64_t>(options.lo, 0, kMaxObjectSize - 1);
  const int64_t hi = std::clamp<int64_t>(options.hi, lo + 1, kMaxObjectSize);
  const Context step = context.Within(core_->options.timeout);
  for (int attempt = 0;; ++attempt) {
    Result<NamedListing> named =
        ListNamedVerified(step, *core_, *state_, name, lo, hi, options.newest, options.version);
    if (!named.ok()) return named.status().Annotate(info().settings.name + "/" + name);
    const ListReply& reply = named->listing.reply;
    ObjectView view(core_, state_);
    view.stat_.object = *named->entry.object;
    view.stat_.size = reply.size;
    view.stat_.opset = *reply.opset;
    view.stat_.sealed = reply.sealed;
    view.stat_.newest = reply.newest;
    SetNamed(named->entry, std::move(named->verified), view.stat_);
    const int64_t covered = reply.covered_hi;
    view.parts_.push_back({lo, covered, std::make_shared<Listing>(std::move(named->listing))});
    const Status rest = view.Cover(step, covered, hi);
    if (rest.ok()) return view;
    if (rest.code() != StatusCode::kAborted || attempt >= kOpenAgain) return rest;
  }
}

Result<ObjectView::Part> ObjectView::List(const Context& context, int64_t lo, int64_t hi) const {
  PBFS_ASSIGN_OR_RETURN(Listing listing,
                        ListVerified(context, *core_, *state_, stat_.object, lo, hi, std::nullopt, true));
  if (*listing.reply.opset != stat_.opset) return OtherState();
  const int64_t covered = listing.reply.covered_hi;
  return Part{lo, covered, std::make_shared<Listing>(std::move(listing))};
}

Status ObjectView::Cover(const Context& context, int64_t lo, int64_t hi) {
  const Context step = context.Within(core_->options.timeout);
  for (int64_t at = std::max<int64_t>(lo, 0), end = std::min(hi, stat_.size); at < end;) {
    PBFS_ASSIGN_OR_RETURN(const Part part, PartAt(step, at, end));
    if (parts_.empty() || parts_.back().listing != part.listing) parts_.push_back(part);
    at = part.hi;
  }
  return OkStatus();
}

// What is known of `lo` and on, or is listed now.
Result<ObjectView::Part> ObjectView::PartAt(const Context& context, int64_t lo, int64_t hi) const {
  for (const Part& part : parts_) {
    if (part.lo <= lo && lo < part.hi && MonotonicNow() < part.listing->lease_until) return part;
  }
  return List(context, lo, hi);
}

Result<int64_t> ObjectView::ReadPiece(const Context& context, int64_t lo, MutableByteSpan out) const {
  int64_t at = lo;
  const int64_t hi = lo + static_cast<int64_t>(out.size());
  for (bool again = false; at < hi;) {
    PBFS_ASSIGN_OR_RETURN(const Part part, again ? List(context, at, hi) : PartAt(context, at, hi));
    const int64_t until = std::min(hi, part.hi);
    const MutableByteSpan target = out.subspan(static_cast<size_t>(at - lo), static_cast<size_t>(until - at));
    const Status read = ReadListed(context, *core_, *state_, part.listing, at, target);
    if (read.ok()) {
      at = until;
      continue;
    }
    // Where a rehome or a repair has moved what was listed, a new listing knows where it is now.
    const bool gone = read.code() == StatusCode::kUnavailable || read.code() == StatusCode::kDataLoss;
    if (again || !gone || read.Detail("pbfs-code").has_value()) return read.Annotate(stat_.object.ToString());
    again = true;
    core_->cluster.Invalidate();
  }
  return hi - lo;
}

Status ObjectView::Read(const Context& context, int64_t lo, int64_t hi, ByteSink& sink) const {
  if (lo < 0 || lo > hi || hi > stat_.size) return InvalidArgumentError("bytes beyond the object");
  return StreamPieces(context, *core_, lo, hi - lo, sink,
                      [&](int64_t at, MutableByteSpan bytes) { return ReadPiece(context, at, bytes); })
      .status();
}

}  // namespace pbfs
