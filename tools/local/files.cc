#include "tools/local/files.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libs/base/loopback_ports.h"

namespace pbfs::local {
namespace fs = std::filesystem;
namespace {

Status WriteAll(int fd, const std::string& content, const std::string& path) {
  for (size_t done = 0; done < content.size();) {
    const ssize_t count = write(fd, content.data() + done, content.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(errno, "cannot write " + path);
    done += static_cast<size_t>(count);
  }
  return fsync(fd) == 0 ? OkStatus() : ErrnoStatus(errno, "cannot sync " + path);
}

bool IsProgram(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0;
}

/// <build>/tools/pbfs/pbfs runs <build>/services/*/NAME; an installed one has them beside it.
std::vector<fs::path> FoldersNearby() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error).parent_path();
  std::vector<fs::path> folders = {self};
  for (fs::path root = self; root.has_relative_path(); root = root.parent_path()) {
    for (const auto& entry : fs::directory_iterator(root / "services", error)) folders.push_back(entry.path());
    if (fs::exists(root / "tools/pbfs/pbfs", error)) folders.push_back(root / "tools/pbfs");
    if (fs::exists(root / "CMakeCache.txt", error)) break;
  }
  return folders;
}

std::vector<fs::path> PathFolders() {
  std::vector<fs::path> folders;
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/bin:/bin";
  while (!rest.empty()) {
    const size_t colon = std::min(rest.find(':'), rest.size());
    if (colon > 0) folders.emplace_back(rest.substr(0, colon));
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return folders;
}

std::vector<fs::path> PostgresFolders() {
  std::vector<fs::path> folders;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", error))
    folders.push_back(entry.path() / "bin");
  std::sort(folders.begin(), folders.end(), [](const fs::path& a, const fs::path& b) {
    return std::atoi(a.parent_path().filename().c_str()) > std::atoi(b.parent_path().filename().c_str());
  });
  return folders;
}

std::string WhereFrom(const std::string& name) {
  if (name.starts_with("pbfs")) return "build it first: scripts/up, or ninja -C build/release " + name;
  if (name.starts_with("etcd"))
    return "install the packages etcd-server and etcd-client, or run scripts/install-packages";
  if (name == "patroni") return "install the packages patroni and python3-etcd, or run scripts/install-packages";
  return "install the package postgresql, or run scripts/install-packages";
}

int64_t FileDataBytes(const fs::path& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  int64_t bytes = 0;
  for (off_t data = lseek(fd, 0, SEEK_DATA); data >= 0;) {
    const off_t hole = lseek(fd, data, SEEK_HOLE);
    if (hole < 0) break;
    bytes += hole - data;
    data = lseek(fd, hole, SEEK_DATA);
  }
  close(fd);
  return bytes;
}

}  // namespace

Status ErrnoStatus(int error, const std::string& what) {
  std::string message = fmt::format("{}: {}", what, std::strerror(error));
  if (error == ENOENT || error == ESRCH) return NotFoundError(std::move(message));
  if (error == EACCES || error == EPERM) return PermissionDeniedError(std::move(message));
  if (error == EEXIST) return AlreadyExistsError(std::move(message));
  if (error == ENOSPC || error == EDQUOT || error == EMFILE || error == ENFILE || error == ENOMEM)
    return ResourceExhaustedError(std::move(message));
  return InternalError(std::move(message));
}

Result<std::string> ReadTextFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return ErrnoStatus(errno, "cannot read " + path);
  try {
    return std::string((std::istreambuf_iterator<char>(file)), {});
  } catch (const std::ios_base::failure&) {  // for instance of a process in /proc that has ended meanwhile
    return ErrnoStatus(EIO, "cannot read " + path);
  }
}

Status WriteTextFile(const std::string& path, const std::string& content, unsigned mode) {
  const std::string beside = fmt::format("{}.new.{}", path, getpid());
  unlink(beside.c_str());
  const int fd = open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return ErrnoStatus(errno, "cannot create " + beside);
  Status status = WriteAll(fd, content, beside);
  close(fd);
  if (status.ok() && rename(beside.c_str(), path.c_str()) != 0) status = ErrnoStatus(errno, "cannot replace " + path);
  if (!status.ok()) unlink(beside.c_str());
  return status;
}

