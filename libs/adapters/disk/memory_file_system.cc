#include "libs/adapters/disk/memory_file_system.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

namespace pbfs::disk {
namespace {

constexpr int64_t kSector = 512;

Status NoSpace() { return ResourceExhaustedError("no space left").WithDetail("pbfs-code", "STORE_FULL"); }

}  // namespace

/// `now` is what reads see, `durable` what a power failure leaves of the sectors that are not dirty.
struct MemoryFileSystem::Inode {
  Bytes now;
  Bytes durable;
  std::set<int64_t> dirty;  // sectors

  void Write(int64_t offset, ByteSpan bytes) {
    if (bytes.empty()) return;
    const auto end = static_cast<size_t>(offset) + bytes.size();
    if (now.size() < end) now.resize(end);
    std::memcpy(now.data() + offset, bytes.data(), bytes.size());
    for (int64_t s = offset / kSector; s * kSector < static_cast<int64_t>(end); ++s) dirty.insert(s);
  }
  void Persist(int64_t sector) {
    const auto from = static_cast<size_t>(sector * kSector);
    const size_t to = std::min(now.size(), from + kSector);
    if (from >= to) return;
    if (durable.size() < to) durable.resize(to);
    std::memcpy(durable.data() + from, now.data() + from, to - from);
  }
  void Sync() {
    for (const int64_t sector : dirty) Persist(sector);
    durable.resize(now.size());
    dirty.clear();
  }
  /// Power failed: dirty sectors by chance; so is a size that was not synced.
  void LosePower(Random& random) {
    for (const int64_t sector : dirty) {
      if (random.Below(2) == 0) Persist(sector);
    }
    if (random.Below(2) == 0) durable.resize(now.size());
    now = durable;
    dirty.clear();
  }
};

struct MemoryFileSystem::State {
  explicit State(uint64_t seed) : random(seed) {}
  Mutex mutex;
  SeededRandom random;
  int64_t capacity PBFS_GUARDED_BY(mutex) = 0;
  std::map<std::string, std::shared_ptr<Inode>> names PBFS_GUARDED_BY(mutex);
  std::map<std::string, std::shared_ptr<Inode>> durable_names PBFS_GUARDED_BY(mutex);
  std::vector<std::function<void(std::map<std::string, std::shared_ptr<Inode>>&)>> changes PBFS_GUARDED_BY(mutex);
  int64_t operations PBFS_GUARDED_BY(mutex) = 0;
  std::map<int64_t, Status> fail PBFS_GUARDED_BY(mutex);
  Status fail_sync PBFS_GUARDED_BY(mutex);
  std::optional<int64_t> stop_at PBFS_GUARDED_BY(mutex);
  int64_t process PBFS_GUARDED_BY(mutex) = 0;  // files and locks of an earlier one are dead
  std::weak_ptr<void> locked PBFS_GUARDED_BY(mutex);

  /// Counts one operation of `by`. Not OK: it must fail.
  Status Begin(int64_t by) PBFS_REQUIRES(mutex) {
    if (by != process) return UnavailableError("this process was killed");
    const int64_t operation = ++operations;
    if (stop_at.has_value() && operation >= *stop_at) return UnavailableError("stopped here");
    const auto found = fail.find(operation);
    return found == fail.end() ? OkStatus() : found->second;
  }
  Status Begin() PBFS_REQUIRES(mutex) { return Begin(process); }
  void Change(std::function<void(std::map<std::string, std::shared_ptr<Inode>>&)> change) PBFS_REQUIRES(mutex) {
    change(names);
    changes.push_back(std::move(change));
  }
  int64_t Used() PBFS_REQUIRES(mutex) {
    int64_t used = 0;
    for (const auto& [name, inode] : names) used += static_cast<int64_t>(inode->now.size());
    return used;
  }
};

/// A file opened by one life of the process.
class MemoryFile final : public File {
 public:
  MemoryFile(std::shared_ptr<MemoryFileSystem::State> state, std::shared_ptr<MemoryFileSystem::Inode> inode,
             int64_t process)
      : state_(std::move(state)), inode_(std::move(inode)), process_(process) {}

