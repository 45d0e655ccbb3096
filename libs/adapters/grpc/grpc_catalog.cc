#include "libs/adapters/grpc/grpc_catalog.h"

#include <atomic>
#include <utility>

#include "libs/adapters/grpc/catalog_codec.h"
#include "libs/adapters/grpc/commit_calls.h"
#include "libs/adapters/grpc/wire.h"
#include "proto/pbfs/v1/catalog.grpc.pb.h"

namespace pbfs {

using Stub = v1::Catalog::Stub;

struct GrpcCatalog::Impl {
  std::vector<std::unique_ptr<Stub>> stubs;  // one for each connection
  std::atomic<size_t> next{0};
  wire::CommitCalls commits{
      [this](grpc::ClientContext* context, const v1::CommitCall* call, wire::CommitCalls::Reactor* reactor) {
        Next().async()->Commit(context, call, reactor);
      }};  // last: its calls hold channels

  Stub& Next() { return *stubs[next++ % stubs.size()]; }

  template <typename Request, typename Reply>
  Status Unary(const Context& context, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
               const Request& request, Reply* reply) {
    PBFS_RETURN_IF_ERROR(context.Check());
    grpc::ClientContext call;
    wire::Prepare(call, context);
    return wire::FromGrpc((Next().*method)(&call, request, reply), call);
  }

