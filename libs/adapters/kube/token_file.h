#pragma once

#include <memory>
#include <string>

#include "libs/base/result.h"
#include "libs/base/sync.h"

namespace pbfs::kube {

/// The bearer token of a service account. The kubelet puts a new one in its place before the old one ends (by swapping
/// a symbolic link, so the file is read, not watched). Any mode is good: it is the kubelet that chooses it. Threads:
/// any.
class TokenFile {
 public:
  /// Errors: FAILED_PRECONDITION naming the file and what is wrong: missing, over 64 KiB, empty, no token.
  static Result<std::unique_ptr<TokenFile>> Open(const std::string& path);

  /// The token, read again if the last look is 10 s old; of a file that became bad, the last good one.
  std::string Get();
  /// Reads now, because `refused` was refused. Is there another one?
  bool Refresh(const std::string& refused);

 private:
  explicit TokenFile(std::string path) : path_(std::move(path)) {}
  Status Read() PBFS_REQUIRES(mutex_);

  const std::string path_;
  Mutex mutex_;
  std::string token_ PBFS_GUARDED_BY(mutex_);
  MonotonicTime look_again_ PBFS_GUARDED_BY(mutex_);
};

/// In a pod with an account: the namespace.
inline constexpr const char* kPodNamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// A small text file, without white space at its end. Errors: FAILED_PRECONDITION naming the file: missing, over 64
/// KiB.
Result<std::string> ReadTextFile(const std::string& path);

}  // namespace pbfs::kube
