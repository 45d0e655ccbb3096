#include "libs/adapters/grpc/catalog_pool.h"

#include <algorithm>
#include <utility>

#include "libs/adapters/grpc/grpc_catalog.h"
#include "libs/base/sync.h"

namespace pbfs {
namespace {

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

Status CatalogPool::Around(const Context& context, const Call& call) {
  return Try(context, [&](const Context& inner, const CatalogEndpoint& to) { return call(inner, to.ports); });
}

Status CatalogPool::Try(const Context& context,
                        const std::function<Status(const Context&, const CatalogEndpoint&)>& call) {
  const Context whole = context.Within(options_.total);
  Duration back_off = options_.first_back_off;
  for (size_t tries = 1;; ++tries) {
    const size_t current = current_;
    Status status = call(whole.Within(options_.attempt), endpoints_[current % endpoints_.size()]);
    if (!MayRepeat(status) || !whole.Check().ok()) return status;
    size_t expected = current;  // only one of several callers moves on
    current_.compare_exchange_strong(expected, current + 1);
    if (tries % endpoints_.size() != 0) continue;
    const Duration pause = back_off / 2 + Duration(random_.Below(static_cast<uint64_t>(back_off.count()) + 1));
    if (MonotonicNow() + pause >= whole.deadline()) return status;
    options_.sleep ? options_.sleep(pause) : SleepFor(pause);
    back_off = std::min(2 * back_off, options_.max_back_off);
  }
}

Result<CommitReply> CatalogPool::Commit(const Context& context, const CommitRequest& request) {
  Result<CommitReply> reply = InternalError("no catalog was asked");
  bool lost = false;  // a copy
  PBFS_RETURN_IF_ERROR(Around(context, [&](const Context& inner, const Catalog& to) {
    reply = to.commits.Commit(inner, request);
    lost |= IsRetryable(reply.status());
    return reply.status();
  }));
  reply->repeated = lost;
  return reply;
}

Status CatalogPool::SetKeyring(const Context& context, BucketId bucket, int64_t expected_version,
                               const Buffer& keyring) {
  // A repeat after an unknown outcome would say ABORTED of what may have been done.
  const Status status =
      endpoints_[current_ % endpoints_.size()].ports.buckets.SetKeyring(context, bucket, expected_version, keyring);
  if (MayRepeat(status)) ++current_;
  return status;
}

Status CatalogPool::Remove(const Context& context, const Call& remove) {
  bool repeat = false;
  return Around(context, [&](const Context& inner, const Catalog& to) {
    const Status status = remove(inner, to);
    const bool gone = repeat && status.code() == StatusCode::kNotFound;
    repeat = true;
    return gone ? OkStatus() : status;
  });
}

Status CatalogPool::DeleteBucket(const Context& context, BucketId bucket) {
  return Remove(context,
                [&](const Context& inner, const Catalog& to) { return to.buckets.DeleteBucket(inner, bucket); });
}

Status CatalogPool::AbortUpload(const Context& context, BucketId bucket, UploadId upload) {
  return Remove(context,
                [&](const Context& inner, const Catalog& to) { return to.uploads.AbortUpload(inner, bucket, upload); });
}

Result<ClusterMap> CatalogPool::WatchMap(const Context& context, int64_t newer_than) {
  auto map = endpoints_[current_ % endpoints_.size()].ports.groups.WatchMap(context, newer_than);
  if (map.status().code() != StatusCode::kUnavailable) return map;
  // Each attempt may take as long as the caller waits.
  PBFS_RETURN_IF_ERROR(Around(context, [&](const Context&, const Catalog& to) {
    map = to.groups.WatchMap(context, newer_than);
    return map.status();
  }));
  return map;
}

Result<TokenGrant> CatalogPool::IssueToken(const Context& context, const std::string& subject, BucketId bucket,
                                           uint16_t verbs) {
  Result<TokenGrant> grant = InternalError("no catalog was asked");
  PBFS_RETURN_IF_ERROR(Try(context, [&](const Context& inner, const CatalogEndpoint& to) {
    grant = to.tokens.IssueToken(inner, subject, bucket, verbs);
    return grant.status();
  }));
  return grant;
}

}  // namespace pbfs
