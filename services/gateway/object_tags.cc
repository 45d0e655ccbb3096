// Object tags: part of the object's metadata, which may change while the object, and its version, stay the same.
#include "services/gateway/object_facts.h"
#include "services/gateway/operations.h"
#include "services/gateway/request_body.h"
#include "services/gateway/versions.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;

// Returns the fields of an answer: which version it is about.
Result<HttpFields> SetTagsOf(Site& site, Call& call, const s3::Tags& tags) {
  return ChangeMetadata(site, call, [&](ObjectMetadata& metadata) {
    SetTags(tags, metadata);
    return OkStatus();
  });
}

}  // namespace

Status GetObjectTagging(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const ObjectView view, OpenKey(site, call));
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const s3::Tags tags, TagsOf(view.stat().metadata));
  HttpFields fields;
  AddVersion(call, bucket, view.stat(), fields);
  return call.SendXml(s3::TagsXml(tags), std::move(fields));
}

Status PutObjectTagging(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const std::string document, ReadDocument(call));
  PBFS_ASSIGN_OR_RETURN(const s3::Tags tags, s3::ParseTags(document));
  PBFS_RETURN_IF_ERROR(s3::CheckTags(tags, s3::kMaxObjectTags));
  PBFS_ASSIGN_OR_RETURN(HttpFields fields, SetTagsOf(site, call, tags));
  return call.Send(200, std::move(fields));
}

Status DeleteObjectTagging(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(HttpFields fields, SetTagsOf(site, call, {}));
  return call.Send(204, std::move(fields));
}

}  // namespace pbfs::gateway
