#include "services/gateway/lifecycle.h"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "services/gateway/object_facts.h"

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
  return AbortUploads(context, bucket, rules, report);
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
