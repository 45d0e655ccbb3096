#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libs/base/sync.h"
#include "libs/catalog/catalog.h"
#include "libs/catalog/commit_batcher.h"
#include "libs/catalog/parsed_commit.h"

namespace pbfs {

/// What a catalog needs to know of its PostgreSQL. Both DSNs are libpq's, key=value or URI, passwords by passfile= or in the
/// text; they never appear in errors.
struct PostgresOptions {
  std::string local_dsn;    // the server beside this process: reads
  std::string primary_dsn;  // may name every server of the cluster: the one that is writable is found. Empty: local_dsn
  int commit_lanes =
      2;  // batches of Commits in flight, one connection each: one computes while one waits for the standby
  int waiting_lanes = 1;  // the same for Commits that wait for a lock
  int read_connections = 4;
  int primary_connections = 4;  // for reads that must be fresh, rehomes and administration
  int queue_limit = 1024;       // callers that may wait for a connection
  Duration statement_timeout = std::chrono::seconds(20);
  Duration connect_timeout = std::chrono::seconds(5);
  Duration replica_patience = std::chrono::milliseconds(50);  // how long a read waits for a replica to catch up
  Duration map_poll = std::chrono::milliseconds(200);         // how old the map's version may be that WatchMap looks at
  ReceiptVerifier verify_receipt;                             // null: receipts are believed (tests)
  CommitBatcher::Options batcher;                             // lanes are set from the above
};

/// The catalog's ports over PostgreSQL 15 or later, schema pbfs (migrations.h). One of the two implementations; the twin
/// is MemoryCatalog. Any number of these may share a database.
///
/// Construction connects to nothing; a database that is away, read-only or of another schema version shows as UNAVAILABLE
/// or FAILED_PRECONDITION of each call until it is there. Commits go through a CommitBatcher: two round trips a batch.
/// A Commit whose COMMIT was sent and not answered, or not replicated, is UNAVAILABLE with detail outcome=unknown.
/// Reads use one snapshot of the local server; where that is a standby which has not seen what the caller has, or does not
/// have what is asked for, or is away, the primary answers. Threads: any.
class PostgresCatalog final : public Commits,
                              public Lists,
                              public Names,
                              public Uploads,
                              public Buckets,
                              public Groups,
                              public StoreNumbers,
                              public Journal,
                              public Garbage,
                              public Repairs,
                              public Recodes {
 public:
  explicit PostgresCatalog(PostgresOptions options);
  ~PostgresCatalog() override;

  Catalog ports() { return {*this, *this, *this, *this, *this, *this, *this}; }

  Result<CommitReply> Commit(const Context& context, const CommitRequest& request) override;
  void CommitEach(const Context& context, std::span<const CommitRequest> requests, const CommitsDone& done) override;

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

 private:
  struct Parts;  // pools, caches, the transactor
  Result<ParsedCommit> Parse(const Context& context, const CommitRequest& request);
  Result<int64_t> MapVersion(const Context& context, int64_t newer_than);

  const PostgresOptions options_;
  std::unique_ptr<Parts> parts_;
  Mutex map_mutex_;
  CondVar map_read_;
  bool map_reading_ PBFS_GUARDED_BY(map_mutex_) = false;
  int64_t map_version_ PBFS_GUARDED_BY(map_mutex_) = -1;
  MonotonicTime map_read_at_ PBFS_GUARDED_BY(map_mutex_){};
};

}  // namespace pbfs
