#include "services/gateway/write_conditions.h"

#include "libs/s3/conditions.h"
#include "services/gateway/object_facts.h"
#include "services/gateway/versions.h"

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

Result<Source> OpenSource(Site& site, Call& call, const s3::CopySource& source) {
  const bool versioned = !source.version_id.empty();
  PBFS_RETURN_IF_ERROR(site.access.Check(call, versioned ? "s3:GetObjectVersion" : "s3:GetObject",
                                         {source.bucket, source.key, source.version_id}));
  std::optional<Order> version;
  if (versioned) {
    PBFS_ASSIGN_OR_RETURN(version, ParseVersionId(source.version_id));
  }
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, site.buckets.Find(call.context(), source.bucket));
  Result<ObjectView> view = OpenVersion(bucket, call, source.key, {.newest = true, .version = version});
  if (view.status().code() == StatusCode::kNotFound) {
    const Status nothing = NothingThere(bucket, call, source.key, version);
    if (!s3::IsError(nothing, Code::kMethodNotAllowed)) return nothing;
    return s3::Error(Code::kInvalidRequest,
                     "The source of a copy request may not specifically refer to a delete marker by version id.");
  }
  PBFS_RETURN_IF_ERROR(view.status());
  HttpFields fields;
  AddVersion(call, bucket, view->stat(), fields);
  return Source{*std::move(view), std::string(fields.Get("x-amz-version-id"))};
}

}  // namespace pbfs::gateway
