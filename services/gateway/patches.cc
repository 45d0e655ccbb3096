// PATCH with a range, and append: what S3 has no name for. A patch costs what was sent, whatever the size of the object.
#include "libs/s3/byterange.h"
#include "libs/s3/conditions.h"
#include "libs/s3/dates.h"
#include "libs/s3/ranges.h"
#include "libs/s3/text.h"
#include "services/gateway/object_facts.h"
#include "services/gateway/operations.h"
#include "services/gateway/request_body.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;

constexpr int kTryAgain = 20;

bool LostRace(const Status& status) { return status.Detail("pbfs-code") == CommitCodeName(CommitCode::kPrecondition); }

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

/// What a PATCH is to do: write ranges, all at once, or set the size.
struct Patch {
  std::vector<s3::ByteRange> ranges;
  std::vector<Bytes> bytes;  // of each
  std::optional<int64_t> set_size;
};

// Range in a field (docs/design/s3.md). The bytes are read later, when the range is known to be one that the object can take.
Result<Patch> PatchOfField(Call& call, RequestBody& body, std::string_view content_range) {
  if (s3::IsByteRangeType(call.fields().Get("Content-Type")))
    return Error(Code::kInvalidRequest, "Content-Range stands in the header and in the body");
  PBFS_ASSIGN_OR_RETURN(const s3::PatchRange range, s3::ParsePatchRange(content_range, body.length()));
  if (range.set_size.has_value()) return Patch{{}, {}, range.set_size};
  return Patch{{range.range}, {}, {}};
}

// Ranges in the body.
Result<Patch> PatchOfBody(Site& site, Call& call, RequestBody& body) {
  const std::string type(call.fields().Get("Content-Type"));
  PBFS_ASSIGN_OR_RETURN(s3::ByteRangeDecoder decoder, s3::ByteRangeDecoder::Make(type, body.length()));
  PBFS_ASSIGN_OR_RETURN(const Bytes all, body.ReadAll(call.context(), site.options.max_patch_bytes));
  Patch patch;
  for (ByteSpan rest = all; !rest.empty();) {
    PBFS_ASSIGN_OR_RETURN(const auto step, decoder.Decode(rest));
    rest = rest.subspan(step.consumed);
    if (step.part_begins) patch.bytes.emplace_back();
    if (!step.data.empty()) patch.bytes.back().insert(patch.bytes.back().end(), step.data.begin(), step.data.end());
  }
  PBFS_RETURN_IF_ERROR(decoder.Finish());
  patch.ranges = decoder.parts();
  return patch;
}

Status CheckAgainst(Call& call, const Patch& patch, const ObjectStat& stat) {
  const Status starts = s3::CheckPatchStarts(patch.ranges, stat.size);
  if (!starts.ok()) return Status(starts).WithDetail("http-Content-Range", s3::UnsatisfiedRange(stat.size));
  return s3::CheckPatch(call.fields(), {true, EtagOf(stat), LastModifiedMs(stat)});
}

Result<Written> Apply(Call& call, Bucket& bucket, const ObjectStat& stat, const Patch& patch,
                      const std::optional<PatchTokens::Remembered>& token) {
  WriteOptions options;
  if (token.has_value()) options.op = token->op;
  if (HasCondition(call.fields())) options.if_opset = stat.opset;
  if (patch.set_size.has_value()) return bucket.Truncate(call.context(), stat.object, *patch.set_size, options);
  std::vector<RangeWrite> writes;
  for (size_t i = 0; i < patch.ranges.size(); ++i) writes.push_back({patch.ranges[i].begin, patch.bytes[i]});
  return bucket.WriteRanges(call.context(), stat.object, writes, options);
}

Status PatchFailure(const Status& status) {
  if (status.code() == StatusCode::kNotFound) return Error(Code::kObjectVersionPatchConflict);
  if (status.code() == StatusCode::kAborted) return Error(Code::kConcurrentUpdatesPatchConflict);
  return WriteFailure(status, Code::kConditionalRequestConflict);
}

