#pragma once

#include <algorithm>

#include "libs/client/bucket.h"

namespace pbfs::gateway {

/// Collects what is read into pieces of a new object.
class PieceSink : public ByteSink {
 public:
  PieceSink(ObjectWriter& writer, size_t piece_bytes) : writer_(writer), piece_bytes_(piece_bytes) {}
  Status Write(const Context&, ByteSpan bytes) override {
    while (!bytes.empty()) {
      const size_t taken = std::min(bytes.size(), piece_bytes_ - piece_.size());
      piece_.insert(piece_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
      bytes = bytes.subspan(taken);
      if (piece_.size() == piece_bytes_) PBFS_RETURN_IF_ERROR(Flush());
    }
    return OkStatus();
  }
  Status Flush() {
    if (piece_.empty()) return OkStatus();
    Bytes piece;
    piece.swap(piece_);
    return writer_.Add(std::move(piece));
  }

 private:
  ObjectWriter& writer_;
  const size_t piece_bytes_;
  Bytes piece_;
};

}  // namespace pbfs::gateway
