#pragma once

#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

#include "libs/base/bytes.h"
#include "libs/base/check.h"

namespace pbfs {

/// A directory of this process for decoders that read files; in memory where the system has that. Gone with it.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    const bool shared_memory = ::access("/dev/shm", W_OK) == 0;
    path_ = (shared_memory ? "/dev/shm" : std::filesystem::temp_directory_path().string()) + "/pbfs-fuzz-XXXXXX";
    PBFS_CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::string& path() const { return path_; }
  /// Replaces a file that only its owner may read; its path.
  std::string Write(const std::string& name, ByteSpan bytes) const {
    const std::string file = path_ + "/" + name;
    std::FILE* out = std::fopen(file.c_str(), "wb");
    PBFS_CHECK(out != nullptr && ::fchmod(::fileno(out), 0600) == 0);
    PBFS_CHECK(std::fwrite(bytes.data(), 1, bytes.size(), out) == bytes.size());
    PBFS_CHECK(std::fclose(out) == 0);
    return file;
  }

 private:
  std::string path_;
};

}  // namespace pbfs
