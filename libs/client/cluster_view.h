#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/random.h"
#include "libs/catalog/map_cache.h"
#include "libs/catalog/place_groups.h"
#include "libs/catalog/tokens.h"
#include "libs/model/hlc_clock.h"

namespace pbfs {

/// What a client knows of the cluster: the map, tokens, and which stores failed lately. Threads: any.
class ClusterView {
 public:
  /// `bad_store_memory`: for how long a store that failed is avoided. All references outlive this; tokens may be null.
  ClusterView(Groups& groups, Tokens* tokens, std::string subject, Random& random, HlcClock& clock,
              Duration bad_store_memory)
      : maps_(groups),
        tokens_(tokens),
        subject_(std::move(subject)),
        random_(random),
        clock_(clock),
        bad_store_memory_(bad_store_memory) {}

  /// The cluster map: MapCache::Get.
  Result<MapCache::MapPtr> Map(const Context& context) { return maps_.Get(context); }
  /// The site that this cluster is. It never changes, so any map ever had says it.
  Result<SiteId> Site(const Context& context);
  /// Forgets the map: the next call fetches it anew.
  void Invalidate() { maps_.Invalidate(); }

  /// A placement group for a new encoding of n shards: drawn at random among those with the fewest stores that are not up, or
  /// failed lately where that leaves any. Errors: UNAVAILABLE if no group has `required` stores, saying how many there are;
  /// RESOURCE_EXHAUSTED if some of them are not because they were full.
  Result<uint16_t> ChooseGroup(const Context& context, int n, int m, int required);
  /// Where the n shards of an encoding in `group` belong.
  Result<EncodingStores> StoresOf(const Context& context, uint16_t group, int n, int m);

  /// It failed, with this error if one was given.
  void MarkBad(StoreId store, const Status& why = {});
  void MarkGood(StoreId store);
  bool IsBad(StoreId store) const;

  /// A token for this bucket with GET, PUT and LIST; empty if there is nobody to ask.
  Result<Buffer> Token(const Context& context, BucketId bucket);
  void ForgetToken(BucketId bucket);

 private:
  struct CachedToken {
    Buffer token;
    MonotonicTime renew_at;
  };
  struct BadStore {
    MonotonicTime until;
    Status why;
  };
  Status NoUsableGroup(int required, int n, int usable) const;
  int UnusableStores(const ClusterMap& map, const std::vector<StoreId>& stores) const;

  MapCache maps_;
  Tokens* const tokens_;
  const std::string subject_;
  Random& random_;
  HlcClock& clock_;
  const Duration bad_store_memory_;
  mutable Mutex mutex_;
  std::map<StoreId, BadStore> bad_ PBFS_GUARDED_BY(mutex_);
  std::map<BucketId, CachedToken> token_cache_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs
