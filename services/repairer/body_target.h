#pragma once

#include <memory>
#include <optional>

#include "libs/fragments/fragment_store.h"
#include "services/repairer/repair_site.h"

namespace pbfs::repairer {

/// A fragment on its way to its place. After an error it takes nothing more. Going away before Finish calls it off. Threads: one at a
/// time.
class BodyTarget {
 public:
  BodyTarget(const Context& context, const RepairSite& site, const FragmentKey& key, int64_t size, StoreId store);
  uint8_t shard() const { return shard_; }
  const Status& status() const { return status_; }
  void Append(Buffer bytes);
  /// All is there: waits until it is durable.
  void Finish();
  int64_t written() const { return written_; }
  /// Of the store, once it is durable.
  const std::optional<ReceiptBytes>& receipt() const { return receipt_; }

 private:
  void Note(const Status& status);

  const Context context_;
  const RepairSite& site_;
  const uint8_t shard_;
  const StoreId store_;
  std::shared_ptr<FragmentStore> held_;  // outlives the writer
  std::unique_ptr<FragmentWriter> writer_;
  Status status_;
  int64_t written_ = 0;
  std::optional<ReceiptBytes> receipt_;
};

}  // namespace pbfs::repairer
