#pragma once

#include <optional>
#include <string>

#include "libs/client/client.h"

namespace pbfs {

/// The name of the bucket that holds what gateways keep: a name that S3 refuses, so that no request reaches it.
inline constexpr const char* kSystemBucket = "_pbfs";

/// The name of a document about a bucket, under its id: one that is deleted and made again inherits nothing. `what`: "policy" for instance.
std::string BucketDocument(BucketId bucket, const std::string& what);
/// Which says that versions of the bucket can be locked.
inline constexpr const char* kLockDocument = "object-lock";

/// Small documents that gateways share: access keys, configurations of buckets. They are objects of a bucket like any other, so
/// the catalog keeps them and only the bucket's members can read them: no server sees a secret. Threads: any.
class SystemBucket {
 public:
  explicit SystemBucket(Client& client) : client_(client) {}

  /// Makes the bucket, if it is not there, with this scheme. Errors: PERMISSION_DENIED without the administrator's key.
  Status Create(const Context& context, const BucketScheme& scheme = {});
  /// None: there is no such document, or no system bucket. Sees whatever was put before.
  Result<std::optional<std::string>> Get(const Context& context, const std::string& name);
  Status Put(const Context& context, const std::string& name, const std::string& document);
  /// Errors: FAILED_PRECONDITION there is one.
  Status PutNew(const Context& context, const std::string& name, const std::string& document);
  /// OK where there is none.
  Status Delete(const Context& context, const std::string& name);
  /// Names that begin with `prefix`, all of them.
  Result<std::vector<std::string>> List(const Context& context, const std::string& prefix);

 private:
  Result<Bucket> Open(const Context& context);

  Client& client_;
  Mutex mutex_;
  std::optional<Bucket> bucket_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs
