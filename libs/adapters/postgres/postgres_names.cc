#include "libs/adapters/postgres/catalog_parts.h"
#include "libs/adapters/postgres/embedded_sql.h"
#include "libs/adapters/postgres/name_rows.h"
#include "libs/catalog/rules.h"
#include "libs/format/name.h"

/// Resolve, ListNames, ListVersions, NameHistory.
namespace pbfs {
namespace {

using postgres::Connection;
using postgres::Params;
using postgres::Rows;

// A common prefix is a row without an object.
ListNamesReply PageOfRows(const Rows& rows, const ListNamesRequest& request) {
  ListNamesReply reply;
  reply.more = rows.size() > request.limit;
  for (int row = 0; row < std::min(rows.size(), request.limit); ++row) {
    if (rows.IsNull(row, 3)) {
      reply.prefixes.push_back(rows.Text(row, 0));
      continue;
    }
    reply.names.push_back(postgres::ListedEntryOfRow(rows, row));
  }
  return reply;
}

// A common prefix is neither current nor past.
ListVersionsReply PageOfVersions(const Rows& rows, int32_t limit) {
  ListVersionsReply reply;
  reply.more = rows.size() > limit;
  for (int row = 0; row < std::min(rows.size(), limit); ++row) {
    if (rows.IsNull(row, 5))
      reply.prefixes.push_back(rows.Text(row, 0));
    else
      reply.versions.push_back(postgres::ListedEntryOfRow(rows, row));
  }
  return reply;
}

}  // namespace

Result<NameEntry> PostgresCatalog::Resolve(const Context& context, const NameQuery& query) {
  PBFS_RETURN_IF_ERROR(CheckName(query.name));
  PBFS_ASSIGN_OR_RETURN(const postgres::CachedBucket bucket, parts_->buckets.Find(context, query.bucket));
  const auto read = [&](Connection& connection, bool& stale) -> Result<NameEntry> {
    connection.Queue(postgres::kCheckBucket, Params().Int4(bucket.number));
    postgres::QueueResolve(connection, bucket.number, query);
    connection.Queue(postgres::kCommit);
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    PBFS_RETURN_IF_ERROR(postgres::CheckNamesAsOf(results[1], query.as_of));
    const Rows& rows = results[2];
    stale = !query.as_of && (rows.size() == 0 ? 0 : rows.Int8(0, 1)) < query.min_hlc;
    if (rows.size() == 0 || (rows.IsNull(0, 3) && !query.version)) return NoSuchName(query.version);
    return postgres::NameEntryOfRow(rows, 0);
  };
  if (query.newest) {
    bool stale = false;
    return postgres::ReadNewest<NameEntry>(parts_->primary, parts_->confirmations, context,
                                           [&](Connection& connection) { return read(connection, stale); });
  }
  return postgres::ReadFresh<NameEntry>(parts_->local, parts_->primary, context, options_.replica_patience, read);
}

Result<ListNamesReply> PostgresCatalog::ListNames(const Context& context, const ListNamesRequest& request) {
  PBFS_RETURN_IF_ERROR(CheckListNames(request));
  PBFS_ASSIGN_OR_RETURN(const postgres::CachedBucket bucket, parts_->buckets.Find(context, request.bucket));
  const auto read = [&](Connection& connection) -> Result<ListNamesReply> {
    connection.Queue(postgres::kCheckBucket, Params().Int4(bucket.number));
    Params params;
    params.Int4(bucket.number)
        .Text(request.prefix)
        .Text(request.after)
        .Text(request.delimiter)
        .Int8(int64_t{request.limit} + 1)
        .Bool(request.with_content);
    if (request.as_of) params.Int8(*request.as_of);
    connection.Queue(request.as_of ? postgres::kListNamesAsOf : postgres::kListNames, params);
    connection.Queue(postgres::kCommit);
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    PBFS_RETURN_IF_ERROR(postgres::CheckNamesAsOf(results[1], request.as_of));
    return PageOfRows(results[2], request);
  };
  if (request.newest)
    return postgres::ReadNewest<ListNamesReply>(parts_->primary, parts_->confirmations, context, read);
  return postgres::ReadFresh<ListNamesReply>(parts_->local, parts_->primary, context, options_.replica_patience,
                                             [&](Connection& connection, bool&) { return read(connection); });
}

Result<ListVersionsReply> PostgresCatalog::ListVersions(const Context& context, const ListVersionsRequest& request) {
  PBFS_RETURN_IF_ERROR(CheckListVersions(request));
  PBFS_ASSIGN_OR_RETURN(const postgres::CachedBucket bucket, parts_->buckets.Find(context, request.bucket));
  const auto read = [&](Connection& connection) -> Result<ListVersionsReply> {
    connection.Queue(postgres::kCheckBucket, Params().Int4(bucket.number));
    Params params;
    params.Int4(bucket.number).Text(request.prefix).Text(request.after);
    if (request.after_version)
      params.Int8(request.after_version->hlc).Int8(request.after_version->wid);
    else
      params.Null().Null();
    params.Text(request.delimiter).Int8(int64_t{request.limit} + 1);
    connection.Queue(postgres::kListVersions, params);
    connection.Queue(postgres::kCommit);
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    PBFS_RETURN_IF_ERROR(postgres::CheckNamesAsOf(results[1], std::nullopt));
    return PageOfVersions(results[2], request.limit);
  };
  if (request.newest)
    return postgres::ReadNewest<ListVersionsReply>(parts_->primary, parts_->confirmations, context, read);
  return postgres::ReadFresh<ListVersionsReply>(parts_->local, parts_->primary, context, options_.replica_patience,
                                                [&](Connection& connection, bool&) { return read(connection); });
}

Result<std::vector<NameEntry>> PostgresCatalog::NameHistory(const Context& context, const NameHistoryRequest& request) {
  PBFS_RETURN_IF_ERROR(CheckName(request.name));
  PBFS_ASSIGN_OR_RETURN(const postgres::CachedBucket bucket, parts_->buckets.Find(context, request.bucket));
  const auto read = [&](Connection& connection, bool& stale) -> Result<std::vector<NameEntry>> {
    connection.Queue(postgres::kCheckBucket, Params().Int4(bucket.number));
    connection.Queue(postgres::kNameHistory, Params().Int4(bucket.number).Text(request.name));
    connection.Queue(postgres::kCommit);
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    PBFS_RETURN_IF_ERROR(postgres::CheckNamesAsOf(results[1], std::nullopt));
    std::vector<NameEntry> entries;
    Hlc newest = 0;
    for (int row = 0; row < results[2].size(); ++row) {
      entries.push_back(postgres::NameEntryOfRow(results[2], row));
      newest = std::max(newest, entries.back().order.hlc);
    }
    stale = newest < request.min_hlc;
    return entries;
  };
  return postgres::ReadFresh<std::vector<NameEntry>>(parts_->local, parts_->primary, context, options_.replica_patience,
                                                     read);
}

}  // namespace pbfs