// Everything that a repeat with the same token must have in common.
std::string ParametersOf(const Patch& patch) {
  std::string text = patch.set_size.has_value() ? "size " + std::to_string(*patch.set_size) : std::string();
  for (size_t i = 0; i < patch.ranges.size(); ++i)
    text += std::to_string(patch.ranges[i].begin) + " " + s3::Sha256Hex(patch.bytes[i]) + "\n";
  return text;
}

bool IsRepeat(const Status& status) { return status.Detail("pbfs-code") == CommitCodeName(CommitCode::kOpIdReused); }

// `If-None-Match: *` on a key without an object, from byte 0 on: the patch makes it.
bool Creates(Call& call, const Patch& patch, const Status& opened) {
  return s3::IsError(opened, Code::kNoSuchKey) && call.fields().Get("If-None-Match") == "*" &&
         patch.ranges.size() == 1 && patch.ranges[0].begin == 0;
}

Status Answer(Call& call, const std::string& etag, int64_t size, int64_t modified_ms) {
  HttpFields fields;
  fields.Set("ETag", s3::Quoted(etag));
  fields.Set("x-amz-object-size", std::to_string(size));
  return call.SendXml(s3::ToXml(s3::PatchResult{modified_ms, etag}), std::move(fields));
}

// What was kept of the first answer: etag, size, time.
Status AnswerAgain(Call& call, const std::string& kept) {
  const size_t first = kept.find(' '), second = kept.find(' ', first + 1);
  const auto size = s3::ParseNumber(std::string_view(kept).substr(first + 1, second - first - 1));
  const auto modified_ms = s3::ParseNumber(std::string_view(kept).substr(second + 1));
  if (first == std::string::npos || second == std::string::npos || !size || !modified_ms)
    return DataLossError("what was kept of a PATCH's answer is malformed");
  return Answer(call, kept.substr(0, first), *size, *modified_ms);
}

}  // namespace

Status PatchObject(Site& site, Call& call) {
  const auto content_range = call.fields().Find("Content-Range");
  if (!content_range.has_value() && !s3::IsByteRangeType(call.fields().Get("Content-Type"))) {
    return Error(Code::kMissingContentRange,
                 "Say which bytes to write: Content-Range: bytes <first>-<last>/*, or bytes */<size> to set the size")
        .WithDetail("http-Accept-Patch", kAcceptPatch);
  }
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(RequestBody body, RequestBody::Open(call, {.needs_length = true}));
  PBFS_ASSIGN_OR_RETURN(Patch patch, content_range.has_value() ? PatchOfField(call, body, *content_range)
                                                               : PatchOfBody(site, call, body));
  const Result<ObjectView> view = OpenKey(site, call);
  if (Creates(call, patch, view.status()) && content_range.has_value()) return PutObject(site, call);
  PBFS_RETURN_IF_ERROR(view.status());
  const bool has_token = call.fields().Has("x-amz-client-token");
  // A repeat is answered as the first was, also where the object is another one by now.
  if (!has_token) PBFS_RETURN_IF_ERROR(CheckAgainst(call, patch, view->stat()));
  if (content_range.has_value()) {
    PBFS_ASSIGN_OR_RETURN(Bytes bytes, body.ReadAll(call.context(), site.options.max_patch_bytes));
    if (!patch.set_size.has_value()) patch.bytes.push_back(std::move(bytes));
  }
  const std::string id = bucket.info().id.ToString(), parameters = has_token ? ParametersOf(patch) : "";
  PBFS_ASSIGN_OR_RETURN(auto token, site.tokens.Find(call, id, parameters));
  if (token.has_value() && !token->answer.empty()) return AnswerAgain(call, token->answer);
  const Status holds = has_token ? CheckAgainst(call, patch, view->stat()) : OkStatus();
  const Result<Written> written = holds.ok() ? Apply(call, bucket, view->stat(), patch, token) : Result<Written>(holds);
  if (!written.ok() && !IsRepeat(written.status())) return holds.ok() ? PatchFailure(written.status()) : holds;
  PBFS_ASSIGN_OR_RETURN(const ObjectStat stat, StatAfter(site, call, view->stat().object));
  if (token.has_value()) {
    token->answer = EtagOf(stat) + " " + std::to_string(stat.size) + " " + std::to_string(LastModifiedMs(stat));
    site.tokens.Keep(call, id, *token, parameters);
  }
  return Answer(call, EtagOf(stat), stat.size, LastModifiedMs(stat));
}

