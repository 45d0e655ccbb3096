#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "libs/base/bytes.h"
#include "libs/base/executor.h"
#include "libs/client/memory_budget.h"

namespace pbfs {

/// Fills pieces of a stream side by side, ahead of whoever takes them one after another. Waits in the destructor for those
/// under way. Threads: one, apart from the executor's.
class PiecesAhead {
 public:
  struct Piece {
    std::unique_ptr<uint8_t[]> room;  // not a vector: that would write zeros first
    MutableByteSpan bytes;
    Result<int64_t> got = int64_t{0};  // how many of them `fill` gave
    bool filled = false;
    MemoryShare share;  // of `bytes`; may be none
  };
  /// `fill` fills the bytes of the piece that begins at an offset; it runs on the executor, several at a time.
  using Fill = std::function<Result<int64_t>(int64_t offset, MutableByteSpan bytes)>;
  PiecesAhead(Executor& executor, Fill fill) : executor_(executor), fill_(std::move(fill)) {}
  ~PiecesAhead();

  void Start(int64_t offset, int64_t size, MemoryShare share);
  size_t count() const { return pieces_.size(); }
  /// The oldest piece that was not dropped, filled.
  const Piece& AwaitFirst();
  void DropFirst() { pieces_.pop_front(); }

 private:
  void Run(Piece& piece, int64_t offset);
  void Await(const Piece& piece);

  Executor& executor_;
  const Fill fill_;
  std::deque<std::unique_ptr<Piece>> pieces_;
  Mutex mutex_;  // of `filled` in all pieces
  CondVar filled_;
};

}  // namespace pbfs
