#pragma once

#include <vector>

#include "libs/client/listing.h"

namespace pbfs {

/// A run of segments of one body, and where the bytes in it go that a read wants.
struct SegmentFetch {
  struct Piece {
    int64_t begin = 0;  // plaintext bytes [begin, end) of the body
    int64_t end = 0;
    uint8_t* out = nullptr;  // end - begin bytes
    int64_t at = 0;          // where these bytes stand in the object that is read: what errors name
  };
  const ListedBody* body = nullptr;
  int64_t begin = 0;  // what all pieces together span: the segments that hold any byte of it are fetched
  int64_t end = 0;
  std::vector<Piece> pieces;  // by begin, at least one in each segment; they may overlap
};

/// Fetches fragments' ranges from k stores of each body, checks, decodes what is missing, opens, and copies into place.
/// Many fetches go together: one call to each store carries all its ranges. A store that is slow or wrong is hedged or decoded
/// around. All or nothing: on an error `out` holds nothing that may be used.
/// Errors: DATA_LOSS more than m shards are wrong, or no store has them; UNAVAILABLE more than m shards cannot be had now. They
/// name the bytes of the object and the body.
Status FetchSegments(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                     const std::vector<SegmentFetch>& fetches);

}  // namespace pbfs
