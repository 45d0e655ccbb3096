// PATCH with a range, and append: what S3 has no name for. A patch costs what was sent, whatever the size of the object.
#include <algorithm>

#include "libs/s3/byterange.h"
#include "libs/s3/conditions.h"
#include "libs/s3/dates.h"
#include "libs/s3/ranges.h"
#include "libs/s3/text.h"
#include "services/gateway/deeds.h"
#include "services/gateway/object_facts.h"
#include "services/gateway/object_lock.h"
#include "services/gateway/operations.h"
#include "services/gateway/sent_ranges.h"
#include "services/gateway/versions.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;

constexpr int kTryAgain = 20;

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

// Range in a field (docs/design/s3.md).
Result<Patch> PatchOfField(Call& call, RequestBody& body, std::string_view content_range) {
  if (s3::IsByteRangeType(call.fields().Get("Content-Type")))
    return Error(Code::kInvalidRequest, "Content-Range stands in the header and in the body");
  PBFS_ASSIGN_OR_RETURN(const s3::PatchRange range, s3::ParsePatchRange(content_range, body.length()));
  if (range.set_size.has_value()) return Patch{.set_size = range.set_size};
  return Patch{.ranges = {range.range}};
}

Status CheckAgainst(Call& call, const Patch& patch, const ObjectStat& stat) {
  const Status starts = s3::CheckPatchStarts(patch.ranges, stat.size);
  if (!starts.ok()) return Status(starts).WithDetail("http-Content-Range", s3::UnsatisfiedRange(stat.size));
  return s3::CheckPatch(call.fields(), {true, EtagOf(stat), LastModifiedMs(stat)});
}

/// What is written to: a state of an object, and whether it is changed or a new version made of it (docs/design/s3.md).
struct Base {
  ObjectStat stat;
  bool in_place = false;
  bool chosen = false;  // by its version's id: else it is what the key shows, and has to be until the end
};

Result<Base> BaseOf(Call& call, Bucket& bucket, const ObjectStat& stat) {
  Base base{stat, bucket.versioning() == Versioning::kOff, call.query().Has("versionId")};
  if (bucket.versioning() != Versioning::kSuspended || stat.versioning == Versioning::kEnabled || stat.sealed)
    return base;
  // The null version is patched in place where it is current.
  PBFS_ASSIGN_OR_RETURN(const NamedVersion null, FindVersion(bucket, call, call.key(), kNullVersion));
  base.in_place = null.current;
  return base;
}

// `at_end`: an append, which happens only there.
Result<Written> ApplyInPlace(Call& call, Bucket& bucket, const ObjectStat& stat, const Patch& patch, bool at_end,
                             std::optional<OpId> op) {
  WriteOptions options;
  options.op = op;
  if (at_end || HasCondition(call.fields())) options.if_opset = stat.opset;
  if (patch.zeros.has_value())
    return bucket.Zero(call.context(), stat.object, patch.zeros->begin, patch.zeros->end, options);
  if (patch.set_size.has_value()) return bucket.Truncate(call.context(), stat.object, *patch.set_size, options);
  return bucket.WriteRanges(call.context(), stat.object, patch.sent->writer(), options);
}

Result<Written> MakeVersion(Site& site, Call& call, Bucket& bucket, const Base& base, const Patch& patch,
                            std::optional<OpId> op) {
  PutOptions options;
  options.op = op;
  options.metadata = base.stat.metadata;
  ForgetContent(options.metadata);
  PBFS_RETURN_IF_ERROR(LockNew(site, call, bucket, call.fields(), options.metadata));
  if (!base.chosen) options.if_bound_to = base.stat.object;
  const ObjectId from = base.stat.object;
  if (patch.zeros.has_value()) {
    return bucket.ZeroVersion(call.context(), call.key(), from, patch.zeros->begin, patch.zeros->end, options);
  }
  if (patch.set_size.has_value())
    return bucket.ResizeVersion(call.context(), call.key(), from, *patch.set_size, options);
  return bucket.PatchVersion(call.context(), call.key(), from, patch.sent->writer(), options);
}

bool IsSealed(const Status& status) { return status.Detail("pbfs-code") == CommitCodeName(CommitCode::kSealed); }

Status PatchFailure(const Status& status) {
  if (s3::IsError(status, Code::kObjectVersionPatchConflict)) return status;
  if (status.code() == StatusCode::kNotFound) return Error(Code::kObjectVersionPatchConflict);
  if (status.code() == StatusCode::kAborted) return Error(Code::kConcurrentUpdatesPatchConflict);
  return WriteFailure(status, Code::kConditionalRequestConflict);
}

