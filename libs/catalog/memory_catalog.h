#pragma once

#include "libs/base/clock.h"
#include "libs/catalog/catalog.h"
#include "libs/catalog/commit_batcher.h"
#include "libs/catalog/encoding_rules.h"
#include "libs/catalog/memory_tables.h"
#include "libs/catalog/parsed_commit.h"
#include "libs/catalog/place_groups.h"

namespace pbfs {

/// A whole catalog in memory: the twin of the PostgreSQL adapter. It runs the same ParseCommit, CommitBatcher and Decide
/// over maps, so a simulation of it tests the rules that run in production. One site without peers.
/// Durable: nothing; it lives as long as the object. Threads: any, from construction to destruction.
class MemoryCatalog final : public Commits,
                            public Lists,
                            public Names,
                            public Uploads,
                            public Buckets,
                            public Groups,
                            public StoreNumbers,
                            public Journal,
                            public Garbage,
                            public Repairs,
                            public Recodes,
                            private CommitTransactor {
 public:
  struct Options {
    SiteId site{1};
    int64_t fence_epoch = 1;
    uint8_t default_k = 4;
    uint8_t default_m = 2;
    ReceiptVerifier verify_receipt;  // null: receipts are believed
    CommitBatcher::Options batcher;
  };
  /// `clock` is the catalog's clock and must outlive this.
  MemoryCatalog(const Clock& clock, Options options);
  explicit MemoryCatalog(const Clock& clock) : MemoryCatalog(clock, Options()) {}

  /// All ports of this catalog.
  Catalog ports() { return {*this, *this, *this, *this, *this, *this, *this}; }

  Result<CommitReply> Commit(const Context& context, const CommitRequest& request) override;

  Result<ListReply> List(const Context& context, const ListRequest& request) override;
  Result<ObjectInfo> Stat(const Context& context, const StatRequest& request) override;
  Result<std::vector<OpEntry>> History(const Context& context, const HistoryRequest& request) override;

  Result<NameEntry> Resolve(const Context& context, const NameQuery& query) override;
  Result<ListNamesReply> ListNames(const Context& context, const ListNamesRequest& request) override;
  Result<ListVersionsReply> ListVersions(const Context& context, const ListVersionsRequest& request) override;
  Result<std::vector<NameEntry>> NameHistory(const Context& context, const NameHistoryRequest& request) override;

  Status CreateUpload(const Context& context, const UploadInfo& upload) override;
  Result<UploadInfo> FindUpload(const Context& context, BucketId bucket, UploadId upload) override;
  Status SetPart(const Context& context, BucketId bucket, UploadId upload, const UploadPart& part) override;
  Result<PartsPage> ListParts(const Context& context, const ListPartsRequest& request) override;
  Result<UploadsPage> ListUploads(const Context& context, const ListUploadsRequest& request) override;
  Status AbortUpload(const Context& context, BucketId bucket, UploadId upload) override;

  Status CreateBucket(const Context& context, const BucketInfo& bucket) override;
  Result<BucketInfo> FindBucket(const Context& context, const std::string& name, int64_t min_keyring) override;
  Result<std::vector<BucketInfo>> ListBuckets(const Context& context) override;
  Status SetKeyring(const Context& context, BucketId bucket, int64_t expected_version, const Buffer& keyring) override;
  Result<std::vector<WrappedBody>> ListWrapped(const Context& context, const WrappedQuery& query) override;
  Result<int64_t> Rewrap(const Context& context, const RewrapRequest& request) override;
  Status SetScheme(const Context& context, BucketId bucket, const BucketScheme& expected,
                   const BucketScheme& scheme) override;
  Status SetVersioning(const Context& context, BucketId bucket, Versioning versioning) override;
  Status DeleteBucket(const Context& context, BucketId bucket) override;

  Result<ClusterMap> WatchMap(const Context& context, int64_t newer_than) override;
  Status PutStore(const Context& context, const StoreInfo& store) override;
  Result<StoreId> NewStoreId(const Context& context) override;

  Result<std::vector<JournalEntry>> ReadJournal(const Context& context, JournalPosition after, int32_t limit) override;
  Result<Hlc> AdvanceFloor(const Context& context) override;

  Status HistoryAdvance(const Context& context) override;
  Result<int64_t> HistoryExpire(const Context& context, int32_t limit) override;
  Result<int64_t> NamesExpire(const Context& context, int32_t limit) override;
  Result<int64_t> Reap(const Context& context, int32_t limit) override;
  Result<std::optional<int64_t>> DropRows(const Context& context, int32_t limit) override;
  Result<int64_t> PurgeMark(const Context& context, Duration grace, int32_t limit) override;
  Result<std::vector<PurgingBody>> ListPurging(const Context& context, int32_t limit) override;
  Status PurgeDone(const Context& context, std::span<const BodyId> bodies) override;
  Result<std::vector<EncodingId>> SweepMark(const Context& context, std::span<const EncodingId> reported) override;
  Status SweepArm(const Context& context) override;
  Result<std::vector<EncodingId>> SweepConfirm(const Context& context, int32_t limit) override;
  Result<ZerosPage> DropZeros(const Context& context, ObjectId after, int32_t limit) override;
  Result<int64_t> SweepForget(const Context& context, int32_t limit) override;
  Result<int64_t> DaysExpire(const Context& context) override;
  Status ReportPass(const Context& context, const CollectorPass& pass) override;
  Status AskForPass(const Context& context) override;
  Result<bool> TakeRequest(const Context& context) override;
  Result<GarbageState> GetGarbage(const Context& context) override;

  Result<std::vector<GroupCheck>> ListGroupChecks(const Context& context) override;
  Result<std::vector<EncodedBody>> ListEncodings(const Context& context, const GroupRange& range,
                                                 int32_t limit) override;
  Result<std::vector<EncodedBody>> FindEncodings(const Context& context,
                                                 std::span<const EncodingId> encodings) override;
  Status MarkMissing(const Context& context, std::span<const Shard> shards) override;
  Result<std::vector<EncodedBody>> ListDegraded(const Context& context, DegradedPosition after, int32_t limit) override;
  Status ClearMissing(const Context& context, std::span<const PlacedShard> shards) override;
  Status GroupsChecked(const Context& context, std::span<const GroupVersion> groups) override;
  Status Recheck(const Context& context) override;
  Status ReportSuspect(const Context& context, EncodingId encoding) override;
  Result<Redundancy> GetRedundancy(const Context& context) override;

  Result<std::vector<Recoding>> ListRecodings(const Context& context) override;
  Result<OtherwisePage> ListOtherwise(const Context& context, BucketId bucket, BucketPosition after,
                                      int32_t limit) override;
  Status SetEncoding(const Context& context, const EncodingChange& change) override;
  Status NoteLeft(const Context& context, BucketId bucket, int64_t changed_ms, BodyCount left) override;
  Result<std::vector<RetiredEncoding>> ListRetired(const Context& context, Duration grace, int32_t limit) override;
  Status RetiredDone(const Context& context, std::span<const EncodingId> encodings) override;

  /// For tests: raises the floor of a bucket's history to at least `floor`, which HistoryAdvance does by the clock, and forgets
  /// what lies below.
  void ExpireHistory(BucketId bucket, Hlc floor);
  /// For tests: the site's floor, which AdvanceFloor raises by the clock.
  void RaiseFloor(Hlc floor);
  /// For tests: the time of an open object is over.
  void ExpireOpen(ObjectId object);
  /// For tests: the same of an upload.
  void ExpireUpload(UploadId upload);
  /// For tests: its tombstone is as old as those that are forgotten.
  void AgeTombstone(EncodingId encoding);
  /// For tests: no Commit may use `encoding` any more.
  void MarkSwept(EncodingId encoding);

 private:
  std::vector<Answer> Run(std::span<const ParsedCommit* const> batch, bool wait_for_locks) override;
  Result<CommitReply> Rehome(const ParsedCommit& commit);
  Result<ParseRules> RulesOf(BucketId bucket) const;

  Status CheckAsOf(BucketId bucket, Hlc as_of) const PBFS_REQUIRES(mutex_);
  Status CheckNamesAsOf(BucketId bucket, std::optional<Hlc> as_of) const PBFS_REQUIRES(mutex_);
  Result<NameEntry> EntryOf(const NameQuery& query) const PBFS_REQUIRES(mutex_);
  std::vector<NameEntry> VersionsOf(const NameKey& key) const PBFS_REQUIRES(mutex_);
  std::optional<NameEntry> VersionOf(const NameKey& key, const Order& version) const PBFS_REQUIRES(mutex_);
  void AddMeta(NameEntry& entry) const PBFS_REQUIRES(mutex_);
  Result<ListReply> ListNamed(const ListRequest& request) const PBFS_REQUIRES(mutex_);
  Result<ListReply> ListObject(const ListRequest& request) const PBFS_REQUIRES(mutex_);
  void FillVisible(const MemoryTables::Object& object, const ListRequest& request, ListReply& reply) const
      PBFS_REQUIRES(mutex_);
  void FillHeads(const MemoryTables::Object& object, const ListRequest& request, ListReply& reply) const
      PBFS_REQUIRES(mutex_);
  std::optional<NameEntry> ValueOf(const NameKey& key, std::optional<Hlc> as_of) const PBFS_REQUIRES(mutex_);
  std::optional<NameEntry> NextBound(const NameKey& from, std::optional<Hlc> as_of) const PBFS_REQUIRES(mutex_);
  std::optional<NamedContent> ContentOf(BucketId bucket, ObjectId id) const PBFS_REQUIRES(mutex_);
  MemoryTables::Upload* UploadOf(BucketId bucket, UploadId id) PBFS_REQUIRES(mutex_);
  NameEntry EntryOf(const NameKey& key, const Binding& binding) const PBFS_REQUIRES(mutex_);
  PlacementFacts FactsOfPlacement() const PBFS_REQUIRES(mutex_);
  void RecheckGroupsOf(StoreId store) PBFS_REQUIRES(mutex_);
  MemoryTables::Body* LiveBody(EncodingId encoding) PBFS_REQUIRES(mutex_);
  bool HasAllShards(uint16_t group) const PBFS_REQUIRES(mutex_);
  PlacementWidth WidthOf(const BucketScheme& scheme) const;
  ParseRules RulesFor(const BucketSettings& settings) const;
  RecodeFacts FactsOf(const BucketInfo& bucket, EncodingId encoding) const PBFS_REQUIRES(mutex_);
  bool HoldsNames(BucketId bucket) const PBFS_REQUIRES(mutex_);
  int64_t ForgetPast(BucketId bucket, int64_t limit) PBFS_REQUIRES(mutex_);
  int64_t ForgetPastNames(BucketId bucket, int64_t limit) PBFS_REQUIRES(mutex_);
  int64_t DropZerosOf(MemoryTables::Object& object) PBFS_REQUIRES(mutex_);
  void ForgetOldUploads(int64_t limit, int64_t now_ms) PBFS_REQUIRES(mutex_);
  bool MayReap(ObjectId id, const MemoryTables::Object& object, int64_t now_ms) const PBFS_REQUIRES(mutex_);
  void DropOtherRows(ObjectId id, MemoryTables::Object& object, int64_t now_ms) PBFS_REQUIRES(mutex_);

  const Clock& clock_;
  const Options options_;
  mutable Mutex mutex_;
  MemoryTables tables_ PBFS_GUARDED_BY(mutex_);
  ClusterMap map_ PBFS_GUARDED_BY(mutex_);
  StoreId last_store_ PBFS_GUARDED_BY(mutex_);  // the last number that was given
  CondVar map_changed_;
  CommitBatcher batcher_;
};

}  // namespace pbfs
