#include "services/gateway/lifecycle.h"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "services/gateway/object_facts.h"
#include "services/gateway/object_lock.h"

namespace pbfs::gateway {

Result<LifecycleReport> Lifecycle::Pass(const Context& context) {
  LifecycleReport report;
  PBFS_ASSIGN_OR_RETURN(const std::vector<BucketInfo> buckets, client_.ListBuckets(context));
  for (const BucketInfo& info : buckets) {
    PBFS_RETURN_IF_ERROR(context.Check());
    const std::string& name = info.settings.name;
    if (name == kSystemBucket) continue;
    const Status done = PassBucket(context, name, report);
    if (done.ok() || done.code() == StatusCode::kNotFound) continue;  // deleted meanwhile
    ++report.failed;
    spdlog::warn("lifecycle of bucket {}: {}", name, done.ToString());
  }
  return report;
}

Status Lifecycle::PassBucket(const Context& context, const std::string& name, LifecycleReport& report) {
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, client_.OpenBucket(context, name));
  PBFS_ASSIGN_OR_RETURN(const auto document, documents_.Get(context, DocumentOf(bucket, "lifecycle")));
  if (!document.has_value()) return OkStatus();
  PBFS_ASSIGN_OR_RETURN(const s3::LifecycleRules rules, s3::ParseLifecycle(*document));
  ++report.buckets;
  PBFS_RETURN_IF_ERROR(ExpireObjects(context, bucket, rules, report));
  if (bucket.versioning() != Versioning::kOff) PBFS_RETURN_IF_ERROR(ExpireVersions(context, bucket, rules, report));
  return AbortUploads(context, bucket, rules, report);
}

// Of each name the newest first. What a version is about depends on its neighbours: the newer one says since when it is not current, and
// a delete marker is alone if no older one follows.
Status Lifecycle::ExpireVersions(const Context& context, Bucket& bucket, const s3::LifecycleRules& rules,
                                 LifecycleReport& report) {
  VersionListOptions options;
  std::optional<NamedVersion> newer;  // the version before
  int64_t noncurrent = 0;             // of its name, before the one at hand
  const auto drop = [&](const NamedVersion& version) -> Status {
    const Status gone = bucket.DropVersion(context, version).status();
    // Gone meanwhile, or changed, locked perhaps: the next pass sees.
    if (gone.code() != StatusCode::kNotFound && !LostRace(gone)) PBFS_RETURN_IF_ERROR(gone);
    report.expired += gone.ok();
    return OkStatus();
  };
  const auto drop_lonely_marker = [&](const std::string& next) -> Status {
    const bool lonely = newer.has_value() && newer->name != next && newer->current && !newer->object.has_value();
    return lonely && s3::DeleteMarkerExpires(rules, newer->name) ? drop(*newer) : OkStatus();
  };
  for (bool more = true; more;) {
    PBFS_ASSIGN_OR_RETURN(const VersionPage page, bucket.ListVersions(context, "", options));
    for (const NamedVersion& version : page.versions) {
      options.after = version.name, options.after_version = version.order;
      PBFS_RETURN_IF_ERROR(drop_lonely_marker(version.name));
      const bool same = newer.has_value() && newer->name == version.name;
      if (!same) noncurrent = 0;
      if (same) {
        PBFS_ASSIGN_OR_RETURN(const s3::Tags tags, TagsOf(version.metadata));
        const int64_t size = version.content.value_or(NamedContent{}).size;
        const auto time_ms =
            s3::NoncurrentExpiry(rules, {version.name, &tags, size}, HlcMillis(newer->order.hlc), noncurrent);
        PBFS_ASSIGN_OR_RETURN(const s3::VersionLock lock, LockOf(version.metadata));
        const bool locked = !s3::CheckDelete(lock, clock_.NowMillis(), false).ok();
        if (time_ms.has_value() && *time_ms <= clock_.NowMillis() && !locked) PBFS_RETURN_IF_ERROR(drop(version));
        ++noncurrent;
      }
      newer = version;
    }
    more = page.more && !page.versions.empty();
  }
  return drop_lonely_marker("");
}

Status Lifecycle::ExpireObjects(const Context& context, Bucket& bucket, const s3::LifecycleRules& rules,
                                LifecycleReport& report) {
  ListOptions options;
  options.with_content = true;
  for (bool more = true; more;) {
    PBFS_ASSIGN_OR_RETURN(const NamePage page, bucket.ListNames(context, "", options));
    for (const NamedObject& named : page.names) {
      ++report.objects;
      const NamedContent content = named.content.value_or(NamedContent{});
      PBFS_ASSIGN_OR_RETURN(const s3::Tags tags, TagsOf(named.metadata));
      const int64_t written_ms = HlcMillis(std::max(named.order.hlc, content.newest));
      const auto expiry = s3::ExpiryOf(rules, {named.name, &tags, content.size}, written_ms);
      if (!expiry.has_value() || expiry->time_ms > clock_.NowMillis()) continue;
      const Status gone = bucket.Unbind(context, named.name, named.object).status();
      const bool replaced = gone.code() == StatusCode::kNotFound || gone.code() == StatusCode::kFailedPrecondition;
      if (!replaced) PBFS_RETURN_IF_ERROR(gone);
      report.expired += gone.ok();
    }
    more = page.more && !page.last.empty();
    options.after = page.last;
  }
  return OkStatus();
}

Status Lifecycle::AbortUploads(const Context& context, Bucket& bucket, const s3::LifecycleRules& rules,
                               LifecycleReport& report) {
  UploadListOptions options;
  for (bool more = true; more;) {
    PBFS_ASSIGN_OR_RETURN(const UploadPage page, bucket.ListUploads(context, options));
    for (const UploadStat& upload : page.uploads) {
      options.after = upload.name, options.after_upload = upload.upload;
      const auto time_ms = s3::UploadExpiry(rules, upload.name, upload.upload.Millis());
      if (!time_ms.has_value() || *time_ms > clock_.NowMillis()) continue;
      const Status aborted = bucket.AbortUpload(context, upload.upload);
      if (aborted.code() != StatusCode::kNotFound) PBFS_RETURN_IF_ERROR(aborted);
      report.aborted += aborted.ok();
    }
    more = page.more && !page.uploads.empty();
  }
  return OkStatus();
}

}  // namespace pbfs::gateway
