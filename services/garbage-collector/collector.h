#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/result.h"
#include "libs/catalog/catalog.h"
#include "libs/catalog/tokens.h"
#include "libs/fragments/fragment_store.h"

namespace pbfs::collector {

/// What a pass over the catalog did.
struct CatalogPass {
  int64_t past_extents = 0;  // out of their bucket's history
  int64_t past_names = 0;    // likewise, and dropped ones
  int64_t objects = 0;       // reaped
  int64_t extents = 0;       // of reaped objects
  int64_t bodies = 0;        // purged
  int64_t encodings = 0;     // replaced by others, and purged
  int64_t fragments = 0;     // deleted, or missing already
  int64_t unreached = 0;     // on stores that did not answer: these will report them as orphans
};

/// What a pass over tombstones and journal forgot.
struct TombstonesPass {
  int64_t zeros = 0;
  int64_t encodings = 0;
  int64_t journal_days = 0;
};

/// What a pass over one store did.
struct StorePass {
  int64_t reported = 0;  // fragments old enough to be looked at
  int64_t deleted = 0;   // orphans confirmed before
};

/// The garbage collector's work (format, section 10), over the ports. It keeps no state that matters: every step of the catalog is a
/// transaction of its own, a purge that was begun is found again, deleting twice is harmless. So it may be killed anywhere, and several
/// may run at once. Threads: one at a time.
///
/// An orphan takes two passes over its store: SweepStore marks it, ConfirmOrphans makes it fair game, and the next SweepStore deletes it.
class Collector {
 public:
  struct Ports {
    Garbage& garbage;
    Groups& groups;
    FragmentStores& stores;
    Tokens* tokens;  // null: stores that run without tokens (tests only)
    const Clock& clock;
    Recodes* recodes = nullptr;  // null: encodings that were replaced stay
  };
  struct Options {
    std::string subject = "garbage-collector";          // for tokens
    Duration grace = std::chrono::minutes(30);          // G: a reader's lease and its last calls are over by then (I19)
    Duration store_timeout = std::chrono::seconds(10);  // of one call to a store
    int32_t page = 1000;
    double brake = 0.001;            // SweepStore deletes at most this part of a store's fragments,
    int64_t brake_fragments = 1000;  // or so many, where that is more
  };
  Collector(const Ports& ports, const Options& options) : ports_(ports), options_(options) {}

  /// History, objects, bodies, encodings that were replaced, and the fragments of the latter two. Errors: those of Garbage; stores that do not answer are none.
  Result<CatalogPass> CollectCatalog(const Context& context);
  /// Tombstones that nobody needs any more, of zeros and of encodings, and days of the journal. Errors: those of Garbage.
  Result<TombstonesPass> CollectTombstones(const Context& context);
  /// Looks at all fragments of `store` that are too old to be committed any more. Errors: those of Garbage and of the store;
  /// FAILED_PRECONDITION the brake: more fragments are to go than a pass may delete, and none went.
  Result<StorePass> SweepStore(const Context& context, StoreId store);
  /// After a pass over stores: confirms what it marked. Returns how many encodings; pass over the stores again if there are any.
  Result<int64_t> ConfirmOrphans(const Context& context);

 private:
  using KeysByStore = std::map<StoreId, std::vector<FragmentKey>>;
  Status CollectHistory(const Context& context, CatalogPass& pass);
  Status CollectObjects(const Context& context, CatalogPass& pass);
  Status CollectBodies(const Context& context, CatalogPass& pass);
  Status CollectRetired(const Context& context, CatalogPass& pass);
  void DeleteEverywhere(const Context& context, const KeysByStore& keys, std::set<StoreId>& silent, CatalogPass& pass);
  Result<KeysByStore> WhereShardsStand(const Context& context, const std::vector<PurgingBody>& bodies);
  Status DeleteFrom(const Context& context, StoreId store, const std::vector<FragmentKey>& keys);
  Result<std::vector<FragmentKey>> FindOrphans(const Context& context, FragmentStore& store, int64_t most,
                                               StorePass& pass);
  Result<TokenBytes> Token(const Context& context);

  const Ports ports_;
  const Options options_;
  TokenBytes token_;
  MonotonicTime token_renewal_{};
};

}  // namespace pbfs::collector
