// Object tags: they stand beside the name, so changing them binds the name anew to the same object.
#include "services/gateway/object_facts.h"
#include "services/gateway/operations.h"
#include "services/gateway/request_body.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;

constexpr int kTryAgain = 20;

// Only while the name is bound to that object; patches of its content do not matter.
Status BindWithTags(Site& site, Call& call, const s3::Tags& tags) {
  for (int attempt = 0;; ++attempt) {
    PBFS_ASSIGN_OR_RETURN(const ObjectView view, OpenKey(site, call));
    PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
    PutOptions options;
    options.metadata = view.stat().metadata;
    options.if_bound_to = view.stat().object;
    SetTags(tags, options.metadata);
    const Status bound = bucket.Bind(call.context(), call.key(), view.stat().object, options).status();
    if (!LostRace(bound) || attempt >= kTryAgain) return WriteFailure(bound, Code::kOperationAborted);
  }
}

}  // namespace

Status GetObjectTagging(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const ObjectView view, OpenKey(site, call));
  PBFS_ASSIGN_OR_RETURN(const s3::Tags tags, TagsOf(view.stat().metadata));
  return call.SendXml(s3::TagsXml(tags));
}

Status PutObjectTagging(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(RequestBody body, RequestBody::Open(call, {}));
  PBFS_ASSIGN_OR_RETURN(const Bytes document, body.ReadAll(call.context(), s3::kMaxDocumentBytes));
  PBFS_ASSIGN_OR_RETURN(const s3::Tags tags, s3::ParseTags(AsText(document)));
  PBFS_RETURN_IF_ERROR(s3::CheckTags(tags, s3::kMaxObjectTags));
  PBFS_RETURN_IF_ERROR(BindWithTags(site, call, tags));
  return call.Send(200);
}

Status DeleteObjectTagging(Site& site, Call& call) {
  PBFS_RETURN_IF_ERROR(BindWithTags(site, call, {}));
  return call.Send(204);
}

}  // namespace pbfs::gateway
