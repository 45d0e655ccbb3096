#include "libs/adapters/postgres/body_rows.h"
#include "libs/adapters/postgres/catalog_parts.h"
#include "libs/adapters/postgres/embedded_sql.h"
#include "libs/adapters/postgres/postgres_catalog.h"
#include "libs/catalog/rules.h"

namespace pbfs {

using postgres::Array;
using postgres::Connection;
using postgres::Params;
using postgres::Rows;
using postgres::Type;

namespace {

std::optional<int64_t> TimeOf(const Rows& rows, int row, int column) {
  return rows.IsNull(row, column) ? std::nullopt : std::optional<int64_t>(rows.Int8(row, column));
}

/// Of list_encodings, find_encodings and list_degraded.
std::vector<EncodedBody> BodiesOf(const Rows& rows) {
  std::vector<EncodedBody> bodies;
  for (int row = 0; row < rows.size(); ++row) bodies.push_back(postgres::EncodedBodyOfRow(rows, row));
  return bodies;
}

}  // namespace

Result<std::vector<GroupCheck>> PostgresCatalog::ListGroupChecks(const Context& context) {
  Rows rows;
  PBFS_RETURN_IF_ERROR(postgres::Transact(parts_->primary, context, [&](Connection& connection) -> Status {
    connection.Queue(postgres::kArmGroups);
    connection.Queue(postgres::kListGroupChecks);
    PBFS_ASSIGN_OR_RETURN(std::vector<Rows> results, connection.Run(context));
    rows = std::move(results.back());
    return OkStatus();
  }));
  std::vector<GroupCheck> checks;
  for (int row = 0; row < rows.size(); ++row)
    checks.push_back(
        {static_cast<uint16_t>(rows.Int2(row, 0)), rows.Int8(row, 1), rows.Bool(row, 2), TimeOf(rows, row, 3)});
  return checks;
}

Result<std::vector<EncodedBody>> PostgresCatalog::ListEncodings(const Context& context, const GroupRange& range,
                                                                int32_t limit) {
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  const Params params = Params().Int2(range.first).Uuid(range.after).Int2(range.last).Int4(limit);
  PBFS_ASSIGN_OR_RETURN(const Rows rows, postgres::RunOne(parts_->primary, context, postgres::kListEncodings, params));
  return BodiesOf(rows);
}

Result<std::vector<EncodedBody>> PostgresCatalog::FindEncodings(const Context& context,
                                                                std::span<const EncodingId> encodings) {
  Array ids(Type::kUuid);
  for (const EncodingId encoding : encodings) ids.Uuid(encoding);
  const Params params = Params().Add(ids);
  PBFS_ASSIGN_OR_RETURN(const Rows rows, postgres::RunOne(parts_->primary, context, postgres::kFindEncodings, params));
  return BodiesOf(rows);
}

Status PostgresCatalog::MarkMissing(const Context& context, std::span<const Shard> shards) {
  Array encodings(Type::kUuid), numbers(Type::kInt2);
  for (const Shard& shard : shards) encodings.Uuid(shard.encoding), numbers.Int2(shard.number);
  const Params params = Params().Add(encodings).Add(numbers);
  return postgres::TransactOne(parts_->primary, context, postgres::kMarkMissing, params).status();
}

Result<std::vector<EncodedBody>> PostgresCatalog::ListDegraded(const Context& context, DegradedPosition after,
                                                               int32_t limit) {
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  const Params params = Params().Int2(after.margin).Uuid(after.body).Int4(limit);
  PBFS_ASSIGN_OR_RETURN(const Rows rows, postgres::RunOne(parts_->primary, context, postgres::kListDegraded, params));
  return BodiesOf(rows);
}

Status PostgresCatalog::ClearMissing(const Context& context, std::span<const PlacedShard> shards) {
  Array encodings(Type::kUuid), numbers(Type::kInt2), versions(Type::kInt8);
  for (const auto& [shard, version] : shards)
    encodings.Uuid(shard.encoding), numbers.Int2(shard.number), versions.Int8(version);
  const Params params = Params().Add(encodings).Add(numbers).Add(versions);
  return postgres::TransactOne(parts_->primary, context, postgres::kClearMissing, params).status();
}

Status PostgresCatalog::GroupsChecked(const Context& context, std::span<const GroupVersion> groups) {
  Array numbers(Type::kInt2), versions(Type::kInt8);
  for (const GroupVersion& group : groups) numbers.Int2(group.group), versions.Int8(group.version);
  return postgres::TransactOne(parts_->primary, context, postgres::kGroupsChecked, Params().Add(numbers).Add(versions))
      .status();
}

Status PostgresCatalog::Recheck(const Context& context) {
  return postgres::TransactOne(parts_->primary, context, postgres::kRecheck).status();
}

Status PostgresCatalog::ReportSuspect(const Context& context, EncodingId encoding) {
  return postgres::TransactOne(parts_->primary, context, postgres::kReportSuspect, Params().Uuid(encoding)).status();
}

Result<Redundancy> PostgresCatalog::GetRedundancy(const Context& context) {
  std::vector<Rows> results;
  PBFS_RETURN_IF_ERROR(postgres::Transact(parts_->primary, context, [&](Connection& connection) -> Status {
    connection.Queue(postgres::kCountDegraded);
    connection.Queue(postgres::kRedundancy);
    PBFS_ASSIGN_OR_RETURN(results, connection.Run(context));
    return OkStatus();
  }));
  const Rows &margins = results[results.size() - 2], &sums = results.back();
  Redundancy redundancy;
  for (int row = 0; row < margins.size(); ++row)
    redundancy.degraded[static_cast<int>(margins.Int2(row, 0))] = margins.Int8(row, 1);
  redundancy.groups = static_cast<int32_t>(sums.Int4(0, 0));
  redundancy.backfilling = static_cast<int32_t>(sums.Int4(0, 1));
  redundancy.unchecked = static_cast<int32_t>(sums.Int4(0, 2));
  redundancy.oldest_check_ms = TimeOf(sums, 0, 3);
  redundancy.now_ms = sums.Int8(0, 4);
  redundancy.suspects = sums.Int8(0, 5);
  return redundancy;
}

}  // namespace pbfs
