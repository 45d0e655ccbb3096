// Of the object API: what writes.
#include <algorithm>

#include "libs/s3/byterange.h"
#include "services/gateway/object_lock.h"
#include "services/gateway/object_service.h"
#include "services/gateway/operations.h"
#include "services/gateway/piece_sink.h"
#include "services/gateway/sent_ranges.h"
#include "services/gateway/write_conditions.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;

constexpr ObjectMethod kPut{"Put", "PutObject", "s3:PutObject"};
constexpr ObjectMethod kDelete{"Delete", "DeleteObject", "s3:DeleteObject"};
constexpr ObjectMethod kPatch{"Patch", "PatchObject", "s3:PutObject"};
constexpr ObjectMethod kAppend{"Append", "AppendObject", "s3:PutObject"};
constexpr ObjectMethod kTruncate{"Truncate", "TruncateObject", "s3:PutObject"};
constexpr ObjectMethod kZero{"Zero", "ZeroObject", "s3:PutObject"};
constexpr ObjectMethod kClone{"Clone", "CloneObject", "s3:PutObject"};
constexpr ObjectMethod kClonePast{"Clone", "CloneObjectAsOf", "s3:PutObject"};

/// Joins the pieces of a patch to ranges.
class PieceJoiner {
 public:
  PieceJoiner(Site& site, SentRanges& sent)
      : sent_(sent),
        left_(site.options.max_patch_bytes),
        sink_(site, [&sent](Buffer piece) { return sent.Add(std::move(piece)); }) {}

  Status Add(const Context& context, const objects::PatchPiece& piece) {
    const int64_t size = static_cast<int64_t>(piece.data.size());
    if (piece.data.empty()) return Error(Code::kInvalidRequest, "A piece has at least one byte");
    if (piece.offset < 0 || piece.offset > s3::kMaxObjectBytes - size)
      return Error(Code::kInvalidArgument, "A piece is beyond what an object can have");
    if (size > left_) return Error(Code::kEntityTooLarge);
    left_ -= size;
    if (piece.offset != end_) PBFS_RETURN_IF_ERROR(Begin(piece.offset));
    end_ = piece.offset + size;
    return sink_.Write(context, piece.data);
  }
  Status Finish() {
    if (sent_.ranges().empty()) return Error(Code::kInvalidRequest, "A patch has at least one piece");
    PBFS_RETURN_IF_ERROR(sink_.Flush());
    std::vector<s3::ByteRange> sorted = sent_.ranges();
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
    for (size_t i = 1; i < sorted.size(); ++i) {
      if (sorted[i].begin < sorted[i - 1].end) return Error(Code::kInvalidRequest, "The ranges of a patch overlap");
    }
    return OkStatus();
  }

 private:
  Status Begin(int64_t offset) {
    if (sent_.ranges().size() == s3::kMaxPatchParts)
      return Error(Code::kInvalidRequest, "A patch has at most 1000 ranges");
    PBFS_RETURN_IF_ERROR(sink_.Flush());
    sent_.Begin(offset);
    return OkStatus();
  }

  SentRanges& sent_;
  int64_t left_;      // bytes that may come yet
  int64_t end_ = -1;  // of the last range
  PieceSink sink_;
};

Status Join(Site& site, const Context& context, objects::PieceSource& pieces, SentRanges& sent) {
  PieceJoiner joiner(site, sent);
  for (;;) {
    PBFS_ASSIGN_OR_RETURN(const std::optional<objects::PatchPiece> piece, pieces.Next(context));
    if (!piece.has_value()) return joiner.Finish();
    PBFS_RETURN_IF_ERROR(joiner.Add(context, *piece));
  }
}

Result<objects::Written> Apply(Site& site, Call& call, const Patch& patch) {
  PBFS_ASSIGN_OR_RETURN(const ObjectView view, OpenKey(site, call));
  PBFS_ASSIGN_OR_RETURN(const Patched patched, PatchBytes(site, call, view, patch));
  return WrittenOf(patched);
}

}  // namespace

