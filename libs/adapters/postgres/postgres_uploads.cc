#include "libs/adapters/postgres/catalog_parts.h"
#include "libs/adapters/postgres/embedded_sql.h"
#include "libs/catalog/rules.h"

/// Uploads. Every answer is the primary's: a part that was acknowledged is listed.
namespace pbfs {
namespace {

using postgres::Array;
using postgres::Connection;
using postgres::Params;
using postgres::Rows;
using postgres::Type;

// Columns: upload_id, name, meta.
UploadInfo UploadOfRow(const Rows& rows, int row, BucketId bucket) {
  return {rows.Uuid<UploadId>(row, 0), bucket, rows.Text(row, 1), rows.Share(row, 2)};
}

// Columns: part_no, object_id, size, meta.
UploadPart PartOfRow(const Rows& rows, int row) {
  return {static_cast<int32_t>(rows.Int4(row, 0)), rows.Uuid<ObjectId>(row, 1), rows.Int8(row, 2), rows.Share(row, 3)};
}

Params KeyOf(UploadId upload, int32_t bucket) { return Params().Uuid(upload).Int4(bucket); }

}  // namespace

Status PostgresCatalog::CreateUpload(const Context& context, const UploadInfo& upload) {
  PBFS_RETURN_IF_ERROR(CheckUpload(upload));
  PBFS_ASSIGN_OR_RETURN(const postgres::CachedBucket bucket, parts_->buckets.Find(context, upload.bucket));
  return postgres::Transact(parts_->primary, context, [&](Connection& connection) -> Status {
    Array numbers(Type::kInt4);
    numbers.Int4(bucket.number);
    connection.Queue(postgres::kLockBuckets, Params().Add(numbers));  // a DeleteBucket is waited for
    connection.Queue(postgres::kCreateUpload,
                     Params().Uuid(upload.id).Int4(bucket.number).Text(upload.name).Raw(upload.metadata));
    connection.Queue(postgres::kCheckBucket, Params().Int4(bucket.number));
    connection.Queue(postgres::kFindUpload, KeyOf(upload.id, bucket.number));
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    if (results[3].size() == 0) return NotFoundError("no such bucket");
    const Rows& found = results[4];
    if (found.size() == 1 && IsSame(UploadOfRow(found, 0, upload.bucket), upload)) return OkStatus();
    return AlreadyExistsError("there is another upload of this id");
  });
}

Result<UploadInfo> PostgresCatalog::FindUpload(const Context& context, BucketId bucket_id, UploadId upload) {
  PBFS_ASSIGN_OR_RETURN(const postgres::CachedBucket bucket, parts_->buckets.Find(context, bucket_id));
  return postgres::ReadNewest<UploadInfo>(
      parts_->primary, parts_->confirmations, context, [&](Connection& connection) -> Result<UploadInfo> {
        connection.Queue(postgres::kFindUpload, KeyOf(upload, bucket.number));
        connection.Queue(postgres::kCommit);
        PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
        if (results[1].size() == 0) return NoSuchUpload();
        return UploadOfRow(results[1], 0, bucket_id);
      });
}

Status PostgresCatalog::SetPart(const Context& context, BucketId bucket_id, UploadId upload, const UploadPart& part) {
  PBFS_RETURN_IF_ERROR(CheckPart(part));
  PBFS_ASSIGN_OR_RETURN(const postgres::CachedBucket bucket, parts_->buckets.Find(context, bucket_id));
  const Params params =
      Params().Int4(bucket.number).Uuid(upload).Int4(part.number).Uuid(part.object).Int8(part.size).Raw(part.metadata);
  PBFS_ASSIGN_OR_RETURN(const Rows rows, postgres::TransactOne(parts_->primary, context, postgres::kSetPart, params));
  const int64_t refused = rows.Int4(0, 0);
  if (refused == 1) return NoSuchUpload();
  return refused == 0 ? OkStatus() : NotAPart();
}

Result<PartsPage> PostgresCatalog::ListParts(const Context& context, const ListPartsRequest& request) {
  PBFS_RETURN_IF_ERROR(CheckLimit(request.limit));
  PBFS_ASSIGN_OR_RETURN(const postgres::CachedBucket bucket, parts_->buckets.Find(context, request.bucket));
  return postgres::ReadNewest<PartsPage>(
      parts_->primary, parts_->confirmations, context, [&](Connection& connection) -> Result<PartsPage> {
        connection.Queue(postgres::kFindUpload, KeyOf(request.upload, bucket.number));
        connection.Queue(postgres::kListParts,
                         Params().Uuid(request.upload).Int4(request.after).Int8(int64_t{request.limit} + 1));
        connection.Queue(postgres::kCommit);
        PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
        if (results[1].size() == 0) return NoSuchUpload();
        const Rows& rows = results[2];
        PartsPage page;
        page.more = rows.size() > request.limit;
        for (int row = 0; row < std::min(rows.size(), request.limit); ++row) page.parts.push_back(PartOfRow(rows, row));
        return page;
      });
}

Result<UploadsPage> PostgresCatalog::ListUploads(const Context& context, const ListUploadsRequest& request) {
  PBFS_RETURN_IF_ERROR(CheckListUploads(request));
  PBFS_ASSIGN_OR_RETURN(const postgres::CachedBucket bucket, parts_->buckets.Find(context, request.bucket));
  return postgres::ReadNewest<UploadsPage>(
      parts_->primary, parts_->confirmations, context, [&](Connection& connection) -> Result<UploadsPage> {
        Params params;
        params.Int4(bucket.number).Text(request.prefix).Text(request.after);
        if (request.after_upload)
          params.Uuid(*request.after_upload);
        else
          params.Null();
        connection.Queue(postgres::kCheckBucket, Params().Int4(bucket.number));
        connection.Queue(postgres::kListUploads, params.Int8(int64_t{request.limit} + 1));
        connection.Queue(postgres::kCommit);
        PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
        if (results[1].size() == 0) return NotFoundError("no such bucket");
        const Rows& rows = results[2];
        UploadsPage page;
        page.more = rows.size() > request.limit;
        for (int row = 0; row < std::min(rows.size(), request.limit); ++row)
          page.uploads.push_back(UploadOfRow(rows, row, request.bucket));
        return page;
      });
}

Status PostgresCatalog::AbortUpload(const Context& context, BucketId bucket_id, UploadId upload) {
  PBFS_ASSIGN_OR_RETURN(const postgres::CachedBucket bucket, parts_->buckets.Find(context, bucket_id));
  PBFS_ASSIGN_OR_RETURN(const Rows rows, postgres::TransactOne(parts_->primary, context, postgres::kAbortUpload,
                                                               Params().Int4(bucket.number).Uuid(upload)));
  return rows.Bool(0, 0) ? OkStatus() : NoSuchUpload();
}

}  // namespace pbfs