Status MakeDirectory(const std::string& path, unsigned mode) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return ErrnoStatus(error.value(), "cannot make the directory " + path);
  return chmod(path.c_str(), mode) == 0 ? OkStatus() : ErrnoStatus(errno, "cannot set the mode of " + path);
}

Status GiveTo(const std::string& path, const std::string& user) {
  if (user.empty()) return OkStatus();
  const passwd* entry = getpwnam(user.c_str());
  if (entry == nullptr) return NotFoundError(fmt::format("there is no user '{}'", user));
  const auto give = [&](const fs::path& p) { return lchown(p.c_str(), entry->pw_uid, entry->pw_gid) == 0; };
  if (!give(path)) return ErrnoStatus(errno, fmt::format("cannot give {} to {}", path, user));
  std::error_code error;
  for (const auto& file : fs::recursive_directory_iterator(path, error))
    if (!give(file.path())) return ErrnoStatus(errno, fmt::format("cannot give {} to {}", file.path().string(), user));
  return OkStatus();
}

Status RemoveTree(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  return error ? ErrnoStatus(error.value(), "cannot remove " + path) : OkStatus();
}

int64_t DataBytes(const std::string& path) {
  int64_t bytes = 0;
  std::error_code error;
  fs::recursive_directory_iterator it(path, fs::directory_options::skip_permission_denied, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it->is_regular_file(error)) bytes += FileDataBytes(it->path());
  }
  return bytes;
}

std::string LogTail(const std::string& path, int lines) {
  std::ifstream file(path);
  std::deque<std::string> tail;
  for (std::string line; std::getline(file, line);) {
    tail.push_back(line);
    if (tail.size() > static_cast<size_t>(lines)) tail.pop_front();
  }
  return tail.empty() ? "(empty)" : fmt::format("{}", fmt::join(tail, "\n"));
}

std::string AbsolutePath(const std::string& path) {
  fs::path absolute = fs::absolute(path).lexically_normal();
  if (!absolute.has_filename() && absolute.has_relative_path()) absolute = absolute.parent_path();
  return absolute.string();
}

Status CheckReachableBy(const std::string& path, const std::string& user) {
  if (user.empty()) return OkStatus();
  const passwd* entry = getpwnam(user.c_str());
  if (entry == nullptr) return NotFoundError(fmt::format("there is no user '{}'", user));
  for (fs::path at = path;; at = at.parent_path()) {
    struct stat info {};
    if (stat(at.c_str(), &info) != 0) return ErrnoStatus(errno, "cannot look at " + at.string());
    const bool ok = info.st_uid == entry->pw_uid   ? info.st_mode & S_IXUSR
                    : info.st_gid == entry->pw_gid ? info.st_mode & S_IXGRP
                                                   : info.st_mode & S_IXOTH;
    if (!ok)
      return PermissionDeniedError(
          fmt::format("the user '{}', who runs PostgreSQL, may not enter {}: choose another "
                      "directory (--dir), or allow it: chmod o+x {}",
                      user, at.string(), at.string()));
    if (!at.has_relative_path()) return OkStatus();
  }
}

Result<std::vector<int>> FreePorts(int count, int base) {
  std::vector<int> ports;
  if (base > 0) {
    for (int port = base; port < base + count; ++port) {
      if (port > 65535)
        return InvalidArgumentError(fmt::format("--base-port {} leaves no room for {} ports", base, count));
      if (!PortIsFree(port))
        return FailedPreconditionError(
            fmt::format("port {} is in use: stop what listens there (ss -ltnp 'sport = :{}'), "
                        "or choose another --base-port, or none",
                        port, port));
      ports.push_back(port);
    }
    return ports;
  }
  while (static_cast<int>(ports.size()) < count) {
    PBFS_ASSIGN_OR_RETURN(const int port, ReserveLoopbackPort());
    ports.push_back(port);
  }
  return ports;
}

Result<std::string> FindProgram(const std::string& name) {
  for (const auto& folders : {FoldersNearby(), PathFolders(), PostgresFolders()})
    for (const auto& folder : folders)
      if (IsProgram(folder / name)) return (folder / name).string();
  for (const char* folder : {"/usr/sbin/", "/sbin/"})
    if (IsProgram(folder + name)) return folder + name;
  return NotFoundError(fmt::format("the program '{}' is not on this machine: {}", name, WhereFrom(name)));
}

}  // namespace pbfs::local
