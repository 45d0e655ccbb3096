#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "libs/base/bytes.h"
#include "libs/base/result.h"

namespace pbfs::disk {

inline constexpr size_t kDirectAlignment = 4096;

/// An open file. Threads: any; ranges written at the same time must not overlap. Destroying it closes it.
class File {
 public:
  virtual ~File() = default;
  /// Writes the parts one after the other at `offset`, all of them or an error. Not durable before Sync().
  /// Errors: RESOURCE_EXHAUSTED (detail pbfs-code STORE_FULL), UNAVAILABLE for whatever else the disk says.
  virtual Status WriteAt(int64_t offset, std::span<const ByteSpan> parts) = 0;
  /// The same for one large run of bytes within the file's size, whose offset, address and size are multiples of
  /// kDirectAlignment: past the page cache where the file system can, which takes a sixth of the processor time.
  virtual Status WriteDirect(int64_t offset, ByteSpan bytes) { return WriteAt(offset, {&bytes, 1}); }
  /// Fills `out`. Errors: OUT_OF_RANGE the file ends before; UNAVAILABLE.
  virtual Status ReadAt(int64_t offset, MutableByteSpan out) = 0;
  /// fdatasync: all bytes written before are durable, and the size. After an error what was written since the last good
  /// Sync() may be gone though later calls succeed: never trust the file again.
  virtual Status Sync() = 0;
  /// Makes the file at least `size` bytes long, of zeros with space behind them. Errors: as WriteAt().
  virtual Status Allocate(int64_t size) = 0;
  virtual Status Truncate(int64_t size) = 0;
  virtual Result<int64_t> Size() = 0;
};

/// Held for as long as it lives.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

/// One directory of plain files. Threads: any.
/// Implementations: PosixFileSystem; the twin MemoryFileSystem, which also tears, loses and fails.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  /// Opens for reading and writing. `create`: it must not exist yet. Durable after SyncDirectory().
  /// Errors: NOT_FOUND; ALREADY_EXISTS; RESOURCE_EXHAUSTED disk full, or too many open files; UNAVAILABLE.
  virtual Result<std::unique_ptr<File>> Open(const std::string& name, bool create) = 0;
  /// Replaces `to`, atomically. Durable after SyncDirectory().
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  /// Open files stay readable.
  virtual Status Remove(const std::string& name) = 0;
  virtual Result<std::vector<std::string>> List() = 0;
  virtual Status SyncDirectory() = 0;
  virtual Result<int64_t> FreeBytes() = 0;
  /// Errors: FAILED_PRECONDITION another process holds it.
  virtual Result<std::unique_ptr<DirectoryLock>> Lock() = 0;
  /// For messages.
  virtual std::string Describe() const = 0;
};

}  // namespace pbfs::disk