  /// Calls `take` with each message of a stream.
  template <typename Request, typename Reply, typename Take>
  Status Stream(const Context& context,
                std::unique_ptr<grpc::ClientReader<Reply>> (Stub::*method)(grpc::ClientContext*, const Request&),
                const Request& request, Take take) {
    PBFS_RETURN_IF_ERROR(context.Check());
    grpc::ClientContext call;
    wire::Prepare(call, context);
    const auto reader = (Next().*method)(&call, request);
    Status bad;
    for (Reply message; bad.ok() && reader->Read(&message);) bad = take(&message);
    if (!bad.ok()) call.TryCancel();
    const Status ended = wire::FromGrpc(reader->Finish(), call);
    return bad.ok() ? ended : UnavailableError("the catalog's answer does not decode: " + bad.message());
  }
};

GrpcCatalog::GrpcCatalog(const std::string& address, const TransportSecurity& security, int channels)
    : impl_(std::make_unique<Impl>()) {
  PBFS_CHECK(channels > 0);
  for (int i = 0; i < channels; ++i)
    impl_->stubs.push_back(v1::Catalog::NewStub(wire::MakeChannel(address, security, i)));
}
GrpcCatalog::~GrpcCatalog() = default;

Result<CommitReply> GrpcCatalog::Commit(const Context& context, const CommitRequest& request) {
  return impl_->commits.Commit(context, request);
}

Result<ListReply> GrpcCatalog::List(const Context& context, const ListRequest& request) {
  ListReply reply;
  PBFS_RETURN_IF_ERROR(impl_->Stream(context, &Stub::List, wire::Encode(request),
                                     [&](v1::ListReply* message) { return wire::Join(message, reply); }));
  return reply;
}

Result<ObjectInfo> GrpcCatalog::Stat(const Context& context, const StatRequest& request) {
  v1::ObjectInfo reply;
  PBFS_RETURN_IF_ERROR(impl_->Unary(context, &Stub::Stat, wire::Encode(request), &reply));
  return wire::FromServer(wire::Decode(&reply));
}

Result<std::vector<OpEntry>> GrpcCatalog::History(const Context& context, const HistoryRequest& request) {
  std::vector<OpEntry> ops;
  PBFS_RETURN_IF_ERROR(impl_->Stream(context, &Stub::History, wire::Encode(request),
                                     [&](v1::HistoryReply* message) { return wire::Join(message, ops); }));
  return ops;
}

Result<NameEntry> GrpcCatalog::Resolve(const Context& context, const NameQuery& query) {
  v1::NameEntry reply;
  PBFS_RETURN_IF_ERROR(impl_->Unary(context, &Stub::Resolve, wire::Encode(query), &reply));
  return wire::FromServer(wire::Decode(&reply));
}

Result<ListNamesReply> GrpcCatalog::ListNames(const Context& context, const ListNamesRequest& request) {
  v1::ListNamesReply reply;
  PBFS_RETURN_IF_ERROR(impl_->Unary(context, &Stub::ListNames, wire::Encode(request), &reply));
  return wire::FromServer(wire::Decode(&reply));
}

Result<ListVersionsReply> GrpcCatalog::ListVersions(const Context& context, const ListVersionsRequest& request) {
  v1::ListVersionsReply reply;
  PBFS_RETURN_IF_ERROR(impl_->Unary(context, &Stub::ListVersions, wire::Encode(request), &reply));
  return wire::FromServer(wire::Decode(&reply));
}

Result<std::vector<NameEntry>> GrpcCatalog::NameHistory(const Context& context, const NameHistoryRequest& request) {
  std::vector<NameEntry> values;
  PBFS_RETURN_IF_ERROR(impl_->Stream(context, &Stub::NameHistory, wire::Encode(request),
                                     [&](v1::NameHistoryReply* message) { return wire::Join(message, values); }));
  return values;
}

Status GrpcCatalog::CreateUpload(const Context& context, const UploadInfo& upload) {
  v1::Upload request;
  wire::Encode(upload, &request);
  v1::Empty reply;
  return impl_->Unary(context, &Stub::CreateUpload, request, &reply);
}

Result<UploadInfo> GrpcCatalog::FindUpload(const Context& context, BucketId bucket, UploadId upload) {
  v1::UploadKey request;
  wire::Encode(bucket, upload, &request);
  v1::Upload reply;
  PBFS_RETURN_IF_ERROR(impl_->Unary(context, &Stub::FindUpload, request, &reply));
  return wire::FromServer(wire::Decode(&reply));
}

Status GrpcCatalog::SetPart(const Context& context, BucketId bucket, UploadId upload, const UploadPart& part) {
  v1::SetPartRequest request;
  wire::Encode(bucket, upload, request.mutable_key());
  wire::Encode(part, request.mutable_part());
  v1::Empty reply;
  return impl_->Unary(context, &Stub::SetPart, request, &reply);
}

Result<PartsPage> GrpcCatalog::ListParts(const Context& context, const ListPartsRequest& request) {
  v1::ListPartsReply reply;
  PBFS_RETURN_IF_ERROR(impl_->Unary(context, &Stub::ListParts, wire::Encode(request), &reply));
  return wire::FromServer(wire::Decode(&reply));
}

Result<UploadsPage> GrpcCatalog::ListUploads(const Context& context, const ListUploadsRequest& request) {
  v1::ListUploadsReply reply;
  PBFS_RETURN_IF_ERROR(impl_->Unary(context, &Stub::ListUploads, wire::Encode(request), &reply));
  return wire::FromServer(wire::Decode(&reply));
}

Status GrpcCatalog::AbortUpload(const Context& context, BucketId bucket, UploadId upload) {
  v1::UploadKey request;
  wire::Encode(bucket, upload, &request);
  v1::Empty reply;
  return impl_->Unary(context, &Stub::AbortUpload, request, &reply);
}

Status GrpcCatalog::CreateBucket(const Context& context, const BucketInfo& bucket) {
  v1::Bucket request;
  wire::Encode(bucket, &request);
  v1::Empty reply;
  return impl_->Unary(context, &Stub::CreateBucket, request, &reply);
}

Result<BucketInfo> GrpcCatalog::FindBucket(const Context& context, const std::string& name, int64_t min_keyring) {
  v1::FindBucketRequest request;
  request.set_name(name);
  request.set_min_keyring(min_keyring);
  v1::Bucket reply;
  PBFS_RETURN_IF_ERROR(impl_->Unary(context, &Stub::FindBucket, request, &reply));
  return wire::FromServer(wire::Decode(&reply));
}

Result<std::vector<BucketInfo>> GrpcCatalog::ListBuckets(const Context& context) {
  v1::ListBucketsReply reply;
  PBFS_RETURN_IF_ERROR(impl_->Unary(context, &Stub::ListBuckets, v1::ListBucketsRequest(), &reply));
  std::vector<BucketInfo> buckets;
  for (auto& message : *reply.mutable_buckets()) {
    PBFS_ASSIGN_OR_RETURN(BucketInfo bucket, wire::FromServer(wire::Decode(&message)));
    buckets.push_back(std::move(bucket));
  }
  return buckets;
}

Status GrpcCatalog::SetKeyring(const Context& context, BucketId bucket, int64_t expected_version,
                               const Buffer& keyring) {
  v1::SetKeyringRequest request;
  request.set_bucket_id(wire::Text(bucket.span()));
  request.set_expected_version(expected_version);
  request.set_keyring(wire::Text(keyring));
  v1::Empty reply;
  return impl_->Unary(context, &Stub::SetKeyring, request, &reply);
}

Result<std::vector<WrappedBody>> GrpcCatalog::ListWrapped(const Context& context, const WrappedQuery& query) {
  v1::ListWrappedReply reply;
  PBFS_RETURN_IF_ERROR(impl_->Unary(context, &Stub::ListWrapped, wire::Encode(query), &reply));
  return wire::FromServer(wire::Decode(reply));
}

Result<int64_t> GrpcCatalog::Rewrap(const Context& context, const RewrapRequest& request) {
  v1::RewrapReply reply;
  PBFS_RETURN_IF_ERROR(impl_->Unary(context, &Stub::Rewrap, wire::Encode(request), &reply));
  return reply.changed();
}

Status GrpcCatalog::SetScheme(const Context& context, BucketId bucket, const BucketScheme& expected,
                              const BucketScheme& scheme) {
  v1::SetSchemeRequest request;
  request.set_bucket_id(wire::Text(bucket.span()));
  wire::Encode(expected, request.mutable_expected());
  wire::Encode(scheme, request.mutable_scheme());
  v1::Empty reply;
  return impl_->Unary(context, &Stub::SetScheme, request, &reply);
}

Status GrpcCatalog::SetVersioning(const Context& context, BucketId bucket, Versioning versioning) {
  v1::SetVersioningRequest request;
  request.set_bucket_id(wire::Text(bucket.span()));
  request.set_versioning(static_cast<uint32_t>(versioning));
  v1::Empty reply;
  return impl_->Unary(context, &Stub::SetVersioning, request, &reply);
}

Status GrpcCatalog::DeleteBucket(const Context& context, BucketId bucket) {
  v1::DeleteBucketRequest request;
  request.set_bucket_id(wire::Text(bucket.span()));
  v1::Empty reply;
  return impl_->Unary(context, &Stub::DeleteBucket, request, &reply);
}

Result<ClusterMap> GrpcCatalog::WatchMap(const Context& context, int64_t newer_than) {
  PBFS_RETURN_IF_ERROR(context.Check());
  v1::WatchMapRequest request;
  request.set_newer_than(newer_than);
  grpc::ClientContext call;
  wire::Prepare(call, context);
  const auto reader = impl_->Next().WatchMap(&call, request);
  v1::ClusterMap message;
  if (!reader->Read(&message)) {
    const Status ended = wire::FromGrpc(reader->Finish(), call);
    return ended.ok() ? UnavailableError("the catalog ended the map stream") : ended;
  }
  call.TryCancel();
  (void)reader->Finish();
  return wire::FromServer(wire::Decode(message));
}

Status GrpcCatalog::PutStore(const Context& context, const StoreInfo& store) {
  v1::Store request;
  wire::Encode(store, &request);
  v1::Empty reply;
  return impl_->Unary(context, &Stub::PutStore, request, &reply);
}

Result<std::vector<JournalEntry>> GrpcCatalog::ReadJournal(const Context& context, JournalPosition after,
                                                           int32_t limit) {
  v1::ReadJournalRequest request;
  request.mutable_after()->set_xid(after.xid);
  request.mutable_after()->set_seq(after.seq);
  request.set_limit(limit);
  std::vector<JournalEntry> entries;
  PBFS_RETURN_IF_ERROR(impl_->Stream(context, &Stub::ReadJournal, request,
                                     [&](v1::ReadJournalReply* message) { return wire::Join(message, entries); }));
  return entries;
}

Result<Hlc> GrpcCatalog::AdvanceFloor(const Context& context) {
  v1::AdvanceFloorReply reply;
  PBFS_RETURN_IF_ERROR(impl_->Unary(context, &Stub::AdvanceFloor, v1::AdvanceFloorRequest(), &reply));
  return reply.floor();
}

Result<TokenGrant> GrpcCatalog::IssueToken(const Context& context, const std::string&, BucketId bucket,
                                           uint16_t verbs) {
  v1::IssueTokenRequest request;
  if (!bucket.IsNull()) request.set_bucket_id(wire::Text(bucket.span()));
  request.set_verbs(verbs);
  v1::IssueTokenReply reply;
  PBFS_RETURN_IF_ERROR(impl_->Unary(context, &Stub::IssueToken, request, &reply));
  return TokenGrant{wire::TakeBuffer(reply.mutable_token()), reply.not_after_ms(), reply.now_ms()};
}

}  // namespace pbfs
