#pragma once

#include <map>
#include <string>

#include "libs/base/sync.h"
#include "libs/fragments/fragment_store.h"

namespace pbfs::bench {

/// The store of the references R2-PUT and R2-GET: it takes every byte, writes it and syncs the file before it answers, or
/// answers with bytes that lie in the page cache. It knows nothing of formats, CRCs, tokens or crashes. Threads: any.
class DoNothingStore final : public FragmentStore {
 public:
  /// Keeps one file in `directory`, with space ahead as the product has it.
  explicit DoNothingStore(const std::string& directory);
  ~DoNothingStore() override;

  std::unique_ptr<FragmentWriter> StartPut(const Context& context, PutRequest request, ReadyCallback on_ready) override;
  std::unique_ptr<PendingRead> StartRead(const Context& context, ReadRequest request, ReadyCallback on_ready) override;
  Status Delete(const Context& context, const std::vector<FragmentKey>& keys, const TokenBytes& token) override;
  Status Drop(const Context& context, const std::vector<FragmentInfo>& copies, const TokenBytes& token) override;
  Result<ListFragmentsReply> List(const Context& context, const ListFragmentsRequest& request) override;
  Result<StoreStat> Stat(const Context& context) override;

 private:
  int64_t Place(const FragmentKey& key, int64_t length);
  int64_t PlaceOf(const FragmentKey& key);

  const int file_, direct_;
  Mutex mutex_;
  int64_t end_ PBFS_GUARDED_BY(mutex_) = 0;
  int64_t allocated_ PBFS_GUARDED_BY(mutex_) = 0;
  std::map<FragmentKey, int64_t> places_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs::bench
