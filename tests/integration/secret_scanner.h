#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <sys/types.h>

#include "libs/base/bytes.h"
#include "libs/base/result.h"

namespace pbfs::testing {

/// Looks for byte strings in files and in the memory of running processes: for tests of what must not be there, and of
/// what must be, which shows that the scanner sees at all. A place that it cannot read is an error, never passed over.
/// Threads: one at a time.
class SecretScanner {
 public:
  /// Bytes to look for, at least 8, as they are and as lower-case hexadecimal digits.
  void LookFor(const std::string& name, ByteSpan bytes);

  /// Every file below `directory`, but not below its subdirectory `except`. Files that vanish meanwhile hold nothing.
  Status ScanFiles(const std::string& directory, const std::string& except = "");
  /// Every page of a process that is in memory and was readable for it, as /proc/PID/mem gives it.
  Status ScanMemory(const std::string& process_name, pid_t pid);

  /// Where it was seen: paths of files, names of processes.
  const std::set<std::string>& PlacesOf(const std::string& name) { return sightings_[name]; }
  int64_t scanned_bytes() const { return scanned_bytes_; }

 private:
  struct Needle {
    std::string name;
    Bytes bytes;
  };
  void Scan(const std::string& place, ByteSpan bytes);
  void AddNeedle(const std::string& name, ByteSpan bytes);
  Status ScanRegion(const std::string& place, int memory, int pagemap, uint64_t begin, uint64_t end);

  // By the first two bytes: most positions are dismissed by one look.
  std::map<uint16_t, std::vector<Needle>> needles_;
  std::vector<char> begins_ = std::vector<char>(1 << 16);
  std::map<std::string, std::set<std::string>> sightings_;
  int64_t scanned_bytes_ = 0;
};

}  // namespace pbfs::testing
