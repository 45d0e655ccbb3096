#pragma once

#include <atomic>
#include <map>
#include <memory>

#include "libs/base/executor.h"
#include "libs/client/client.h"
#include "libs/client/cluster_view.h"
#include "libs/client/memory_budget.h"
#include "libs/client/own_orders.h"
#include "libs/client/retry.h"
#include "libs/format/keyring.h"
#include "libs/model/hlc_clock.h"

namespace pbfs {

/// An open bucket: its settings and keys. Immutable.
struct BucketState {
  BucketInfo info;
  std::map<uint32_t, BucketKeys> keys;  // by epoch
  uint32_t epoch = 0;                   // the newest
  std::vector<PublicKey> signers;       // who may write; with more than one, records are signed
  SigningKey signing;

  const BucketKeys& newest() const { return keys.at(epoch); }
  bool must_sign() const { return signers.size() > 1; }
  /// Null if the epoch is not known.
  const BucketKeys* KeysOf(uint32_t key_epoch) const {
    const auto found = keys.find(key_epoch);
    return found == keys.end() ? nullptr : &found->second;
  }
};

/// Everything that the operations of one client share. Threads: any.
class ClientCore {
 public:
  ClientCore(const ClientOptions& options_in, const ClientDependencies& dependencies);

  /// An order greater than `above` and than all that was seen.
  Hlc NextHlc(Hlc above = 0);
  /// max_hlc and now of a catalog's reply. An order far in the future is not taken over: it would make all other writes
  /// drift (I4).
  void Observe(Hlc seen, int64_t now_ms);
  OpId NewOpId() { return OpId::New(hlc.NowMillis(), world.random); }
  ObjectId NewObjectId() { return ObjectId::New(hlc.NowMillis(), world.random); }
  uint64_t NextCounter() { return counter_++; }
  /// One step of an operation.
  Context Step(const Context& context) const { return context.Within(options.timeout); }
  /// GET and PUT for the fragments of a bucket; renewed at half its life. Empty where no tokens are used.
  Result<TokenBytes> Token(const Context& context, BucketId bucket);

  /// A catalog call that may be repeated.
  template <typename Call>
  auto Ask(const Context& context, Call call) {
    return RetryCall(Step(context), world.random, std::chrono::seconds(10), std::move(call));
  }

  const ClientOptions options;
  const ClientDependencies world;
  const int64_t wid;
  HlcClock hlc;
  MemoryBudget budget;
  ClientCounters counters;
  ClusterView cluster;
  OwnOrders own;
  Executor compute;  // seals, encodes, decodes
  Executor streams;  // bodies of streams on their way, windows of reads: tasks that block

 private:
  struct CachedToken {
    TokenBytes token;
    MonotonicTime renew;
    MonotonicTime end;
  };
  std::atomic<uint64_t> counter_{1};
  Mutex tokens_mutex_;
  std::map<BucketId, CachedToken> tokens_ PBFS_GUARDED_BY(tokens_mutex_);
};

}  // namespace pbfs
