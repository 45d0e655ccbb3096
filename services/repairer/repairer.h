#pragma once

#include <map>
#include <set>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/executor.h"
#include "libs/base/pacer.h"
#include "libs/catalog/catalog.h"
#include "libs/catalog/tokens.h"
#include "libs/fragments/fragment_store.h"
#include "services/repairer/body_recode.h"
#include "services/repairer/body_repair.h"

namespace pbfs::repairer {

/// What a pass that looks for shards did.
struct CheckPass {
  int64_t groups = 0;   // accounted for
  int64_t waiting = 0;  // not: they changed too lately, or a store did not answer
  int64_t shards = 0;   // looked for
  int64_t missing = 0;  // of them, not there or not sound
};

/// What a pass that repairs did.
struct RepairPass {
  int64_t bodies = 0;  // with all their shards again
  int64_t left = 0;    // not, or not yet
  int64_t shards = 0;  // put
  int64_t bytes_read = 0, bytes_written = 0;
  int64_t unchecked = 0;  // bodies rebuilt without holding the shards against another one
  int64_t suspects = 0;   // bodies that somebody with keys has to look at
  Status trouble;         // one of those that left something
};

/// What a pass over the stores for copies that are not needed any more did.
struct CopiesPass {
  int64_t stores = 0;   // gone through to the end
  int64_t waiting = 0;  // copies that are not dropped yet, or stores that did not answer
  int64_t dropped = 0, bytes = 0;
};

/// What a pass that encodes anew did.
struct RecodePass {
  int64_t bodies = 0;  // have the encoding that their bucket wants
  int64_t left = 0;    // could not be given it yet
  int64_t bytes_read = 0, bytes_written = 0;
  int64_t suspects = 0;
  bool more = false;  // the time was over before the work
  Status trouble;     // one of those that were left
};

/// The repairer's work (docs/design/repair.md), over the ports: looks whether every shard stands at its place, says so to the catalog,
/// brings missing ones there, those of the most endangered bodies first, and encodes bodies anew whose bucket wants another scheme. It keeps no state that matters: what it finds is in the
/// catalog before it acts, putting twice is harmless. So it may be killed anywhere, and several may run at once.
/// Threads: one at a time; uses those of the executor.
class Repairer {
 public:
  struct Ports {
    Repairs& repairs;
    Groups& groups;
    FragmentStores& stores;
    Tokens* tokens;  // null: stores that run without tokens (tests only)
    const Clock& clock;
    Executor& executor;
    Recodes* recodes = nullptr;  // null: bodies stay coded as they are
    Random* random = nullptr;    // of new encodings; not null if recodes is not
  };
  struct Options {
    std::string subject = "repairer";                   // for tokens
    Duration store_timeout = std::chrono::seconds(10);  // of one call to a store
    Duration silence = std::chrono::seconds(30);        // a store that did not answer is not asked again for so long
    Duration check_every =
        std::chrono::hours(7 * 24);            // a group is accounted for anew after so long, and when it changed
    int32_t groups_a_pass = kPlacementGroups;  // at most so many
    int32_t page = 256;                        // bodies
    int64_t bytes_per_second = 0;              // read and written; 0: as fast as it goes
    double extra_reads = 0.03;                 // see RepairBody
    /// Copies in older places are dropped so long after their group was found whole: readers may still use an older map.
    Duration old_copies = std::chrono::minutes(30);
    Duration recode_slice = std::chrono::seconds(10);  // RecodeBuckets ends after so long, for repair comes first
    Duration recode_every = std::chrono::hours(1);     // clients with an old scheme may have written meanwhile
  };
  Repairer(const Ports& ports, const Options& options)
      : ports_(ports), options_(options), pacer_(options.bytes_per_second) {}

