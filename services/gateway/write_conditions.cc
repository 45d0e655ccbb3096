#include "services/gateway/write_conditions.h"

#include "libs/s3/conditions.h"
#include "services/gateway/object_facts.h"

namespace pbfs::gateway {

using s3::Code;

Result<WriteConditions> ReadWriteConditions(Site& site, Call& call) {
  WriteConditions conditions;
  if (!s3::HasWriteConditions(call.fields())) return conditions;
  const Result<ObjectView> view = OpenKey(site, call);
  const bool missing = s3::IsError(view.status(), Code::kNoSuchKey);
  if (!view.ok() && !missing) return view.status();
  s3::Existing existing;
  if (view.ok()) existing = {true, EtagOf(view->stat()), LastModifiedMs(view->stat())};
  PBFS_RETURN_IF_ERROR(s3::CheckWrite(call.fields(), existing));
  if (view.ok()) {
    conditions.if_bound_to = view->stat().object;
    conditions.lost = Code::kConditionalRequestConflict;  // it held a moment ago
  } else {
    conditions.if_none_match = true;
  }
  return conditions;
}

Result<ObjectView> OpenSource(Site& site, Call& call, const s3::CopySource& source) {
  if (!source.version_id.empty() && source.version_id != "null") return s3::Error(Code::kNoSuchVersion);
  PBFS_RETURN_IF_ERROR(site.access.Check(call, "s3:GetObject", source.bucket, source.key));
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, site.buckets.Find(call.context(), source.bucket));
  Result<ObjectView> view = bucket.Open(call.context(), source.key, {.newest = true});
  if (view.status().code() == StatusCode::kNotFound) return s3::Error(Code::kNoSuchKey);
  return view;
}

}  // namespace pbfs::gateway
