#include "libs/s3/lifecycle.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "libs/s3/dates.h"
#include "libs/s3/errors.h"
#include "libs/s3/target.h"
#include "libs/s3/text.h"
#include "libs/s3/xml.h"

namespace pbfs::s3 {
namespace {

using Element = XmlReader::Element;

constexpr int64_t kDayMs = int64_t{24} * 3600 * 1000;
constexpr int64_t kMaxDays = 365'000;
constexpr size_t kMaxIdBytes = 255;
constexpr int64_t kMaxNewerVersions = 100;

Status Malformed() { return Error(Code::kMalformedXml); }
Status OutOfBounds(std::string_view element, std::string_view bounds) {
  return Error(Code::kInvalidArgument, fmt::format("'{}' for a lifecycle action must be {}", element, bounds));
}

// ---- reading ----

/// A number in an element that may be missing.
Result<std::optional<int64_t>> OptionalNumber(const Element& parent, std::string_view name, int64_t least,
                                              int64_t most) {
  const auto element = parent.Child(name);
  if (!element) return std::optional<int64_t>();
  const auto value = ParseNumber(element->TrimmedText());
  if (!value || *value < least || *value > most)
    return OutOfBounds(name, fmt::format("a number from {} to {}", least, most));
  return value;
}

Status ReadTag(const Element& element, LifecycleRule& rule) {
  const auto key = element.ChildText("Key");
  const auto value = element.ChildText("Value");
  if (!key || !value) return Malformed();
  rule.tags.emplace_back(*key, *value);
  return OkStatus();
}

/// <Filter>, or the <And> in it, which may hold several.
Status ReadFilter(const Element& filter, LifecycleRule& rule) {
  constexpr int64_t kMost = 999'999'999'999'999'999;
  if (filter.name() == "Filter" && filter.Children().size() > 1) return Malformed();
  if (const auto both = filter.Child("And")) return ReadFilter(*both, rule);
  rule.prefix = filter.ChildTextOrEmpty("Prefix");
  PBFS_ASSIGN_OR_RETURN(rule.size_above, OptionalNumber(filter, "ObjectSizeGreaterThan", 0, kMost));
  PBFS_ASSIGN_OR_RETURN(rule.size_below, OptionalNumber(filter, "ObjectSizeLessThan", 1, kMost));
  for (const Element& tag : filter.Children("Tag")) PBFS_RETURN_IF_ERROR(ReadTag(tag, rule));
  return CheckTags(rule.tags, kMaxObjectTags);
}

Status ReadExpiration(const Element& element, LifecycleRule& rule) {
  PBFS_ASSIGN_OR_RETURN(rule.expire_days, OptionalNumber(element, "Days", 1, kMaxDays));
  const auto date = element.Child("Date");
  const auto markers = element.Child("ExpiredObjectDeleteMarker");
  if (date) {
    rule.expire_date_ms = ParseIsoDate(date->TrimmedText());
    if (!rule.expire_date_ms) return Malformed();
    if (*rule.expire_date_ms % kDayMs != 0) return OutOfBounds("Date", "at midnight GMT");
  }
  rule.expire_delete_markers = markers && markers->TrimmedText() == "true";
  if ((rule.expire_days ? 1 : 0) + (date ? 1 : 0) + (markers ? 1 : 0) != 1) return Malformed();
  return OkStatus();
}

Status ReadNoncurrent(const Element& element, LifecycleRule& rule) {
  PBFS_ASSIGN_OR_RETURN(rule.noncurrent_days, OptionalNumber(element, "NoncurrentDays", 1, kMaxDays));
  PBFS_ASSIGN_OR_RETURN(const auto newer, OptionalNumber(element, "NewerNoncurrentVersions", 1, kMaxNewerVersions));
  rule.newer_noncurrent = newer.value_or(0);
  return rule.noncurrent_days ? OkStatus() : Malformed();
}

Status ReadActions(const Element& element, LifecycleRule& rule) {
  if (element.Child("Transition") || element.Child("NoncurrentVersionTransition")) {
    return Error(Code::kNotImplemented, "Lifecycle transitions are not implemented");
  }
  if (const auto expiration = element.Child("Expiration")) PBFS_RETURN_IF_ERROR(ReadExpiration(*expiration, rule));
  if (const auto noncurrent = element.Child("NoncurrentVersionExpiration")) {
    PBFS_RETURN_IF_ERROR(ReadNoncurrent(*noncurrent, rule));
  }
  if (const auto abort = element.Child("AbortIncompleteMultipartUpload")) {
    PBFS_ASSIGN_OR_RETURN(rule.abort_days, OptionalNumber(*abort, "DaysAfterInitiation", 1, kMaxDays));
    if (!rule.abort_days) return Malformed();
  }
  const bool any =
      rule.expire_days || rule.expire_date_ms || rule.expire_delete_markers || rule.noncurrent_days || rule.abort_days;
  return any ? OkStatus() : Error(Code::kInvalidRequest, "At least one action needs to be specified in a rule");
}

/// Uploads and delete markers have neither tags nor a size.
Status CheckFilter(const LifecycleRule& rule) {
  const bool narrow = !rule.tags.empty() || rule.size_above || rule.size_below;
  if (narrow && (rule.abort_days || rule.expire_delete_markers)) {
    return Error(Code::kInvalidRequest,
                 "AbortIncompleteMultipartUpload and ExpiredObjectDeleteMarker cannot be specified with tags or sizes");
  }
  return OkStatus();
}

Result<LifecycleRule> ReadRule(const Element& element) {
  LifecycleRule rule;
  rule.id = element.ChildTextOrEmpty("ID");
  if (rule.id.size() > kMaxIdBytes) return OutOfBounds("ID", "at most 255 characters");
  const auto status = element.Child("Status");
  rule.enabled = status && status->TrimmedText() == "Enabled";
  if (!rule.enabled && !(status && status->TrimmedText() == "Disabled")) return Malformed();
  const auto filter = element.Child("Filter");
  const auto old_prefix = element.ChildText("Prefix");
  if (filter.has_value() == old_prefix.has_value()) return Malformed();
  rule.prefix = old_prefix.value_or("");
  if (filter) PBFS_RETURN_IF_ERROR(ReadFilter(*filter, rule));
  PBFS_RETURN_IF_ERROR(ReadActions(element, rule));
  PBFS_RETURN_IF_ERROR(CheckFilter(rule));
  return rule;
}

// ---- applying ----

/// Midnight UTC after `days` whole days.
int64_t AfterDays(int64_t from_ms, int64_t days) {
  const int64_t end_ms = from_ms + days * kDayMs;
  return (end_ms + kDayMs - 1) / kDayMs * kDayMs;
}

bool HasTag(const LifecycleObject& object, const std::pair<std::string, std::string>& tag) {
  return object.tags != nullptr && std::find(object.tags->begin(), object.tags->end(), tag) != object.tags->end();
}

bool Applies(const LifecycleRule& rule, const LifecycleObject& object) {
  return rule.enabled && object.key.starts_with(rule.prefix) && (!rule.size_above || object.size > *rule.size_above) &&
         (!rule.size_below || object.size < *rule.size_below) &&
         std::all_of(rule.tags.begin(), rule.tags.end(), [&](const auto& tag) { return HasTag(object, tag); });
}

void KeepEarlier(std::optional<int64_t>& earliest, int64_t time_ms) {
  earliest = std::min(earliest.value_or(time_ms), time_ms);
}

void WriteFilter(XmlWriter& xml, const LifecycleRule& rule) {
  const size_t parts =
      (rule.prefix.empty() ? 0 : 1) + rule.tags.size() + (rule.size_above ? 1 : 0) + (rule.size_below ? 1 : 0);
  xml.Open("Filter");
  if (parts > 1) xml.Open("And");
  if (!rule.prefix.empty() || parts == 0) xml.Text("Prefix", rule.prefix);
  if (rule.size_above) xml.Number("ObjectSizeGreaterThan", *rule.size_above);
  if (rule.size_below) xml.Number("ObjectSizeLessThan", *rule.size_below);
  for (const auto& [key, value] : rule.tags) {
    xml.Open("Tag");
    xml.Text("Key", key);
    xml.Text("Value", value);
    xml.Close();
  }
  if (parts > 1) xml.Close();
  xml.Close();
}

void WriteActions(XmlWriter& xml, const LifecycleRule& rule) {
  if (rule.expire_days || rule.expire_date_ms || rule.expire_delete_markers) {
    xml.Open("Expiration");
    if (rule.expire_days) xml.Number("Days", *rule.expire_days);
    if (rule.expire_date_ms) xml.Text("Date", IsoDate(*rule.expire_date_ms));
    if (rule.expire_delete_markers) xml.Bool("ExpiredObjectDeleteMarker", true);
    xml.Close();
  }
  if (rule.noncurrent_days) {
    xml.Open("NoncurrentVersionExpiration");
    xml.Number("NoncurrentDays", *rule.noncurrent_days);
    if (rule.newer_noncurrent > 0) xml.Number("NewerNoncurrentVersions", rule.newer_noncurrent);
    xml.Close();
  }
  if (rule.abort_days) {
    xml.Open("AbortIncompleteMultipartUpload");
    xml.Number("DaysAfterInitiation", *rule.abort_days);
    xml.Close();
  }
}

}  // namespace

Result<LifecycleRules> ParseLifecycle(std::string_view body) {
  PBFS_ASSIGN_OR_RETURN(const XmlReader xml, XmlReader::Parse(body, "LifecycleConfiguration"));
  LifecycleRules rules;
  std::set<std::string> ids;
  for (const Element& element : xml.root().Children("Rule")) {
    if (rules.size() == kMaxLifecycleRules) return Malformed();
    PBFS_ASSIGN_OR_RETURN(LifecycleRule rule, ReadRule(element));
    if (rule.id.empty()) rule.id = fmt::format("rule-{}", rules.size() + 1);
    if (!ids.insert(rule.id).second) return Error(Code::kInvalidArgument, "Rule ID must be unique");
    rules.push_back(std::move(rule));
  }
  if (rules.empty()) return Malformed();
  return rules;
}

std::string LifecycleXml(const LifecycleRules& rules) {
  XmlWriter xml("LifecycleConfiguration");
  for (const LifecycleRule& rule : rules) {
    xml.Open("Rule");
    xml.Text("ID", rule.id);
    WriteFilter(xml, rule);
    xml.Text("Status", rule.enabled ? "Enabled" : "Disabled");
    WriteActions(xml, rule);
    xml.Close();
  }
  return std::move(xml).Finish();
}

std::optional<Expiry> ExpiryOf(const LifecycleRules& rules, const LifecycleObject& object, int64_t written_ms) {
  std::optional<Expiry> earliest;
  for (const LifecycleRule& rule : rules) {
    if (!Applies(rule, object) || (!rule.expire_days && !rule.expire_date_ms)) continue;
    const int64_t time_ms = rule.expire_days ? AfterDays(written_ms, *rule.expire_days) : *rule.expire_date_ms;
    if (!earliest || time_ms < earliest->time_ms) earliest = {time_ms, rule.id};
  }
  return earliest;
}

std::string ExpirationField(const Expiry& expiry) {
  return fmt::format("expiry-date=\"{}\", rule-id=\"{}\"", HttpDate(expiry.time_ms), UriEncode(expiry.rule_id, true));
}

std::optional<int64_t> NoncurrentExpiry(const LifecycleRules& rules, const LifecycleObject& object,
                                        int64_t noncurrent_ms, int64_t newer) {
  std::optional<int64_t> earliest;
  for (const LifecycleRule& rule : rules) {
    if (!rule.noncurrent_days || newer < rule.newer_noncurrent || !Applies(rule, object)) continue;
    KeepEarlier(earliest, AfterDays(noncurrent_ms, *rule.noncurrent_days));
  }
  return earliest;
}

bool DeleteMarkerExpires(const LifecycleRules& rules, std::string_view key) {
  return std::any_of(rules.begin(), rules.end(),
                     [&](const LifecycleRule& rule) { return rule.expire_delete_markers && Applies(rule, {key}); });
}

std::optional<int64_t> UploadExpiry(const LifecycleRules& rules, std::string_view key, int64_t begun_ms) {
  std::optional<int64_t> earliest;
  for (const LifecycleRule& rule : rules) {
    if (rule.abort_days && Applies(rule, {key})) KeepEarlier(earliest, AfterDays(begun_ms, *rule.abort_days));
  }
  return earliest;
}

}  // namespace pbfs::s3
