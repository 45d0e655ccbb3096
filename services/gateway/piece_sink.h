#pragma once

#include "libs/client/streams.h"
#include "services/gateway/piece_memory.h"

namespace pbfs::gateway {

/// Collects what is read into pieces.
class PieceSink : public ByteSink {
 public:
  PieceSink(Site& site, TakePiece take) : take_(std::move(take)), memory_(site), room_(memory_.AtFirst()) {}
  Status Write(const Context&, ByteSpan bytes) override {
    while (!bytes.empty()) {
      if (piece_.size() == memory_.AtFirst() && room_ == piece_.size()) room_ = memory_.AtMost();
      if (piece_.size() == room_) PBFS_RETURN_IF_ERROR(Flush());
      const size_t taken = std::min(bytes.size(), room_ - piece_.size());
      piece_.insert(piece_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
      bytes = bytes.subspan(taken);
    }
    return OkStatus();
  }
  Status Flush() {
    if (piece_.empty()) return OkStatus();
    Bytes piece;
    piece.swap(piece_);
    room_ = memory_.AtFirst();
    const size_t size = piece.size();
    PBFS_RETURN_IF_ERROR(take_(Buffer::FromBytes(std::move(piece))));
    memory_.HandOn(size);
    return OkStatus();
  }

 private:
  const TakePiece take_;
  PieceMemory memory_;
  size_t room_;  // bytes that the piece may have
  Bytes piece_;
};

}  // namespace pbfs::gateway
