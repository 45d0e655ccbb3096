#include "libs/adapters/grpc/catalog_servant.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "libs/adapters/grpc/catalog_codec.h"
#include "libs/adapters/grpc/commit_reactor.h"
#include "libs/adapters/grpc/map_feed.h"
#include "libs/adapters/grpc/stream_reactor.h"
#include "proto/pbfs/v1/catalog.grpc.pb.h"

namespace pbfs {
namespace {

const std::vector<std::string> kMethods = {
    "Commit",      "List",         "Stat",         "History",       "Resolve",    "ListNames",
    "NameHistory", "CreateBucket", "FindBucket",   "ListBuckets",   "SetKeyring", "DeleteBucket",
    "WatchMap",    "PutStore",     "ReadJournal",  "AdvanceFloor",  "IssueToken", "SetScheme",
    "ListWrapped", "Rewrap",       "CreateUpload", "FindUpload",    "SetPart",    "ListParts",
    "ListUploads", "AbortUpload",  "ListVersions", "SetVersioning", "EnrolStore"};
enum Method : size_t {
  kCommit,
  kList,
  kStat,
  kHistory,
  kResolve,
  kListNames,
  kNameHistory,
  kCreateBucket,
  kFindBucket,
  kListBuckets,
  kSetKeyring,
  kDeleteBucket,
  kWatchMap,
  kPutStore,
  kReadJournal,
  kAdvanceFloor,
  kIssueToken,
  kSetScheme,
  kListWrapped,
  kRewrap,
  kCreateUpload,
  kFindUpload,
  kSetPart,
  kListParts,
  kListUploads,
  kAbortUpload,
  kListVersions,
  kSetVersioning,
  kEnrolStore
};

}  // namespace

class CatalogServant::Service final : public v1::Catalog::CallbackService {
 public:
  Service(const pbfs::Catalog& catalog, Tokens& tokens, const Options& options)
      : catalog_(catalog),
        tokens_(tokens),
        enrolments_(options.enrolments),
        metrics_(options.metrics, "pbfs_catalog", kMethods),
        feed_(catalog.groups, others_),
        commits_("commit", options.commit_threads, options.queue_limit),
        others_("catalog", options.read_threads, options.queue_limit) {}

  void Drain() { feed_.Drain(); }

 private:
  using Call = grpc::CallbackServerContext;
  using Unary = grpc::ServerUnaryReactor;

  grpc::ServerWriteReactor<v1::CommitOutcomes>* Commit(Call* call, const v1::CommitCall* request) override {
    return wire::CommitReactor::Run(call, commits_, catalog_.commits, const_cast<v1::CommitCall*>(request),
                                    [this] { return Record(kCommit); });
  }

  grpc::ServerWriteReactor<v1::ListReply>* List(Call* call, const v1::ListRequest* request) override {
    return Stream<v1::ListReply>(call, kList,
                                 [this, request](const Context& context) -> Result<std::vector<v1::ListReply>> {
                                   PBFS_ASSIGN_OR_RETURN(const ListRequest list, wire::Decode(*request));
                                   PBFS_ASSIGN_OR_RETURN(const ListReply reply, catalog_.lists.List(context, list));
                                   return wire::Split(reply);
                                 });
  }
  Unary* Stat(Call* call, const v1::StatObjectRequest* request, v1::ObjectInfo* reply) override {
    return Run(call, kStat, [this, request, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const StatRequest stat, wire::Decode(*request));
      PBFS_ASSIGN_OR_RETURN(const ObjectInfo info, catalog_.lists.Stat(context, stat));
      wire::Encode(info, reply);
      return OkStatus();
    });
  }
  grpc::ServerWriteReactor<v1::HistoryReply>* History(Call* call, const v1::HistoryRequest* request) override {
    return Stream<v1::HistoryReply>(call, kHistory,
                                    [this, request](const Context& context) -> Result<std::vector<v1::HistoryReply>> {
                                      PBFS_ASSIGN_OR_RETURN(const HistoryRequest history, wire::Decode(*request));
                                      PBFS_ASSIGN_OR_RETURN(const auto ops, catalog_.lists.History(context, history));
                                      return wire::Split(ops);
                                    });
  }

