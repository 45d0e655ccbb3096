#pragma once

#include <string>

#include "libs/base/bytes.h"
#include "libs/base/result.h"
#include "tools/pbfs/job/edits.h"

namespace pbfs::cli {

/// The model that the main job compares with: a plain local file that gets the same bytes in the order that the catalog
/// reports. Removed by its destructor. Threads: one.
class ReferenceFile {
 public:
  /// A new file in `directory`. Errors: those of the file system.
  static Result<ReferenceFile> Create(const std::string& directory);
  ReferenceFile(ReferenceFile&& other) noexcept;
  ReferenceFile& operator=(ReferenceFile&&) = delete;
  ~ReferenceFile();

  /// Adds bytes at the end. Errors: RESOURCE_EXHAUSTED disk full.
  Status Append(ByteSpan bytes);
  /// Writes an edit's content over what is there.
  Status Apply(const Edit& edit);
  /// Bytes [offset, offset + out.size()), which must exist.
  Status Read(int64_t offset, MutableByteSpan out) const;
  int64_t size() const { return size_; }

 private:
  ReferenceFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  Status WriteAt(int64_t offset, ByteSpan bytes);

  int fd_;
  std::string path_;
  int64_t size_ = 0;
};

/// SHA-256 of a stream.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void Add(ByteSpan bytes);
  /// 64 hexadecimal digits; once.
  std::string Finish();

 private:
  void* state_;  // EVP_MD_CTX
};

}  // namespace pbfs::cli
