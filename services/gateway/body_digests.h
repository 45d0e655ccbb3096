#pragma once

#include <optional>

#include "libs/base/executor.h"
#include "libs/s3/checksum.h"

namespace pbfs::gateway {

/// The digests of one body, made as it comes; those of long stretches beside the thread that reads, while it reads on. One caller; it is
/// where it was made for as long as a stretch may be under way.
class BodyDigests {
 public:
  BodyDigests() = default;
  ~BodyDigests() { Await(); }
  BodyDigests(const BodyDigests&) = delete;

  // Those that are wanted, before the first bytes.
  std::optional<s3::Md5> md5;
  std::optional<s3::Checksum> named, made, sha256;  // named by the request; made besides, where it is another

  /// The next bytes of the body.
  void Update(ByteSpan bytes);
  /// The same on `executor`, maybe still under way on return: the bytes stay as they are until Await(). One at a time.
  void UpdateBeside(Executor& executor, ByteSpan bytes);
  /// Until nothing is under way.
  void Await();

 private:
  bool any() const { return md5.has_value() || named.has_value() || made.has_value() || sha256.has_value(); }
  void UpdateAll(ByteSpan bytes);

  Mutex mutex_;
  CondVar done_;
  bool under_way_ PBFS_GUARDED_BY(mutex_) = false;
};

}  // namespace pbfs::gateway