Result<objects::Written> ObjectService::Put(const Context& context, const objects::Caller& caller,
                                            const objects::PutRequest& request, objects::BodySource& body) {
  ObjectCall call(context, caller, kPut, gateway_.NewRequestId(), request.at);
  call.SetConditions(request.conditions);
  call.SetProperties(request.properties);
  if (request.checksum.has_value()) call.SetChecksum(*request.checksum);
  call.SetBody(body, request.size);
  return Answer<objects::Written>(call, caller, [&]() -> Result<objects::Written> {
    PBFS_ASSIGN_OR_RETURN(const Stored stored, StoreObject(site_, call.call()));
    return WrittenOf(stored);
  });
}

Result<objects::Deleted> ObjectService::Delete(const Context& context, const objects::Caller& caller,
                                               const objects::DeleteRequest& request) {
  ObjectCall call(context, caller, kDelete, gateway_.NewRequestId(), request.at);
  call.SetConditions(request.conditions);
  call.Require(request.conditions.if_none_match.empty(), "if_none_match is no condition of a delete");
  return Answer<objects::Deleted>(call, caller, [&]() -> Result<objects::Deleted> {
    PBFS_ASSIGN_OR_RETURN(const Deletion deleted, RemoveObject(site_, call.call()));
    return objects::Deleted{deleted.version_id, deleted.delete_marker};
  });
}

Result<objects::Written> ObjectService::Patch(const Context& context, const objects::Caller& caller,
                                              const objects::PatchRequest& request, objects::PieceSource& pieces) {
  ObjectCall call(context, caller, kPatch, gateway_.NewRequestId(), request.at);
  call.SetConditions(request.conditions);
  call.SetToken(request.token);
  return Answer<objects::Written>(call, caller, [&]() -> Result<objects::Written> {
    PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site_, call.call()));
    SentRanges sent(call.call(), bucket);
    PBFS_RETURN_IF_ERROR(Join(site_, context, pieces, sent));
    return Apply(site_, call.call(), {.ranges = sent.ranges(), .sent = &sent});
  });
}

Result<objects::Written> ObjectService::Append(const Context& context, const objects::Caller& caller,
                                               const objects::AppendRequest& request, objects::BodySource& body) {
  ObjectCall call(context, caller, kAppend, gateway_.NewRequestId(), request.at);
  call.SetConditions(request.conditions);
  call.SetToken(request.token);
  call.SetProperties(request.properties);
  call.SetBody(body);
  call.Require(request.expected_size.value_or(0) >= 0, "expected_size is at least 0");
  return Answer<objects::Written>(call, caller, [&]() -> Result<objects::Written> {
    const Result<ObjectView> view = OpenKey(site_, call.call());
    if (s3::IsError(view.status(), Code::kNoSuchKey) && request.expected_size == 0) {
      call.Set("If-None-Match", "*");  // of two that make it, one comes too late
      const Result<Stored> stored = StoreObject(site_, call.call());
      if (s3::IsError(stored.status(), Code::kPreconditionFailed)) return Error(Code::kInvalidWriteOffset);
      PBFS_RETURN_IF_ERROR(stored.status());
      return WrittenOf(*stored);
    }
    PBFS_RETURN_IF_ERROR(view.status());
    PBFS_ASSIGN_OR_RETURN(RequestBody sent_body,
                          RequestBody::Open(call.call(), {.max_bytes = site_.options.max_patch_bytes}));
    PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site_, call.call()));
    SentRanges sent(call.call(), bucket);
    PBFS_RETURN_IF_ERROR(sent.AddBody(site_, call.call(), sent_body, 0));
    PBFS_ASSIGN_OR_RETURN(const Patched patched, AppendBytes(site_, call.call(), *view, request.expected_size, sent));
    return WrittenOf(patched);
  });
}

