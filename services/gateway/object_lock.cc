#include "services/gateway/object_lock.h"

#include "libs/s3/dates.h"
#include "services/gateway/operations.h"
#include "services/gateway/request_body.h"
#include "services/gateway/versions.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;

// In ObjectMetadata::system, as the fields of S3 have them: "GOVERNANCE 2026-01-02T03:04:05.678Z", and ON or OFF.
constexpr const char* kRetention = "retention";
constexpr const char* kHold = "legal-hold";
constexpr const char* kModeField = "x-amz-object-lock-mode";
constexpr const char* kUntilField = "x-amz-object-lock-retain-until-date";
constexpr const char* kHoldField = "x-amz-object-lock-legal-hold";

Status NoLock() { return Error(Code::kInvalidRequest, "Bucket is missing Object Lock Configuration"); }

// Whether the request passes governance by. Errors (of S3): AccessDenied: it asks to, and may not.
Result<bool> Bypasses(Site& site, Call& call, const Access::Resource& version) {
  if (!s3::AsksToBypass(call.fields())) return false;
  PBFS_RETURN_IF_ERROR(site.access.Check(call, "s3:BypassGovernanceRetention", version));
  return true;
}

// The lock of the version that the request is about, in a bucket that has locks.
Result<s3::VersionLock> LockAsked(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const bool can_lock, CanLock(site, call, bucket));
  if (!can_lock) return NoLock();
  PBFS_ASSIGN_OR_RETURN(const ObjectView view, OpenKey(site, call));
  return LockOf(view.stat().metadata);
}

// Changes the lock of the version that the request is about, whatever else of it changes meanwhile.
Status ChangeLock(Site& site, Call& call, const std::function<Status(s3::VersionLock& lock)>& change) {
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const bool can_lock, CanLock(site, call, bucket));
  if (!can_lock) return NoLock();
  const auto changed = ChangeMetadata(site, call, [&](ObjectMetadata& metadata) -> Status {
    PBFS_ASSIGN_OR_RETURN(s3::VersionLock lock, LockOf(metadata));
    PBFS_RETURN_IF_ERROR(change(lock));
    SetLock(lock, metadata);
    return OkStatus();
  });
  PBFS_RETURN_IF_ERROR(changed.status());
  return call.Send(200);
}

}  // namespace

Result<s3::VersionLock> LockOf(const ObjectMetadata& metadata) {
  HttpFields fields;
  if (const auto retention = metadata.system.find(kRetention); retention != metadata.system.end()) {
    const size_t blank = std::min(retention->second.find(' '), retention->second.size());
    fields.Set(kModeField, retention->second.substr(0, blank));
    fields.Set(kUntilField, retention->second.substr(std::min(blank + 1, retention->second.size())));
  }
  if (const auto hold = metadata.system.find(kHold); hold != metadata.system.end())
    fields.Set(kHoldField, hold->second);
  const Result<s3::VersionLock> lock = s3::ReadLockFields(fields, INT64_MIN);  // it may be over
  return lock.ok() ? lock : DataLossError("what a version is locked by is malformed");
}

void SetLock(const s3::VersionLock& lock, ObjectMetadata& metadata) {
  HttpFields fields;
  s3::AddLockFields(lock, fields);
  metadata.system.erase(kRetention);
  metadata.system.erase(kHold);
  if (fields.Has(kModeField))
    metadata.system[kRetention] = std::string(fields.Get(kModeField)) + " " + std::string(fields.Get(kUntilField));
  if (fields.Has(kHoldField)) metadata.system[kHold] = std::string(fields.Get(kHoldField));
}

Result<bool> CanLock(Site& site, Call& call, const Bucket& bucket) {
  PBFS_ASSIGN_OR_RETURN(const auto rules, site.access.RulesOf(call.context(), bucket));
  if (rules->lock.has_value()) return true;  // never to be taken back
  PBFS_ASSIGN_OR_RETURN(const auto document, site.documents.Get(call.context(), DocumentOf(bucket, kLockDocument)));
  return document.has_value();
}

Status LockAsAsked(Site& site, Call& call, const Bucket& bucket, const HttpFields& fields, ObjectMetadata& metadata) {
  PBFS_ASSIGN_OR_RETURN(const s3::VersionLock lock, s3::ReadLockFields(fields, site.clock.NowMillis()));
  if (lock != s3::VersionLock{}) {
    PBFS_ASSIGN_OR_RETURN(const bool can_lock, CanLock(site, call, bucket));
    if (!can_lock) return NoLock();
  }
  if (lock.retention.has_value()) PBFS_RETURN_IF_ERROR(site.access.Check(call, "s3:PutObjectRetention"));
  if (lock.legal_hold.has_value()) PBFS_RETURN_IF_ERROR(site.access.Check(call, "s3:PutObjectLegalHold"));
  SetLock(lock, metadata);
  return OkStatus();
}

