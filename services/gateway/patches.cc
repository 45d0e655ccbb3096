// PATCH with a range, and append: what S3 has no name for. A patch costs what was sent, whatever the size of the object.
#include "libs/s3/conditions.h"
#include "libs/s3/dates.h"
#include "libs/s3/ranges.h"
#include "services/gateway/object_facts.h"
#include "services/gateway/operations.h"
#include "services/gateway/request_body.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;

constexpr int kTryAgain = 20;
constexpr const char* kAcceptPatch = "application/octet-stream";

bool LostRace(const Status& status) {
  return status.Detail("pbfs-code") == CommitCodeName(CommitCode::kPrecondition);
}

bool HasCondition(const HttpFields& fields) {
  return fields.Has("If-Match") || fields.Has("If-None-Match") || fields.Has("If-Unmodified-Since");
}

// The object as it is after a write to it. A name that has another object by now: what was written is lost with the old one.
Result<ObjectStat> StatAfter(Site& site, Call& call, const ObjectId& written) {
  const Result<ObjectView> view = OpenKey(site, call);
  const bool rebound = view.ok() ? view->stat().object != written : s3::IsError(view.status(), Code::kNoSuchKey);
  if (rebound) return Error(Code::kObjectVersionPatchConflict);
  PBFS_RETURN_IF_ERROR(view.status());
  return view->stat();
}

Result<Written> Apply(Call& call, Bucket& bucket, const ObjectStat& stat, const s3::PatchRange& patch, ByteSpan bytes,
                      const WriteOptions& options) {
  if (patch.set_size.has_value()) return bucket.Truncate(call.context(), stat.object, *patch.set_size, options);
  return bucket.WriteRanges(call.context(), stat.object, {{patch.range.begin, bytes}}, options);
}

}  // namespace

Status PatchObject(Site& site, Call& call) {
  const auto content_range = call.fields().Find("Content-Range");
  if (!content_range.has_value()) {
    return Error(Code::kMissingContentRange,
                 "Say which bytes to write: Content-Range: bytes <first>-<last>/*, or bytes */<size> to set the size")
        .WithDetail("http-Accept-Patch", kAcceptPatch);
  }
  PBFS_ASSIGN_OR_RETURN(RequestBody body, RequestBody::Open(call, {}));
  PBFS_ASSIGN_OR_RETURN(const s3::PatchRange patch, s3::ParsePatchRange(*content_range, body.length()));
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  const auto check = [&](const ObjectView& view) {
    const Status start = patch.set_size.has_value() ? OkStatus() : s3::CheckPatchStart(patch, view.stat().size);
    if (!start.ok()) return Status(start).WithDetail("http-Content-Range", s3::UnsatisfiedRange(view.stat().size));
    return s3::CheckPatch(call.fields(), {true, EtagOf(view.stat()), LastModifiedMs(view.stat())});
  };
  PBFS_ASSIGN_OR_RETURN(ObjectView view, OpenKey(site, call));
  PBFS_RETURN_IF_ERROR(check(view));
  PBFS_ASSIGN_OR_RETURN(const Bytes bytes, body.ReadAll(call.context(), site.options.max_patch_bytes));
  WriteOptions options;
  if (HasCondition(call.fields())) options.if_opset = view.stat().opset;
  const Result<Written> written = Apply(call, bucket, view.stat(), patch, bytes, options);
  if (!written.ok()) {
    if (written.status().code() == StatusCode::kNotFound) return Error(Code::kObjectVersionPatchConflict);
    if (written.status().code() == StatusCode::kAborted) return Error(Code::kConcurrentUpdatesPatchConflict);
    return WriteFailure(written.status(), Code::kConditionalRequestConflict);
  }
  PBFS_ASSIGN_OR_RETURN(const ObjectStat stat, StatAfter(site, call, view.stat().object));
  HttpFields fields;
  fields.Set("ETag", s3::Quoted(EtagOf(stat)));
  fields.Set("x-amz-object-size", std::to_string(stat.size));
  return call.SendXml(s3::ToXml(s3::PatchResult{LastModifiedMs(stat), EtagOf(stat)}), std::move(fields));
}

Status AppendObject(Site& site, Call& call) {
  PBFS_RETURN_IF_ERROR(CheckServedFields(call.fields()));
  PBFS_ASSIGN_OR_RETURN(const int64_t offset, s3::ParseWriteOffset(call.fields().Get("x-amz-write-offset-bytes")));
  Result<ObjectView> view = OpenKey(site, call);
  if (s3::IsError(view.status(), Code::kNoSuchKey) && offset == 0) return PutObject(site, call);
  PBFS_RETURN_IF_ERROR(view.status());
  PBFS_ASSIGN_OR_RETURN(RequestBody body, RequestBody::Open(call, {}));
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  std::optional<Bytes> bytes;
  for (int attempt = 0; attempt < kTryAgain; ++attempt) {
    const ObjectStat& stat = view->stat();
    if (stat.size != offset)
      return Error(Code::kInvalidWriteOffset, "The object has " + std::to_string(stat.size) + " bytes");
    PBFS_RETURN_IF_ERROR(s3::CheckPatch(call.fields(), {true, EtagOf(stat), LastModifiedMs(stat)}));
    if (!bytes.has_value()) {
      PBFS_ASSIGN_OR_RETURN(bytes, body.ReadAll(call.context(), site.options.max_patch_bytes));
    }
    if (bytes->empty()) return Error(Code::kInvalidRequest, "An append needs at least one byte");
    const Result<Written> written =
        bucket.WriteRanges(call.context(), stat.object, {{offset, *bytes}}, {.if_opset = stat.opset});
    if (written.ok()) {
      PBFS_ASSIGN_OR_RETURN(const ObjectStat after, StatAfter(site, call, stat.object));
      HttpFields fields;
      fields.Set("ETag", s3::Quoted(EtagOf(after)));
      fields.Set("x-amz-object-size", std::to_string(written->hi));
      return call.Send(200, std::move(fields));
    }
    if (written.status().code() == StatusCode::kNotFound) return Error(Code::kObjectVersionPatchConflict);
    if (!LostRace(written.status())) return written.status();
    if (HasCondition(call.fields())) return Error(Code::kConditionalRequestConflict);
    // Somebody wrote in between: this is still an append if it was not at the end.
    PBFS_ASSIGN_OR_RETURN(view, OpenKey(site, call));
  }
  return Error(Code::kConcurrentUpdatesPatchConflict);
}

}  // namespace pbfs::gateway
