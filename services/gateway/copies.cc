// CopyObject: inside a bucket by reference, whatever the size; between buckets, whose keys differ, through this gateway.
#include <algorithm>

#include "libs/s3/conditions.h"
#include "services/gateway/deeds.h"
#include "services/gateway/object_facts.h"
#include "services/gateway/object_lock.h"
#include "services/gateway/operations.h"
#include "services/gateway/piece_sink.h"
#include "services/gateway/versions.h"
#include "services/gateway/write_conditions.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;

constexpr int kTryAgain = 20;

struct Directives {
  bool replace_metadata = false;
  bool replace_tags = false;
};

Result<bool> ReadDirective(Call& call, const char* name) {
  const std::string_view value = call.fields().Get(name);
  if (value.empty() || value == "COPY") return false;
  if (value == "REPLACE") return true;
  return Error(Code::kInvalidArgument, std::string("Unknown ") + name);
}

// What the copy has beside its bytes; the etag and the checksum stay those of the bytes.
Result<ObjectMetadata> MetadataOfCopy(Call& call, const ObjectStat& source, const Directives& directives) {
  PBFS_ASSIGN_OR_RETURN(const ObjectMetadata asked, MetadataOfRequest(call.fields()));
  ObjectMetadata metadata = directives.replace_metadata ? asked : source.metadata;
  PBFS_ASSIGN_OR_RETURN(const s3::Tags tags, TagsOf(directives.replace_tags ? asked : source.metadata));
  SetTags(tags, metadata);
  if (IsEncrypted(asked)) SetEncrypted(metadata);
  ForgetContent(metadata);
  if (source.metadata.opset != source.opset) return metadata;
  metadata.etag = source.metadata.etag;
  metadata.opset = source.opset;
  const auto checksum = ChecksumOf(source.metadata, source.opset);
  if (checksum.has_value()) SetChecksum(checksum->algorithm, checksum->type, checksum->value, metadata);
  return metadata;
}

bool HasSourceCondition(const HttpFields& fields) {
  return std::any_of(fields.begin(), fields.end(), [](const HttpFields::Field& field) {
    return LowerCase(field.first).starts_with("x-amz-copy-source-if-");
  });
}

Result<Written> CopyInside(Call& call, Bucket& bucket, const ObjectStat& source, ObjectMetadata& metadata,
                           const WriteConditions& conditions) {
  CloneOptions options;
  options.metadata = metadata;
  // Where nothing depends on the content, a copy of an object that is being patched is as good as any other.
  if (metadata.opset.has_value() || HasSourceCondition(call.fields())) options.if_opset = source.opset;
  options.if_none_match = conditions.if_none_match;
  options.if_bound_to = conditions.if_bound_to;
  return bucket.Clone(call.context(), source.object, call.key(), options);
}

Result<Written> CopyAcross(Site& site, Call& call, Bucket& to, ObjectView& source, const ObjectMetadata& metadata,
                           const WriteConditions& conditions) {
  PBFS_RETURN_IF_ERROR(source.Cover(call.context(), 0, source.stat().size));
  const auto writer = to.NewObject(call.context());
  PieceSink sink(site, [&](Buffer piece) { return writer->Add(std::move(piece)); });
  PBFS_RETURN_IF_ERROR(source.Read(call.context(), 0, source.stat().size, sink));
  PBFS_RETURN_IF_ERROR(sink.Flush());
  PutOptions options;
  options.metadata = metadata;
  options.if_none_match = conditions.if_none_match;
  options.if_bound_to = conditions.if_bound_to;
  return writer->Bind(call.key(), options);
}

}  // namespace

Result<Stored> MakeCopy(Site& site, Call& call) {
  PBFS_RETURN_IF_ERROR(CheckServedFields(call.fields()));
  PBFS_ASSIGN_OR_RETURN(const s3::CopySource from, s3::ParseCopySource(call.fields().Get("x-amz-copy-source")));
  Directives directives;
  PBFS_ASSIGN_OR_RETURN(directives.replace_metadata, ReadDirective(call, "x-amz-metadata-directive"));
  PBFS_ASSIGN_OR_RETURN(directives.replace_tags, ReadDirective(call, "x-amz-tagging-directive"));
  PBFS_RETURN_IF_ERROR(CheckNoVersion(call));
  // A version copied onto its key is current again.
  const bool itself = from.bucket == call.bucket() && from.key == call.key() && from.version_id.empty();
  const bool changes = directives.replace_metadata || directives.replace_tags ||
                       call.fields().Has("x-amz-server-side-encryption") || call.fields().Has("x-amz-storage-class");
  if (itself && !changes) {
    return Error(Code::kInvalidRequest,
                 "This copy request is illegal because it is trying to copy an object to itself without changing the "
                 "object's metadata, storage class, website redirect location or encryption attributes.");
  }
  PBFS_ASSIGN_OR_RETURN(Bucket to, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const WriteConditions conditions, ReadWriteConditions(site, call));
  for (int attempt = 0;; ++attempt) {
    PBFS_ASSIGN_OR_RETURN(Source source, OpenSource(site, call, from));
    const ObjectStat& stat = source.view.stat();
    PBFS_RETURN_IF_ERROR(s3::CheckCopySource(call.fields(), {true, EtagOf(stat), LastModifiedMs(stat)}));
    PBFS_ASSIGN_OR_RETURN(ObjectMetadata metadata, MetadataOfCopy(call, stat, directives));
    PBFS_RETURN_IF_ERROR(LockNew(site, call, to, call.fields(), metadata));
    PBFS_RETURN_IF_ERROR(AddDefaults(site, call, to, metadata));
    const Result<Written> copied = from.bucket == call.bucket()
                                       ? CopyInside(call, to, stat, metadata, conditions)
                                       : CopyAcross(site, call, to, source.view, metadata, conditions);
    if (copied.status().code() == StatusCode::kAborted && attempt < kTryAgain) continue;  // the source has changed
    if (!copied.ok()) return WriteFailure(copied.status(), conditions.lost);
    metadata.opset = copied->opset;
    Stored stored{copied->object, *copied->opset, std::move(metadata), copied->hi, HlcMillis(copied->order.hlc)};
    stored.version_id = IdOfMade(*copied);
    stored.source_version_id = source.version_id;
    return stored;
  }
}

Status CopyObject(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const Stored copy, MakeCopy(site, call));
  s3::CopyResult result;
  result.last_modified_ms = copy.modified_ms;
  result.etag = copy.Etag();
  result.checksum = ChecksumOf(copy.metadata, copy.opset);
  HttpFields fields;
  AddEncryption(copy.metadata, fields);
  copy.AddVersions(fields);
  return call.SendXml(s3::ToXml(result), std::move(fields));
}

// x-amz-rename-source, as directory buckets have it: one Commit, no bytes.
Status RenameObject(Site& site, Call& call) {
  std::string_view source = call.fields().Get("x-amz-rename-source");
  if (source.starts_with('/')) source.remove_prefix(1);
  const auto decoded = s3::PercentDecode(source, false);
  const std::string prefix = call.bucket() + "/";
  if (!decoded.has_value() || decoded->empty())
    return Error(Code::kInvalidArgument, "x-amz-rename-source is malformed");
  const std::string from = decoded->starts_with(prefix) ? decoded->substr(prefix.size()) : *decoded;
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  PBFS_RETURN_IF_ERROR(site.access.Check(call, "s3:DeleteObject", {call.bucket(), from, ""}));
  PBFS_RETURN_IF_ERROR(site.access.Check(call, "s3:GetObject", {call.bucket(), from, ""}));
  if (bucket.versioning() != Versioning::kOff)
    return Error(Code::kNotImplemented, "Where versions are kept nothing is renamed: copy it, and delete the source");
  const bool if_none_match = call.fields().Get("If-None-Match") == "*";
  const Status renamed = bucket.Rename(call.context(), from, call.key(), if_none_match).status();
  if (!renamed.ok()) return WriteFailure(renamed, Code::kPreconditionFailed);
  return call.Send(200);
}

}  // namespace pbfs::gateway