namespace {

Status AnswerAppend(Call& call, const std::string& etag, int64_t size) {
  return call.Send(200, {{"ETag", s3::Quoted(etag)}, {"x-amz-object-size", std::to_string(size)}});
}

// What was kept of the first answer: etag, size.
Status AnswerAppendAgain(Call& call, const std::string& kept) {
  const size_t blank = kept.find(' ');
  const auto size =
      blank == std::string::npos ? std::nullopt : s3::ParseNumber(std::string_view(kept).substr(blank + 1));
  if (!size.has_value()) return DataLossError("what was kept of an append's answer is malformed");
  return AnswerAppend(call, kept.substr(0, blank), *size);
}

Status CheckIsEnd(const ObjectView& view, int64_t offset) {
  if (view.stat().size == offset) return OkStatus();
  return Error(Code::kInvalidWriteOffset, "The object has " + std::to_string(view.stat().size) + " bytes");
}

}  // namespace

Status AppendObject(Site& site, Call& call) {
  if (call.has_field("Content-Range"))
    return Error(Code::kInvalidRequest, "An append says where by x-amz-write-offset-bytes, not by Content-Range");
  PBFS_RETURN_IF_ERROR(CheckServedFields(call.fields()));
  PBFS_ASSIGN_OR_RETURN(const int64_t offset, s3::ParseWriteOffset(call.fields().Get("x-amz-write-offset-bytes")));
  Result<ObjectView> view = OpenKey(site, call);
  if (s3::IsError(view.status(), Code::kNoSuchKey) && offset == 0) return PutObject(site, call);
  PBFS_RETURN_IF_ERROR(view.status());
  // Before the body is sent; but a repeat may come when the object is longer.
  const bool has_token = call.has_field("x-amz-client-token");
  if (!has_token) PBFS_RETURN_IF_ERROR(CheckIsEnd(*view, offset));
  PBFS_ASSIGN_OR_RETURN(RequestBody body, RequestBody::Open(call, {.needs_length = true}));
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const Bytes bytes, body.ReadAll(call.context(), site.options.max_patch_bytes));
  if (bytes.empty()) return Error(Code::kInvalidRequest, "An append needs at least one byte");
  const std::string id = bucket.info().id.ToString();
  const std::string parameters = has_token ? "append " + std::to_string(offset) + " " + s3::Sha256Hex(bytes) : "";
  PBFS_ASSIGN_OR_RETURN(auto token, site.tokens.Find(call, id, parameters));
  if (token.has_value() && !token->answer.empty()) return AnswerAppendAgain(call, token->answer);
  for (int attempt = 0; attempt < kTryAgain; ++attempt) {
    const ObjectStat& stat = view->stat();
    PBFS_RETURN_IF_ERROR(CheckIsEnd(*view, offset));
    PBFS_RETURN_IF_ERROR(s3::CheckPatch(call.fields(), {true, EtagOf(stat), LastModifiedMs(stat)}));
    WriteOptions options;
    options.if_opset = stat.opset;
    if (token.has_value()) options.op = token->op;
    const Result<Written> written = bucket.WriteRanges(call.context(), stat.object, {{offset, bytes}}, options);
    if (written.ok() || IsRepeat(written.status())) {
      PBFS_ASSIGN_OR_RETURN(const ObjectStat after, StatAfter(site, call, stat.object));
      const int64_t size = offset + static_cast<int64_t>(bytes.size());
      if (token.has_value()) {
        token->answer = EtagOf(after) + " " + std::to_string(size);
        site.tokens.Keep(call, id, *token, parameters);
      }
      return AnswerAppend(call, EtagOf(after), size);
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
