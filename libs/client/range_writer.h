#pragma once

#include <deque>

#include "libs/client/stream_upload.h"
#include "libs/client/write_plans.h"

namespace pbfs {

/// Ranges whose bodies are durable, and the WRITE that places them.
struct PlacedRanges {
  RangesPlan plan;
  std::vector<BodyUpload> uploads;
};

class RangeWriter::Impl {
 public:
  Impl(const Context& context, ClientCore& core, std::shared_ptr<const OpenedBucket> bucket)
      : context_(context),
        core_(core),
        bucket_(std::move(bucket)),
        tasks_(core.streams, core.options.streams_in_flight) {}

  Status Add(int64_t offset, Buffer bytes);
  int64_t bytes() const { return total_; }  // of all that were added
  /// Whether one Commit can name a piece of `size` bytes too.
  bool HasRoomFor(int64_t size) const;
  void PlaceAt(int64_t origin) { origin_ = origin; }
  /// All pieces in `object`, once they are durable. Errors: of their uploads; NOT_FOUND they were made for another bucket.
  Result<PlacedRanges> Place(const OpenedBucket& bucket, const ObjectId& object, const std::optional<OpId>& op);

 private:
  struct Piece {
    int64_t offset = 0, size = 0;
    UploadedBody body;
  };
  Status Upload(Piece& piece, ByteSpan bytes);

  const Context context_;
  ClientCore& core_;
  const std::shared_ptr<const OpenedBucket> bucket_;
  int64_t origin_ = 0, total_ = 0, commit_bytes_ = 0;
  std::deque<Piece> pieces_;  // where a task writes to its own while others are added
  BoundedTasks tasks_;        // last: its tasks use the rest
};

/// What the Commit of a RangeWriter's pieces says to whoever sent them: they cannot be uploaded again from here.
Status OfPieces(const Status& committed);

}  // namespace pbfs