Result<objects::Written> ObjectService::Truncate(const Context& context, const objects::Caller& caller,
                                                 const objects::TruncateRequest& request) {
  ObjectCall call(context, caller, kTruncate, gateway_.NewRequestId(), request.at);
  call.SetConditions(request.conditions);
  call.SetToken(request.token);
  call.Require(request.size >= 0 && request.size <= s3::kMaxObjectBytes, "size is beyond what an object can have");
  return Answer<objects::Written>(call, caller, [&] { return Apply(site_, call.call(), {.set_size = request.size}); });
}

Result<objects::Written> ObjectService::Zero(const Context& context, const objects::Caller& caller,
                                             const objects::ZeroRequest& request) {
  ObjectCall call(context, caller, kZero, gateway_.NewRequestId(), request.at);
  call.SetConditions(request.conditions);
  call.Require(request.lo >= 0 && request.lo < request.hi && request.hi <= s3::kMaxObjectBytes,
               "[lo, hi) is no range of an object");
  return Answer<objects::Written>(call, caller, [&] {
    return Apply(site_, call.call(), {.zeros = s3::ByteRange{request.lo, request.hi}});
  });
}

// By name, since the object may be gone; the ETag is another one, since nobody knows that of the past.
Result<Stored> ObjectService::ClonePast(Call& call, const objects::CloneRequest& request) {
  PBFS_RETURN_IF_ERROR(site_.access.Check(call, "s3:GetObjectVersion", {call.bucket(), request.source.key, ""}));
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site_, call));
  PBFS_ASSIGN_OR_RETURN(const bool locks, CanLock(site_, call, bucket));
  if (locks) return Error(Code::kNotImplemented, "The past of a bucket with object lock is not cloned");
  PBFS_ASSIGN_OR_RETURN(const WriteConditions conditions, ReadWriteConditions(site_, call));
  CloneOptions options;
  options.as_of = AsOf(request.as_of_ms);
  options.if_none_match = conditions.if_none_match;
  options.if_bound_to = conditions.if_bound_to;
  if (request.properties.has_value()) {
    PBFS_ASSIGN_OR_RETURN(options.metadata, MetadataOfRequest(call.fields()));
  }
  const Result<pbfs::Written> cloned = bucket.Clone(call.context(), request.source.key, call.key(), options);
  if (cloned.status().code() == StatusCode::kNotFound) return Error(Code::kNoSuchKey);
  if (!cloned.ok()) return WriteFailure(cloned.status(), conditions.lost);
  return Stored{cloned->object, *cloned->opset, {}, cloned->hi, HlcMillis(cloned->order.hlc), IdOfMade(*cloned)};
}

Result<objects::Written> ObjectService::Clone(const Context& context, const objects::Caller& caller,
                                              const objects::CloneRequest& request) {
  const bool past = request.as_of_ms != 0;
  ObjectCall call(context, caller, past ? kClonePast : kClone, gateway_.NewRequestId(), request.at);
  const std::string from = request.source.bucket.empty() ? request.at.bucket : request.source.bucket;
  call.SetConditions(request.conditions);
  const std::string& version = request.source.version_id;
  call.Set("x-amz-copy-source", s3::UriEncode(from + "/" + request.source.key, false) +
                                    (version.empty() ? "" : "?versionId=" + s3::UriEncode(version, true)));
  call.SetTag("x-amz-copy-source-if-match", request.source_if_match);
  if (request.properties.has_value()) {
    call.Set("x-amz-metadata-directive", "REPLACE");
    call.Set("x-amz-tagging-directive", "REPLACE");
    call.SetProperties(*request.properties);
  }
  call.Require(IsTime(request.as_of_ms), "as_of_ms is no time");
  call.Require(!past || (from == request.at.bucket && request.source_if_match.empty() && version.empty()),
               "the past is cloned inside its bucket only, without a condition on it, and by its time only");
  return Answer<objects::Written>(call, caller, [&]() -> Result<objects::Written> {
    PBFS_ASSIGN_OR_RETURN(const Stored copy, past ? ClonePast(call.call(), request) : MakeCopy(site_, call.call()));
    return WrittenOf(copy);
  });
}

}  // namespace pbfs::gateway
