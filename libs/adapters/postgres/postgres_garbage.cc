#include "libs/adapters/postgres/catalog_parts.h"
#include "libs/adapters/postgres/embedded_sql.h"
#include "libs/adapters/postgres/postgres_catalog.h"

namespace pbfs {

using postgres::Array;
using postgres::Params;
using postgres::Rows;
using postgres::SessionPool;
using postgres::Statement;
using postgres::Type;

namespace {

Result<int64_t> CountOf(SessionPool& pool, const Context& context, const Statement& statement, const Params& params) {
  PBFS_ASSIGN_OR_RETURN(const Rows rows, postgres::TransactOne(pool, context, statement, params));
  return rows.Int4(0, 0);
}

Status CheckLimit(int32_t limit) { return limit > 0 ? OkStatus() : InvalidArgumentError("limit must be positive"); }

std::vector<EncodingId> EncodingsOf(const Rows& rows) {
  std::vector<EncodingId> ids;
  for (int row = 0; row < rows.size(); ++row) ids.push_back(rows.Uuid<EncodingId>(row, 0));
  return ids;
}

}  // namespace

Status PostgresCatalog::HistoryAdvance(const Context& context) {
  return postgres::TransactOne(parts_->primary, context, postgres::kHistoryAdvance).status();
}

Result<int64_t> PostgresCatalog::HistoryExpire(const Context& context, int32_t limit) {
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  PBFS_ASSIGN_OR_RETURN(
      const Rows rows, postgres::TransactOne(parts_->primary, context, postgres::kHistoryExpire, Params().Int4(limit)));
  return rows.Int8(0, 0);
}

Result<int64_t> PostgresCatalog::Reap(const Context& context, int32_t limit) {
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  return CountOf(parts_->primary, context, postgres::kReap, Params().Int4(limit));
}

Result<std::optional<int64_t>> PostgresCatalog::DropRows(const Context& context, int32_t limit) {
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  PBFS_ASSIGN_OR_RETURN(const int64_t dropped,
                        CountOf(parts_->primary, context, postgres::kDropRows, Params().Int4(limit)));
  return dropped < 0 ? std::nullopt : std::optional<int64_t>(dropped);
}

Result<int64_t> PostgresCatalog::PurgeMark(const Context& context, Duration grace, int32_t limit) {
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  const int64_t millis = std::chrono::duration_cast<std::chrono::milliseconds>(grace).count();
  return CountOf(parts_->primary, context, postgres::kPurgeMark, Params().Int8(millis).Int4(limit));
}

Result<std::vector<PurgingBody>> PostgresCatalog::ListPurging(const Context& context, int32_t limit) {
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  PBFS_ASSIGN_OR_RETURN(const Rows rows,
                        TransactOne(parts_->primary, context, postgres::kLoadPurging, Params().Int8(limit)));
  std::vector<PurgingBody> bodies;
  for (int row = 0; row < rows.size(); ++row) {
    PurgingBody body{rows.Uuid<BodyId>(row, 0), {}, static_cast<int>(rows.Int2(row, 2))};
    if (!rows.IsNull(row, 1)) body.encoding = rows.Uuid<EncodingId>(row, 1);
    bodies.push_back(body);
  }
  return bodies;
}

Status PostgresCatalog::PurgeDone(const Context& context, std::span<const BodyId> bodies) {
  Array ids(Type::kUuid);
  for (const BodyId& id : bodies) ids.Uuid(id);
  return postgres::TransactOne(parts_->primary, context, postgres::kPurgeDone, Params().Add(ids)).status();
}

Result<std::vector<EncodingId>> PostgresCatalog::SweepMark(const Context& context,
                                                           std::span<const EncodingId> reported) {
  Array ids(Type::kUuid);
  for (const EncodingId& id : reported) ids.Uuid(id);
  PBFS_ASSIGN_OR_RETURN(const Rows rows,
                        postgres::TransactOne(parts_->primary, context, postgres::kSweepMark, Params().Add(ids)));
  return EncodingsOf(rows);
}

Status PostgresCatalog::SweepArm(const Context& context) {
  return postgres::TransactOne(parts_->primary, context, postgres::kSweepArm).status();
}

Result<std::vector<EncodingId>> PostgresCatalog::SweepConfirm(const Context& context, int32_t limit) {
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  PBFS_ASSIGN_OR_RETURN(const Rows rows,
                        postgres::TransactOne(parts_->primary, context, postgres::kSweepConfirm, Params().Int4(limit)));
  return EncodingsOf(rows);
}

}  // namespace pbfs
