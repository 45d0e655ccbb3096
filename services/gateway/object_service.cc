#include "services/gateway/object_service.h"

#include <algorithm>
#include <array>

#include "services/gateway/operations.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;

constexpr ObjectMethod kListBuckets{"ListBuckets", "ListBuckets", "!s3:ListAllMyBuckets", false};
constexpr ObjectMethod kCreateBucket{"CreateBucket", "CreateBucket", "!s3:CreateBucket", false};
constexpr ObjectMethod kDeleteBucket{"DeleteBucket", "DeleteBucket", "s3:DeleteBucket", false};
constexpr ObjectMethod kList{"List", "ListObjectsV2", "s3:ListBucket", false};
constexpr ObjectMethod kListVersions{"ListVersions", "ListObjectVersions", "s3:ListBucketVersions", false};
constexpr ObjectMethod kListPast{"List", "ListObjectsAsOf", "s3:ListBucketVersions", false};

// Only these leave the process: others are for logs, and names that gRPC's metadata cannot have.
constexpr std::array kDetailsTold = {"s3-code", "pbfs-code", "pbfs-outcome", "retry-after-ms"};

// Whose message is about the request; others speak of our insides.
bool IsOfRequest(StatusCode code) {
  return code == StatusCode::kInvalidArgument || code == StatusCode::kOutOfRange || code == StatusCode::kCancelled ||
         code == StatusCode::kFailedPrecondition || code == StatusCode::kDeadlineExceeded ||
         code == StatusCode::kUnauthenticated || code == StatusCode::kResourceExhausted;
}

int HttpStatusOf(const Status& status) {
  if (status.ok()) return 200;
  if (status.code() == StatusCode::kCancelled) return 0;  // nobody is left to be told
  const int http_status = s3::ToFailure(status).http_status;
  const bool malformed =
      http_status == 500 && status.code() != StatusCode::kDeadlineExceeded && IsOfRequest(status.code());
  return malformed ? 400 : http_status;
}

// As a request of S3 would have it, so that a log is searched for both in the same way.
std::string PathOf(const Call& call) {
  return "/" + call.bucket() + (call.key().empty() ? "" : "/" + s3::UriEncode(call.key(), false));
}

// What the caller is told of a failure.
Status ForCaller(const Status& status) {
  if (status.ok()) return status;
  const s3::Failure failure = s3::ToFailure(status);
  const bool internal = failure.code == s3::CodeName(Code::kInternalError);
  const bool told = IsOfRequest(status.code()) || (status.Detail("s3-code").has_value() && !internal);
  Status shown(status.code(), told ? status.message() : failure.message);
  for (const char* name : kDetailsTold) {
    std::optional<std::string> value = status.Detail(name);
    if (!value.has_value() && name == std::string_view("s3-code") && !internal) value = failure.code;
    if (value.has_value()) (void)std::move(shown).WithDetail(name, *value);
  }
  if (status.Detail("http-x-amz-delete-marker").has_value())
    (void)std::move(shown).WithDetail("delete-marker", status.Detail("http-x-amz-version-id").value_or(""));
  return shown;
}

}  // namespace

std::vector<std::string> ObjectService::OperationNames() {
  return {"ListObjectsAsOf", "GetObjectAsOf",  "HeadObjectAsOf", "GetObjectHistory", "GetNameHistory", "GetExtents",
          "GetExtentsAsOf",  "TruncateObject", "ZeroObject",     "CloneObject",      "CloneObjectAsOf"};
}

std::optional<objects::Checksum> ShownOf(const std::optional<s3::ShownChecksum>& checksum) {
  if (!checksum.has_value()) return std::nullopt;
  return objects::Checksum{std::string(s3::AlgorithmName(checksum->algorithm)), checksum->value,
                           std::string(s3::ChecksumTypeName(checksum->type))};
}

objects::Written WrittenOf(const Stored& stored) {
  return {stored.Etag(), stored.size, stored.modified_ms, ShownOf(ChecksumOf(stored.metadata, stored.opset)),
          stored.version_id};
}

objects::Written WrittenOf(const Patched& patched) {
  return {patched.etag, patched.size, patched.modified_ms, {}, patched.version_id};
}

Status ObjectService::Authenticate(Call& call, const objects::Caller& caller) {
  if (!caller.credentials.has_value()) return OkStatus();
  if (!caller.secure) return UnauthenticatedError("access keys are taken over TLS only");
  const auto refuse = [](Code code) {
    return UnauthenticatedError("the access key is unknown or disabled, or its secret is another one")
        .WithDetail("s3-code", std::string(s3::CodeName(code)));
  };
  const Result<AccessKey> key = FindSigner(site_.keys, call.context(), caller.credentials->id);
  if (s3::IsError(key.status(), Code::kInvalidAccessKeyId)) return refuse(Code::kInvalidAccessKeyId);
  PBFS_RETURN_IF_ERROR(key.status());
  if (!s3::SameSignature(key->secret, caller.credentials->secret)) return refuse(Code::kSignatureDoesNotMatch);
  call.caller = {key->id, key->user, key->policy};
  return OkStatus();
}