  /// Asks all stores which fragments they know to be bad, and marks those missing. Returns how many. Errors: those of Repairs; stores
  /// that do not answer are none.
  Result<int64_t> MarkCorrupt(const Context& context);
  /// Looks for the shards of groups that changed, or were not looked at for long: those that wait longest first.
  Result<CheckPass> CheckGroups(const Context& context);
  /// Repairs what is marked, the smallest margin first. Ends with the list, or with the context.
  Result<RepairPass> RepairMissing(const Context& context);
  /// Has each store drop the fragments of live bodies that have another place by now, where all shards of the body are just seen
  /// in their places. Goes through a store when groups have changed, and as often as groups are checked. Fragments of no live body
  /// are the collector's.
  Result<CopiesPass> DropOldCopies(const Context& context);
  /// Goes on giving bodies the encoding that their bucket wants, where its scheme was changed (RecodeBody). Each bucket is counted, then gone
  /// through, and looked at again every recode_every. `more`: call again soon.
  Result<RecodePass> RecodeBuckets(const Context& context);

 private:
  using Bodies = std::map<EncodingId, EncodedBody>;
  /// What a look at some bodies gave.
  struct Look {
    std::vector<Shard> missing;
    int64_t shards = 0;
    std::set<uint16_t> unanswered;  // groups of which a store has not answered
  };
  /// How far it is with one bucket.
  struct Round {
    int64_t changed_ms = 0;  // of the scheme
    bool begun = false;
    BucketPosition after{};  // listed up to here
    bool at_end = false;
    std::vector<EncodedBody> pending{};  // listed and not tried
    BodyCount left{}, failed{};          // of all; and of those that were tried
    MonotonicTime next{};
  };
  /// The live bodies that these fragments are of.
  Result<Bodies> FindBodies(const Context& context, const std::vector<FragmentInfo>& fragments);
  /// Does this shard belong to that store? Not always the one at the shard's place of the group: a domain of failures may be full.
  static bool IsPlaceOf(const ClusterMap& map, const EncodedBody& body, uint8_t shard, StoreId store);
  static std::vector<StoreId> PlacesOf(const ClusterMap& map, const EncodedBody& body);
  Result<std::vector<GroupCheck>> Due(const Context& context, const ClusterMap& map, CheckPass& pass);
  Status CheckRange(const Context& context, const ClusterMap& map, GroupRange range, std::set<uint16_t>& unanswered,
                    CheckPass& pass);
  Status LookFor(const Context& context, const ClusterMap& map, const std::vector<EncodedBody>& bodies, Look& look);
  void AskStore(const Context& context, StoreId store, const std::vector<std::pair<Shard, const EncodedBody*>>& asked,
                Look& look);
  Result<bool> DropFrom(const Context& context, const ClusterMap& map, StoreId id, CopiesPass& pass);
  Result<std::vector<FragmentInfo>> Needless(const Context& context, const ClusterMap& map, StoreId store,
                                             const std::vector<FragmentInfo>& fragments, CopiesPass& pass);
  Result<std::set<uint16_t>> GroupsLongWhole(const Context& context, const ClusterMap& map);
  Status RepairPage(const Context& context, const std::vector<EncodedBody>& bodies, RepairPass& pass);
  Status Note(const Context& context, const ClusterMap& map, const std::vector<EncodedBody>& bodies,
              const std::vector<BodyRepair>& repairs, RepairPass& pass);
  Result<BodyCount> CountOtherwise(const Context& context, BucketId bucket);
  Status BeginRound(const Context& context, const Recoding& recoding, Round& round);
  Status EndRound(const Context& context, const Recoding& recoding, Round& round);
  Status RecodeSome(const Context& context, const Recoding& recoding, Round& round, RecodePass& pass);
  Status RecodeBodies(const Context& context, const Recoding& recoding, const std::vector<EncodedBody>& bodies,
                      Round& round, RecodePass& pass);
  BodyRecode RecodeOne(const Context& context, const RepairSite& site, const Recoding& recoding,
                       const EncodedBody& body);
  RepairSite SiteOf(const ClusterMap& map, TokenBytes token);
  Result<TokenBytes> Token(const Context& context);
  bool IsSilent(StoreId store);
  void MarkSilent(StoreId store);

  const Ports ports_;
  const Options options_;
  Pacer pacer_;
  TokenBytes token_;
  MonotonicTime token_renewal_{};
  /// By which version of all groups a store was gone through for old copies, and when it is again at the latest.
  struct GoneThrough {
    int64_t version = 0;
    MonotonicTime next;
  };
  std::map<StoreId, GoneThrough> gone_through_;
  std::map<BucketId, Round> rounds_;
  Mutex mutex_;
  std::map<StoreId, MonotonicTime> silent_until_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs::repairer
