// PutObject, DeleteObject, DeleteObjects.
#include "libs/s3/conditions.h"
#include "libs/s3/dates.h"
#include "services/gateway/deeds.h"
#include "services/gateway/object_facts.h"
#include "services/gateway/object_lock.h"
#include "services/gateway/operations.h"
#include "services/gateway/request_body.h"
#include "services/gateway/versions.h"
#include "services/gateway/write_conditions.h"

namespace pbfs::gateway {
using s3::Code;
using s3::Error;

Result<Stored> StoreObject(Site& site, Call& call) {
  PBFS_RETURN_IF_ERROR(CheckServedFields(call.fields()));
  PutOptions options;
  PBFS_ASSIGN_OR_RETURN(options.metadata, MetadataOfRequest(call.fields()));
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  PBFS_RETURN_IF_ERROR(LockNew(site, call, bucket, call.fields(), options.metadata));
  PBFS_RETURN_IF_ERROR(AddDefaults(site, call, bucket, options.metadata));
  const bool md5 = bucket.info().settings.etag == Etag::kMd5;
  // The client's own, or ours.
  PBFS_ASSIGN_OR_RETURN(const auto wanted, s3::ReadChecksumHeaders(call.fields()));
  const s3::ChecksumAlgorithm algorithm =
      wanted.has_value() && wanted->algorithm.has_value() ? *wanted->algorithm : s3::ChecksumAlgorithm::kCrc64Nvme;
  PBFS_ASSIGN_OR_RETURN(RequestBody body,
                        RequestBody::Open(call, {.md5 = md5, .checksum = algorithm, .needs_length = true}));
  PBFS_ASSIGN_OR_RETURN(const WriteConditions condition, ReadWriteConditions(site, call));
  options.if_none_match = condition.if_none_match;
  options.if_bound_to = condition.if_bound_to;
  ObjectMetadata stored;
  options.at_end = [&](ObjectMetadata& metadata) {
    PBFS_RETURN_IF_ERROR(body.Finish(call.context()));
    if (md5) metadata.etag = ToHex(body.md5());
    SetChecksum(algorithm, s3::ChecksumType::kFullObject, Base64(body.checksum()), metadata);
    metadata.opset.emplace();  // of the content; filled in where it is bound
    stored = metadata;
    return OkStatus();
  };
  const auto writer = bucket.NewObject(call.context());
  PBFS_RETURN_IF_ERROR(body.CopyTo(site, [&](Buffer piece) { return writer->Add(std::move(piece)); }));
  const Result<Written> put = writer->Bind(call.key(), options);
  if (!put.ok()) return WriteFailure(put.status(), condition.lost);
  stored.opset = put->opset;
  Stored made{put->object, *put->opset, std::move(stored), put->hi, HlcMillis(put->order.hlc)};
  made.version_id = IdOfMade(*put);
  return made;
}

// Also of an append at 0 and of a PATCH that make the object.
Status PutObject(Site& site, Call& call) {
  // RFC 9110, 14.5: a server that took it for a whole object would destroy the rest.
  if (call.fields().Has("Content-Range") && call.http_method() == "PUT")
    return Error(Code::kInvalidRequest, "PUT with Content-Range is not served; PATCH writes a range");
  PBFS_RETURN_IF_ERROR(CheckNoVersion(call));
  PBFS_ASSIGN_OR_RETURN(const Stored stored, StoreObject(site, call));
  HttpFields fields;
  fields.Set("ETag", s3::Quoted(stored.Etag()));
  if (const auto checksum = ChecksumOf(stored.metadata, stored.opset)) AddChecksum(*checksum, fields);
  AddEncryption(stored.metadata, fields);
  stored.AddVersions(fields);
  if (call.http_method() == "PUT" && !call.has_field("x-amz-write-offset-bytes"))
    return call.Send(200, std::move(fields));
  fields.Set("x-amz-object-size", std::to_string(stored.size));
  if (call.http_method() == "PUT") return call.Send(200, std::move(fields));
  return call.SendXml(s3::ToXml(s3::PatchResult{stored.modified_ms, stored.Etag()}), std::move(fields));
}

Result<Deletion> RemoveObject(Site& site, Call& call) {
  PBFS_RETURN_IF_ERROR(AskedVersion(call).status());
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  DeleteCheck check;
  if (call.has_field("If-Match"))
    check = [&](const s3::Existing& existing) { return s3::CheckDelete(call.fields(), existing); };
  return DeleteKey(site, call, bucket, call.key(), call.query().Get("versionId"), check);
}

Status DeleteObject(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const Deletion deleted, RemoveObject(site, call));
  HttpFields fields;
  if (!deleted.version_id.empty()) fields.Set("x-amz-version-id", deleted.version_id);
  if (deleted.delete_marker) fields.Set("x-amz-delete-marker", "true");
  return call.Send(204, std::move(fields));
}