Status ObjectService::Run(ObjectCall& call, const objects::Caller& caller, const std::function<Status()>& deed,
                          const int64_t* sent_bytes) {
  const MonotonicTime began = MonotonicNow();
  Status done = Authenticate(call.call(), caller);
  if (done.ok()) done = call.status();
  if (done.ok()) done = gateway_.Perform(call.call(), call.method().action, deed);
  Served served;
  served.path = PathOf(call.call());
  served.status = HttpStatusOf(done);
  served.received_bytes = call.received_bytes();
  if (sent_bytes != nullptr) served.sent_bytes = *sent_bytes;
  if (!done.ok()) served.error = done.Detail("s3-code").value_or(std::string(StatusCodeName(done.code())));
  if (served.status >= 500) served.detail = done.ToString();
  gateway_.Report(call.call(), std::move(served), began);
  return ForCaller(done);
}

Result<objects::BucketPage> ObjectService::ListBuckets(const Context& context, const objects::Caller& caller,
                                                       const objects::ListBucketsRequest& request) {
  ObjectCall call(context, caller, kListBuckets, gateway_.NewRequestId(), {});
  call.Require(request.limit >= 0 && request.limit <= kMaxBucketsShown, "limit must be 1 to 10000");
  return Answer<objects::BucketPage>(call, caller, [&]() -> Result<objects::BucketPage> {
    const int64_t most = request.limit == 0 ? kMaxBucketsShown : request.limit;
    PBFS_ASSIGN_OR_RETURN(s3::ListBucketsResult found,
                          FindBuckets(site_, call.call(), request.prefix, request.after, most));
    objects::BucketPage page;
    for (const auto& bucket : found.buckets) page.buckets.push_back({bucket.name, bucket.created_ms});
    page.next = std::move(found.continuation_token);
    return page;
  });
}

Status ObjectService::CreateBucket(const Context& context, const objects::Caller& caller,
                                   const objects::CreateBucketRequest& request) {
  ObjectCall call(context, caller, kCreateBucket, gateway_.NewRequestId(), {request.bucket, ""});
  call.Require(IsTime(request.history_ms), "history_ms is no time");
  BucketSettings settings;
  settings.history_ms = request.history_ms;
  return Run(call, caller, [&] { return MakeBucket(site_, call.call(), settings); });
}

Status ObjectService::DeleteBucket(const Context& context, const objects::Caller& caller, const std::string& bucket) {
  ObjectCall call(context, caller, kDeleteBucket, gateway_.NewRequestId(), {bucket, ""});
  return Run(call, caller, [&] { return gateway::DeleteBucket(site_, call.call()); });
}

Result<objects::ObjectPage> ObjectService::List(const Context& context, const objects::Caller& caller,
                                                const objects::ListRequest& request) {
  ObjectCall call(context, caller, request.as_of_ms == 0 ? kList : kListPast, gateway_.NewRequestId(),
                  {request.bucket, ""});
  call.Require(request.limit >= 0 && request.limit <= kMaxKeys, "limit must be 1 to 1000");
  call.Require(IsTime(request.as_of_ms), "as_of_ms is no time");
  call.SetQuery("prefix", request.prefix);
  call.SetQuery("delimiter", request.delimiter);
  if (request.limit > 0) call.SetQuery("max-keys", std::to_string(request.limit));
  return Answer<objects::ObjectPage>(call, caller, [&]() -> Result<objects::ObjectPage> {
    Asked asked;
    asked.prefix = request.prefix;
    asked.delimiter = request.delimiter;
    if (request.limit > 0) asked.max_keys = request.limit;
    asked.as_of = AsOf(request.as_of_ms);
    s3::Listing listing;
    objects::ObjectPage page;
    PBFS_ASSIGN_OR_RETURN(page.next, ListPage(site_, call.call(), asked, request.after, listing));
    page.prefixes = std::move(listing.common_prefixes);
    for (s3::ListedObject& object : listing.objects) {
      objects::ListedObject shown{std::move(object.key), {}, "", object.last_modified_ms};
      if (!asked.as_of.has_value()) shown.size = object.size, shown.etag = std::move(object.etag);
      page.objects.push_back(std::move(shown));
    }
    return page;
  });
}

Result<objects::VersionPage> ObjectService::ListVersions(const Context& context, const objects::Caller& caller,
                                                         const objects::ListVersionsRequest& request) {
  ObjectCall call(context, caller, kListVersions, gateway_.NewRequestId(), {request.bucket, ""});
  call.Require(request.limit >= 0 && request.limit <= kMaxKeys, "limit must be 1 to 1000");
  call.SetQuery("prefix", request.prefix);
  call.SetQuery("delimiter", request.delimiter);
  call.SetQuery("key-marker", request.after);
  call.SetQuery("version-id-marker", request.after_version_id);
  if (request.limit > 0) call.SetQuery("max-keys", std::to_string(request.limit));
  return Answer<objects::VersionPage>(call, caller, [&]() -> Result<objects::VersionPage> {
    Asked asked;
    asked.prefix = request.prefix;
    asked.delimiter = request.delimiter;
    if (request.limit > 0) asked.max_keys = request.limit;
    s3::ListVersionsResult listing;
    PBFS_RETURN_IF_ERROR(ListVersionPage(site_, call.call(), asked, listing));
    objects::VersionPage page;
    page.prefixes = std::move(listing.common_prefixes);
    page.next = std::move(listing.next_key_marker);
    page.next_version_id = std::move(listing.next_version_id_marker);
    for (s3::ListedObject& object : listing.objects) {
      page.versions.push_back({{request.bucket, std::move(object.key), std::move(object.version_id)},
                               object.is_latest,
                               object.delete_marker,
                               object.size,
                               std::move(object.etag),
                               object.last_modified_ms});
    }
    return page;
  });
}

}  // namespace pbfs::gateway
