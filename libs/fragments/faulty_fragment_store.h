#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "libs/base/sync.h"
#include "libs/fragments/fragment_store.h"

namespace pbfs {

/// A store that misbehaves on request, in front of one that does not: the only place that injects faults into fragment
/// calls. A switch stays until it is set back; all are off at first. Threads: any, switches included.
class FaultyFragmentStore final : public FragmentStore {
 public:
  explicit FaultyFragmentStore(std::shared_ptr<FragmentStore> inner);
  ~FaultyFragmentStore() override;

  /// The n-th call from now (1: the next one) answers `status` and never reaches the store. Calls are StartPut, each Append,
  /// Finish, StartRead, Delete, Drop, List and Stat; loop n upward until a run passes and every error path was walked.
  void FailCall(int64_t n, Status status);
  /// The n-th call from now is carried out, but its answer is lost: UNAVAILABLE.
  void LoseReply(int64_t n);
  /// Calls since the start.
  int64_t calls() const;

  /// Every call answers UNAVAILABLE; puts in flight too.
  void SetDown(bool down);
  /// Every new put answers RESOURCE_EXHAUSTED, STORE_FULL.
  void SetFull(bool full);
  /// One bit of each range read is flipped after the store's own checks: a lying store.
  void SetCorruptReads(bool corrupt);
  /// One bit of each appended piece is flipped on its way to the store, which has to refuse it.
  void SetCorruptPuts(bool corrupt);
  /// An acknowledged fragment is gone: NOT_FOUND, and no list shows it, until it is put again.
  void Lose(const FragmentKey& key);

  /// From Hold() to Release() no read and no Finish() becomes Ready(): the work is done, its answer is late. Waiting for one
  /// ends by the deadline of its context.
  void Hold();
  void Release();

  std::unique_ptr<FragmentWriter> StartPut(const Context& context, PutRequest request, ReadyCallback on_ready) override;
  std::unique_ptr<PendingRead> StartRead(const Context& context, ReadRequest request, ReadyCallback on_ready) override;
  Status Delete(const Context& context, const std::vector<FragmentKey>& keys, const TokenBytes& token) override;
  Status Drop(const Context& context, const std::vector<FragmentInfo>& copies, const TokenBytes& token) override;
  Result<ListFragmentsReply> List(const Context& context, const ListFragmentsRequest& request) override;
  Result<StoreStat> Stat(const Context& context) override;

 private:
  friend class FaultyWriter;
  friend class FaultyRead;
  struct State;
  static ReadyCallback TellOnce(std::shared_ptr<State> state, ReadyCallback on_ready);
  std::shared_ptr<FragmentStore> inner_;
  std::shared_ptr<State> state_;  // shared with callbacks that outlive an operation
};

}  // namespace pbfs
