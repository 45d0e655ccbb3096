#pragma once

#include <atomic>
#include <string>

#include "libs/fragments/fragment_store.h"

namespace pbfs::bench {

/// The store of the references R2-PUT and R2-GET: it takes every byte, writes it and syncs the file before it answers, or
/// answers with bytes that lie in the page cache, and knows nothing of formats, CRCs or indexes. Threads: any.
class DoNothingStore final : public FragmentStore {
 public:
  /// Keeps one file in `directory`. A read of [begin, end) of any fragment answers with these bytes of the file: put a shard
  /// of a real encoding there first, so that readers can check and open what they get.
  explicit DoNothingStore(const std::string& directory);
  ~DoNothingStore() override;

  std::unique_ptr<FragmentWriter> StartPut(const Context& context, PutRequest request, ReadyCallback on_ready) override;
  std::unique_ptr<PendingRead> StartRead(const Context& context, ReadRequest request, ReadyCallback on_ready) override;
  Status Delete(const Context& context, const std::vector<FragmentKey>& keys, const TokenBytes& token) override;
  Result<ListFragmentsReply> List(const Context& context, const ListFragmentsRequest& request) override;
  Result<StoreStat> Stat(const Context& context) override;

 private:
  int file_;
  std::atomic<int64_t> end_{0};
};

}  // namespace pbfs::bench
