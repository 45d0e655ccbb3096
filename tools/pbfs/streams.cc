#include "tools/pbfs/streams.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/local/files.h"

namespace pbfs::cli {
namespace {

using local::ErrnoStatus;

Status IsDirectory(const std::string& path) {
  return InvalidArgumentError(path + " is a directory; name a file, or - for a stream");
}

/// Waits until a read or write would not block, in short steps: a signal may reach another thread than the one that waits.
Status AwaitReady(const Context& context, int fd, short events) {
  constexpr int kStepMillis = 100;
  pollfd state{fd, events, 0};
  do {
    PBFS_RETURN_IF_ERROR(context.Check());
  } while (poll(&state, 1, kStepMillis) <= 0);
  return OkStatus();
}

}  // namespace

Result<InputFile> InputFile::Open(const std::string& path) {
  const int fd = path == "-" ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, "cannot open " + path);
  struct stat info {};
  fstat(fd, &info);
  InputFile file(fd, S_ISREG(info.st_mode) ? info.st_size : -1, path);
  if (S_ISDIR(info.st_mode)) return IsDirectory(path);
  if (file.size_ >= 0) file.size_ -= std::max<off_t>(0, lseek(fd, 0, SEEK_CUR));  // stdin may stand in the middle
  return file;
}

InputFile::InputFile(InputFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), size_(other.size_), path_(std::move(other.path_)) {}
InputFile::~InputFile() {
  if (fd_ >= 0) close(fd_);
}

Result<size_t> InputFile::Read(const Context& context, MutableByteSpan out) {
  size_t done = 0;
  while (done < out.size()) {
    PBFS_RETURN_IF_ERROR(AwaitReady(context, fd_, POLLIN));
    const ssize_t count = read(fd_, out.data() + done, out.size() - done);
    if (count == 0) break;
    if (count < 0 && errno != EINTR) return ErrnoStatus(errno, "cannot read " + path_);
    if (count > 0) done += static_cast<size_t>(count);
  }
  return done;
}

Result<OutputFile> OutputFile::Open(const std::string& path) {
  struct stat info {};
  if (path == "-") return OutputFile(dup(STDOUT_FILENO), "stdout", "");
  const bool exists = stat(path.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) return IsDirectory(path);
  const bool direct = exists && !S_ISREG(info.st_mode);
  std::string beside = direct ? "" : path + ".pbfs-XXXXXX";
  const int fd = direct ? open(path.c_str(), O_WRONLY | O_CLOEXEC) : mkostemp(beside.data(), O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, "cannot create " + path);
  if (!direct) {
    const mode_t mask = umask(0);
    umask(mask);
    fchmod(fd, exists ? info.st_mode & 07777 : 0666 & ~mask);
  }
  return OutputFile(fd, path, std::move(beside));
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)), beside_(std::exchange(other.beside_, "")) {}
OutputFile::~OutputFile() {
  if (fd_ >= 0) close(fd_);
  if (!beside_.empty()) unlink(beside_.c_str());
}

Status OutputFile::Write(const Context& context, ByteSpan bytes) {
  for (size_t done = 0; done < bytes.size();) {
    PBFS_RETURN_IF_ERROR(AwaitReady(context, fd_, POLLOUT));
    const ssize_t count = write(fd_, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EPIPE) return CancelledError("nobody reads " + path_ + " any more");
    if (count < 0 && errno != EINTR) return ErrnoStatus(errno, "cannot write " + path_);
    if (count > 0) done += static_cast<size_t>(count);
  }
  return OkStatus();
}

Status OutputFile::Finish() {
  if (beside_.empty()) return OkStatus();
  if (fsync(fd_) != 0) return ErrnoStatus(errno, "cannot sync " + path_);
  if (rename(beside_.c_str(), path_.c_str()) != 0) return ErrnoStatus(errno, "cannot put " + path_ + " in its place");
  beside_.clear();
  return OkStatus();
}

}  // namespace pbfs::cli
