#include "libs/client/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/client/fetcher.h"
#include "libs/client/task_group.h"

namespace pbfs {
namespace {

constexpr int64_t kReadMemory = 32 << 20;  // fragments on their way for one read
constexpr int64_t kSinkWindow = 16 << 20;
constexpr int kTries = 3;

/// Turns views into targets, following references to sealed objects (depth at most 8).
class TargetMaker {
 public:
  TargetMaker(const Context& context, ClientCore& core, const BucketState& bucket)
      : context_(context), core_(core), bucket_(bucket) {}

  Status Add(const ObjectView& view, int64_t lo, MutableByteSpan out, int depth) {
    const int64_t hi = lo + static_cast<int64_t>(out.size());
    int64_t at = lo;  // everything before is taken care of
    for (const ViewPiece& piece : view.pieces) {
      const int64_t from = std::max(lo, piece.lo), to = std::min(hi, piece.hi);
      if (from >= to) continue;
      Zero(out, lo, at, from);
      at = to;
      PBFS_RETURN_IF_ERROR(AddPiece(piece, from, out.subspan(static_cast<size_t>(from - lo), static_cast<size_t>(to - from)),
                                    depth));
    }
    Zero(out, lo, at, hi);
    return OkStatus();
  }
  const std::vector<BodyTarget>& targets() const { return targets_; }

 private:
  static void Zero(MutableByteSpan out, int64_t lo, int64_t from, int64_t to) {
    if (from < to) std::memset(out.data() + (from - lo), 0, static_cast<size_t>(to - from));
  }

  Status AddPiece(const ViewPiece& piece, int64_t from, MutableByteSpan out, int depth) {
    const int64_t inner = piece.inner + (from - piece.lo);
    switch (piece.extent.source.kind) {
      case SourceKind::kZeros: std::memset(out.data(), 0, out.size()); return OkStatus();
      case SourceKind::kBody:
        targets_.push_back({piece.body, inner, inner + static_cast<int64_t>(out.size()), out.data()});
        return OkStatus();
      case SourceKind::kObject: return AddReference(piece.extent.source.object, inner, out, depth + 1);
    }
    return InternalError("unknown source");
  }

  Status AddReference(ObjectId source, int64_t inner, MutableByteSpan out, int depth) {
    if (depth > kMaxReferenceDepth) return BadRecord("references nest too deep");
    const int64_t end = std::min(kMaxObjectSize, inner + static_cast<int64_t>(out.size()));
    PBFS_ASSIGN_OR_RETURN(const ObjectView view, ViewObject(context_, core_, bucket_, source, inner, end));
    return Add(view, inner, out, depth);
  }

  const Context& context_;
  ClientCore& core_;
  const BucketState& bucket_;
  std::vector<BodyTarget> targets_;
};

/// Whether a fresh list may help: bodies move (rehome, re-encode) and old fragments go (I19).
bool ListAgain(const Status& status) {
  return status.code() == StatusCode::kUnavailable ||
         (status.code() == StatusCode::kDataLoss && !status.Detail("pbfs-code"));
}

Status NameRange(const Status& status, ObjectId object, int64_t lo, int64_t hi) {
  return status.Annotate(fmt::format("object {} bytes [{}, {}): ", object.ToString(), lo, hi));
}

/// One window, listed anew when its fragments are gone.
class WindowReader {
 public:
  WindowReader(const Context& context, ClientCore& core, const BucketState& bucket, ObjectId object,
               std::optional<Hlc> as_of)
      : context_(context), core_(core), bucket_(bucket), object_(object), as_of_(as_of) {}

  /// `view` may be kept from call to call; it is listed for [lo, list_hi) where it does not serve.
  Result<int64_t> Read(std::optional<ObjectView>& view, int64_t lo, int64_t list_hi, MutableByteSpan out, int64_t memory) {
    Backoff backoff(core_.world.random);
    for (int attempt = 1;; ++attempt) {
      const int64_t hi = lo + static_cast<int64_t>(out.size());
      if (!view || view->lo > lo || view->hi < hi || MonotonicNow() >= view->lease_end) {
        PBFS_ASSIGN_OR_RETURN(view, ViewObject(context_, core_, bucket_, object_, lo, std::max(hi, list_hi), as_of_));
      }
      const int64_t got = std::clamp<int64_t>(view->size - lo, 0, static_cast<int64_t>(out.size()));
      if (got == 0) return int64_t{0};
      const Status status =
          FillFromView(context_, core_, bucket_, *view, lo, out.first(static_cast<size_t>(got)), memory);
      if (status.ok()) {
        core_.counters.plaintext_read += got;
        return got;
      }
      if (attempt >= kTries || !ListAgain(status)) return NameRange(status, object_, lo, lo + got);
      if (!backoff.Pause(context_).ok()) return NameRange(status, object_, lo, lo + got);
      ++core_.counters.lists_again;
      view.reset();
    }
  }