  Status WriteAt(int64_t offset, std::span<const ByteSpan> parts) override {
    Bytes all;
    for (const ByteSpan part : parts) all.insert(all.end(), part.begin(), part.end());
    MutexLock lock(state_->mutex);
    Status status = state_->Begin(process_);
    if (process_ != state_->process) return status;
    const int64_t growth = offset + static_cast<int64_t>(all.size()) - static_cast<int64_t>(inode_->now.size());
    if (growth > 0 && state_->Used() + growth > state_->capacity) return NoSpace();
    if (!status.ok()) all.resize(state_->random.Below(all.size() + 1));  // torn
    inode_->Write(offset, all);
    return status;
  }
  Status ReadAt(int64_t offset, MutableByteSpan out) override {
    MutexLock lock(state_->mutex);
    PBFS_RETURN_IF_ERROR(state_->Begin(process_));
    if (offset + out.size() > inode_->now.size()) return OutOfRangeError("the file ends early");
    if (!out.empty()) std::memcpy(out.data(), inode_->now.data() + offset, out.size());
    return OkStatus();
  }
  Status Sync() override {
    MutexLock lock(state_->mutex);
    Status status = state_->Begin(process_);
    if (process_ != state_->process) return status;
    if (status.ok()) status = std::exchange(state_->fail_sync, OkStatus());
    if (status.ok()) {
      inode_->Sync();
    } else if (!state_->stop_at.has_value()) {
      inode_->dirty.clear();  // dropped: reads still see them, the disk never will
    }
    return status;
  }
  Status Allocate(int64_t size) override {
    MutexLock lock(state_->mutex);
    PBFS_RETURN_IF_ERROR(state_->Begin(process_));
    const int64_t growth = size - static_cast<int64_t>(inode_->now.size());
    if (growth <= 0) return OkStatus();
    if (state_->Used() + growth > state_->capacity) return NoSpace();
    inode_->now.resize(static_cast<size_t>(size));
    return OkStatus();
  }
  Status Truncate(int64_t size) override {
    MutexLock lock(state_->mutex);
    PBFS_RETURN_IF_ERROR(state_->Begin(process_));
    inode_->now.resize(static_cast<size_t>(size));
    return OkStatus();
  }
  Result<int64_t> Size() override {
    MutexLock lock(state_->mutex);
    PBFS_RETURN_IF_ERROR(state_->Begin(process_));
    return static_cast<int64_t>(inode_->now.size());
  }

 private:
  const std::shared_ptr<MemoryFileSystem::State> state_;
  const std::shared_ptr<MemoryFileSystem::Inode> inode_;
  const int64_t process_;
};

namespace {

class MemoryLock final : public DirectoryLock {
 public:
  explicit MemoryLock(std::shared_ptr<void> held) : held_(std::move(held)) {}

