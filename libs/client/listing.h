#pragma once

#include <functional>
#include <memory>
#include <unordered_map>

#include "libs/client/parts.h"
#include "libs/format/op_record.h"
#include "libs/model/skyline.h"

namespace pbfs {

/// A body that a listing shows, verified: its header is the record's, its key the one that the header commits to.
struct ListedBody {
  BodyRow row;
  BodyHeader header;
  Key32 dek;
  bool rehomed = false;  // a REHOME placed it here
  int64_t placed = 0;    // bytes of it that the record which shows it places in the listed range
};

/// A verified snapshot of a range: whatever is in it was stated by a key holder (I28).
struct Listing {
  ListReply reply;
  std::vector<SkylinePiece> pieces;  // visible, by lo; extents are in reply.extents
  std::unordered_map<BodyId, ListedBody> bodies;
  MonotonicTime lease_until;  // the fragments live at least so long (I19)
  const Extent& ExtentOf(const SkylinePiece& piece) const { return reply.extents[piece.extent]; }
};

/// Lists [lo, hi) and verifies every visible extent against its MACed record, and every body that it names. An answer that
/// misses an op which this client had acknowledged is asked for again, then refused (I29).
/// Errors: NOT_FOUND; DATA_LOSS with detail pbfs-code BAD_RECORD or STALE_OR_ROLLBACK; OUT_OF_RANGE HISTORY_EXPIRED; those of
/// the catalog.
Result<Listing> ListVerified(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                             const ObjectId& object, int64_t lo, int64_t hi, std::optional<Hlc> as_of,
                             bool with_opset = false);

/// What is kept beside a name.
struct VerifiedEntry {
  ObjectMetadata metadata;
  Order meta;  // of the newest META of its object; zero: none
};

/// What a name is bound to, verified, and a listing of some of it, from one snapshot.
struct NamedListing {
  Listing listing;  // with opset
  NameEntry entry;
  VerifiedEntry verified;
};

/// Lists [lo, hi) of the object that a name is bound to, or that a version of it is. `newest`, `version`: as ListRequest has them.
/// Errors: those of ListVerified; NOT_FOUND also: the name is not bound.
Result<NamedListing> ListNamedVerified(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                                       const std::string& name, int64_t lo, int64_t hi, bool newest,
                                       std::optional<Order> version = {});

/// The entry's metadata after its record has proven that a key holder bound this name to this object.
/// Errors: DATA_LOSS with detail pbfs-code BAD_RECORD.
Result<VerifiedEntry> VerifyEntry(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                                  const NameEntry& entry);
/// What `stat` says of the name that the object was found by.
void SetNamed(const NameEntry& entry, VerifiedEntry verified, ObjectStat& stat);
/// Whether `entry` is what was asked for.
bool IsVersion(const NameEntry& entry, const std::string& name, const Order& version);

/// Fills out = [lo, lo + out.size()), which `listing` covers, following references. Zeros where nobody wrote.
/// Errors: those of a read; UNAVAILABLE and DATA_LOSS without pbfs-code also where fragments are gone since it was listed.
Status ReadListed(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                  std::shared_ptr<const Listing> listing, int64_t lo, MutableByteSpan out);

/// Streams [offset, offset + length) of something that `read` gives in pieces, some of them ahead of the sink; a piece that is short
/// ends it. Returns how many bytes there were.
Result<int64_t> StreamPieces(const Context& context, ClientCore& core, int64_t offset, int64_t length, ByteSink& sink,
                             const std::function<Result<int64_t>(int64_t at, MutableByteSpan bytes)>& read);

/// What ReadRuns() needs of memory at most, beside `out`.
inline constexpr int64_t kReadRunsMemory = 16 << 20;
/// Reads the data runs of a listing (pieces whose source is a body), one after another, into `out`. The caller has a
/// share of the budget for `out` and kReadRunsMemory: this waits for none, so that whoever holds one share never waits
/// for another.
/// Errors: those of a read.
Status ReadRuns(const Context& context, ClientCore& core, const OpenedBucket& bucket, const Listing& listing,
                const std::vector<SkylinePiece>& runs, MutableByteSpan out);

/// Repeats a read-only call of the catalog while it is UNAVAILABLE and there is time.
template <typename Call>
auto RetryRead(const Context& context, const Call& call) -> decltype(call()) {
  Duration back_off = std::chrono::milliseconds(5);
  for (;;) {
    auto result = call();
    const bool again =
        !result.ok() && (IsRetryable(result.status()) || result.status().code() == StatusCode::kResourceExhausted);
    if (!again || !context.Check().ok()) return result;
    if (context.deadline() == MonotonicTime::max() && back_off > std::chrono::seconds(2)) return result;
    SleepUntil(
        std::min(MonotonicNow() + std::min<Duration>(back_off, std::chrono::milliseconds(200)), context.deadline()));
    back_off *= 2;
  }
}

}  // namespace pbfs
