#include "libs/adapters/disk/posix_file_system.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "libs/base/sync.h"

namespace pbfs::disk {
namespace {

Status ErrnoStatus(const std::string& what) {
  const int error = errno;
  std::string message = fmt::format("{}: {}", what, std::strerror(error));
  switch (error) {
    case ENOSPC:
    case EDQUOT: return ResourceExhaustedError(std::move(message)).WithDetail("pbfs-code", "STORE_FULL");
    case EMFILE:
    case ENFILE: return ResourceExhaustedError(std::move(message) + "; raise the limit of open files (LimitNOFILE)");
    case ENOENT: return NotFoundError(std::move(message));
    case EEXIST: return AlreadyExistsError(std::move(message));
    case EACCES:
    case EPERM:
    case EROFS: return PermissionDeniedError(std::move(message));
    default: return UnavailableError(std::move(message));
  }
}

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

class PosixFile final : public File {
 public:
  PosixFile(Descriptor fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

  Status WriteAt(int64_t offset, std::span<const ByteSpan> parts) override {
    std::vector<iovec> left;
    for (const ByteSpan part : parts) {
      if (!part.empty()) left.push_back({const_cast<uint8_t*>(part.data()), part.size()});
    }
    size_t first = 0;
    while (first < left.size()) {
      const int count = static_cast<int>(std::min<size_t>(left.size() - first, IOV_MAX));
      const ssize_t wrote = pwritev(fd_.get(), left.data() + first, count, offset);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return ErrnoStatus("write " + name_);
      offset += wrote;
      first = Skip(left, first, static_cast<size_t>(wrote));
    }
    return OkStatus();
  }

  Status WriteDirect(int64_t offset, ByteSpan bytes) override {
    PBFS_CHECK(offset % kDirectAlignment == 0 && bytes.size() % kDirectAlignment == 0);
    const int fd = DirectDescriptor();
    while (fd >= 0 && !bytes.empty()) {
      const ssize_t wrote = pwrite(fd, bytes.data(), bytes.size(), offset);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0 && errno == EINVAL) break;  // a stricter alignment than ours
      if (wrote < 0) return ErrnoStatus("write " + name_);
      offset += wrote;
      bytes = bytes.subspan(static_cast<size_t>(wrote));
    }
    return WriteAt(offset, {&bytes, 1});
  }

  Status ReadAt(int64_t offset, MutableByteSpan out) override {
    while (!out.empty()) {
      const ssize_t got = pread(fd_.get(), out.data(), out.size(), offset);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return ErrnoStatus("read " + name_);
      if (got == 0) return OutOfRangeError(name_ + " ends early");
      offset += got;
      out = out.subspan(static_cast<size_t>(got));
    }
    return OkStatus();
  }

  Status Sync() override { return fdatasync(fd_.get()) == 0 ? OkStatus() : ErrnoStatus("sync " + name_); }

  Status Allocate(int64_t size) override {
    while (fallocate(fd_.get(), 0, 0, size) != 0) {
      if (errno == EINTR) continue;
      // A file system without fallocate: a longer file will do, space is then found when it is written.
      if (errno == EOPNOTSUPP) return Grow(size);
      return ErrnoStatus("allocate " + name_);
    }
    return OkStatus();
  }

  Status Truncate(int64_t size) override {
    return ftruncate(fd_.get(), size) == 0 ? OkStatus() : ErrnoStatus("truncate " + name_);
  }

  Result<int64_t> Size() override {
    struct stat facts;
    if (fstat(fd_.get(), &facts) != 0) return ErrnoStatus("stat " + name_);
    return static_cast<int64_t>(facts.st_size);
  }