 private:
  const std::shared_ptr<void> held_;
};

}  // namespace

MemoryFileSystem::MemoryFileSystem(uint64_t seed, int64_t capacity) : state_(std::make_shared<State>(seed)) {
  set_capacity(capacity);
}
MemoryFileSystem::~MemoryFileSystem() = default;

Result<std::unique_ptr<File>> MemoryFileSystem::Open(const std::string& name, bool create) {
  MutexLock lock(state_->mutex);
  PBFS_RETURN_IF_ERROR(state_->Begin());
  const auto found = state_->names.find(name);
  if (create && found != state_->names.end()) return AlreadyExistsError(name);
  if (!create && found == state_->names.end()) return NotFoundError(name);
  auto inode = create ? std::make_shared<Inode>() : found->second;
  if (create) state_->Change([name, inode](auto& names) { names[name] = inode; });
  return std::unique_ptr<File>(std::make_unique<MemoryFile>(state_, std::move(inode), state_->process));
}

Status MemoryFileSystem::Rename(const std::string& from, const std::string& to) {
  MutexLock lock(state_->mutex);
  PBFS_RETURN_IF_ERROR(state_->Begin());
  if (!state_->names.contains(from)) return NotFoundError(from);
  state_->Change([from, to](auto& names) {
    if (const auto found = names.find(from); found != names.end()) {
      names[to] = found->second;
      names.erase(from);
    }
  });
  return OkStatus();
}

Status MemoryFileSystem::Remove(const std::string& name) {
  MutexLock lock(state_->mutex);
  PBFS_RETURN_IF_ERROR(state_->Begin());
  if (!state_->names.contains(name)) return NotFoundError(name);
  state_->Change([name](auto& names) { names.erase(name); });
  return OkStatus();
}

Result<std::vector<std::string>> MemoryFileSystem::List() {
  {
    MutexLock lock(state_->mutex);
    PBFS_RETURN_IF_ERROR(state_->Begin());
  }
  return Names();
}

Status MemoryFileSystem::SyncDirectory() {
  MutexLock lock(state_->mutex);
  PBFS_RETURN_IF_ERROR(state_->Begin());
  state_->durable_names = state_->names;
  state_->changes.clear();
  return OkStatus();
}

Result<int64_t> MemoryFileSystem::FreeBytes() {
  MutexLock lock(state_->mutex);
  PBFS_RETURN_IF_ERROR(state_->Begin());
  return std::max<int64_t>(0, state_->capacity - state_->Used());
}

Result<std::unique_ptr<DirectoryLock>> MemoryFileSystem::Lock() {
  MutexLock lock(state_->mutex);
  if (!state_->locked.expired()) return FailedPreconditionError("another process uses memory");
  std::shared_ptr<void> held = std::make_shared<int>(0);
  state_->locked = held;
  return std::unique_ptr<DirectoryLock>(std::make_unique<MemoryLock>(std::move(held)));
}

int64_t MemoryFileSystem::operations() const {
  MutexLock lock(state_->mutex);
  return state_->operations;
}
void MemoryFileSystem::FailOperation(int64_t n, Status status) {
  MutexLock lock(state_->mutex);
  state_->fail[state_->operations + n] = std::move(status);
}
void MemoryFileSystem::FailNextSync(Status status) {
  MutexLock lock(state_->mutex);
  state_->fail_sync = std::move(status);
}
void MemoryFileSystem::StopAt(int64_t n) {
  MutexLock lock(state_->mutex);
  state_->stop_at = state_->operations + n;
}
bool MemoryFileSystem::stopped() const {
  MutexLock lock(state_->mutex);
  return state_->stop_at.has_value() && state_->operations >= *state_->stop_at;
}

void MemoryFileSystem::Restart(Loss loss) {
  MutexLock lock(state_->mutex);
  ++state_->process;
  state_->stop_at.reset();
  state_->fail.clear();
  state_->fail_sync = OkStatus();
  state_->locked.reset();
  if (loss == Loss::kNone) return;
  const size_t kept = state_->random.Below(state_->changes.size() + 1);
  for (size_t i = 0; i < kept; ++i) state_->changes[i](state_->durable_names);
  state_->changes.clear();
  state_->names = state_->durable_names;
  std::set<Inode*> seen;
  for (const auto& [name, inode] : state_->names) {
    if (seen.insert(inode.get()).second) inode->LosePower(state_->random);
  }
}

void MemoryFileSystem::set_capacity(int64_t bytes) {
  MutexLock lock(state_->mutex);
  state_->capacity = bytes;
}
std::vector<std::string> MemoryFileSystem::Names() const {
  MutexLock lock(state_->mutex);
  std::vector<std::string> names;
  for (const auto& [name, inode] : state_->names) names.push_back(name);
  return names;
}
int64_t MemoryFileSystem::SizeOf(const std::string& name) const {
  MutexLock lock(state_->mutex);
  const auto found = state_->names.find(name);
  return found == state_->names.end() ? -1 : static_cast<int64_t>(found->second->now.size());
}
bool MemoryFileSystem::FlipBits(const std::string& name, int64_t offset, uint8_t mask) {
  MutexLock lock(state_->mutex);
  const auto found = state_->names.find(name);
  if (found == state_->names.end() || offset < 0 || offset >= static_cast<int64_t>(found->second->now.size()))
    return false;
  found->second->now[offset] ^= mask;
  if (offset < static_cast<int64_t>(found->second->durable.size())) found->second->durable[offset] ^= mask;
  return true;
}
void MemoryFileSystem::Cut(const std::string& name, int64_t size) {
  MutexLock lock(state_->mutex);
  Inode& inode = *state_->names.at(name);
  inode.now.resize(static_cast<size_t>(size));
  inode.durable.resize(static_cast<size_t>(size));
}
void MemoryFileSystem::Erase(const std::string& name) {
  MutexLock lock(state_->mutex);
  state_->names.erase(name);
  state_->durable_names.erase(name);
}
std::unique_ptr<MemoryFileSystem> MemoryFileSystem::Clone() const {
  auto copy = std::make_unique<MemoryFileSystem>();
  MutexLock lock(state_->mutex);
  MutexLock copy_lock(copy->state_->mutex);
  for (const auto& [name, inode] : state_->names) {
    auto twin = std::make_shared<Inode>();
    twin->now = twin->durable = inode->now;
    copy->state_->names[name] = copy->state_->durable_names[name] = std::move(twin);
  }
  return copy;
}

}  // namespace pbfs::disk