Status LockByDefault(Site& site, Call& call, const Bucket& bucket, ObjectMetadata& metadata) {
  PBFS_ASSIGN_OR_RETURN(const auto rules, site.access.RulesOf(call.context(), bucket));
  if (!rules->lock.has_value() || !rules->lock->default_retention.has_value()) return OkStatus();
  PBFS_ASSIGN_OR_RETURN(s3::VersionLock lock, LockOf(metadata));
  if (!lock.retention.has_value())
    lock.retention = s3::RetentionAt(*rules->lock->default_retention, site.clock.NowMillis());
  SetLock(lock, metadata);
  return OkStatus();
}

Status LockNew(Site& site, Call& call, const Bucket& bucket, const HttpFields& fields, ObjectMetadata& metadata) {
  PBFS_RETURN_IF_ERROR(LockAsAsked(site, call, bucket, fields, metadata));
  return LockByDefault(site, call, bucket, metadata);
}

Status AddLock(Site& site, Call& call, const ObjectMetadata& metadata, HttpFields& fields) {
  PBFS_ASSIGN_OR_RETURN(s3::VersionLock lock, LockOf(metadata));
  if (lock.retention.has_value() && !site.access.Check(call, "s3:GetObjectRetention").ok()) lock.retention.reset();
  if (lock.legal_hold.has_value() && !site.access.Check(call, "s3:GetObjectLegalHold").ok()) lock.legal_hold.reset();
  s3::AddLockFields(lock, fields);
  return OkStatus();
}

Status CheckUnlocked(Site& site, Call& call, const Access::Resource& version, const ObjectMetadata& metadata) {
  PBFS_ASSIGN_OR_RETURN(const s3::VersionLock lock, LockOf(metadata));
  if (lock == s3::VersionLock{}) return OkStatus();
  PBFS_ASSIGN_OR_RETURN(const bool bypass, Bypasses(site, call, version));
  return s3::CheckDelete(lock, site.clock.NowMillis(), bypass);
}

Status EnableLock(Site& site, Call& call, Bucket& bucket, const s3::LockConfiguration& configuration) {
  PBFS_RETURN_IF_ERROR(
      site.documents.Put(call.context(), DocumentOf(bucket, kLockDocument), s3::LockConfigurationXml(configuration)));
  site.access.Forget(bucket.info().id);
  // Whoever suspends versions meanwhile either sees the document, or is undone here.
  return bucket.SetVersioning(call.context(), Versioning::kEnabled);
}

Status GetObjectLockConfiguration(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const auto document, site.documents.Get(call.context(), DocumentOf(bucket, kLockDocument)));
  return document.has_value() ? call.SendXml(*document) : Error(Code::kObjectLockConfigurationNotFound);
}

Status PutObjectLockConfiguration(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const std::string document, ReadDocument(call));
  PBFS_ASSIGN_OR_RETURN(const s3::LockConfiguration configuration, s3::ParseLockConfiguration(document));
  PBFS_ASSIGN_OR_RETURN(const Versioning versioning, bucket.FindVersioning(call.context()));
  if (versioning != Versioning::kEnabled)
    return Error(Code::kInvalidBucketState, "Versioning must be 'Enabled' on the bucket to apply a lock configuration");
  PBFS_RETURN_IF_ERROR(EnableLock(site, call, bucket, configuration));
  return call.Send(200);
}

Status GetObjectRetention(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const s3::VersionLock lock, LockAsked(site, call));
  if (!lock.retention.has_value()) return Error(Code::kNoSuchObjectLockConfiguration);
  return call.SendXml(s3::RetentionXml(*lock.retention));
}

Status PutObjectRetention(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const std::string document, ReadDocument(call));
  PBFS_ASSIGN_OR_RETURN(const std::optional<s3::Retention> retention, s3::ParseRetention(document));
  const int64_t now_ms = site.clock.NowMillis();
  if (retention.has_value()) PBFS_RETURN_IF_ERROR(s3::CheckIsAhead(*retention, now_ms));
  const Access::Resource version{call.bucket(), call.key(), std::string(call.query().Get("versionId"))};
  PBFS_ASSIGN_OR_RETURN(const bool bypass, Bypasses(site, call, version));
  return ChangeLock(site, call, [&](s3::VersionLock& lock) {
    PBFS_RETURN_IF_ERROR(s3::CheckRetentionChange(lock.retention, retention, now_ms, bypass));
    lock.retention = retention;
    return OkStatus();
  });
}

Status GetObjectLegalHold(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const s3::VersionLock lock, LockAsked(site, call));
  if (!lock.legal_hold.has_value()) return Error(Code::kNoSuchObjectLockConfiguration);
  return call.SendXml(s3::LegalHoldXml(*lock.legal_hold));
}

Status PutObjectLegalHold(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const std::string document, ReadDocument(call));
  PBFS_ASSIGN_OR_RETURN(const bool on, s3::ParseLegalHold(document));
  return ChangeLock(site, call, [on](s3::VersionLock& lock) {
    lock.legal_hold = on;
    return OkStatus();
  });
}

}  // namespace pbfs::gateway