 private:
  const Context& context_;
  ClientCore& core_;
  const BucketState& bucket_;
  const ObjectId object_;
  const std::optional<Hlc> as_of_;
};

}  // namespace

Status CheckRange(int64_t lo, int64_t length) {
  if (lo < 0 || length < 0) return InvalidArgumentError("offsets and lengths are not negative");
  if (lo > kMaxObjectSize || length > kMaxObjectSize - lo) {
    return InvalidArgumentError(fmt::format("bytes [{}, +{}) lie beyond the greatest size of an object, 8 TiB", lo, length));
  }
  return OkStatus();
}

Status FillFromView(const Context& context, ClientCore& core, const BucketState& bucket, const ObjectView& view, int64_t lo,
                    MutableByteSpan out, int64_t memory) {
  TargetMaker maker(context, core, bucket);
  PBFS_RETURN_IF_ERROR(maker.Add(view, lo, out, 0));
  return FetchBodies(context, core, bucket, maker.targets(), memory);
}

Result<int64_t> ReadInto(const Context& context, ClientCore& core, const BucketState& bucket, ObjectId object,
                         int64_t offset, MutableByteSpan out, std::optional<Hlc> as_of) {
  PBFS_RETURN_IF_ERROR(CheckRange(offset, static_cast<int64_t>(out.size())));
  if (out.empty()) return int64_t{0};
  const int64_t wanted = std::min<int64_t>({kReadMemory, core.budget.total() / 4, 2 * static_cast<int64_t>(out.size()) + (1 << 20)});
  PBFS_ASSIGN_OR_RETURN(const MemoryShare share, core.budget.Take(context, wanted));
  WindowReader reader(context, core, bucket, object, as_of);
  int64_t done = 0;
  while (done < static_cast<int64_t>(out.size())) {
    const int64_t part = std::min<int64_t>(static_cast<int64_t>(out.size()) - done, 4 * kRegionSize);
    std::optional<ObjectView> view;
    PBFS_ASSIGN_OR_RETURN(const int64_t got,
                          reader.Read(view, offset + done, 0, out.subspan(static_cast<size_t>(done), static_cast<size_t>(part)),
                                      share.bytes()));
    done += got;
    if (got < part) break;
  }
  return done;
}

Result<int64_t> ReadToSink(const Context& context, ClientCore& core, const BucketState& bucket, ObjectId object,
                           int64_t offset, int64_t length, ByteSink& sink, std::optional<Hlc> as_of) {
  length = std::min(length, kMaxObjectSize - std::min(offset, kMaxObjectSize));
  PBFS_RETURN_IF_ERROR(CheckRange(offset, length));
  const int64_t window = std::clamp<int64_t>(core.budget.total() / 8, 1 << 20, kSinkWindow);
  const int64_t small = std::min(window, length);
  PBFS_ASSIGN_OR_RETURN(const MemoryShare share, core.budget.Take(context, 4 * small + (1 << 20)));
  WindowReader reader(context, core, bucket, object, as_of);
  std::optional<ObjectView> view;
  struct Window {
    MutableBuffer bytes;
    int64_t got = 0;
  };
  const int64_t end = offset + length;
  const auto read = [&](Window& into, int64_t at) -> Status {
    const int64_t part = std::min<int64_t>(end - at, static_cast<int64_t>(into.bytes.size()));
    // Lists reach to the end of the region, so that one serves several windows.
    const int64_t list_hi = std::min(end, (RegionOf(at) + 1) << kRegionLog2);
    PBFS_ASSIGN_OR_RETURN(into.got, reader.Read(view, at, list_hi, into.bytes.span().first(static_cast<size_t>(part)),
                                                2 * small));
    return OkStatus();
  };
  if (length == 0) return int64_t{0};
  Window windows[2] = {{MutableBuffer(static_cast<size_t>(small))}, {MutableBuffer(static_cast<size_t>(small))}};
  PBFS_RETURN_IF_ERROR(read(windows[0], offset));
  int64_t done = 0;
  for (int turn = 0;; turn ^= 1) {
    Window& now = windows[turn];
    const bool more = now.got == small && offset + done + now.got < end;
    TaskGroup ahead(core.streams, 1);
    if (more) {
      PBFS_RETURN_IF_ERROR(ahead.Run([&, at = offset + done + now.got] { return read(windows[turn ^ 1], at); }));
    }
    PBFS_RETURN_IF_ERROR(sink.Write(context, ByteSpan(now.bytes.data(), static_cast<size_t>(now.got))));
    done += now.got;
    PBFS_RETURN_IF_ERROR(ahead.Wait());
    if (!more) return done;
  }
}

}  // namespace pbfs
