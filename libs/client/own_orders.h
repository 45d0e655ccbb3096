#pragma once

#include <deque>
#include <map>
#include <unordered_map>

#include "libs/base/sync.h"
#include "libs/catalog/types.h"
#include "libs/format/op_record.h"
#include "libs/model/skyline.h"

namespace pbfs {

/// What this process was promised (I29): per object and region its newest acknowledged op. A catalog that answers without
/// it is behind or was rolled back. Bounded: the objects written longest ago are forgotten. Threads: any.
class OwnOrders {
 public:
  void Note(const OpRecord& record);
  /// The order that an answer about [lo, hi) must have seen; 0 if any will do.
  Hlc MinHlc(ObjectId object, int64_t lo, int64_t hi) const;
  /// False if `reply`, with its skyline over [lo, hi), lacks what was acknowledged.
  bool Agrees(ObjectId object, const ListReply& reply, const std::vector<SkylinePiece>& pieces, int64_t lo, int64_t hi) const;

 private:
  struct Own {
    Order order;
    int64_t lo = 0, hi = 0;  // empty for zeros: those may vanish once they hide nothing
  };
  struct Object {
    Hlc span = 0;
    std::map<int64_t, Own> regions;
  };
  mutable Mutex mutex_;
  std::unordered_map<ObjectId, Object> objects_ PBFS_GUARDED_BY(mutex_);
  std::deque<ObjectId> age_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs
