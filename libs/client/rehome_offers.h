#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "libs/base/context.h"
#include "libs/base/random.h"
#include "libs/base/sync.h"
#include "libs/client/bucket.h"
#include "libs/client/client_stats.h"
#include "libs/client/opened_bucket.h"
#include "libs/client/patch_counts.h"
#include "libs/format/op_record.h"

namespace pbfs {

/// Regions that this client found fragmented, to be rehomed in the background (format, section 9.8; ADR 0012). One per
/// client.
///
/// How an offer comes about:
///   * A **read** lists what it reads. Where that looks fragmented by the policy (FragmentedRegions), it offers the
///     region.
///   * A **write** sees no list, and the answer to its Commit says nothing of the region. So a client counts its own
///     patches of each region (PatchCounts), and offers it after as many as make a gather. N writers that never read
///     may so bring N times as many together before the first of them looks, and each counts from its own last offer:
///     bounded, if less tightly, and without a word of protocol.
///
/// An offer is a hint. The rehome lists the whole region anew and decides by that; correctness depends on none of this,
/// and two clients that merge one region at once lose nothing but the work.
///
/// Bounds: `queued` regions wait, `concurrent` are merged at one time, one region never twice at once, and not again
/// before `interval` is over, or `idle_interval`; what is remembered of regions is at most kRemembered. Threads are
/// made with the first offer.
/// Threads: any. The destructor calls off what is under way, forgets what waits, and returns soon (Context::Cancel).
class RehomeOffers {
 public:
  /// Rehomes one region; ends soon when the context is cancelled.
  using Rehome = std::function<Result<RehomeReport>(const Context& context, const OpenedBucket& bucket,
                                                    const ObjectId& object, int64_t region)>;
  static constexpr size_t kRemembered = 4096;

  /// All references outlive this.
  RehomeOffers(const RehomeOfferOptions& options, Random& random, ClientCounters& counters, Rehome rehome);
  ~RehomeOffers();
  RehomeOffers(const RehomeOffers&) = delete;
  RehomeOffers& operator=(const RehomeOffers&) = delete;

  bool enabled() const { return options_.enabled; }
  /// Never blocks. Without effect where this is off, the client may not write, or the region was offered lately.
  void Offer(const OpenedBucket& bucket, const ObjectId& object, int64_t region);
  /// An op of this client was acknowledged: counts it, and offers its regions when that makes enough.
  void NoteOp(const OpenedBucket& bucket, const OpRecord& record);

 private:
  using Key = std::pair<ObjectId, int64_t>;  // a region of an object
  struct Waiting {
    std::shared_ptr<const OpenedBucket> bucket;
    Key key;
  };
  void Run();
  /// The next one that is due; none when this ends.
  std::optional<Waiting> AwaitNext();
  void Finish(const Key& key, const Result<RehomeReport>& done);
  bool MakeRoom() PBFS_REQUIRES(mutex_);
  Duration DrawDelay();

  const RehomeOfferOptions options_;
  Random& random_;
  ClientCounters& counters_;
  const Rehome rehome_;
  const Context context_;  // of all rehomes: cancelled at the end
  PatchCounts patches_;
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ PBFS_GUARDED_BY(mutex_) = false;
  std::multimap<MonotonicTime, Waiting> queue_ PBFS_GUARDED_BY(mutex_);  // by when it is due
  // Not to be offered before this; for ever while it waits or is merged.
  std::map<Key, MonotonicTime> quiet_until_ PBFS_GUARDED_BY(mutex_);
  std::vector<Thread> threads_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs
