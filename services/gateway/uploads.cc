// Multipart uploads: each part is an object that no name is bound to; completing one places them end to end by reference.
#include <algorithm>
#include <map>

#include "libs/s3/conditions.h"
#include "libs/s3/documents.h"
#include "libs/s3/ranges.h"
#include "libs/s3/text.h"
#include "libs/s3/xml.h"
#include "services/gateway/object_facts.h"
#include "services/gateway/object_lock.h"
#include "services/gateway/operations.h"
#include "services/gateway/request_body.h"
#include "services/gateway/upload_facts.h"
#include "services/gateway/versions.h"
#include "services/gateway/write_conditions.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;

constexpr int32_t kMaxPartNumber = 10'000;
constexpr int64_t kMinPartBytes = 5 << 20;  // of all but the last
constexpr int32_t kPage = 1000;
constexpr int kTryAgain = 20;

bool IsNotFound(const Status& status) { return status.code() == StatusCode::kNotFound; }
Status UploadFailure(const Status& status) { return IsNotFound(status) ? Error(Code::kNoSuchUpload) : status; }

Result<UploadId> IdOf(Call& call) {
  const Result<UploadId> id = UploadId::Parse(call.query().Get("uploadId"));
  return id.ok() ? id : Error(Code::kNoSuchUpload);
}

Result<int32_t> NumberOf(Call& call) {
  const std::optional<int64_t> number = s3::ParseNumber(call.query().Get("partNumber"));
  if (!number.has_value() || *number < 1 || *number > kMaxPartNumber)
    return Error(Code::kInvalidArgument, "Part number must be an integer between 1 and 10000, inclusive");
  return static_cast<int32_t>(*number);
}

// The upload of the request, which is of the request's key.
Result<UploadStat> FindUpload(Call& call, Bucket& bucket) {
  PBFS_ASSIGN_OR_RETURN(const UploadId id, IdOf(call));
  Result<UploadStat> upload = bucket.FindUpload(call.context(), id);
  if (!upload.ok()) return UploadFailure(upload.status());
  return upload->name == call.key() ? upload : Error(Code::kNoSuchUpload);
}

Result<std::vector<UploadedPart>> AllParts(Call& call, Bucket& bucket, UploadId upload) {
  std::vector<UploadedPart> parts;
  for (bool more = true; more;) {
    const int32_t after = parts.empty() ? 0 : parts.back().number;
    Result<UploadPartPage> page = bucket.ListParts(call.context(), upload, after, kPage);
    if (!page.ok()) return UploadFailure(page.status());
    more = page->more && !page->parts.empty();
    std::move(page->parts.begin(), page->parts.end(), std::back_inserter(parts));
  }
  return parts;
}

void ShowChecksumKind(const UploadStat& upload, HttpFields& fields) {
  const ChecksumKind kind = ChecksumKindOf(upload.metadata);
  if (!kind.asked) return;
  fields.Set("x-amz-checksum-algorithm", std::string(s3::AlgorithmName(kind.algorithm)));
  fields.Set("x-amz-checksum-type", std::string(s3::ChecksumTypeName(kind.type)));
}

}  // namespace

Status CreateMultipartUpload(Site& site, Call& call) {
  PBFS_RETURN_IF_ERROR(CheckServedFields(call.fields()));
  PBFS_ASSIGN_OR_RETURN(ObjectMetadata metadata, MetadataOfRequest(call.fields()));
  PBFS_ASSIGN_OR_RETURN(const ChecksumKind kind, ReadChecksumKind(call.fields()));
  SetChecksumKind(kind, metadata);
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  PBFS_RETURN_IF_ERROR(LockAsAsked(site, call, bucket, call.fields(), metadata));
  PBFS_RETURN_IF_ERROR(AddDefaults(site, call, bucket, metadata));
  PBFS_ASSIGN_OR_RETURN(const UploadId id, bucket.CreateUpload(call.context(), call.key(), metadata));
  HttpFields fields;
  ShowChecksumKind({id, call.key(), metadata}, fields);
  AddEncryption(metadata, fields);
  return call.SendXml(s3::ToXml(s3::InitiateResult{call.bucket(), call.key(), id.ToString()}), std::move(fields));
}

Status UploadPart(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const int32_t number, NumberOf(call));
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const UploadStat upload, FindUpload(call, bucket));
  const bool md5 = bucket.info().settings.etag == Etag::kMd5;
  const ChecksumKind kind = ChecksumKindOf(upload.metadata);
  PBFS_ASSIGN_OR_RETURN(RequestBody body,
                        RequestBody::Open(call, {.md5 = md5, .checksum = kind.algorithm, .needs_length = true}));
  if (kind.asked && body.named_checksum().value_or(kind.algorithm) != kind.algorithm)
    return Error(Code::kInvalidRequest, "The upload was created with another checksum algorithm");
  PartFacts facts;
  const auto writer = bucket.NewObject(call.context());
  PBFS_RETURN_IF_ERROR(body.CopyTo(site, [&](Buffer piece) { return writer->Add(std::move(piece)); }));
  const Result<UploadedPart> part =
      bucket.UploadPart(call.context(), upload.upload, number, *writer, [&]() -> Result<Bytes> {
        PBFS_RETURN_IF_ERROR(body.Finish(call.context()));
        if (md5) facts.md5 = body.md5();
        facts.checksum = body.checksum();
        return Encode(facts);
      });
  if (!part.ok()) return UploadFailure(part.status());
  HttpFields fields;
  fields.Set("ETag", s3::Quoted(EtagOf(part->object, facts)));
  fields.Set(std::string(s3::ChecksumHeader(kind.algorithm)), Base64(facts.checksum));
  AddEncryption(upload.metadata, fields);
  return call.Send(200, std::move(fields));
}

namespace {

// What is known of bytes that nobody reads: where they are all of the source, what is known of that.
PartFacts FactsOfCopy(const ObjectStat& source, const s3::ByteRange& range, s3::ChecksumAlgorithm algorithm) {
  PartFacts facts;
  if (range.begin != 0 || range.end != source.size || source.metadata.opset != source.opset) return facts;
  const Result<Bytes> md5 = FromHex(source.metadata.etag);
  if (md5.ok() && md5->size() == 16) facts.md5 = *md5;
  const auto checksum = ChecksumOf(source.metadata, source.opset);
  const bool same =
      checksum.has_value() && checksum->algorithm == algorithm && checksum->type == s3::ChecksumType::kFullObject;
  if (same) facts.checksum = FromBase64(checksum->value).value_or(Bytes{});
  return facts;
}

// Inside a bucket nothing moves; between buckets the bytes go through this gateway.
Result<UploadedPart> CopyPart(Site& site, Call& call, Bucket& to, const UploadStat& upload, int32_t number,
                              ObjectView& source, const s3::ByteRange& range, bool inside, PartFacts& facts) {
  const ChecksumKind kind = ChecksumKindOf(upload.metadata);
  if (inside) {
    facts = FactsOfCopy(source.stat(), range, kind.algorithm);
    PBFS_ASSIGN_OR_RETURN(Bytes metadata, Encode(facts));
    return to.UploadPartCopy(call.context(), upload.upload, number, source.stat().object, range.begin, range.end,
                             std::move(metadata), source.stat().opset);
  }
  PBFS_RETURN_IF_ERROR(source.Cover(call.context(), range.begin, range.end));
  const auto writer = to.NewObject(call.context());
  PartSink sink(site, *writer, kind.algorithm);
  PBFS_RETURN_IF_ERROR(source.Read(call.context(), range.begin, range.end, sink));
  PBFS_RETURN_IF_ERROR(sink.Flush());
  return to.UploadPart(call.context(), upload.upload, number, *writer, [&]() -> Result<Bytes> {
    facts = sink.Finish();
    return Encode(facts);
  });
}

}  // namespace

Status UploadPartCopy(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const int32_t number, NumberOf(call));
  PBFS_ASSIGN_OR_RETURN(const s3::CopySource from, s3::ParseCopySource(call.fields().Get("x-amz-copy-source")));
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const UploadStat upload, FindUpload(call, bucket));
  for (int attempt = 0;; ++attempt) {
    PBFS_ASSIGN_OR_RETURN(Source source, OpenSource(site, call, from));
    const ObjectStat& stat = source.view.stat();
    PBFS_RETURN_IF_ERROR(s3::CheckCopySource(call.fields(), {true, EtagOf(stat), LastModifiedMs(stat)}));
    s3::ByteRange range{0, stat.size};
    if (const auto header = call.fields().Find("x-amz-copy-source-range"); header.has_value()) {
      PBFS_ASSIGN_OR_RETURN(range, s3::ResolveCopyRange(*header, stat.size));
    }
    if (range.length() == 0) return Error(Code::kInvalidRequest, "The copy source is empty");
    PartFacts facts;
    const Result<UploadedPart> part =
        CopyPart(site, call, bucket, upload, number, source.view, range, from.bucket == call.bucket(), facts);
    if (part.status().code() == StatusCode::kAborted && attempt < kTryAgain) continue;  // the source has changed
    if (!part.ok()) return UploadFailure(part.status());
    s3::CopyResult result;
    result.part = true;
    result.last_modified_ms = part->object.Millis();
    result.etag = EtagOf(part->object, facts);
    HttpFields fields;
    source.AddVersion(fields);
    AddEncryption(upload.metadata, fields);
    return call.SendXml(s3::ToXml(result), std::move(fields));
  }
}

namespace {

// The parts that the request names, of those that there are.
Result<std::vector<UploadedPart>> Chosen(const std::vector<s3::CompletePart>& named,
                                         const std::vector<UploadedPart>& there) {
  std::map<int32_t, const UploadedPart*> by_number;
  for (const UploadedPart& part : there) by_number[part.number] = &part;
  std::vector<UploadedPart> chosen;
  for (const s3::CompletePart& one : named) {
    const auto found = by_number.find(one.number);
    if (found == by_number.end()) return Error(Code::kInvalidPart);
    PBFS_ASSIGN_OR_RETURN(const PartFacts facts, DecodePartFacts(found->second->metadata));
    const bool other_sum = one.checksum.has_value() && one.checksum->second != Base64(facts.checksum);
    if (EtagOf(found->second->object, facts) != one.etag || other_sum) return Error(Code::kInvalidPart);
    chosen.push_back(*found->second);
  }
  for (size_t i = 0; i + 1 < chosen.size(); ++i) {
    if (chosen[i].size >= kMinPartBytes) continue;
    return Error(Code::kEntityTooSmall)
        .WithDetail("ProposedSize", std::to_string(chosen[i].size))
        .WithDetail("MinSizeAllowed", std::to_string(kMinPartBytes))
        .WithDetail("PartNumber", std::to_string(chosen[i].number));
  }
  return chosen;
}

// What the client says that the checksum of the whole is.
Status CheckWholeChecksum(Call& call, const std::optional<s3::ShownChecksum>& whole) {
  for (const s3::ChecksumAlgorithm algorithm : s3::kChecksumAlgorithms) {
    const auto said = call.fields().Find(s3::ChecksumHeader(algorithm));
    if (!said.has_value()) continue;
    if (!whole.has_value() || whole->algorithm != algorithm || whole->value != *said) return Error(Code::kBadDigest);
  }
  return OkStatus();
}

// The upload is gone: if it was this one that made the object which is there now, this is a repeat.
Status AnswerRepeat(Site& site, Call& call, const std::string& made_by) {
  const Result<ObjectView> view = OpenKey(site, call);
  if (!view.ok()) return Error(Code::kNoSuchUpload);
  const ObjectMetadata& metadata = view->stat().metadata;
  const auto found = metadata.system.find(kUploadOfObject);
  if (found == metadata.system.end() || found->second != made_by) return Error(Code::kNoSuchUpload);
  s3::CompleteResult result{call.Url(), call.bucket(), call.key(), EtagOf(view->stat()),
                            ChecksumOf(metadata, view->stat().opset)};
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
  HttpFields fields;
  AddVersion(call, bucket, view->stat(), fields);
  AddEncryption(metadata, fields);
  return call.SendXml(s3::ToXml(result), std::move(fields));
}

}  // namespace

Status CompleteMultipartUpload(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(RequestBody body, RequestBody::Open(call, {.checksum_of_object = true}));
  PBFS_ASSIGN_OR_RETURN(const Bytes document, body.ReadAll(call.context(), s3::kMaxDocumentBytes));
  PBFS_ASSIGN_OR_RETURN(const std::vector<s3::CompletePart> named, s3::ParseComplete(AsText(document)));
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  const std::string made_by = MadeBy(call.query().Get("uploadId"), named);
  const Result<UploadStat> upload = FindUpload(call, bucket);
  if (s3::IsError(upload.status(), Code::kNoSuchUpload)) return AnswerRepeat(site, call, made_by);
  PBFS_RETURN_IF_ERROR(upload.status());
  const Result<std::vector<UploadedPart>> there = AllParts(call, bucket, upload->upload);
  if (s3::IsError(there.status(), Code::kNoSuchUpload)) return AnswerRepeat(site, call, made_by);
  PBFS_RETURN_IF_ERROR(there.status());
  PBFS_ASSIGN_OR_RETURN(const std::vector<UploadedPart> parts, Chosen(named, *there));
  PBFS_ASSIGN_OR_RETURN(WholeFacts whole, FactsOfWhole(parts, ChecksumKindOf(upload->metadata)));
  PBFS_RETURN_IF_ERROR(CheckWholeChecksum(call, whole.checksum));
  if (const auto said = call.fields().Find("x-amz-mp-object-size"); said.has_value()) {
    int64_t size = 0;
    for (const UploadedPart& part : parts) size += part.size;
    if (s3::ParseNumber(*said) != size)
      return Error(Code::kInvalidRequest, "The parts have another size than x-amz-mp-object-size says");
  }
  PBFS_ASSIGN_OR_RETURN(const WriteConditions conditions, ReadWriteConditions(site, call));
  PutOptions options;
  options.metadata = upload->metadata;
  PBFS_RETURN_IF_ERROR(LockByDefault(site, call, bucket, options.metadata));
  options.if_none_match = conditions.if_none_match;
  options.if_bound_to = conditions.if_bound_to;
  whole.made_by = made_by;
  SetWholeFacts(whole, options.metadata);
  const Result<Written> done = bucket.CompleteUpload(call.context(), upload->upload, parts, options);
  if (IsNotFound(done.status())) return AnswerRepeat(site, call, made_by);
  if (done.status().code() == StatusCode::kAborted) return Error(Code::kInvalidPart);
  if (!done.ok()) return WriteFailure(done.status(), conditions.lost);
  options.metadata.opset = done->opset;
  s3::CompleteResult result{call.Url(), call.bucket(), call.key(), EtagOf(done->object, *done->opset, options.metadata),
                            whole.checksum};
  HttpFields fields;
  AddMade(*done, fields);
  AddEncryption(options.metadata, fields);
  return call.SendXml(s3::ToXml(result), std::move(fields));
}

Status AbortMultipartUpload(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const UploadStat upload, FindUpload(call, bucket));
  const Status aborted = bucket.AbortUpload(call.context(), upload.upload);
  return aborted.ok() ? call.Send(204) : UploadFailure(aborted);
}

Status ListParts(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const UploadStat upload, FindUpload(call, bucket));
  const auto number = [&](const char* name, int64_t fallback) -> Result<int32_t> {
    const std::string_view text = call.query().Get(name);
    const std::optional<int64_t> value = text.empty() ? fallback : s3::ParseNumber(text);
    if (!value.has_value() || *value > INT32_MAX)
      return Error(Code::kInvalidArgument, std::string(name) + " must be a number");
    return static_cast<int32_t>(*value);
  };
  s3::ListPartsResult result;
  result.bucket = call.bucket(), result.key = call.key(), result.upload_id = upload.upload.ToString();
  result.owner = TheOwner();
  result.url_encoding = call.query().Get("encoding-type") == "url";
  PBFS_ASSIGN_OR_RETURN(result.marker, number("part-number-marker", 0));
  PBFS_ASSIGN_OR_RETURN(const int32_t most, number("max-parts", kPage));
  result.max_parts = std::min(most, kPage);
  const ChecksumKind kind = ChecksumKindOf(upload.metadata);
  result.checksum = s3::ShownChecksum{kind.algorithm, kind.type, ""};
  UploadPartPage page;
  if (result.max_parts > 0) {
    PBFS_ASSIGN_OR_RETURN(page, bucket.ListParts(call.context(), upload.upload, result.marker, result.max_parts));
  }
  for (const UploadedPart& part : page.parts) {
    PBFS_ASSIGN_OR_RETURN(const PartFacts facts, DecodePartFacts(part.metadata));
    std::optional<s3::ShownChecksum> checksum;
    if (!facts.checksum.empty()) checksum = {kind.algorithm, s3::ChecksumType::kFullObject, Base64(facts.checksum)};
    result.parts.push_back({part.number, part.object.Millis(), EtagOf(part.object, facts), part.size, checksum});
  }
  result.truncated = page.more;
  result.next_marker = page.parts.empty() ? 0 : page.parts.back().number;
  return call.SendXml(s3::ToXml(result));
}

namespace {

// Fills the page, folding names at the delimiter: there are few uploads, so those under a common prefix are passed over one by one.
Status FillUploads(Call& call, Bucket& bucket, UploadListOptions options, s3::ListUploadsResult& result) {
  options.limit = kPage;
  for (bool more = true; more;) {
    PBFS_ASSIGN_OR_RETURN(const UploadPage page, bucket.ListUploads(call.context(), options));
    for (const UploadStat& upload : page.uploads) {
      options.after = upload.name, options.after_upload = upload.upload;
      const size_t at =
          result.delimiter.empty() ? std::string::npos : upload.name.find(result.delimiter, result.prefix.size());
      const std::string common = at == std::string::npos ? "" : upload.name.substr(0, at + result.delimiter.size());
      if (!common.empty() && common <= result.key_marker && result.key_marker.starts_with(common)) continue;
      if (!common.empty() && !result.common_prefixes.empty() && result.common_prefixes.back() == common) continue;
      if (static_cast<int64_t>(result.uploads.size() + result.common_prefixes.size()) == result.max_uploads) {
        result.truncated = true;
        return OkStatus();
      }
      result.next_key_marker = common.empty() ? upload.name : common;
      result.next_upload_id_marker = common.empty() ? upload.upload.ToString() : "";
      if (!common.empty()) {
        result.common_prefixes.push_back(common);
        continue;
      }
      const ChecksumKind kind = ChecksumKindOf(upload.metadata);
      result.uploads.push_back({upload.name, upload.upload.ToString(), TheOwner(), "STANDARD", upload.upload.Millis(),
                                s3::ShownChecksum{kind.algorithm, kind.type, ""}});
    }
    more = page.more && !page.uploads.empty();
  }
  result.next_key_marker.clear(), result.next_upload_id_marker.clear();
  return OkStatus();
}

}  // namespace

Status ListMultipartUploads(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  s3::ListUploadsResult result;
  result.bucket = call.bucket();
  result.prefix = call.query().Get("prefix");
  result.delimiter = call.query().Get("delimiter");
  result.key_marker = call.query().Get("key-marker");
  result.upload_id_marker = call.query().Get("upload-id-marker");
  const std::string_view encoding = call.query().Get("encoding-type");
  if (!encoding.empty() && encoding != "url")
    return Error(Code::kInvalidArgument, "Invalid Encoding Method specified in Request");
  result.url_encoding = !encoding.empty();
  const std::string_view asked = call.query().Get("max-uploads");
  const std::optional<int64_t> most = asked.empty() ? kPage : s3::ParseNumber(asked);
  if (!most.has_value() || *most > INT32_MAX)
    return Error(Code::kInvalidArgument, "Argument max-uploads must be an integer between 0 and 2147483647");
  result.max_uploads = std::min<int64_t>(*most, kPage);
  UploadListOptions options;
  options.prefix = result.prefix;
  options.after = result.key_marker;
  if (!result.upload_id_marker.empty()) {
    const Result<UploadId> after = UploadId::Parse(result.upload_id_marker);
    if (!after.ok()) return Error(Code::kInvalidArgument, "Invalid uploadId marker");
    options.after_upload = *after;
  }
  if (result.max_uploads > 0) PBFS_RETURN_IF_ERROR(FillUploads(call, bucket, options, result));
  return call.SendXml(s3::ToXml(result));
}

}  // namespace pbfs::gateway
