#pragma once

#include "libs/base/random.h"
#include "libs/catalog/catalog_decorator.h"

namespace pbfs {

/// What may happen to a call, each in parts of 1,000.
struct CatalogFaults {
  int refuse = 0;      // UNAVAILABLE, nothing happened
  int lose_reply = 0;  // it happened, and the caller gets UNAVAILABLE: a commit in doubt
  int late = 0;        // the answer comes after `delay`
  Duration delay = std::chrono::seconds(1);
};

/// The only place that injects faults into a catalog's ports: every call draws its fate from `random`. For tests and
/// simulations. Threads: any.
class FaultyCatalog final : public CatalogDecorator {
 public:
  /// `inner`'s ports and `random` must outlive this.
  FaultyCatalog(Catalog inner, Random& random, CatalogFaults faults)
      : inner_(inner), random_(random), faults_(faults) {}

  /// From now on.
  void SetFaults(CatalogFaults faults);
  /// The next call of any method loses its reply, whatever the odds.
  void LoseNextReply();
  /// The next `count` calls are refused, whatever the odds.
  void RefuseNext(int count);
  /// The n-th call from now (1: the next) is refused, or if it `happens` loses its reply, whatever the odds: for crash matrices, as
  /// FaultyKube. Which call is the n-th is certain if one thread calls.
  void FailCall(int64_t call, bool happens);
  /// Calls since the last FailCall.
  int64_t calls() const;

 private:
  struct Fate {
    bool refuse = false;
    bool lose_reply = false;
    Duration delay{};
  };
  Fate Draw();
  /// The call goes through in full; what may be lost, late or refused is what the caller learns of it.
  Status Around(const Context& context, const Call& call) override;

  const Catalog inner_;
  Random& random_;
  mutable Mutex mutex_;
  CatalogFaults faults_ PBFS_GUARDED_BY(mutex_);
  int refuse_next_ PBFS_GUARDED_BY(mutex_) = 0;
  bool lose_next_ PBFS_GUARDED_BY(mutex_) = false;
  int64_t calls_ PBFS_GUARDED_BY(mutex_) = 0;
  int64_t fail_at_ PBFS_GUARDED_BY(mutex_) = 0;  // 0: none
  bool fails_after_ PBFS_GUARDED_BY(mutex_) = false;
};

}  // namespace pbfs