 private:
  /// Opened when it is first needed: most files of a store only serve reads. -1 on a file system without direct writes.
  int DirectDescriptor() {
    MutexLock lock(direct_mutex_);
    if (!std::exchange(direct_tried_, true)) {
      const std::string self = fmt::format("/proc/self/fd/{}", fd_.get());
      direct_ = Descriptor(open(self.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC));
    }
    return direct_.get();
  }
  /// Index of the first part not wholly written; shortens it by what was.
  static size_t Skip(std::vector<iovec>& parts, size_t first, size_t wrote) {
    while (first < parts.size() && wrote >= parts[first].iov_len) wrote -= parts[first++].iov_len;
    if (first < parts.size()) {
      parts[first].iov_base = static_cast<uint8_t*>(parts[first].iov_base) + wrote;
      parts[first].iov_len -= wrote;
    }
    return first;
  }
  Status Grow(int64_t size) {
    PBFS_ASSIGN_OR_RETURN(const int64_t now, Size());
    return now < size ? Truncate(size) : OkStatus();
  }

  const Descriptor fd_;
  const std::string name_;
  Mutex direct_mutex_;
  bool direct_tried_ PBFS_GUARDED_BY(direct_mutex_) = false;
  Descriptor direct_ PBFS_GUARDED_BY(direct_mutex_){-1};
};

class PosixLock final : public DirectoryLock {
 public:
  explicit PosixLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  const Descriptor fd_;  // closing it releases the flock
};

class PosixFileSystem final : public FileSystem {
 public:
  PosixFileSystem(std::string path, Descriptor directory) : path_(std::move(path)), directory_(std::move(directory)) {}

  Result<std::unique_ptr<File>> Open(const std::string& name, bool create) override {
    const int flags = O_RDWR | O_CLOEXEC | (create ? O_CREAT | O_EXCL : 0);
    Descriptor fd(openat(directory_.get(), name.c_str(), flags, 0600));
    if (fd.get() < 0) return ErrnoStatus("open " + Path(name));
    return std::unique_ptr<File>(std::make_unique<PosixFile>(std::move(fd), Path(name)));
  }
  Status Rename(const std::string& from, const std::string& to) override {
    const int failed = renameat(directory_.get(), from.c_str(), directory_.get(), to.c_str());
    return failed == 0 ? OkStatus() : ErrnoStatus("rename " + Path(from));
  }
  Status Remove(const std::string& name) override {
    return unlinkat(directory_.get(), name.c_str(), 0) == 0 ? OkStatus() : ErrnoStatus("remove " + Path(name));
  }
  Result<std::vector<std::string>> List() override {
    DIR* listing = opendir(path_.c_str());
    if (listing == nullptr) return ErrnoStatus("list " + path_);
    std::vector<std::string> names;
    while (const dirent* entry = readdir(listing)) {
      if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    closedir(listing);
    std::sort(names.begin(), names.end());
    return names;
  }
  Status SyncDirectory() override { return fsync(directory_.get()) == 0 ? OkStatus() : ErrnoStatus("sync " + path_); }
  Result<int64_t> FreeBytes() override {
    struct statvfs facts;
    if (fstatvfs(directory_.get(), &facts) != 0) return ErrnoStatus("statvfs " + path_);
    return static_cast<int64_t>(facts.f_bavail) * static_cast<int64_t>(facts.f_frsize);
  }
  Result<std::unique_ptr<DirectoryLock>> Lock() override {
    Descriptor fd(openat(directory_.get(), "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (fd.get() < 0) return ErrnoStatus("open " + Path("lock"));
    if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return ErrnoStatus("lock " + path_);
      return FailedPreconditionError("another process uses " + path_ +
                                     "; stop it, or give this store its own directory");
    }
    return std::unique_ptr<DirectoryLock>(std::make_unique<PosixLock>(std::move(fd)));
  }
  std::string Describe() const override { return path_; }

 private:
  std::string Path(const std::string& name) const { return path_ + "/" + name; }

  const std::string path_;
  const Descriptor directory_;
};

}  // namespace

Result<std::unique_ptr<FileSystem>> OpenPosixFileSystem(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoStatus("make directory " + path);
  Descriptor directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0) return ErrnoStatus("open directory " + path);
  return std::unique_ptr<FileSystem>(std::make_unique<PosixFileSystem>(path, std::move(directory)));
}

}  // namespace pbfs::disk
