#include "libs/adapters/grpc/catalog_pool.h"

#include <algorithm>
#include <utility>

#include "libs/adapters/grpc/grpc_catalog.h"
#include "libs/base/sync.h"

namespace pbfs {
namespace {

Status StatusOf(const Status& status) { return status; }
template <typename T>
Status StatusOf(const Result<T>& result) {
  return result.status();
}

bool MayRepeat(const Status& status) { return IsRetryable(status) || status.code() == StatusCode::kResourceExhausted; }

}  // namespace

struct CatalogPool::Owned {
  Owned(const std::string& address, const TransportSecurity& security) : catalog(address, security) {}
  GrpcCatalog catalog;
};

CatalogPool::CatalogPool(std::vector<CatalogEndpoint> endpoints, Random& random, Options options)
    : endpoints_(std::move(endpoints)), random_(random), options_(std::move(options)) {
  PBFS_CHECK(!endpoints_.empty());
  current_ = random_.Below(endpoints_.size());  // clients spread over the catalogs
}

CatalogPool::CatalogPool(const std::vector<std::string>& addresses, const TransportSecurity& security, Random& random,
                         Options options)
    : random_(random), options_(std::move(options)) {
  PBFS_CHECK(!addresses.empty());
  for (const std::string& address : addresses) {
    owned_.push_back(std::make_unique<Owned>(address, security));
    endpoints_.push_back({owned_.back()->catalog.ports(), owned_.back()->catalog});
  }
  current_ = random_.Below(endpoints_.size());
}

CatalogPool::~CatalogPool() = default;

template <typename Call>
auto CatalogPool::Try(const Context& context, const Call& call) {
  const Context whole = context.Within(options_.total);
  Duration back_off = options_.first_back_off;
  for (size_t tries = 1;; ++tries) {
    const size_t current = current_;
    auto result = call(whole.Within(options_.attempt), endpoints_[current % endpoints_.size()], tries > 1);
    if (!MayRepeat(StatusOf(result)) || !whole.Check().ok()) return result;
    size_t expected = current;  // only one of several callers moves on
    current_.compare_exchange_strong(expected, current + 1);
    if (tries % endpoints_.size() != 0) continue;
    const Duration pause = back_off / 2 + Duration(random_.Below(static_cast<uint64_t>(back_off.count()) + 1));
    if (MonotonicNow() + pause >= whole.deadline()) return result;
    options_.sleep ? options_.sleep(pause) : SleepFor(pause);
    back_off = std::min(2 * back_off, options_.max_back_off);
  }
}

Result<CommitReply> CatalogPool::Commit(const Context& context, const CommitRequest& request) {
  return Try(context,
             [&](const Context& inner, CatalogEndpoint& to, bool) { return to.ports.commits.Commit(inner, request); });
}
Result<ListReply> CatalogPool::List(const Context& context, const ListRequest& request) {
  return Try(context,
             [&](const Context& inner, CatalogEndpoint& to, bool) { return to.ports.lists.List(inner, request); });
}
Result<ObjectInfo> CatalogPool::Stat(const Context& context, BucketId bucket, ObjectId object) {
  return Try(context, [&](const Context& inner, CatalogEndpoint& to, bool) {
    return to.ports.lists.Stat(inner, bucket, object);
  });
}
Result<std::vector<OpEntry>> CatalogPool::History(const Context& context, const HistoryRequest& request) {
  return Try(context,
             [&](const Context& inner, CatalogEndpoint& to, bool) { return to.ports.lists.History(inner, request); });
}
Result<NameEntry> CatalogPool::Resolve(const Context& context, const NameQuery& query) {
  return Try(context,
             [&](const Context& inner, CatalogEndpoint& to, bool) { return to.ports.names.Resolve(inner, query); });
}
Result<ListNamesReply> CatalogPool::ListNames(const Context& context, const ListNamesRequest& request) {
  return Try(context,
             [&](const Context& inner, CatalogEndpoint& to, bool) { return to.ports.names.ListNames(inner, request); });
}
Result<std::vector<NameEntry>> CatalogPool::NameHistory(const Context& context, BucketId bucket,
                                                        const std::string& name) {
  return Try(context, [&](const Context& inner, CatalogEndpoint& to, bool) {
    return to.ports.names.NameHistory(inner, bucket, name);
  });
}
Status CatalogPool::CreateBucket(const Context& context, const BucketInfo& bucket) {
  return Try(context, [&](const Context& inner, CatalogEndpoint& to, bool) {
    return to.ports.buckets.CreateBucket(inner, bucket);
  });
}
Result<BucketInfo> CatalogPool::FindBucket(const Context& context, const std::string& name) {
  return Try(context,
             [&](const Context& inner, CatalogEndpoint& to, bool) { return to.ports.buckets.FindBucket(inner, name); });
}
Result<std::vector<BucketInfo>> CatalogPool::ListBuckets(const Context& context) {
  return Try(context,
             [&](const Context& inner, CatalogEndpoint& to, bool) { return to.ports.buckets.ListBuckets(inner); });
}
Status CatalogPool::SetKeyring(const Context& context, BucketId bucket, int64_t expected_version,
                               const Buffer& keyring) {
  // A repeat after an unknown outcome would say ABORTED of what may have been done.
  const Status status =
      endpoints_[current_ % endpoints_.size()].ports.buckets.SetKeyring(context, bucket, expected_version, keyring);
  if (MayRepeat(status)) ++current_;
  return status;
}
Status CatalogPool::DeleteBucket(const Context& context, BucketId bucket) {
  return Try(context, [&](const Context& inner, CatalogEndpoint& to, bool repeat) {
    Status status = to.ports.buckets.DeleteBucket(inner, bucket);
    return repeat && status.code() == StatusCode::kNotFound ? OkStatus() : status;
  });
}
Result<ClusterMap> CatalogPool::WatchMap(const Context& context, int64_t newer_than) {
  const size_t current = current_;
  auto map = endpoints_[current % endpoints_.size()].ports.groups.WatchMap(context, newer_than);
  if (map.status().code() != StatusCode::kUnavailable) return map;
  return Try(context,
             [&](const Context&, CatalogEndpoint& to, bool) { return to.ports.groups.WatchMap(context, newer_than); });
}
Status CatalogPool::PutStore(const Context& context, const StoreInfo& store) {
  return Try(context,
             [&](const Context& inner, CatalogEndpoint& to, bool) { return to.ports.groups.PutStore(inner, store); });
}
Result<std::vector<JournalEntry>> CatalogPool::ReadJournal(const Context& context, JournalPosition after,
                                                           int32_t limit) {
  return Try(context, [&](const Context& inner, CatalogEndpoint& to, bool) {
    return to.ports.journal.ReadJournal(inner, after, limit);
  });
}
Result<Hlc> CatalogPool::AdvanceFloor(const Context& context) {
  return Try(context,
             [&](const Context& inner, CatalogEndpoint& to, bool) { return to.ports.journal.AdvanceFloor(inner); });
}
Result<TokenGrant> CatalogPool::IssueToken(const Context& context, const std::string& subject, BucketId bucket,
                                           uint16_t verbs) {
  return Try(context, [&](const Context& inner, CatalogEndpoint& to, bool) {
    return to.tokens.IssueToken(inner, subject, bucket, verbs);
  });
}

}  // namespace pbfs
