#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "libs/base/executor.h"
#include "libs/base/sync.h"
#include "libs/fragments/fragment_store.h"
#include "libs/fragments/store_rules.h"
#include "libs/fragments/volumes.h"

namespace pbfs::fragment_store {

/// How much the service takes on at a time. What exceeds it is answered RESOURCE_EXHAUSTED with detail retry-after-ms.
struct ServiceLimits {
  int max_puts = 256;
  int max_reads = 256;
  int64_t max_memory = int64_t{192} << 20;  // bytes of payload held by puts and reads in flight
  int read_threads = 4;
};

/// A FragmentStore over volumes: rules, the check of every byte that comes in, admission, receipts.
///
/// Append() writes on the calling thread and never waits for a sync; reads run on a small pool. Memory is
/// bounded: a put counts for what its writer may hold (2 MiB, or its length if that is less), a read for what it asks.
/// Threads: any. Outlives its puts and reads; the volumes and the clock outlive it (build the volumes first).
class FragmentService final : public FragmentStore {
 public:
  FragmentService(const StoreIdentity& identity, Volumes& volumes, const Clock& clock, const ServiceLimits& limits);
  ~FragmentService() override;

  std::unique_ptr<FragmentWriter> StartPut(const Context& context, PutRequest request, ReadyCallback on_ready) override;
  std::unique_ptr<PendingRead> StartRead(const Context& context, ReadRequest request, ReadyCallback on_ready) override;
  Status Delete(const Context& context, const std::vector<FragmentKey>& keys, const TokenBytes& token) override;
  Status Drop(const Context& context, const std::vector<FragmentInfo>& copies, const TokenBytes& token) override;
  Result<ListFragmentsReply> List(const Context& context, const ListFragmentsRequest& request) override;
  Result<StoreStat> Stat(const Context& context) override;

  /// For metrics.
  struct Load {
    int puts = 0;
    int reads = 0;
    int64_t memory = 0;
    int64_t refused = 0;  // since the start
  };
  Load load();

 private:
  friend class ServicePut;
  friend class ServiceRead;
  class Admission;

  const std::shared_ptr<StoreRules> rules_;  // shared with commits that end after the service
  Volumes& volumes_;
  const std::shared_ptr<Admission> admission_;
  Executor readers_;  // last: its tasks use the rest
};

}  // namespace pbfs::fragment_store
