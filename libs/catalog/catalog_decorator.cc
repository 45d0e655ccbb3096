#include "libs/catalog/catalog_decorator.h"

#include <utility>

namespace pbfs {

template <typename T, typename Make>
Result<T> CatalogDecorator::Ask(const Context& context, const Make& make) {
  Result<T> answer = InternalError("no catalog was asked");
  PBFS_RETURN_IF_ERROR(Around(context, [&](const Context& inner, const Catalog& to) {
    answer = make(inner, to);
    return answer.status();
  }));
  return answer;
}

Result<CommitReply> CatalogDecorator::Commit(const Context& context, const CommitRequest& request) {
  return Ask<CommitReply>(context, [&](const Context& c, const Catalog& to) { return to.commits.Commit(c, request); });
}
Result<ListReply> CatalogDecorator::List(const Context& context, const ListRequest& request) {
  return Ask<ListReply>(context, [&](const Context& c, const Catalog& to) { return to.lists.List(c, request); });
}
Result<ObjectInfo> CatalogDecorator::Stat(const Context& context, const StatRequest& request) {
  return Ask<ObjectInfo>(context, [&](const Context& c, const Catalog& to) { return to.lists.Stat(c, request); });
}
Result<std::vector<OpEntry>> CatalogDecorator::History(const Context& context, const HistoryRequest& request) {
  return Ask<std::vector<OpEntry>>(context,
                                   [&](const Context& c, const Catalog& to) { return to.lists.History(c, request); });
}
Result<NameEntry> CatalogDecorator::Resolve(const Context& context, const NameQuery& query) {
  return Ask<NameEntry>(context, [&](const Context& c, const Catalog& to) { return to.names.Resolve(c, query); });
}
Result<ListNamesReply> CatalogDecorator::ListNames(const Context& context, const ListNamesRequest& request) {
  return Ask<ListNamesReply>(context,
                             [&](const Context& c, const Catalog& to) { return to.names.ListNames(c, request); });
}
Result<ListVersionsReply> CatalogDecorator::ListVersions(const Context& context, const ListVersionsRequest& request) {
  return Ask<ListVersionsReply>(context,
                                [&](const Context& c, const Catalog& to) { return to.names.ListVersions(c, request); });
}
Result<std::vector<NameEntry>> CatalogDecorator::NameHistory(const Context& context,
                                                             const NameHistoryRequest& request) {
  return Ask<std::vector<NameEntry>>(
      context, [&](const Context& c, const Catalog& to) { return to.names.NameHistory(c, request); });
}
Status CatalogDecorator::CreateUpload(const Context& context, const UploadInfo& upload) {
  return Around(context, [&](const Context& c, const Catalog& to) { return to.uploads.CreateUpload(c, upload); });
}
Result<UploadInfo> CatalogDecorator::FindUpload(const Context& context, BucketId bucket, UploadId upload) {
  return Ask<UploadInfo>(context,
                         [&](const Context& c, const Catalog& to) { return to.uploads.FindUpload(c, bucket, upload); });
}
Status CatalogDecorator::SetPart(const Context& context, BucketId bucket, UploadId upload, const UploadPart& part) {
  return Around(context,
                [&](const Context& c, const Catalog& to) { return to.uploads.SetPart(c, bucket, upload, part); });
}
Result<PartsPage> CatalogDecorator::ListParts(const Context& context, const ListPartsRequest& request) {
  return Ask<PartsPage>(context, [&](const Context& c, const Catalog& to) { return to.uploads.ListParts(c, request); });
}
Result<UploadsPage> CatalogDecorator::ListUploads(const Context& context, const ListUploadsRequest& request) {
  return Ask<UploadsPage>(context,
                          [&](const Context& c, const Catalog& to) { return to.uploads.ListUploads(c, request); });
}
Status CatalogDecorator::AbortUpload(const Context& context, BucketId bucket, UploadId upload) {
  return Around(context,
                [&](const Context& c, const Catalog& to) { return to.uploads.AbortUpload(c, bucket, upload); });
}
Status CatalogDecorator::CreateBucket(const Context& context, const BucketInfo& bucket) {
  return Around(context, [&](const Context& c, const Catalog& to) { return to.buckets.CreateBucket(c, bucket); });
}
Result<BucketInfo> CatalogDecorator::FindBucket(const Context& context, const std::string& name, int64_t min_keyring) {
  return Ask<BucketInfo>(
      context, [&](const Context& c, const Catalog& to) { return to.buckets.FindBucket(c, name, min_keyring); });
}
Result<std::vector<BucketInfo>> CatalogDecorator::ListBuckets(const Context& context) {
  return Ask<std::vector<BucketInfo>>(context,
                                      [&](const Context& c, const Catalog& to) { return to.buckets.ListBuckets(c); });
}
Status CatalogDecorator::SetKeyring(const Context& context, BucketId bucket, int64_t expected_version,
                                    const Buffer& keyring) {
  return Around(context, [&](const Context& c, const Catalog& to) {
    return to.buckets.SetKeyring(c, bucket, expected_version, keyring);
  });
}
Result<std::vector<WrappedBody>> CatalogDecorator::ListWrapped(const Context& context, const WrappedQuery& query) {
  return Ask<std::vector<WrappedBody>>(
      context, [&](const Context& c, const Catalog& to) { return to.buckets.ListWrapped(c, query); });
}
Result<int64_t> CatalogDecorator::Rewrap(const Context& context, const RewrapRequest& request) {
  return Ask<int64_t>(context, [&](const Context& c, const Catalog& to) { return to.buckets.Rewrap(c, request); });
}
Status CatalogDecorator::SetScheme(const Context& context, BucketId bucket, const BucketScheme& expected,
                                   const BucketScheme& scheme) {
  return Around(context,
                [&](const Context& c, const Catalog& to) { return to.buckets.SetScheme(c, bucket, expected, scheme); });
}
Status CatalogDecorator::SetVersioning(const Context& context, BucketId bucket, Versioning versioning) {
  return Around(context,
                [&](const Context& c, const Catalog& to) { return to.buckets.SetVersioning(c, bucket, versioning); });
}
Status CatalogDecorator::DeleteBucket(const Context& context, BucketId bucket) {
  return Around(context, [&](const Context& c, const Catalog& to) { return to.buckets.DeleteBucket(c, bucket); });
}
Result<ClusterMap> CatalogDecorator::WatchMap(const Context& context, int64_t newer_than) {
  return Ask<ClusterMap>(context,
                         [&](const Context& c, const Catalog& to) { return to.groups.WatchMap(c, newer_than); });
}
Status CatalogDecorator::PutStore(const Context& context, const StoreInfo& store) {
  return Around(context, [&](const Context& c, const Catalog& to) { return to.groups.PutStore(c, store); });
}
Result<std::vector<JournalEntry>> CatalogDecorator::ReadJournal(const Context& context, JournalPosition after,
                                                                int32_t limit) {
  return Ask<std::vector<JournalEntry>>(
      context, [&](const Context& c, const Catalog& to) { return to.journal.ReadJournal(c, after, limit); });
}
Result<Hlc> CatalogDecorator::AdvanceFloor(const Context& context) {
  return Ask<Hlc>(context, [&](const Context& c, const Catalog& to) { return to.journal.AdvanceFloor(c); });
}

}  // namespace pbfs
