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

/// What catalogs have acknowledged to this client (I29): per region of an object, and per name, its newest own op. An answer
/// that shows less comes from the past, or from somebody who leaves things out. Bounded: it forgets the oldest ids first.
/// Threads: any.
class Acknowledged {
 public:
  /// An op was acknowledged at `order`.
  void Note(const OpRecord& record, const Order& order);
  /// The greatest order of what [lo, hi) touches; 0 if nothing is known.
  Hlc Newest(const ObjectId& object, int64_t lo, int64_t hi) const;
  /// The order of this client's newest op on a name; 0 if none is known.
  Hlc NewestOfName(const BucketId& bucket, const std::string& name) const;
  /// Whether `reply`, whose skyline over [lo, hi) is `pieces`, has everything: no region's head is older than an own op there,
  /// and every byte of the newest own write is shown at its order or a greater one.
  bool Agrees(const ObjectId& object, const ListReply& reply, const std::vector<SkylinePiece>& pieces, int64_t lo,
              int64_t hi) const;

 private:
  struct Own {
    Order order;
    int64_t lo = 0, hi = 0;  // empty for zeros: those may go once they hide nothing (I14)
  };
  using RegionKey = std::pair<ObjectId, int64_t>;
  void NoteExtent(const ObjectId& object, const RecordExtent& extent, const Order& order) PBFS_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::map<RegionKey, Own> newest_ PBFS_GUARDED_BY(mutex_);  // region -1: spans
  std::map<std::pair<BucketId, std::string>, Hlc> names_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs
