#include "libs/client/pieces_ahead.h"

namespace pbfs {

PiecesAhead::~PiecesAhead() {
  for (const auto& piece : pieces_) Await(*piece);
}

void PiecesAhead::Start(int64_t offset, int64_t size, MemoryShare share) {
  Piece& piece = *pieces_.emplace_back(std::make_unique<Piece>());
  piece.room = std::make_unique_for_overwrite<uint8_t[]>(static_cast<size_t>(size));
  piece.bytes = {piece.room.get(), static_cast<size_t>(size)};
  piece.share = std::move(share);
  const Status queued = executor_.Submit([this, &piece, offset] { Run(piece, offset); });
  if (!queued.ok()) Run(piece, offset);  // a full pool: the caller does it
}

const PiecesAhead::Piece& PiecesAhead::AwaitFirst() {
  Await(*pieces_.front());
  return *pieces_.front();
}

void PiecesAhead::Run(Piece& piece, int64_t offset) {
  piece.got = fill_(offset, piece.bytes);
  MutexLock lock(mutex_);
  piece.filled = true;
  filled_.NotifyAll();  // under the lock: the waiter may destroy this
}

void PiecesAhead::Await(const Piece& piece) {
  MutexLock lock(mutex_);
  while (!piece.filled) filled_.Wait(mutex_);
}

}  // namespace pbfs
