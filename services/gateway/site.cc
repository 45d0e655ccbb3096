#include "services/gateway/site.h"

#include "libs/catalog/types.h"
#include "services/gateway/object_facts.h"
#include "services/gateway/versions.h"

namespace pbfs::gateway {

Result<ObjectView> OpenKey(Site& site, Call& call, int64_t lo, int64_t hi) {
  PBFS_ASSIGN_OR_RETURN(const std::optional<Order> version, AskedVersion(call));
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  const ViewOptions options{.lo = lo, .hi = hi, .newest = true, .version = version};
  Result<ObjectView> view = OpenVersion(bucket, call, call.key(), options);
  if (view.status().code() != StatusCode::kNotFound) return view;
  // Of a bucket that was deleted a moment ago, and maybe made again, nothing is found either.
  PBFS_ASSIGN_OR_RETURN(Bucket now, site.buckets.Find(call.context(), call.bucket(), true));
  if (now.info().id != bucket.info().id) view = OpenVersion(now, call, call.key(), options);
  if (view.status().code() != StatusCode::kNotFound) return view;
  return NothingThere(now, call, call.key(), version);
}

Result<ObjectView> OpenVersion(Bucket& bucket, Call& call, const std::string& key, const ViewOptions& options) {
  Result<ObjectView> view = bucket.Open(call.context(), key, options);
  const bool by_order = options.version.has_value() && *options.version != kNullVersion;
  // The null version has no other id.
  if (view.ok() && by_order && view->stat().versioning != Versioning::kEnabled) return NotFoundError("no such version");
  return view;
}

Status AddDefaults(Site& site, Call& call, const Bucket& bucket, ObjectMetadata& metadata) {
  PBFS_ASSIGN_OR_RETURN(const auto rules, site.access.RulesOf(call.context(), bucket));
  if (rules->encrypts) SetEncrypted(metadata);
  return OkStatus();
}

Result<AccessKey> FindSigner(AccessKeys& keys, const Context& context, const std::string& id) {
  PBFS_ASSIGN_OR_RETURN(std::optional<AccessKey> key, keys.Find(context, id));
  if (key.has_value() && key->enabled) return *std::move(key);
  return s3::Error(s3::Code::kInvalidAccessKeyId).WithDetail("AWSAccessKeyId", id);
}

bool LostRace(const Status& status) { return status.Detail("pbfs-code") == CommitCodeName(CommitCode::kPrecondition); }

Status WriteFailure(const Status& status, s3::Code lost) { return LostRace(status) ? s3::Error(lost) : status; }

}  // namespace pbfs::gateway