// Everything that a repeat with the same token must have in common.
std::string ParametersOf(const Patch& patch) {
  std::string text = patch.set_size.has_value() ? "size " + std::to_string(*patch.set_size) : std::string();
  if (patch.sent == nullptr) return text;
  const std::vector<std::string> digests = patch.sent->Digests();
  for (size_t i = 0; i < digests.size(); ++i) text += std::to_string(patch.ranges[i].begin) + " " + digests[i] + "\n";
  return text;
}

bool IsRepeat(const Status& status) { return status.Detail("pbfs-code") == CommitCodeName(CommitCode::kOpIdReused); }

// `If-None-Match: *` on a key without an object, from byte 0 on: the patch makes it.
bool Creates(Call& call, const Patch& patch, const Status& opened) {
  return s3::IsError(opened, Code::kNoSuchKey) && call.fields().Get("If-None-Match") == "*" &&
         patch.ranges.size() == 1 && patch.ranges[0].begin == 0;
}

std::string Encode(const Patched& outcome) {
  return outcome.etag + " " + std::to_string(outcome.size) + " " + std::to_string(outcome.modified_ms) + " " +
         outcome.version_id;
}

Result<Patched> Decode(std::string_view kept) {
  const auto word = [&kept] {
    const size_t end = std::min(kept.find(' '), kept.size());
    const std::string_view taken = kept.substr(0, end);
    kept.remove_prefix(std::min(end + 1, kept.size()));
    return taken;
  };
  Patched outcome;
  outcome.etag = word();
  const auto size = s3::ParseNumber(word()), modified_ms = s3::ParseNumber(word());
  if (!size || !modified_ms) return DataLossError("what was kept of a PATCH's answer is malformed");
  outcome.size = *size, outcome.modified_ms = *modified_ms;
  outcome.version_id = kept;
  return outcome;
}

HttpFields FieldsOf(const Patched& outcome) {
  HttpFields fields = {{"ETag", s3::Quoted(outcome.etag)}, {"x-amz-object-size", std::to_string(outcome.size)}};
  if (!outcome.version_id.empty()) fields.Set("x-amz-version-id", outcome.version_id);
  return fields;
}

Status AnswerPatch(Call& call, const Patched& outcome) {
  return call.SendXml(s3::ToXml(s3::PatchResult{outcome.modified_ms, outcome.etag}), FieldsOf(outcome));
}

Status AnswerAppend(Call& call, const Patched& outcome) { return call.Send(200, FieldsOf(outcome)); }

std::string VersionIdFor(const Bucket& bucket, const ObjectStat& stat) {
  const bool shown = bucket.versioning() != Versioning::kOff || stat.versioning == Versioning::kEnabled;
  return shown ? VersionIdOf(stat.bound, stat.versioning) : "";
}

// The object as it is after a write to it, or of a version made by somebody before: a repeat.
Result<Patched> OutcomeOf(Site& site, Call& call, const Bucket& bucket, const ObjectId& written) {
  PBFS_ASSIGN_OR_RETURN(const ObjectStat stat, StatAfter(site, call, written));
  return Patched{EtagOf(stat), stat.size, LastModifiedMs(stat), VersionIdFor(bucket, stat)};
}

// A version that was made says all by itself.
Patched OutcomeOf(const Base& base, const Patch& patch, const Written& made) {
  Patched outcome;
  outcome.etag = EtagOf(made.object, *made.opset, {});
  outcome.size = patch.set_size.value_or(std::max(base.stat.size, made.hi));
  outcome.modified_ms = HlcMillis(made.order.hlc);
  outcome.version_id = IdOfMade(made);
  return outcome;
}

// Writes to the object, or makes a version of it. Errors: of the client; ABORTED with kAgain: the key shows another object by now, or the
// bucket keeps versions since a moment ago: see what it is like now.
constexpr const char* kAgain = "pbfs-again";
Result<Patched> Apply(Site& site, Call& call, Bucket& bucket, const Base& base, const Patch& patch, bool at_end,
                      std::optional<OpId> op) {
  const Result<Written> written = base.in_place ? ApplyInPlace(call, bucket, base.stat, patch, at_end, op)
                                                : MakeVersion(site, call, bucket, base, patch, op);
  if (written.ok() && !base.in_place) return OutcomeOf(base, patch, *written);
  const bool repeat = IsRepeat(written.status());
  if (written.ok() || repeat) {
    const ObjectId object = base.in_place || !repeat ? base.stat.object : ObjectId::FromBytes(op->span());
    return OutcomeOf(site, call, bucket, object);
  }
  if (IsSealed(written.status())) {
    PBFS_ASSIGN_OR_RETURN(bucket, site.buckets.Find(call.context(), call.bucket(), true));
    return AbortedError("the bucket keeps versions by now").WithDetail(kAgain, "1");
  }
  // Of an append in place, whoever came between has moved the end.
  const bool overtaken = LostRace(written.status()) && (at_end || !base.in_place) && !HasCondition(call.fields());
  return overtaken ? AbortedError("the object has changed").WithDetail(kAgain, "1") : written.status();
}

