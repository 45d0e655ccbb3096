#include "libs/adapters/postgres/catalog_parts.h"
#include "libs/adapters/postgres/embedded_sql.h"
#include "libs/model/limits.h"

/// The journal that peers replay, and the promise in it.
namespace pbfs {

using postgres::Connection;
using postgres::Params;
using postgres::Rows;

// The primary answers: a standby's horizon is as good, but may be as old as its replay.
Result<std::vector<JournalEntry>> PostgresCatalog::ReadJournal(const Context& context, JournalPosition after,
                                                               int32_t limit) {
  if (limit < 1) return InvalidArgumentError("limit must be positive");
  const Params params =
      Params().Int8(static_cast<int64_t>(after.xid)).Int8(after.seq).Int8(int64_t{limit} + kMaxOpsPerCommit);
  PBFS_ASSIGN_OR_RETURN(const Rows rows, postgres::RunOne(parts_->primary, context, postgres::kReadJournal, params));
  std::vector<JournalEntry> entries;
  for (int row = 0; row < rows.size(); ++row) {
    JournalEntry entry;
    entry.position = {static_cast<uint64_t>(rows.Int8(row, 0)), rows.Int8(row, 1)};
    entry.part = static_cast<int16_t>(rows.Int2(row, 2));
    const bool new_unit =
        entries.empty() || entries.back().position.xid != entry.position.xid || entries.back().part != entry.part;
    // I16: units stay whole; more rows than `limit` were read, as many as a unit can have.
    if (new_unit && entries.size() >= static_cast<size_t>(limit)) break;
    entry.kind = static_cast<uint8_t>(rows.Int2(row, 3));
    entry.object = rows.Uuid<ObjectId>(row, 4);
    entry.op = rows.Uuid<OpId>(row, 5);
    if (!rows.IsNull(row, 6)) entry.record = rows.Share(row, 6);
    if (!rows.IsNull(row, 7)) entry.payload = rows.Share(row, 7);
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<Hlc> PostgresCatalog::AdvanceFloor(const Context& context) {
  Hlc floor = 0;
  PBFS_RETURN_IF_ERROR(postgres::Transact(parts_->primary, context, [&](Connection& connection) -> Status {
    connection.Queue(postgres::kAdvanceFloor);
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    floor = results[1].Int8(0, 0);
    return OkStatus();
  }));
  return floor;
}

}  // namespace pbfs
