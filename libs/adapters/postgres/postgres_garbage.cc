#include "libs/adapters/postgres/catalog_parts.h"
#include "libs/adapters/postgres/embedded_sql.h"
#include "libs/adapters/postgres/postgres_catalog.h"
#include "libs/catalog/rules.h"

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

std::vector<EncodingId> EncodingsOf(const Rows& rows) {
  std::vector<EncodingId> ids;
  for (int row = 0; row < rows.size(); ++row) ids.push_back(rows.Uuid<EncodingId>(row, 0));
  return ids;
}

// One row for each pass and each thing that it did.
Result<std::vector<CollectorPass>> ListPasses(SessionPool& pool, const Context& context) {
  PBFS_ASSIGN_OR_RETURN(const Rows rows, postgres::RunOne(pool, context, postgres::kListPasses));
  std::vector<CollectorPass> passes;
  for (int row = 0; row < rows.size(); ++row) {
    if (passes.empty() || passes.back().kind != rows.Text(row, 0))
      passes.push_back({rows.Text(row, 0), rows.Int8(row, 1), rows.Int8(row, 2), rows.Text(row, 3), {}});
    if (!rows.IsNull(row, 4)) passes.back().done[rows.Text(row, 4)] = rows.Int8(row, 5);
  }
  return passes;
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

Result<int64_t> PostgresCatalog::NamesExpire(const Context& context, int32_t limit) {
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  PBFS_ASSIGN_OR_RETURN(const Rows rows,
                        postgres::TransactOne(parts_->primary, context, postgres::kNamesExpire, Params().Int4(limit)));
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

// ---- leftovers ---------------------------------------------------------------------------------------------------------------

Result<ZerosPage> PostgresCatalog::DropZeros(const Context& context, ObjectId after, int32_t limit) {
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  const Params params = Params().Uuid(after).Int4(limit);
  PBFS_ASSIGN_OR_RETURN(const Rows rows, postgres::TransactOne(parts_->primary, context, postgres::kDropZeros, params));
  ZerosPage page{rows.Int8(0, 0), {}};
  if (!rows.IsNull(0, 1)) page.last = rows.Uuid<ObjectId>(0, 1);
  return page;
}

Result<int64_t> PostgresCatalog::SweepForget(const Context& context, int32_t limit) {
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  PBFS_ASSIGN_OR_RETURN(const Rows rows,
                        postgres::TransactOne(parts_->primary, context, postgres::kSweepForget, Params().Int4(limit)));
  return rows.Int8(0, 0);
}

Result<int64_t> PostgresCatalog::DaysExpire(const Context& context) {
  constexpr int32_t kAtOnce = 1000;  // bodies, of up to 4 KiB of ciphertext each
  int64_t moved = kAtOnce;
  while (moved > 0) {
    PBFS_ASSIGN_OR_RETURN(moved, CountOf(parts_->primary, context, postgres::kInlineExpire, Params().Int4(kAtOnce)));
  }
  return CountOf(parts_->primary, context, postgres::kJournalExpire, {});
}

Status PostgresCatalog::ReportPass(const Context& context, const CollectorPass& pass) {
  Array what(Type::kText), counts(Type::kInt8);
  for (const auto& [name, count] : pass.done) what.Text(name), counts.Int8(count);
  const Params params = Params().Text(pass.kind).Int8(pass.took_ms).Text(pass.trouble).Add(what).Add(counts);
  return postgres::TransactOne(parts_->primary, context, postgres::kReportPass, params).status();
}

Status PostgresCatalog::AskForPass(const Context& context) {
  return postgres::TransactOne(parts_->primary, context, postgres::kAskForPass).status();
}

Result<bool> PostgresCatalog::TakeRequest(const Context& context) {
  PBFS_ASSIGN_OR_RETURN(const Rows rows, postgres::RunOne(parts_->primary, context, postgres::kTakePassRequest));
  return rows.size() > 0;
}

Result<GarbageState> PostgresCatalog::GetGarbage(const Context& context) {
  GarbageState state;
  PBFS_ASSIGN_OR_RETURN(const Rows rows, postgres::RunOne(parts_->primary, context, postgres::kGarbageState));
  state.now_ms = rows.Int8(0, 0);
  state.timeline = static_cast<int32_t>(rows.Int4(0, 1)), state.thawed_timeline = static_cast<int32_t>(rows.Int4(0, 2));
  state.expired_objects = rows.Int8(0, 3), state.unbound_objects = rows.Int8(0, 4);
  state.reaped_objects = rows.Int8(0, 5);
  state.bodies = rows.Int8(0, 6), state.bytes = rows.Int8(0, 7);
  if (!rows.IsNull(0, 8)) state.since_ms = rows.Int8(0, 8);
  state.purging_bodies = rows.Int8(0, 9), state.marked_encodings = rows.Int8(0, 10);
  if (!rows.IsNull(0, 11)) state.asked_ms = rows.Int8(0, 11);
  PBFS_ASSIGN_OR_RETURN(state.passes, ListPasses(parts_->primary, context));
  return state;
}

}  // namespace pbfs
