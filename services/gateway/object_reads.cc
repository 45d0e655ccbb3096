// GetObject, HeadObject, GetObjectAttributes.
#include "libs/model/limits.h"
#include "libs/s3/conditions.h"
#include "libs/s3/dates.h"
#include "libs/s3/ranges.h"
#include "libs/s3/text.h"
#include "libs/s3/xml.h"
#include "services/gateway/object_facts.h"
#include "services/gateway/object_lock.h"
#include "services/gateway/operations.h"
#include "services/gateway/versions.h"

namespace pbfs::gateway {
namespace {

using s3::Code;

constexpr int kOpenAgain = 10;

/// Where the bytes of an answer go.
class CallSink final : public ByteSink {
 public:
  explicit CallSink(Call& call) : call_(call) {}
  Status Write(const Context&, ByteSpan bytes) override { return call_.Write(bytes); }

 private:
  Call& call_;
};

/// The part of an object that is asked for.
struct Wanted {
  s3::ByteRange range;
  bool partial = false;
};

// The part of that number; of an object whose parts are not known, all of it is part 1.
Result<Wanted> PartOf(std::string_view number, const std::vector<int64_t>& sizes, int64_t size) {
  const std::optional<int64_t> part = s3::ParseNumber(number);
  if (!part.has_value() || *part < 1 || *part > 10'000)
    return s3::Error(Code::kInvalidArgument, "Part number must be an integer between 1 and 10000, inclusive");
  if (sizes.empty() && *part == 1) return Wanted{{0, size}, size > 0};
  if (*part > static_cast<int64_t>(sizes.size())) return s3::Error(Code::kInvalidPartNumber);
  s3::ByteRange range;
  for (int64_t i = 0; i < *part; ++i) range = {range.end, range.end + sizes[static_cast<size_t>(i)]};
  return range.end <= size ? Result<Wanted>(Wanted{range, true}) : s3::Error(Code::kInvalidRange);
}

Result<Wanted> WantedOf(Call& call, int64_t size) {
  const auto header = call.fields().Find("Range");
  if (!header.has_value()) return Wanted{{0, size}, false};
  PBFS_ASSIGN_OR_RETURN(const auto range, s3::ResolveRange(*header, size));
  return range.has_value() ? Wanted{*range, true} : Wanted{{0, size}, false};
}

// What is likely to be wanted, before the size is known: a range that is counted from the end is listed afterwards.
s3::ByteRange Guess(Call& call) {
  if (call.is_head()) return {0, 1};
  const Result<Wanted> wanted = WantedOf(call, kMaxObjectSize);
  return wanted.ok() && wanted->range.end - wanted->range.begin > 0 ? wanted->range : s3::ByteRange{0, 1};
}

Status OverrideHeaders(Call& call, HttpFields& fields) {
  constexpr std::pair<const char*, const char*> kOverrides[] = {
      {"response-content-type", "Content-Type"},
      {"response-content-language", "Content-Language"},
      {"response-expires", "Expires"},
      {"response-cache-control", "Cache-Control"},
      {"response-content-encoding", "Content-Encoding"},
      {"response-content-disposition", "Content-Disposition"}};
  for (const auto& [parameter, field] : kOverrides) {
    const auto value = call.query().Find(parameter);
    if (!value.has_value()) continue;
    if (call.caller.anonymous())
      return s3::Error(Code::kInvalidRequest, "Request specific response headers cannot be used for anonymous GET");
    if (value->find_first_of("\r\n") != std::string_view::npos) return s3::Error(Code::kInvalidArgument);
    fields.Set(field, std::string(*value));
  }
  return OkStatus();
}

// The answer to a condition that does not hold; none: go on.
Result<bool> Refused(Call& call, const ObjectView& view) {
  const s3::Existing existing{true, EtagOf(view.stat()), LastModifiedMs(view.stat())};
  const s3::Verdict verdict = s3::CheckRead(call.fields(), existing);
  if (verdict == s3::Verdict::kPreconditionFailed) return s3::Error(Code::kPreconditionFailed);
  if (verdict == s3::Verdict::kProceed) return false;
  HttpFields fields;
  for (const auto& [name, value] : FieldsOf(view.stat())) {
    for (const char* kept : {"ETag", "Last-Modified", "Cache-Control", "Expires"})
      if (EqualsIgnoreCase(name, kept)) fields.Set(name, value);
  }
  PBFS_RETURN_IF_ERROR(call.Send(304, std::move(fields)));
  return true;
}

// Which version it is, what it is locked by, and when a rule of the bucket will take it away.
Status AddFacts(Site& site, Call& call, const ObjectStat& stat, HttpFields& fields) {
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
  AddVersion(call, bucket, stat, fields);
  PBFS_RETURN_IF_ERROR(AddLock(site, call, stat.metadata, fields));
  PBFS_ASSIGN_OR_RETURN(const auto rules, site.access.RulesOf(call.context(), bucket));
  if (rules->lifecycle.empty() || call.query().Has("versionId")) return OkStatus();
  PBFS_ASSIGN_OR_RETURN(const s3::Tags tags, TagsOf(stat.metadata));
  const auto expiry = s3::ExpiryOf(rules->lifecycle, {call.key(), &tags, stat.size}, LastModifiedMs(stat));
  if (expiry.has_value()) fields.Set("x-amz-expiration", s3::ExpirationField(*expiry));
  return OkStatus();
}

// One state of the object, answered; ABORTED: it changed while its end was looked for.
Status Answer(Site& site, Call& call, ObjectView& view) {
  PBFS_ASSIGN_OR_RETURN(const bool refused, Refused(call, view));
  if (refused) return OkStatus();
  const int64_t size = view.stat().size;
  const auto part = call.query().Find("partNumber");
  if (part.has_value() && call.fields().Has("Range"))
    return s3::Error(Code::kInvalidRequest, "Cannot specify both Range header and partNumber query parameter");
  const std::vector<int64_t> sizes = PartSizesOf(view.stat().metadata, view.stat().opset);
  const Result<Wanted> wanted = part.has_value() ? PartOf(*part, sizes, size) : WantedOf(call, size);
  if (!wanted.ok()) return Status(wanted.status()).WithDetail("http-Content-Range", s3::UnsatisfiedRange(size));
  const s3::ByteRange range = wanted->range;
  HttpFields fields = FieldsOf(view.stat());
  PBFS_RETURN_IF_ERROR(OverrideHeaders(call, fields));
  PBFS_RETURN_IF_ERROR(AddFacts(site, call, view.stat(), fields));
  if (wanted->partial) fields.Set("Content-Range", s3::ContentRange(range, size));
  const auto checksum = ChecksumOf(view.stat().metadata, view.stat().opset);
  const bool shows_checksum = EqualsIgnoreCase(call.fields().Get("x-amz-checksum-mode"), "ENABLED");
  if (shows_checksum && checksum.has_value() && !wanted->partial) AddChecksum(*checksum, fields);
  if (part.has_value() && !sizes.empty()) fields.Set("x-amz-mp-parts-count", std::to_string(sizes.size()));
  if (!call.is_head()) PBFS_RETURN_IF_ERROR(view.Cover(call.context(), range.begin, range.end));
  PBFS_RETURN_IF_ERROR(call.Begin({wanted->partial ? 206 : 200, std::move(fields), range.length()}));
  if (call.is_head()) return OkStatus();
  CallSink sink(call);
  return view.Read(call.context(), range.begin, range.end, sink);
}

// Of an object that was uploaded in parts: a page of them.
Result<std::optional<s3::ObjectAttributes::Parts>> PartsOf(Call& call, const ObjectStat& stat) {
  const std::vector<int64_t> sizes = PartSizesOf(stat.metadata, stat.opset);
  if (sizes.empty()) return std::optional<s3::ObjectAttributes::Parts>{};
  const std::string_view most = call.fields().Get("x-amz-max-parts");
  const std::string_view after = call.fields().Get("x-amz-part-number-marker");
  const auto limit = most.empty() ? std::optional<int64_t>(1000) : s3::ParseNumber(most);
  const auto marker = after.empty() ? std::optional<int64_t>(0) : s3::ParseNumber(after);
  if (!limit.has_value() || !marker.has_value()) return s3::Error(Code::kInvalidArgument);
  s3::ObjectAttributes::Parts parts;
  parts.total = static_cast<int>(sizes.size());
  parts.marker = static_cast<int>(std::min<int64_t>(*marker, 10'000));
  parts.max_parts = static_cast<int>(std::min<int64_t>(*limit, 1000));
  for (int number = parts.marker + 1; number <= parts.total; ++number) {
    parts.truncated = static_cast<int>(parts.parts.size()) == parts.max_parts;
    if (parts.truncated) break;
    parts.parts.push_back({number, sizes[static_cast<size_t>(number - 1)], std::nullopt});
    parts.next_marker = number;
  }
  return std::optional<s3::ObjectAttributes::Parts>(std::move(parts));
}

}  // namespace

Status GetObject(Site& site, Call& call) {
  const s3::ByteRange guess = Guess(call);
  for (int attempt = 0;; ++attempt) {
    PBFS_ASSIGN_OR_RETURN(ObjectView view, OpenKey(site, call, guess.begin, guess.end));
    const Status answered = Answer(site, call, view);
    const bool changed = answered.code() == StatusCode::kAborted && !call.begun();
    if (!changed || attempt >= kOpenAgain) return answered;
  }
}

Status GetObjectAttributes(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const ObjectView view, OpenKey(site, call));
  const ObjectStat& stat = view.stat();
  PBFS_ASSIGN_OR_RETURN(const bool refused, Refused(call, view));
  if (refused) return OkStatus();
  s3::ObjectAttributes attributes;
  bool any = false;
  std::string_view asked = call.fields().Get("x-amz-object-attributes");
  while (!asked.empty()) {
    const size_t comma = std::min(asked.find(','), asked.size());
    std::string_view name = asked.substr(0, comma);
    asked.remove_prefix(std::min(comma + 1, asked.size()));
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    any = true;
    if (name == "ETag")
      attributes.etag = EtagOf(stat);
    else if (name == "ObjectSize")
      attributes.size = stat.size;
    else if (name == "StorageClass")
      attributes.storage_class = "STANDARD";
    else if (name == "Checksum")
      attributes.checksum = ChecksumOf(stat.metadata, stat.opset);
    else if (name == "ObjectParts") {
      PBFS_ASSIGN_OR_RETURN(attributes.parts, PartsOf(call, stat));
    } else {
      return s3::Error(Code::kInvalidArgument, "Invalid attribute name specified.");
    }
  }
  if (!any) return s3::Error(Code::kInvalidArgument, "The x-amz-object-attributes header is required");
  HttpFields fields = {{"Last-Modified", s3::HttpDate(LastModifiedMs(stat))}};
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
  AddVersion(call, bucket, stat, fields);
  return call.SendXml(s3::ToXml(attributes), std::move(fields));
}

}  // namespace pbfs::gateway
