#include "tests/integration/secret_scanner.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "libs/base/check.h"
#include "tools/local/files.h"

namespace pbfs::testing {
namespace {

constexpr uint64_t kPage = 4096;
// Only a sanitizer's shadow is so large; it holds no bytes of the program.
constexpr uint64_t kLargestRegion = uint64_t{64} << 30;

uint16_t FirstTwo(const uint8_t* bytes) {
  uint16_t two;
  std::memcpy(&two, bytes, 2);
  return two;
}

class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)), error_(errno) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int error() const { return error_; }

 private:
  const int fd_;
  const int error_;
};

bool ReadAt(int fd, uint64_t offset, void* out, size_t size) {
  auto* const to = static_cast<uint8_t*>(out);
  for (size_t done = 0; done < size;) {
    const ssize_t got = pread(fd, to + done, size - done, static_cast<off_t>(offset + done));
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

}  // namespace

void SecretScanner::LookFor(const std::string& name, ByteSpan bytes) {
  AddNeedle(name, bytes);
  AddNeedle(name, AsBytes(ToHex(bytes)));
}

void SecretScanner::AddNeedle(const std::string& name, ByteSpan bytes) {
  PBFS_CHECK(bytes.size() >= 8, name);
  sightings_[name];
  begins_[FirstTwo(bytes.data())] = 1;
  needles_[FirstTwo(bytes.data())].push_back({name, ToBytes(bytes)});
}

void SecretScanner::Scan(const std::string& place, ByteSpan bytes) {
  scanned_bytes_ += static_cast<int64_t>(bytes.size());
  for (size_t at = 0; at + 2 <= bytes.size(); ++at) {
    if (begins_[FirstTwo(bytes.data() + at)] == 0) continue;
    for (const Needle& needle : needles_[FirstTwo(bytes.data() + at)]) {
      const bool here = needle.bytes.size() <= bytes.size() - at &&
                        std::memcmp(bytes.data() + at, needle.bytes.data(), needle.bytes.size()) == 0;
      if (here) sightings_[needle.name].insert(place);
    }
  }
}

Status SecretScanner::ScanFiles(const std::string& directory, const std::string& except) {
  namespace fs = std::filesystem;
  const fs::path skipped = fs::path(directory) / except;
  std::error_code error;
  fs::recursive_directory_iterator files(directory, error);
  for (; !error && files != fs::recursive_directory_iterator(); files.increment(error)) {
    if (!except.empty() && files->path() == skipped) files.disable_recursion_pending();
    std::error_code vanished;
    if (!files->is_regular_file(vanished)) continue;
    const Result<std::string> content = local::ReadTextFile(files->path());
    if (content.status().code() == StatusCode::kNotFound) continue;
    PBFS_RETURN_IF_ERROR(content.status());
    Scan(files->path(), AsBytes(*content));
  }
  return error ? local::ErrnoStatus(error.value(), "cannot list " + directory) : OkStatus();
}

Status SecretScanner::ScanMemory(const std::string& process_name, pid_t pid) {
  const std::string proc = fmt::format("/proc/{}", pid);
  const Descriptor memory(proc + "/mem"), pagemap(proc + "/pagemap");
  if (memory.get() < 0 || pagemap.get() < 0)
    return local::ErrnoStatus(std::max(memory.error(), pagemap.error()), "cannot open the memory of " + process_name);
  const int64_t before = scanned_bytes_;
  std::ifstream maps(proc + "/maps");
  for (std::string line; std::getline(maps, line);) {
    uint64_t begin = 0, end = 0;
    char permissions[5] = "";
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %4s", &begin, &end, permissions) != 3)
      return InternalError("no line of maps: " + line);
    const bool kernels = line.find("[vvar") != std::string::npos || line.find("[vsyscall]") != std::string::npos;
    if (permissions[0] != 'r' || kernels || end - begin > kLargestRegion) continue;
    PBFS_RETURN_IF_ERROR(ScanRegion(process_name, memory.get(), pagemap.get(), begin, end));
  }
  if (scanned_bytes_ - before < (1 << 20)) return InternalError("hardly anything of the memory of " + process_name);
  return OkStatus();
}

/// Runs of pages that are there, each whole, so that what crosses pages is seen.
Status SecretScanner::ScanRegion(const std::string& place, int memory, int pagemap, uint64_t begin, uint64_t end) {
  const auto read_map = [&](uint64_t first, uint64_t count) -> std::vector<uint64_t> {
    std::vector<uint64_t> pages(count);
    const bool read =
        ReadAt(pagemap, (begin / kPage + first) * sizeof(uint64_t), pages.data(), count * sizeof(uint64_t));
    return read ? pages : std::vector<uint64_t>();
  };
  const auto present = [](uint64_t page) { return (page >> 62) != 0; };  // bit 63 in memory, 62 in swap
  const std::vector<uint64_t> pages = read_map(0, (end - begin) / kPage);
  if (pages.empty()) return InternalError("cannot read the page map of " + place);
  for (size_t first = 0, last = 0; first < pages.size(); first = last + 1) {
    for (last = first; last < pages.size() && present(pages[last]);) ++last;
    if (last == first) continue;
    Bytes bytes((last - first) * kPage);
    if (ReadAt(memory, begin + first * kPage, bytes.data(), bytes.size())) {
      Scan(place, bytes);
      continue;
    }
    // What was given back since the map was read is no memory of the process any more; all else must be read.
    const std::vector<uint64_t> now = read_map(first, last - first);
    if (!now.empty() && std::all_of(now.begin(), now.end(), present))
      return InternalError(fmt::format("cannot read {} at {:x}", place, begin + first * kPage));
  }
  return OkStatus();
}

}  // namespace pbfs::testing