namespace {

using Deleted = s3::DeleteResult::Deleted;

// One key of many. What was not there is deleted, and so is a name that no object can have.
Result<Deleted> DeleteOne(Site& site, Call& call, Bucket& bucket, const s3::DeleteRequest::Object& object) {
  const bool versioned = !object.version_id.empty();
  if (versioned && !ParseVersionId(object.version_id).ok()) return Error(Code::kNoSuchVersion);
  PBFS_RETURN_IF_ERROR(site.access.Check(call, versioned ? "s3:DeleteObjectVersion" : "s3:DeleteObject",
                                         {call.bucket(), object.key, object.version_id}));
  DeleteCheck check;
  if (!object.etag.empty()) {
    check = [&](const s3::Existing& existing) {
      return !existing.exists || existing.etag == object.etag ? OkStatus() : Error(Code::kPreconditionFailed);
    };
  }
  const Result<Deletion> deleted = DeleteKey(site, call, bucket, object.key, object.version_id, check);
  if (deleted.status().code() == StatusCode::kInvalidArgument) return Deleted{object.key, object.version_id, false, ""};
  PBFS_RETURN_IF_ERROR(deleted.status());
  return Deleted{object.key, object.version_id, deleted->delete_marker,
                 deleted->delete_marker ? deleted->version_id : ""};
}

}  // namespace

Status DeleteObjects(Site& site, Call& call) {
  const bool summed = call.fields().Has("Content-MD5") || call.fields().Has("x-amz-sdk-checksum-algorithm") ||
                      call.fields().Has("x-amz-trailer");
  PBFS_ASSIGN_OR_RETURN(const auto wanted, s3::ReadChecksumHeaders(call.fields()));
  if (!summed && !wanted.has_value())
    return Error(Code::kInvalidRequest, "Missing required header for this request: Content-MD5");
  PBFS_ASSIGN_OR_RETURN(RequestBody body, RequestBody::Open(call, {}));
  PBFS_ASSIGN_OR_RETURN(const Bytes document, body.ReadAll(call.context(), s3::kMaxDocumentBytes));
  PBFS_ASSIGN_OR_RETURN(const s3::DeleteRequest request, s3::ParseDelete(AsText(document)));
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  // Side by side: the catalog makes one transaction of those that come together.
  std::vector<Result<Deleted>> all(request.objects.size(), InternalError("not tried"));
  ParallelFor(site.executor, request.objects.size(),
              [&](size_t i) { all[i] = DeleteOne(site, call, bucket, request.objects[i]); });
  s3::DeleteResult result;
  for (size_t i = 0; i < all.size(); ++i) {
    const s3::DeleteRequest::Object& object = request.objects[i];
    if (!all[i].ok()) {
      const s3::Failure failure = s3::ToFailure(all[i].status());
      result.errors.push_back({object.key, object.version_id, failure.code, failure.message});
    } else if (!request.quiet) {
      result.deleted.push_back(*std::move(all[i]));
    }
  }
  return call.SendXml(s3::ToXml(result));
}

}  // namespace pbfs::gateway