bool IsAgain(const Status& status) { return status.Detail(kAgain).has_value(); }

/// The token of a request, if it has one, and what was kept of its first answer.
class Once {
 public:
  static Result<Once> Find(Site& site, Call& call, const Bucket& bucket, std::string parameters) {
    Once once(site, call, bucket.info().id.ToString(), std::move(parameters));
    PBFS_ASSIGN_OR_RETURN(once.token_, site.tokens.Find(call, once.bucket_, once.parameters_));
    return once;
  }
  std::optional<OpId> op() const { return token_.has_value() ? std::optional(token_->op) : std::nullopt; }
  bool answered() const { return token_.has_value() && !token_->answer.empty(); }
  Result<Patched> FirstAnswer() const { return Decode(token_->answer); }
  void Keep(const Patched& outcome) {
    if (!token_.has_value()) return;
    token_->answer = Encode(outcome);
    site_.tokens.Keep(call_, bucket_, *token_, parameters_);
  }

 private:
  Once(Site& site, Call& call, std::string bucket, std::string parameters)
      : site_(site), call_(call), bucket_(std::move(bucket)), parameters_(std::move(parameters)) {}
  Site& site_;
  Call& call_;
  std::string bucket_, parameters_;
  std::optional<PatchTokens::Remembered> token_;
};

Status CheckIsEnd(const ObjectView& view, int64_t offset) {
  if (view.stat().size == offset) return OkStatus();
  return Error(Code::kInvalidWriteOffset, "The object has " + std::to_string(view.stat().size) + " bytes");
}

// A version takes over what is kept beside the one before, which may have changed while a long body came.
Status LookAgain(Site& site, Call& call, const Bucket& bucket, const SentRanges& sent, ObjectView& view) {
  if (sent.pieces() < 2 || bucket.versioning() == Versioning::kOff) return OkStatus();
  PBFS_ASSIGN_OR_RETURN(view, OpenKey(site, call));
  return OkStatus();
}

}  // namespace

Result<Patched> PatchBytes(Site& site, Call& call, ObjectView view, const Patch& patch) {
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  const bool has_token = call.has_field("x-amz-client-token");
  PBFS_ASSIGN_OR_RETURN(Once once, Once::Find(site, call, bucket, has_token ? ParametersOf(patch) : ""));
  if (once.answered()) return once.FirstAnswer();
  if (patch.sent != nullptr) PBFS_RETURN_IF_ERROR(LookAgain(site, call, bucket, *patch.sent, view));
  for (int attempt = 0; attempt < kTryAgain; ++attempt) {
    PBFS_RETURN_IF_ERROR(CheckAgainst(call, patch, view.stat()));
    PBFS_ASSIGN_OR_RETURN(const Base base, BaseOf(call, bucket, view.stat()));
    Result<Patched> patched = Apply(site, call, bucket, base, patch, false, once.op());
    if (patched.ok()) {
      once.Keep(*patched);
      return patched;
    }
    if (!IsAgain(patched.status())) return PatchFailure(patched.status());
    PBFS_ASSIGN_OR_RETURN(view, OpenKey(site, call));
  }
  return Error(Code::kConcurrentUpdatesPatchConflict);
}

Status PatchObject(Site& site, Call& call) {
  const auto content_range = call.fields().Find("Content-Range");
  if (!content_range.has_value() && !s3::IsByteRangeType(call.fields().Get("Content-Type"))) {
    return Error(Code::kMissingContentRange,
                 "Say which bytes to write: Content-Range: bytes <first>-<last>/*, or bytes */<size> to set the size")
        .WithDetail("http-Accept-Patch", kAcceptPatch);
  }
  PBFS_ASSIGN_OR_RETURN(RequestBody body,
                        RequestBody::Open(call, {.needs_length = true, .max_bytes = site.options.max_patch_bytes}));
  Patch patch;
  std::optional<s3::ByteRangeDecoder> decoder;
  if (content_range.has_value()) {
    PBFS_ASSIGN_OR_RETURN(patch, PatchOfField(call, body, *content_range));
  } else {
    const std::string type(call.fields().Get("Content-Type"));
    PBFS_ASSIGN_OR_RETURN(decoder, s3::ByteRangeDecoder::Make(type, body.length()));
  }
  Result<ObjectView> view = OpenKey(site, call);
  if (Creates(call, patch, view.status())) return PutObject(site, call);
  PBFS_RETURN_IF_ERROR(view.status());
  const bool has_token = call.fields().Has("x-amz-client-token");
  // A repeat is answered as the first was, also where the object is another one by now.
  if (!has_token) PBFS_RETURN_IF_ERROR(CheckAgainst(call, patch, view->stat()));
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  SentRanges sent(call, bucket);
  if (decoder.has_value()) {
    PBFS_RETURN_IF_ERROR(sent.AddBody(site, call, body, *decoder));
  } else if (patch.set_size.has_value()) {
    PBFS_RETURN_IF_ERROR(body.Finish(call.context()));
  } else {
    PBFS_RETURN_IF_ERROR(sent.AddBody(site, call, body, patch.ranges[0].begin));
  }
  patch.ranges = sent.ranges();
  patch.sent = &sent;
  PBFS_ASSIGN_OR_RETURN(const Patched patched, PatchBytes(site, call, *std::move(view), patch));
  return AnswerPatch(call, patched);
}

