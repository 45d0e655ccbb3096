#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/access/system_bucket.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"

namespace pbfs {

/// Whom requests are signed by. The secret never leaves clients and the system bucket; it is in no log and no error.
struct AccessKey {
  std::string id;      // 20 characters, in every request
  std::string secret;  // 40 characters
  std::string user;    // whom it belongs to, for logs and policies
  std::string policy;  // what it may do, JSON as S3 has it; empty: everything
  int64_t created_ms = 0;
  bool enabled = true;
};

/// A fresh pair, of nobody yet.
AccessKey NewAccessKey(Random& random);
/// Whether id and secret can be those of a key. Errors: INVALID_ARGUMENT.
Status CheckPair(const AccessKey& key);

/// The access keys of a site, documents of the system bucket: `key/<id>`. Threads: any.
class AccessKeys {
 public:
  AccessKeys(SystemBucket& documents, const Clock& clock) : documents_(documents), clock_(clock) {}

  /// A fresh one, durable on return; the policy is the caller's to check. Errors: INVALID_ARGUMENT the user's name.
  Result<AccessKey> Create(const Context& context, const std::string& user, Random& random,
                           const std::string& policy = "");
  /// Writes it down as it is, new or in place of what there was; durable on return. Errors: INVALID_ARGUMENT it cannot be one: an id of other
  /// characters, a user's name that is none.
  Status Put(const Context& context, const AccessKey& key);
  /// None: there is none. What it says may be as old as kRemembered.
  Result<std::optional<AccessKey>> Find(const Context& context, const std::string& id);
  /// All, by id.
  Result<std::vector<AccessKey>> List(const Context& context);
  /// Errors: NOT_FOUND.
  Status SetEnabled(const Context& context, const std::string& id, bool enabled);
  /// Errors: NOT_FOUND.
  Status Delete(const Context& context, const std::string& id);

  /// For how long a key is used, or known not to be there, before it is looked up again.
  static constexpr Duration kRemembered = std::chrono::seconds(5);

 private:
  struct Remembered {
    std::optional<AccessKey> key;
    MonotonicTime until;
  };
  Result<std::optional<AccessKey>> Load(const Context& context, const std::string& id);

  SystemBucket& documents_;
  const Clock& clock_;
  Mutex mutex_;
  std::map<std::string, Remembered> remembered_ PBFS_GUARDED_BY(mutex_);  // at most kMaxRemembered
  static constexpr size_t kMaxRemembered = 10'000;
};

}  // namespace pbfs
