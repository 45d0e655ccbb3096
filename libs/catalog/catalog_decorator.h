#pragma once

#include <functional>

#include "libs/catalog/catalog.h"

namespace pbfs {

/// A catalog in front of others: every method of the seven ports goes through Around(), which says what becomes of the call.
/// What differs for one method is an override of it. Threads: any, if Around() allows it.
class CatalogDecorator : public Commits,
                         public Lists,
                         public Names,
                         public Uploads,
                         public Buckets,
                         public Groups,
                         public Journal {
 public:
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
  Result<std::vector<JournalEntry>> ReadJournal(const Context& context, JournalPosition after, int32_t limit) override;
  Result<Hlc> AdvanceFloor(const Context& context) override;

 protected:
  /// Makes the call of one catalog.
  using Call = std::function<Status(const Context& context, const Catalog& to)>;
  /// Makes `call` of whichever catalogs it likes, as often as it likes, before it returns. If this returns OK, the caller gets
  /// what the last call answered, which was OK too; else this status.
  virtual Status Around(const Context& context, const Call& call) = 0;

 private:
  template <typename T, typename Make>
  Result<T> Ask(const Context& context, const Make& make);
};

}  // namespace pbfs
