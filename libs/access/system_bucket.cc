#include "libs/access/system_bucket.h"

namespace pbfs {
namespace {

constexpr int64_t kMaxDocumentBytes = 1 << 20;

bool IsNotFound(const Status& status) { return status.code() == StatusCode::kNotFound; }

}  // namespace

std::string BucketDocument(BucketId bucket, const std::string& what) {
  return "bucket/" + bucket.ToString() + "/" + what;
}

Status SystemBucket::Create(const Context& context, const BucketScheme& scheme) {
  BucketSettings settings;
  settings.name = kSystemBucket;
  settings.k = scheme.k, settings.m = scheme.m, settings.w = scheme.w;
  const Status made = client_.CreateBucket(context, settings).status();
  return made.code() == StatusCode::kAlreadyExists ? OkStatus() : made;
}

Result<Bucket> SystemBucket::Open(const Context& context) {
  {
    MutexLock lock(mutex_);
    if (bucket_.has_value()) return *bucket_;
  }
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, client_.OpenBucket(context, kSystemBucket));
  MutexLock lock(mutex_);
  bucket_ = bucket;
  return bucket;
}

Result<std::optional<std::string>> SystemBucket::Get(const Context& context, const std::string& name) {
  Result<Bucket> bucket = Open(context);
  if (IsNotFound(bucket.status())) return std::optional<std::string>{};
  PBFS_RETURN_IF_ERROR(bucket.status());
  const Result<ObjectView> view = bucket->Open(context, name, {.lo = 0, .hi = kMaxDocumentBytes, .newest = true});
  if (IsNotFound(view.status())) return std::optional<std::string>{};
  PBFS_RETURN_IF_ERROR(view.status());
  if (view->stat().size > kMaxDocumentBytes) return DataLossError("document " + name + " is too long");
  MemorySink sink;
  PBFS_RETURN_IF_ERROR(view->Read(context, 0, view->stat().size, sink));
  return std::optional<std::string>(AsText(sink.bytes()));
}

Status SystemBucket::Put(const Context& context, const std::string& name, const std::string& document) {
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, Open(context));
  return bucket.Put(context, name, AsBytes(document)).status();
}

Status SystemBucket::PutNew(const Context& context, const std::string& name, const std::string& document) {
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, Open(context));
  PutOptions options;
  options.if_none_match = true;
  return bucket.Put(context, name, AsBytes(document), options).status();
}

Status SystemBucket::Delete(const Context& context, const std::string& name) {
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, Open(context));
  const Status gone = bucket.Unbind(context, name).status();
  return IsNotFound(gone) ? OkStatus() : gone;
}

Result<std::vector<std::string>> SystemBucket::List(const Context& context, const std::string& prefix) {
  std::vector<std::string> names;
  Result<Bucket> bucket = Open(context);
  if (IsNotFound(bucket.status())) return names;
  PBFS_RETURN_IF_ERROR(bucket.status());
  for (std::string after;;) {
    PBFS_ASSIGN_OR_RETURN(const NamePage page, bucket->ListNames(context, prefix, {.after = after, .newest = true}));
    for (const NamedObject& named : page.names) names.push_back(named.name);
    if (!page.more || page.names.empty()) return names;
    after = page.names.back().name;
  }
}

}  // namespace pbfs
