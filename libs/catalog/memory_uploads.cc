#include "libs/catalog/memory_catalog.h"
#include "libs/catalog/rules.h"

namespace pbfs {

MemoryTables::Upload* MemoryCatalog::UploadOf(BucketId bucket, UploadId id) {
  const auto found = tables_.uploads.find(id);
  return found == tables_.uploads.end() || found->second.info.bucket != bucket ? nullptr : &found->second;
}

Status MemoryCatalog::CreateUpload(const Context& context, const UploadInfo& upload) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckUpload(upload));
  MutexLock lock(mutex_);
  if (!tables_.buckets.contains(upload.bucket)) return NotFoundError("no such bucket");
  const MemoryTables::Upload fresh{upload, clock_.NowMillis() + kUploadMs, {}};
  const auto [there, inserted] = tables_.uploads.emplace(upload.id, fresh);
  return inserted || IsSame(there->second.info, upload) ? OkStatus()
                                                        : AlreadyExistsError("there is another upload of this id");
}

Result<UploadInfo> MemoryCatalog::FindUpload(const Context& context, BucketId bucket, UploadId upload) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  const MemoryTables::Upload* found = UploadOf(bucket, upload);
  return found == nullptr ? Result<UploadInfo>(NoSuchUpload()) : found->info;
}

Status MemoryCatalog::SetPart(const Context& context, BucketId bucket, UploadId id, const UploadPart& part) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckPart(part));
  MutexLock lock(mutex_);
  MemoryTables::Upload* upload = UploadOf(bucket, id);
  if (upload == nullptr) return NoSuchUpload();
  const MemoryTables::Object* object = tables_.FindObject(bucket, part.object);
  if (object == nullptr || object->state.life != ObjectLife::kOpen || !object->state.sealed) return NotAPart();
  UploadPart& place = upload->parts[part.number];
  if (place.object != part.object) tables_.ExpireOpen(place.object);
  place = part;
  return OkStatus();
}

Result<PartsPage> MemoryCatalog::ListParts(const Context& context, const ListPartsRequest& request) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckLimit(request.limit));
  MutexLock lock(mutex_);
  const MemoryTables::Upload* upload = UploadOf(request.bucket, request.upload);
  if (upload == nullptr) return NoSuchUpload();
  PartsPage page;
  for (auto part = upload->parts.upper_bound(request.after); part != upload->parts.end() && !page.more; ++part) {
    page.more = page.parts.size() == static_cast<size_t>(request.limit);
    if (!page.more) page.parts.push_back(part->second);
  }
  return page;
}

Result<UploadsPage> MemoryCatalog::ListUploads(const Context& context, const ListUploadsRequest& request) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckListUploads(request));
  MutexLock lock(mutex_);
  if (!tables_.buckets.contains(request.bucket)) return NotFoundError("no such bucket");
  std::map<std::pair<std::string, UploadId>, const UploadInfo*> all;
  for (const auto& [id, upload] : tables_.uploads) {
    const UploadInfo& info = upload.info;
    const bool behind =
        info.name > request.after || (info.name == request.after && request.after_upload && id > *request.after_upload);
    if (info.bucket == request.bucket && info.name.starts_with(request.prefix) && behind) all[{info.name, id}] = &info;
  }
  UploadsPage page;
  for (const auto& [key, info] : all) {
    page.more = page.uploads.size() == static_cast<size_t>(request.limit);
    if (page.more) break;
    page.uploads.push_back(*info);
  }
  return page;
}

Status MemoryCatalog::AbortUpload(const Context& context, BucketId bucket, UploadId id) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  if (UploadOf(bucket, id) == nullptr) return NoSuchUpload();
  tables_.ForgetUpload(id);
  return OkStatus();
}

}  // namespace pbfs
