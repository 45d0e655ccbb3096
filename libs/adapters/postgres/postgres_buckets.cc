#include <algorithm>

#include "libs/adapters/postgres/bucket_rows.h"
#include "libs/adapters/postgres/catalog_parts.h"
#include "libs/adapters/postgres/embedded_sql.h"
#include "libs/adapters/postgres/placement_rows.h"
#include "libs/catalog/place_groups.h"
#include "libs/catalog/rules.h"

/// The bucket directory.
namespace pbfs {
namespace {

using postgres::Array;
using postgres::Connection;
using postgres::Params;
using postgres::Rows;
using postgres::Type;

bool IsSame(const BucketInfo& a, const BucketInfo& b) {
  return a.id == b.id && a.settings == b.settings && Equal(a.keyring, b.keyring) &&
         a.keyring_version == b.keyring_version;
}

void SmallOrNull(Params& params, std::optional<uint8_t> value) {
  if (value)
    params.Int2(*value);
  else
    params.Null();
}

std::optional<uint8_t> SmallOf(const Rows& rows, int column) {
  return rows.IsNull(0, column) ? std::nullopt : std::optional<uint8_t>(static_cast<uint8_t>(rows.Int2(0, column)));
}

Params RowOf(const BucketInfo& bucket) {
  const BucketSettings& settings = bucket.settings;
  Params params;
  params.Uuid(bucket.id)
      .Text(settings.name)
      .Int2(static_cast<int>(settings.integrity))
      .Int2(static_cast<int>(settings.etag));
  SmallOrNull(params, settings.k), SmallOrNull(params, settings.m), SmallOrNull(params, settings.w);
  return params.Int8(settings.history_ms)
      .Int2(static_cast<int>(settings.versioning))
      .Raw(bucket.keyring)
      .Int8(bucket.keyring_version);
}

}  // namespace

Status PostgresCatalog::CreateBucket(const Context& context, const BucketInfo& bucket) {
  PBFS_RETURN_IF_ERROR(CheckBucket(bucket));
  return postgres::Transact(parts_->primary, context, [&](Connection& connection) -> Status {
    connection.Queue(postgres::kInsertBucket, RowOf(bucket));
    connection.Queue(postgres::kFindBucketById, Params().Uuid(bucket.id));
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    const Rows& found = results[2];  // behind BEGIN and the insert
    if (found.size() == 1 && IsSame(BucketOfRow(found, 0), bucket)) return OkStatus();
    return AlreadyExistsError("there is a bucket of this name or id with other settings");
  });
}

Result<BucketInfo> PostgresCatalog::FindBucket(const Context& context, const std::string& name, int64_t min_keyring) {
  const auto read = [&](Connection& connection, bool& stale) -> Result<BucketInfo> {
    connection.Queue(postgres::kFindBucketByName, Params().Text(name));
    connection.Queue(postgres::kCommit);
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    if (results[1].size() == 0) return NotFoundError("no such bucket");
    BucketInfo bucket = postgres::BucketOfRow(results[1], 0);
    stale = bucket.keyring_version < min_keyring;
    return bucket;
  };
  return postgres::ReadFresh<BucketInfo>(parts_->local, parts_->primary, context, options_.replica_patience, read);
}

Result<std::vector<BucketInfo>> PostgresCatalog::ListBuckets(const Context& context) {
  const auto read = [&](Connection& connection, bool&) -> Result<std::vector<BucketInfo>> {
    connection.Queue(postgres::kListBuckets);
    connection.Queue(postgres::kCommit);
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    std::vector<BucketInfo> all;
    for (int row = 0; row < results[1].size(); ++row) all.push_back(postgres::BucketOfRow(results[1], row));
    return all;
  };
  return postgres::ReadFresh<std::vector<BucketInfo>>(parts_->local, parts_->primary, context,
                                                      options_.replica_patience, read);
}

Status PostgresCatalog::SetKeyring(const Context& context, BucketId bucket, int64_t expected_version,
                                   const Buffer& keyring) {
  return postgres::Transact(parts_->primary, context, [&](Connection& connection) -> Status {
    connection.Queue(postgres::kSetKeyring, Params().Uuid(bucket).Int8(expected_version).Raw(keyring));
    connection.Queue(postgres::kFindBucketById, Params().Uuid(bucket));
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    if (results[2].size() == 0) return NotFoundError("no such bucket");
    return results[1].affected() == 1 ? OkStatus() : AbortedError("the keyring has changed meanwhile");
  });
}

Result<std::vector<WrappedBody>> PostgresCatalog::ListWrapped(const Context& context, const WrappedQuery& query) {
  PBFS_RETURN_IF_ERROR(CheckWrappedQuery(query));
  const Params params = Params()
                            .Uuid(query.bucket)
                            .Int4(static_cast<int32_t>(query.below_epoch))
                            .Int4(static_cast<int32_t>(query.after.key_epoch))
                            .Uuid(query.after.body)
                            .Int4(query.limit);
  PBFS_ASSIGN_OR_RETURN(const Rows rows, postgres::RunOne(parts_->primary, context, postgres::kListWrapped, params));
  std::vector<WrappedBody> page;
  for (int row = 0; row < rows.size(); ++row)
    page.push_back({rows.Uuid<BodyId>(row, 0), static_cast<uint32_t>(rows.Int4(row, 1)), rows.Fixed<72>(row, 2)});
  return page;
}

Result<int64_t> PostgresCatalog::Rewrap(const Context& context, const RewrapRequest& request) {
  PBFS_RETURN_IF_ERROR(CheckRewrap(request));
  Array body(Type::kUuid), old_dek(Type::kBytea), wrapped_dek(Type::kBytea);
  for (const RewrapRequest::Change& change : request.changes)
    body.Uuid(change.body), old_dek.Raw(change.old_dek), wrapped_dek.Raw(change.wrapped_dek);
  Params params;
  params.Uuid(request.bucket).Int4(static_cast<int32_t>(request.key_epoch)).Add(body).Add(old_dek).Add(wrapped_dek);
  PBFS_ASSIGN_OR_RETURN(const Rows rows, postgres::TransactOne(parts_->primary, context, postgres::kRewrap, params));
  return rows.affected();
}

Status PostgresCatalog::SetScheme(const Context& context, BucketId id, const BucketScheme& expected,
                                  const BucketScheme& scheme) {
  PBFS_RETURN_IF_ERROR(CheckScheme(scheme));
  const Status done = postgres::Transact(parts_->primary, context, [&](Connection& connection) -> Status {
    // With the lock of the map: a drain counts on the widest encodings, and this on the stores that stay.
    connection.Queue(postgres::kLockMap);
    connection.Queue(postgres::kFindScheme, Params().Uuid(id));
    connection.Queue(postgres::kLoadStores);
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    const Rows& found = results[2];
    if (found.size() == 0) return NotFoundError("no such bucket");
    const BucketScheme before{SmallOf(found, 1), SmallOf(found, 2), SmallOf(found, 3)};
    if (before == scheme)
      return connection.Queue(postgres::kEmitMessage), OkStatus();  // whoever set it may not have waited
    if (before != expected) return AbortedError("the bucket's scheme has changed meanwhile");
    const auto width = [&](const BucketScheme& of) {
      const int k = of.k.value_or(*SmallOf(found, 4)), m = of.m.value_or(*SmallOf(found, 5));
      return PlacementWidth{k + m, m};
    };
    const PlacementWidth old = width(before), wanted = width(scheme);
    PBFS_RETURN_IF_ERROR(CheckRoom(postgres::StoresOfRows(results[3]), old, wanted));
    const auto bucket = static_cast<int32_t>(found.Int4(0, 0));
    Params row;
    row.Int4(bucket);
    SmallOrNull(row, scheme.k), SmallOrNull(row, scheme.m), SmallOrNull(row, scheme.w);
    connection.Queue(postgres::kSetScheme, row);
    connection.Queue(postgres::kNoteRecode,
                     Params().Int4(bucket).Int2(std::max(old.n, wanted.n)).Int2(std::min(old.m, wanted.m)));
    return OkStatus();
  });
  parts_->buckets.Refresh(id);
  return done;
}

Status PostgresCatalog::SetVersioning(const Context& context, BucketId id, Versioning versioning) {
  PBFS_RETURN_IF_ERROR(CheckVersioning(versioning));
  PBFS_ASSIGN_OR_RETURN(const postgres::CachedBucket bucket, parts_->buckets.Find(context, id));
  const Status done = postgres::Transact(parts_->primary, context, [&](Connection& connection) -> Status {
    // Commits with names hold the shared form of this lock while they read what the bucket keeps, and decide by it.
    connection.Queue(postgres::kLockBucketAlone, Params().Int4(bucket.number));
    connection.Queue(postgres::kSetVersioning, Params().Int4(bucket.number).Int2(static_cast<int>(versioning)));
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    return results[2].affected() == 1 ? OkStatus() : NotFoundError("no such bucket");
  });
  parts_->buckets.Refresh(id);
  return done;
}

Status PostgresCatalog::DeleteBucket(const Context& context, BucketId bucket_id) {
  PBFS_ASSIGN_OR_RETURN(const postgres::CachedBucket bucket, parts_->buckets.Find(context, bucket_id));
  return postgres::Transact(parts_->primary, context, [&](Connection& connection) -> Status {
    // The lock first, then the look, in statements of their own: a Commit that binds a name is waited for and then seen.
    connection.Queue(postgres::kLockBucketAlone, Params().Int4(bucket.number));
    connection.Queue(postgres::kBucketHoldsNames, Params().Int4(bucket.number));
    connection.Queue(postgres::kFindBucketById, Params().Uuid(bucket_id));
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    if (results[3].size() == 0) return NotFoundError("no such bucket");
    if (results[2].Bool(0, 0)) return FailedPreconditionError("the bucket still has objects: delete them first");
    connection.Queue(postgres::kDeleteBucket, Params().Int4(bucket.number));
    return OkStatus();
  });
}

}  // namespace pbfs
