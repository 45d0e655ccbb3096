#include "services/operator/bucket_settings.h"

#include <fmt/format.h>

#include "libs/access/system_bucket.h"
#include "libs/kube/kube_json.h"
#include "libs/s3/cors.h"
#include "libs/s3/documents.h"
#include "libs/s3/headers.h"
#include "libs/s3/lifecycle.h"
#include "libs/s3/lock.h"
#include "libs/s3/policy.h"
#include "libs/s3/target.h"
#include "services/operator/object_text.h"

namespace pbfs::operators {
namespace {

using kube::Member;
using kube::Text;

std::vector<std::string> TextsOf(const Json& list) {
  std::vector<std::string> out;
  if (!list.is_array()) return out;
  for (const Json& text : list)
    if (text.is_string()) out.push_back(text.get<std::string>());
  return out;
}

std::optional<int64_t> NumberOf(const Json& object, const char* name) {
  const Json& value = Member(object, name);
  return value.is_number_integer() ? std::optional(value.get<int64_t>()) : std::nullopt;
}

s3::CorsRules CorsOf(const Json& list) {
  s3::CorsRules rules;
  for (const Json& rule : list)
    rules.push_back({"", TextsOf(Member(rule, "allowedOrigins")), TextsOf(Member(rule, "allowedMethods")),
                     TextsOf(Member(rule, "allowedHeaders")), TextsOf(Member(rule, "exposeHeaders")),
                     NumberOf(rule, "maxAgeSeconds")});
  return rules;
}

s3::LifecycleRules LifecycleOf(const Json& list) {
  s3::LifecycleRules rules;
  for (const Json& given : list) {
    s3::LifecycleRule rule;
    rule.id = Text(given, "id");
    rule.enabled = Member(given, "enabled") != Json(false);
    rule.prefix = Text(given, "prefix");
    rule.expire_days = NumberOf(given, "expirationDays");
    rule.noncurrent_days = NumberOf(given, "noncurrentExpirationDays");
    rule.abort_days = NumberOf(given, "abortIncompleteMultipartDays");
    rules.push_back(std::move(rule));
  }
  return rules;
}

s3::LockConfiguration LockOf(const Json& lock) {
  s3::LockConfiguration configuration;
  const Json& retention = Member(lock, "defaultRetention");
  if (retention.is_object())
    configuration.default_retention = s3::DefaultRetention{
        Text(retention, "mode") == "COMPLIANCE" ? s3::LockMode::kCompliance : s3::LockMode::kGovernance,
        kube::Number(retention, "days"), 0};
  return configuration;
}

// What a gateway would have read of a request: refused here as there.
template <typename Parsed>
Status Check(const char* field, const Result<Parsed>& parsed) {
  return parsed.ok() ? OkStatus() : InvalidArgumentError(fmt::format("{}: {}", field, parsed.status().message()));
}

}  // namespace

std::string BucketNameOf(const Json& object) {
  return Text(Member(object, "spec"), "bucketName", MetaText(object, "name"));
}

Versioning VersioningOf(const Json& spec) {
  const std::string word = Text(spec, "versioning", "Off");
  if (word == "Enabled") return Versioning::kEnabled;
  return word == "Suspended" ? Versioning::kSuspended : Versioning::kOff;
}

BucketSettings SettingsOf(const Json& spec, const std::string& bucket, const RedundancySpec& redundancy) {
  BucketSettings settings;
  settings.name = bucket;
  settings.etag = Etag::kMd5;
  settings.k = static_cast<uint8_t>(redundancy.data_shards);
  settings.m = static_cast<uint8_t>(redundancy.parity_shards);
  if (redundancy.min_write_shards) settings.w = static_cast<uint8_t>(*redundancy.min_write_shards);
  if (VersioningOf(spec) == Versioning::kEnabled) settings.versioning = Versioning::kEnabled;
  return settings;
}

Result<StringMap> BucketDocuments(const Json& spec, const std::string& bucket) {
  StringMap documents;
  PBFS_RETURN_IF_ERROR(s3::CheckBucketName(bucket).Annotate("spec.bucketName"));
  if (Member(spec, "quota").is_object())
    return InvalidArgumentError("spec.quota: this release keeps no quotas; leave it out");
  if (const Json& tags = Member(spec, "tags"); tags.is_object()) {
    s3::Tags list;
    for (const auto& [key, value] : tags.items())
      list.emplace_back(key, value.is_string() ? value.get<std::string>() : "");
    PBFS_RETURN_IF_ERROR(s3::CheckTags(list, s3::kMaxBucketTags).Annotate("spec.tags"));
    documents["tagging"] = s3::TagsXml(list);
  }
  if (const std::string policy = Text(spec, "policy"); !policy.empty()) {
    PBFS_RETURN_IF_ERROR(Check("spec.policy", s3::Policy::ParseBucket(policy, bucket)));
    documents["policy"] = policy;
  }
  if (const Json& cors = Member(spec, "cors"); cors.is_array() && !cors.empty()) {
    documents["cors"] = s3::CorsXml(CorsOf(cors));
    PBFS_RETURN_IF_ERROR(Check("spec.cors", s3::ParseCors(documents["cors"])));
  }
  if (const Json& rules = Member(spec, "lifecycleRules"); rules.is_array() && !rules.empty()) {
    documents["lifecycle"] = s3::LifecycleXml(LifecycleOf(rules));
    PBFS_RETURN_IF_ERROR(Check("spec.lifecycleRules", s3::ParseLifecycle(documents["lifecycle"])));
  }
  if (const Json& lock = Member(spec, "objectLock"); Member(lock, "enabled") == Json(true)) {
    if (VersioningOf(spec) != Versioning::kEnabled)
      return InvalidArgumentError("spec.objectLock: it locks versions, and needs versioning: Enabled");
    documents[kLockDocument] = s3::LockConfigurationXml(LockOf(lock));
  }
  return documents;
}

}  // namespace pbfs::operators
