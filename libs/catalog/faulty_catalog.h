#pragma once

#include "libs/base/random.h"
#include "libs/catalog/catalog.h"

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
class FaultyCatalog final : public Commits, public Lists, public Names, public Buckets, public Groups, public Journal {
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

  Catalog ports() { return {*this, *this, *this, *this, *this, *this}; }

  Result<CommitReply> Commit(const Context& context, const CommitRequest& request) override;
  Result<ListReply> List(const Context& context, const ListRequest& request) override;
  Result<ObjectInfo> Stat(const Context& context, BucketId bucket, ObjectId object) override;
  Result<std::vector<OpEntry>> History(const Context& context, const HistoryRequest& request) override;
  Result<NameEntry> Resolve(const Context& context, const NameQuery& query) override;
  Result<ListNamesReply> ListNames(const Context& context, const ListNamesRequest& request) override;
  Result<std::vector<NameEntry>> NameHistory(const Context& context, BucketId bucket, const std::string& name) override;
  Status CreateBucket(const Context& context, const BucketInfo& bucket) override;
  Result<BucketInfo> FindBucket(const Context& context, const std::string& name) override;
  Result<std::vector<BucketInfo>> ListBuckets(const Context& context) override;
  Status SetKeyring(const Context& context, BucketId bucket, int64_t expected_version, const Buffer& keyring) override;
  Status DeleteBucket(const Context& context, BucketId bucket) override;
  Result<ClusterMap> WatchMap(const Context& context, int64_t newer_than) override;
  Status PutStore(const Context& context, const StoreInfo& store) override;
  Result<std::vector<JournalEntry>> ReadJournal(const Context& context, JournalPosition after, int32_t limit) override;
  Result<Hlc> AdvanceFloor(const Context& context) override;

 private:
  struct Fate {
    bool refuse = false;
    bool lose_reply = false;
    Duration delay{};
  };
  Fate Draw();
  template <typename Call>
  auto Around(const Context& context, const Call& call) -> decltype(call());

  const Catalog inner_;
  Random& random_;
  Mutex mutex_;
  CatalogFaults faults_ PBFS_GUARDED_BY(mutex_);
  int refuse_next_ PBFS_GUARDED_BY(mutex_) = 0;
  bool lose_next_ PBFS_GUARDED_BY(mutex_) = false;
};

}  // namespace pbfs