  Unary* Resolve(Call* call, const v1::ResolveRequest* request, v1::NameEntry* reply) override {
    return Run(call, kResolve, [this, request, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const NameQuery query, wire::Decode(*request));
      PBFS_ASSIGN_OR_RETURN(const NameEntry entry, catalog_.names.Resolve(context, query));
      wire::Encode(entry, reply);
      return OkStatus();
    });
  }
  Unary* ListNames(Call* call, const v1::ListNamesRequest* request, v1::ListNamesReply* reply) override {
    return Run(call, kListNames, [this, request, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const ListNamesRequest list, wire::Decode(*request));
      PBFS_ASSIGN_OR_RETURN(const ListNamesReply page, catalog_.names.ListNames(context, list));
      wire::Encode(page, reply);
      return OkStatus();
    });
  }
  Unary* ListVersions(Call* call, const v1::ListVersionsRequest* request, v1::ListVersionsReply* reply) override {
    return Run(call, kListVersions, [this, request, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const ListVersionsRequest list, wire::Decode(*request));
      PBFS_ASSIGN_OR_RETURN(const ListVersionsReply page, catalog_.names.ListVersions(context, list));
      wire::Encode(page, reply);
      return OkStatus();
    });
  }
  grpc::ServerWriteReactor<v1::NameHistoryReply>* NameHistory(Call* call,
                                                              const v1::NameHistoryRequest* request) override {
    return Stream<v1::NameHistoryReply>(
        call, kNameHistory, [this, request](const Context& context) -> Result<std::vector<v1::NameHistoryReply>> {
          PBFS_ASSIGN_OR_RETURN(const NameHistoryRequest history, wire::Decode(*request));
          PBFS_ASSIGN_OR_RETURN(const auto values, catalog_.names.NameHistory(context, history));
          return wire::Split(values);
        });
  }

  Unary* CreateUpload(Call* call, const v1::Upload* request, v1::Empty*) override {
    auto* owned = const_cast<v1::Upload*>(request);
    return Run(call, kCreateUpload, [this, owned](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const UploadInfo upload, wire::Decode(owned));
      return catalog_.uploads.CreateUpload(context, upload);
    });
  }
  Unary* FindUpload(Call* call, const v1::UploadKey* request, v1::Upload* reply) override {
    return Run(call, kFindUpload, [this, request, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const wire::UploadKey key, wire::Decode(*request));
      PBFS_ASSIGN_OR_RETURN(const UploadInfo upload, catalog_.uploads.FindUpload(context, key.bucket, key.upload));
      wire::Encode(upload, reply);
      return OkStatus();
    });
  }
  Unary* SetPart(Call* call, const v1::SetPartRequest* request, v1::Empty*) override {
    auto* owned = const_cast<v1::SetPartRequest*>(request);
    return Run(call, kSetPart, [this, owned](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const wire::UploadKey key, wire::Decode(owned->key()));
      PBFS_ASSIGN_OR_RETURN(const UploadPart part, wire::Decode(owned->mutable_part()));
      return catalog_.uploads.SetPart(context, key.bucket, key.upload, part);
    });
  }
  Unary* ListParts(Call* call, const v1::ListPartsRequest* request, v1::ListPartsReply* reply) override {
    return Run(call, kListParts, [this, request, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const ListPartsRequest list, wire::Decode(*request));
      PBFS_ASSIGN_OR_RETURN(const PartsPage page, catalog_.uploads.ListParts(context, list));
      wire::Encode(page, reply);
      return OkStatus();
    });
  }
  Unary* ListUploads(Call* call, const v1::ListUploadsRequest* request, v1::ListUploadsReply* reply) override {
    return Run(call, kListUploads, [this, request, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const ListUploadsRequest list, wire::Decode(*request));
      PBFS_ASSIGN_OR_RETURN(const UploadsPage page, catalog_.uploads.ListUploads(context, list));
      wire::Encode(page, reply);
      return OkStatus();
    });
  }
  Unary* AbortUpload(Call* call, const v1::UploadKey* request, v1::Empty*) override {
    return Run(call, kAbortUpload, [this, request](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const wire::UploadKey key, wire::Decode(*request));
      return catalog_.uploads.AbortUpload(context, key.bucket, key.upload);
    });
  }

  Unary* CreateBucket(Call* call, const v1::Bucket* request, v1::Empty*) override {
    auto* owned = const_cast<v1::Bucket*>(request);
    return Run(call, kCreateBucket, [this, owned](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const BucketInfo bucket, wire::Decode(owned));
      return catalog_.buckets.CreateBucket(context, bucket);
    });
  }
  Unary* FindBucket(Call* call, const v1::FindBucketRequest* request, v1::Bucket* reply) override {
    return Run(call, kFindBucket, [this, request, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const BucketInfo bucket,
                            catalog_.buckets.FindBucket(context, request->name(), request->min_keyring()));
      wire::Encode(bucket, reply);
      return OkStatus();
    });
  }
  Unary* ListBuckets(Call* call, const v1::ListBucketsRequest*, v1::ListBucketsReply* reply) override {
    return Run(call, kListBuckets, [this, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const auto buckets, catalog_.buckets.ListBuckets(context));
      for (const BucketInfo& bucket : buckets) wire::Encode(bucket, reply->add_buckets());
      return OkStatus();
    });
  }
  Unary* SetKeyring(Call* call, const v1::SetKeyringRequest* request, v1::Empty*) override {
    auto* owned = const_cast<v1::SetKeyringRequest*>(request);
    return Run(call, kSetKeyring, [this, owned](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const BucketId bucket, wire::DecodeId<BucketId>(owned->bucket_id(), "bucket id"));
      const Buffer keyring = wire::TakeBuffer(owned->mutable_keyring());
      return catalog_.buckets.SetKeyring(context, bucket, owned->expected_version(), keyring);
    });
  }
  Unary* ListWrapped(Call* call, const v1::ListWrappedRequest* request, v1::ListWrappedReply* reply) override {
    return Run(call, kListWrapped, [this, request, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const WrappedQuery query, wire::Decode(*request));
      PBFS_ASSIGN_OR_RETURN(const auto page, catalog_.buckets.ListWrapped(context, query));
      wire::Encode(page, reply);
      return OkStatus();
    });
  }
  Unary* Rewrap(Call* call, const v1::RewrapRequest* request, v1::RewrapReply* reply) override {
    return Run(call, kRewrap, [this, request, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const RewrapRequest rewrap, wire::Decode(*request));
      PBFS_ASSIGN_OR_RETURN(const int64_t changed, catalog_.buckets.Rewrap(context, rewrap));
      reply->set_changed(changed);
      return OkStatus();
    });
  }
  Unary* SetScheme(Call* call, const v1::SetSchemeRequest* request, v1::Empty*) override {
    return Run(call, kSetScheme, [this, request](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const BucketId bucket, wire::DecodeId<BucketId>(request->bucket_id(), "bucket id"));
      PBFS_ASSIGN_OR_RETURN(const BucketScheme expected, wire::Decode(request->expected()));
      PBFS_ASSIGN_OR_RETURN(const BucketScheme scheme, wire::Decode(request->scheme()));
      return catalog_.buckets.SetScheme(context, bucket, expected, scheme);
    });
  }
  Unary* SetVersioning(Call* call, const v1::SetVersioningRequest* request, v1::Empty*) override {
    return Run(call, kSetVersioning, [this, request](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const BucketId bucket, wire::DecodeId<BucketId>(request->bucket_id(), "bucket id"));
      PBFS_ASSIGN_OR_RETURN(const Versioning versioning, wire::DecodeVersioning(request->versioning()));
      return catalog_.buckets.SetVersioning(context, bucket, versioning);
    });
  }
  Unary* DeleteBucket(Call* call, const v1::DeleteBucketRequest* request, v1::Empty*) override {
    return Run(call, kDeleteBucket, [this, request](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const BucketId bucket, wire::DecodeId<BucketId>(request->bucket_id(), "bucket id"));
      return catalog_.buckets.DeleteBucket(context, bucket);
    });
  }

  grpc::ServerWriteReactor<v1::ClusterMap>* WatchMap(Call*, const v1::WatchMapRequest* request) override {
    return feed_.Watch(request->newer_than());
  }
  Unary* PutStore(Call* call, const v1::Store* request, v1::Empty*) override {
    return Run(call, kPutStore, [this, request](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const StoreInfo store, wire::Decode(*request));
      return catalog_.groups.PutStore(context, store);
    });
  }

  Unary* EnrolStore(Call* call, const v1::EnrolStoreRequest* request, v1::EnrolStoreReply* reply) override {
    return Run(call, kEnrolStore, [this, call, request, reply](const Context& context) -> Status {
      const std::string caller = wire::PeerOf(*call).common_name;
      if (!caller.starts_with("fragment-store") && !caller.starts_with("store-"))
        return PermissionDeniedError("only a fragment store may do that, and this is " + caller);
      if (enrolments_ == nullptr) return UnimplementedError("this catalog enrols no stores");
      if (request->cluster_id().size() != 16) return InvalidArgumentError("a cluster id has 16 bytes");
      std::array<uint8_t, 16> cluster;
      std::copy(request->cluster_id().begin(), request->cluster_id().end(), cluster.begin());
      PBFS_ASSIGN_OR_RETURN(const EnrolledStore store, enrolments_->EnrolStore(context, cluster));
      reply->set_store_id(store.id.value);
      reply->set_store_key(wire::Text(store.key.span()));
      return OkStatus();
    });
  }

  grpc::ServerWriteReactor<v1::ReadJournalReply>* ReadJournal(Call* call,
                                                              const v1::ReadJournalRequest* request) override {
    return Stream<v1::ReadJournalReply>(
        call, kReadJournal, [this, request](const Context& context) -> Result<std::vector<v1::ReadJournalReply>> {
          const JournalPosition after{request->after().xid(), request->after().seq()};
          PBFS_ASSIGN_OR_RETURN(const auto entries, catalog_.journal.ReadJournal(context, after, request->limit()));
          return wire::Split(entries);
        });
  }
  Unary* AdvanceFloor(Call* call, const v1::AdvanceFloorRequest*, v1::AdvanceFloorReply* reply) override {
    return Run(call, kAdvanceFloor, [this, reply](const Context& context) -> Status {
      PBFS_ASSIGN_OR_RETURN(const Hlc floor, catalog_.journal.AdvanceFloor(context));
      reply->set_floor(floor);
      return OkStatus();
    });
  }

  Unary* IssueToken(Call* call, const v1::IssueTokenRequest* request, v1::IssueTokenReply* reply) override {
    return Run(call, kIssueToken, [this, call, request, reply](const Context& context) -> Status {
      BucketId bucket;
      if (!request->bucket_id().empty()) {
        PBFS_ASSIGN_OR_RETURN(bucket, wire::DecodeId<BucketId>(request->bucket_id(), "bucket id"));
      }
      if (request->verbs() > UINT16_MAX) return InvalidArgumentError("unknown verbs");
      const std::string subject = wire::PeerOf(*call).common_name;
      PBFS_ASSIGN_OR_RETURN(const TokenGrant grant,
                            tokens_.IssueToken(context, subject, bucket, static_cast<uint16_t>(request->verbs())));
      reply->set_token(wire::Text(grant.token));
      reply->set_not_after_ms(grant.not_after_ms);
      reply->set_now_ms(grant.now_ms);
      return OkStatus();
    });
  }

  wire::CallRecord Record(Method method) { return {metrics_, method, kMethods[method].c_str()}; }
  template <typename Work>
  Unary* Run(Call* call, Method method, Work work) {
    return wire::RunUnary(call, others_, Record(method), std::move(work));
  }
  template <typename Message, typename Work>
  grpc::ServerWriteReactor<Message>* Stream(Call* call, Method method, Work work) {
    return wire::StreamReactor<Message>::Run(call, others_, Record(method), std::move(work));
  }

  const pbfs::Catalog catalog_;
  Tokens& tokens_;
  Enrolments* const enrolments_;
  CallMetrics metrics_;
  wire::MapFeed feed_;
  Executor commits_;
  Executor others_;
};

CatalogServant::CatalogServant(const Catalog& catalog, Tokens& tokens, const Options& options)
    : service_(std::make_unique<Service>(catalog, tokens, options)) {}
CatalogServant::~CatalogServant() = default;
grpc::Service& CatalogServant::service() { return *service_; }
void CatalogServant::Drain() { service_->Drain(); }

}  // namespace pbfs
