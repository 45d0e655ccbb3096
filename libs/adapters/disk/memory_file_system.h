#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/adapters/disk/file_system.h"
#include "libs/base/random.h"
#include "libs/base/sync.h"

namespace pbfs::disk {

/// A directory in memory that keeps apart what was written and what would survive: the twin of PosixFileSystem, with every
/// misfortune of a disk on request. Threads: any.
class MemoryFileSystem final : public FileSystem {
 public:
  explicit MemoryFileSystem(uint64_t seed = 1, int64_t capacity = int64_t{1} << 40);
  ~MemoryFileSystem() override;

  Result<std::unique_ptr<File>> Open(const std::string& name, bool create) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& name) override;
  Result<std::vector<std::string>> List() override;
  Status SyncDirectory() override;
  Result<int64_t> FreeBytes() override;
  Result<std::unique_ptr<DirectoryLock>> Lock() override;
  std::string Describe() const override { return "memory"; }

  /// Operations so far: everything above but Lock() and Describe(), and every call on a file.
  int64_t operations() const;
  /// The n-th operation from now (1: the next) answers `status`. A failing write leaves a part of its bytes; after a failing
  /// Sync() the unsynced bytes still read back and are never written, as on Linux.
  void FailOperation(int64_t n, Status status);
  /// The next Sync() of any file answers `status`, as above.
  void FailNextSync(Status status);
  /// The n-th operation from now and all after it fail, writes torn, until Restart().
  void StopAt(int64_t n);
  bool stopped() const;

  enum class Loss { kNone, kUnsynced };
  /// What a new process finds. kNone: the old one was killed, every write is there. kUnsynced: power failed; each 512-byte
  /// sector written since its last sync is there or not, by chance, and of the directory's changes since the last
  /// SyncDirectory() a prefix. Open files and the lock of the old process are dead.
  void Restart(Loss loss);

  void set_capacity(int64_t bytes);
  /// Test access, past all faults. FlipBits: false if the file has no such byte.
  std::vector<std::string> Names() const;
  int64_t SizeOf(const std::string& name) const;
  bool FlipBits(const std::string& name, int64_t offset, uint8_t mask);
  void Cut(const std::string& name, int64_t size);
  void Erase(const std::string& name);
  /// A copy of what a new process would find now; nothing is shared.
  std::unique_ptr<MemoryFileSystem> Clone() const;

 private:
  friend class MemoryFile;
  struct Inode;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace pbfs::disk
