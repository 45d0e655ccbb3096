#include <algorithm>

#include "libs/catalog/memory_catalog.h"

namespace pbfs {

Result<std::vector<JournalEntry>> MemoryCatalog::ReadJournal(const Context& context, JournalPosition after,
                                                             int32_t limit) {
  PBFS_RETURN_IF_ERROR(context.Check());
  if (limit < 1) return InvalidArgumentError("limit must be positive");
  MutexLock lock(mutex_);
  const auto& journal = tables_.journal;
  auto entry = std::upper_bound(journal.begin(), journal.end(), after,
                                [](JournalPosition position, const JournalEntry& e) { return position < e.position; });
  std::vector<JournalEntry> entries;
  for (; entry != journal.end(); ++entry) {
    const bool new_unit =
        entries.empty() || entries.back().position.xid != entry->position.xid || entries.back().part != entry->part;
    if (new_unit && entries.size() >= static_cast<size_t>(limit)) break;  // I16: units stay whole
    entries.push_back(*entry);
  }
  return entries;
}

Result<Hlc> MemoryCatalog::AdvanceFloor(const Context& context) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  tables_.floor = std::max(tables_.floor, HlcFromMillis(clock_.NowMillis() - 60'000));
  Bytes payload(8);
  for (int i = 0; i < 8; ++i) payload[i] = static_cast<uint8_t>(tables_.floor >> (56 - 8 * i));
  ++tables_.xid;
  tables_.AppendJournal(kJournalFloor, {}, {}, 0, {}, Buffer::FromBytes(std::move(payload)), clock_.NowMillis());
  return tables_.floor;
}

}  // namespace pbfs
