#pragma once

#include <functional>
#include <memory>

#include "libs/client/parts.h"

namespace pbfs {

/// A stretch of a stream, in memory for as long as `owner` lives.
struct Chunk {
  ByteSpan bytes;
  std::shared_ptr<const void> owner;
  bool last = false;  // nothing follows
};

/// Cuts a stream into chunks. One thread.
class ChunkReader {
 public:
  virtual ~ChunkReader() = default;
  /// The next `size` bytes, fewer only at the end; empty if there is nothing at all.
  virtual Result<Chunk> Next(const Context& context, int64_t size) = 0;
};

/// Bytes in memory: no copy.
class SpanChunks final : public ChunkReader {
 public:
  explicit SpanChunks(ByteSpan bytes) : rest_(bytes) {}
  Result<Chunk> Next(const Context& context, int64_t size) override;

 private:
  ByteSpan rest_;
};

/// A source, read ahead by one byte so that the last chunk is known to be the last.
class SourceChunks final : public ChunkReader {
 public:
  explicit SourceChunks(ByteSource& source) : source_(source) {}
  Result<Chunk> Next(const Context& context, int64_t size) override;

 private:
  static constexpr size_t kFirstRead = 1 << 20;  // grow from here: a short stream takes little memory
  ByteSource& source_;
  Bytes ahead_;  // at most one byte
  size_t first_read_ = kFirstRead;
};

/// Runs tasks on the client's executor, a bounded number at a time, and keeps the first error. One caller.
class BoundedTasks {
 public:
  BoundedTasks(Executor& executor, int limit) : executor_(executor), limit_(limit) {}
  ~BoundedTasks() { (void)Finish(); }
  /// Waits for a free place, then starts `task`; after an error it starts nothing and returns it.
  Status Start(std::function<Status()> task);
  /// Waits for all; the first error.
  Status Finish();

 private:
  void Done(Status status);

  Executor& executor_;
  const int limit_;
  Mutex mutex_;
  CondVar changed_;
  int running_ PBFS_GUARDED_BY(mutex_) = 0;
  Status error_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs
