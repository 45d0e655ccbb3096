#pragma once

#include <memory>
#include <string>

#include "libs/base/bytes.h"
#include "libs/base/result.h"
#include "libs/base/sync.h"

namespace pbfs {

/// The content of a file that is private (libs/base/private_file.h), without a line feed at the end.
/// Errors: FAILED_PRECONDITION naming the file and what is wrong: missing, unreadable, open to others, over 64 KiB.
Result<std::string> ReadSecretText(const std::string& path);

/// A key of `size` bytes, written raw or as hexadecimal digits. Errors: as above, or another size.
Result<Bytes> ReadKey(const std::string& path, size_t size);
/// The same for a key that is no secret: any mode is good.
Result<Bytes> ReadPublicKey(const std::string& path, size_t size);

/// A secret key that is read again when its file changes. Threads: any.
class KeyFile {
 public:
  static Result<std::unique_ptr<KeyFile>> Open(const std::string& path, size_t size);
  /// The key; of a file that became unreadable or bad, the last good one.
  Bytes Get();

 private:
  KeyFile(std::string path, size_t size) : path_(std::move(path)), size_(size) {}
  Status Refresh() PBFS_REQUIRES(mutex_);

  const std::string path_;
  const size_t size_;
  Mutex mutex_;
  Bytes key_ PBFS_GUARDED_BY(mutex_);
  int64_t changed_ns_ PBFS_GUARDED_BY(mutex_) = 0;  // time of change of the file that was read
  MonotonicTime look_again_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs
