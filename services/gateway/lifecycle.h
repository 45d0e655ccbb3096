#pragma once

#include <cstdint>

#include "services/gateway/site.h"

namespace pbfs::gateway {

/// What one pass over all buckets did.
struct LifecycleReport {
  int64_t buckets = 0;  // with rules
  int64_t objects = 0;  // that were looked at
  int64_t expired = 0;  // names unbound
  int64_t aborted = 0;  // uploads
  int64_t failed = 0;   // buckets that could not be gone through to their end
};

/// Does what the lifecycle rules of buckets say: it unbinds objects whose time is over and aborts uploads. Several gateways may do so at
/// once, and a pass may end anywhere: a name goes only while it is still bound to the object that was judged. Threads: one at a time.
class Lifecycle {
 public:
  Lifecycle(Client& client, SystemBucket& documents, const Clock& clock)
      : client_(client), documents_(documents), clock_(clock) {}

  /// Every bucket that has rules. Errors: only of finding out which buckets there are; others are counted.
  Result<LifecycleReport> Pass(const Context& context);

 private:
  Status PassBucket(const Context& context, const std::string& name, LifecycleReport& report);
  Status ExpireObjects(const Context& context, Bucket& bucket, const s3::LifecycleRules& rules,
                       LifecycleReport& report);
  Status ExpireVersions(const Context& context, Bucket& bucket, const s3::LifecycleRules& rules,
                        LifecycleReport& report);
  Status AbortUploads(const Context& context, Bucket& bucket, const s3::LifecycleRules& rules, LifecycleReport& report);

  Client& client_;
  SystemBucket& documents_;
  const Clock& clock_;
};

}  // namespace pbfs::gateway
