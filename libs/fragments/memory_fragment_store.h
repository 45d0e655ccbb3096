#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "libs/base/sync.h"
#include "libs/fragments/fragment_check.h"
#include "libs/fragments/fragment_store.h"
#include "libs/fragments/store_rules.h"

namespace pbfs {

/// The twin: a FragmentStore in memory that keeps every rule of the real one. All is done when Append() of the last byte or
/// StartRead() returns, so nothing ever waits; on_ready runs inside these calls. Threads: any. Forgets everything when it goes.
class MemoryFragmentStore final : public FragmentStore {
 public:
  /// `clock` is the store's own and must outlive it. `capacity`: bytes of fragments that it takes before it is full.
  MemoryFragmentStore(const StoreIdentity& identity, const Clock& clock, int64_t capacity = int64_t{1} << 40);

  std::unique_ptr<FragmentWriter> StartPut(const Context& context, PutRequest request, ReadyCallback on_ready) override;
  std::unique_ptr<PendingRead> StartRead(const Context& context, ReadRequest request, ReadyCallback on_ready) override;
  Status Delete(const Context& context, const std::vector<FragmentKey>& keys, const TokenBytes& token) override;
  Status Drop(const Context& context, const std::vector<FragmentInfo>& copies, const TokenBytes& token) override;
  Result<ListFragmentsReply> List(const Context& context, const ListFragmentsRequest& request) override;
  Result<StoreStat> Stat(const Context& context) override;

  /// What disks do. Damage() flips bits of the stored byte at `offset`, so that reads of its block answer DATA_LOSS; Lose()
  /// forgets an acknowledged fragment. False if the fragment is not here.
  bool Damage(const FragmentKey& key, int64_t offset, uint8_t flip = 1);
  bool Lose(const FragmentKey& key);

 private:
  friend class MemoryFragmentWriter;
  struct Stored {
    FragmentInfo info;
    FragmentShape shape;
    Buffer bytes;
    bool damaged = false;  // known since a read: a put of the same sum replaces it
  };
  /// Installs a checked fragment, write-once.
  Result<ReceiptBytes> Install(const FragmentKey& key, const FragmentCheck& check, const std::vector<Buffer>& pieces);
  Status Admit(const FragmentKey& key, int64_t length);
  Result<ReadReply> Answer(const Context& context, const ReadRequest& request);
  ReadPart ReadOne(const FragmentRange& range);

  StoreRules rules_;
  const int64_t capacity_;
  Mutex mutex_;
  std::map<FragmentKey, Stored> fragments_ PBFS_GUARDED_BY(mutex_);
  std::set<FragmentKey> deleted_ PBFS_GUARDED_BY(mutex_);
  int64_t live_bytes_ PBFS_GUARDED_BY(mutex_) = 0;
  int64_t corrupt_ PBFS_GUARDED_BY(mutex_) = 0;
};

}  // namespace pbfs