Result<Patched> AppendBytes(Site& site, Call& call, ObjectView view, std::optional<int64_t> offset, SentRanges& sent) {
  const int64_t size = sent.ranges()[0].end;
  if (size == 0) return Error(Code::kInvalidRequest, "An append needs at least one byte");
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  const std::string where = offset.has_value() ? std::to_string(*offset) : "end";
  const bool has_token = call.has_field("x-amz-client-token");
  const std::string parameters = has_token ? "append " + where + " " + sent.Digests()[0] : "";
  PBFS_ASSIGN_OR_RETURN(Once once, Once::Find(site, call, bucket, parameters));
  if (once.answered()) return once.FirstAnswer();
  PBFS_RETURN_IF_ERROR(LookAgain(site, call, bucket, sent, view));
  for (int attempt = 0; attempt < kTryAgain; ++attempt) {
    const ObjectStat& stat = view.stat();
    const int64_t at = offset.value_or(stat.size);
    PBFS_RETURN_IF_ERROR(CheckIsEnd(view, at));
    PBFS_RETURN_IF_ERROR(s3::CheckPatch(call.fields(), {true, EtagOf(stat), LastModifiedMs(stat)}));
    PBFS_ASSIGN_OR_RETURN(const Base base, BaseOf(call, bucket, stat));
    const Patch patch{.ranges = {{at, at + size}}, .sent = &sent};
    sent.writer().PlaceAt(at);
    Result<Patched> outcome = Apply(site, call, bucket, base, patch, true, once.op());
    if (outcome.ok()) {
      if (offset.has_value()) outcome->size = at + size;  // others may have appended more since
      once.Keep(*outcome);
      return outcome;
    }
    if (!IsAgain(outcome.status())) return PatchFailure(outcome.status());
    // Somebody wrote in between: this is still an append if it was not at the end.
    PBFS_ASSIGN_OR_RETURN(view, OpenKey(site, call));
  }
  return Error(Code::kConcurrentUpdatesPatchConflict);
}

Status AppendObject(Site& site, Call& call) {
  if (call.has_field("Content-Range"))
    return Error(Code::kInvalidRequest, "An append says where by x-amz-write-offset-bytes, not by Content-Range");
  PBFS_RETURN_IF_ERROR(CheckServedFields(call.fields()));
  PBFS_ASSIGN_OR_RETURN(const int64_t offset, s3::ParseWriteOffset(call.fields().Get("x-amz-write-offset-bytes")));
  const Result<ObjectView> view = OpenKey(site, call);
  if (s3::IsError(view.status(), Code::kNoSuchKey) && offset == 0) return PutObject(site, call);
  PBFS_RETURN_IF_ERROR(view.status());
  // Before the body is sent; but a repeat may come when the object is longer.
  const bool has_token = call.has_field("x-amz-client-token");
  if (!has_token) PBFS_RETURN_IF_ERROR(CheckIsEnd(*view, offset));
  PBFS_ASSIGN_OR_RETURN(RequestBody body,
                        RequestBody::Open(call, {.needs_length = true, .max_bytes = site.options.max_patch_bytes}));
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  ObjectMetadata locked;  // in place nothing can be: then this refuses to
  PBFS_RETURN_IF_ERROR(LockAsAsked(site, call, bucket, call.fields(), locked));
  SentRanges sent(call, bucket);
  PBFS_RETURN_IF_ERROR(sent.AddBody(site, call, body, 0));
  PBFS_ASSIGN_OR_RETURN(const Patched appended, AppendBytes(site, call, *view, offset, sent));
  return AnswerAppend(call, appended);
}

}  // namespace pbfs::gateway
