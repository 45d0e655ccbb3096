#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/sync.h"
#include "libs/catalog/types.h"
#include "libs/format/op_record.h"
#include "libs/model/skyline.h"

namespace pbfs {

/// What an answer about a range of an object has to show, because this client was promised or shown it before it asked.
struct Expected {
  struct Write {
    Order order;
    int64_t lo = 0, hi = 0;
  };
  struct Region {
    Hlc newest = 0;
    std::vector<Write> writes;  // by order; none inside a newer one
  };
  Hlc span = 0;
  std::map<int64_t, Region> regions;

  /// The greatest of these orders.
  Hlc Newest() const;
  /// Whether `reply`, whose skyline over [lo, hi) is `pieces`, has everything: no head is older, and every byte of the writes is
  /// shown at their order or a greater one.
  bool IsShownBy(const ListReply& reply, const std::vector<SkylinePiece>& pieces, int64_t lo, int64_t hi) const;
};

/// What catalogs have acknowledged and shown to this client (I29): per region of an object the newest order that it has seen
/// and its newest own writes, per name its newest own op. An answer that shows less comes from the past, or from somebody who
/// leaves things out. Bounded: it forgets the oldest ids first, and of a region the oldest writes. Threads: any.
class Acknowledged {
 public:
  /// An op was acknowledged at `order`.
  void Note(const OpRecord& record, const Order& order);
  /// A List that agrees was shown: no later one may be older.
  void NoteShown(const ObjectId& object, const ListReply& reply);
  /// What a List of [lo, hi) that is asked for from now on has to show.
  Expected Expect(const ObjectId& object, int64_t lo, int64_t hi) const;
  /// The greatest order of what was acknowledged or shown of an object; 0 if nothing is known.
  Hlc NewestOfObject(const ObjectId& object) const;
  /// The order of this client's newest op on a name; 0 if none is known.
  Hlc NewestOfName(const BucketId& bucket, const std::string& name) const;
  /// What it did to a name counts no more: versions of it were dropped.
  void ForgetName(const BucketId& bucket, const std::string& name);

  /// A moment, for ShowsNames.
  int64_t Moment() const;
  /// Whether a page of the names that are bound now, asked for after `asked`, has this client's own ops on them from before it: no
  /// value is older, and none that it bound is left out. `may_lack`: others may have unbound those.
  bool ShowsNames(const ListNamesRequest& request, const ListNamesReply& reply, int64_t asked, bool may_lack) const;

 private:
  using RegionKey = std::pair<ObjectId, int64_t>;
  void NoteExtent(const ObjectId& object, const RecordExtent& extent, const Order& order) PBFS_REQUIRES(mutex_);
  struct NameSeen {
    Hlc newest = 0;
    bool bound = false;
    int64_t at = 0;  // when it was noted, by count_
  };
  void NoteName(const OpRecord& record, const Order& order) PBFS_REQUIRES(mutex_);
  void Raise(const RegionKey& key, Hlc newest) PBFS_REQUIRES(mutex_);
  void ForgetOldest() PBFS_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::map<RegionKey, Expected::Region> regions_ PBFS_GUARDED_BY(mutex_);  // region -1: spans
  size_t writes_ PBFS_GUARDED_BY(mutex_) = 0;                              // in all regions
  std::map<std::pair<BucketId, std::string>, NameSeen> names_ PBFS_GUARDED_BY(mutex_);
  int64_t count_ PBFS_GUARDED_BY(mutex_) = 0;  // of ops on names
};

}  // namespace pbfs
