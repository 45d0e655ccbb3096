#include "libs/runtime/secret_file.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libs/base/private_file.h"

namespace pbfs {
namespace {

constexpr size_t kMaxSecret = 64 << 10;
constexpr auto kLookEvery = std::chrono::seconds(2);

Status FileError(const std::string& path, const std::string& what) {
  return FailedPreconditionError(path + ": " + what);
}

Result<std::string> ReadSmallFile(const std::string& path, bool secret) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return FileError(path, std::strerror(errno));
  struct stat info {};
  std::string text(kMaxSecret + 1, '\0');
  const bool known = fstat(file, &info) == 0;
  const ssize_t size = read(file, text.data(), text.size());
  close(file);
  if (!known || size < 0) return FileError(path, "cannot be read");
  if (secret && !IsPrivate(info)) return FileError(path, "is open to others; chmod 600 it");
  if (static_cast<size_t>(size) > kMaxSecret) return FileError(path, "is too large for a secret");
  text.resize(static_cast<size_t>(size));
  return text;
}

Result<Bytes> DecodeKey(const std::string& path, std::string text, size_t size) {
  if (text.size() == size) return ToBytes(AsBytes(text));
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.pop_back();
  auto bytes = FromHex(text);
  if (text.size() == 2 * size && bytes.ok()) return bytes;
  return FileError(path, "is not a key of " + std::to_string(size) + " bytes, raw or in hexadecimal digits");
}

int64_t ChangedAt(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return -1;
  return info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec;
}

}  // namespace

Result<std::string> ReadSecretText(const std::string& path) {
  PBFS_ASSIGN_OR_RETURN(std::string text, ReadSmallFile(path, true));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

Result<Bytes> ReadKey(const std::string& path, size_t size) {
  PBFS_ASSIGN_OR_RETURN(std::string text, ReadSmallFile(path, true));
  return DecodeKey(path, std::move(text), size);
}

Result<Bytes> ReadPublicKey(const std::string& path, size_t size) {
  PBFS_ASSIGN_OR_RETURN(std::string text, ReadSmallFile(path, false));
  return DecodeKey(path, std::move(text), size);
}

Result<std::unique_ptr<KeyFile>> KeyFile::Open(const std::string& path, size_t size) {
  std::unique_ptr<KeyFile> file(new KeyFile(path, size));
  MutexLock lock(file->mutex_);
  PBFS_RETURN_IF_ERROR(file->Refresh());
  return file;
}

Status KeyFile::Refresh() {
  look_again_ = MonotonicNow() + kLookEvery;
  const int64_t changed = ChangedAt(path_);
  if (changed == changed_ns_ && !key_.empty()) return OkStatus();
  PBFS_ASSIGN_OR_RETURN(key_, ReadKey(path_, size_));
  changed_ns_ = changed;
  return OkStatus();
}

Bytes KeyFile::Get() {
  MutexLock lock(mutex_);
  if (MonotonicNow() >= look_again_) (void)Refresh();
  return key_;
}

}  // namespace pbfs
