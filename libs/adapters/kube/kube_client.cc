#include "libs/adapters/kube/kube_client.h"

#include <algorithm>
#include <utility>

#include "libs/adapters/kube/yaml_text.h"

namespace pbfs::kube {
namespace {

constexpr int kPageSize = 500;
constexpr size_t kMaxObjects = 20'000;
constexpr int kMaxPages = 1000;  // of a server that gives smaller ones
constexpr int64_t kMaxListBytes = 256 << 20;

Status WithWait(Status status, const HttpsClient::Reply& reply) {
  if (reply.retry_after_ms < 0) return status;
  return std::move(status).WithDetail(std::string(kRetryAfterMs), std::to_string(reply.retry_after_ms));
}

/// Does the v1 Status say `cause`?
bool Has(const Json& body, std::string_view cause) {
  const Json& causes = Member(Member(body, "details"), "causes");
  return std::any_of(causes.begin(), causes.end(), [&](const Json& said) { return Text(said, "reason") == cause; });
}

Status Because(Status status, std::string_view cause) {
  return std::move(status).WithDetail(std::string(kCause), std::string(cause));
}

Status Forbidden(const Json& body, const std::string& message) {
  return Has(body, kSpaceEnding) ? Because(FailedPreconditionError(message), kSpaceEnding)
                                 : PermissionDeniedError(message);
}

/// A group or kind that the server does not have is plain text; nobody has asked for an object then.
Status Missing(const Json& body, const std::string& message) {
  return Text(body, "kind") == "Status" ? NotFoundError(message) : UnimplementedError(message);
}

/// The three conflicts.
Status Conflict(const Json& body, const std::string& message) {
  if (Text(body, "reason") == "AlreadyExists") return AlreadyExistsError(message);
  return Has(body, kFieldConflict) ? Because(FailedPreconditionError(message), kFieldConflict) : AbortedError(message);
}

/// The server's trouble, but for an apply of a value that its kind cannot hold: servers call that their own (seen of 1.34).
Status Broken(const HttpsClient::Reply& reply, const std::string& message) {
  if (message.find("failed to create typed patch object") != std::string::npos) return InvalidArgumentError(message);
  return WithWait(UnavailableError(message), reply);
}

/// What an answer other than 2xx means. Its body is a v1 Status, or plain text from whoever stands in between.
Status StatusOf(const HttpsClient::Reply& reply) {
  const Json body = ParseJson(reply.body).value_or(Json());
  const std::string message = "the API server answers " + std::to_string(reply.status) + ": " +
                              Text(body, "message", reply.body).substr(0, 500);
  switch (reply.status) {
    case 400:
    case 405:
    case 415:
    case 422: return InvalidArgumentError(message);
    case 401: return UnauthenticatedError(message);
    case 403: return Forbidden(body, message);
    case 404: return Missing(body, message);
    case 409: return Conflict(body, message);
    case 413: return Because(InvalidArgumentError(message), kTooLarge);
    case 410: return OutOfRangeError(message);
    case 429: return WithWait(ResourceExhaustedError(message), reply);
    default: return Broken(reply, message);
  }
}

std::string PolicyOf(DeleteOptions::Dependents dependents) {
  switch (dependents) {
    case DeleteOptions::Dependents::kLater: return "Background";
    case DeleteOptions::Dependents::kBefore: return "Foreground";
    case DeleteOptions::Dependents::kOrphan: return "Orphan";
  }
  return "Background";
}

Json BodyOf(const DeleteOptions& options) {
  Json body = {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"propagationPolicy", PolicyOf(options.dependents)}};
  if (!options.uid.empty()) body["preconditions"]["uid"] = options.uid;
  if (!options.version.empty()) body["preconditions"]["resourceVersion"] = options.version;
  if (options.at_once) body["gracePeriodSeconds"] = 0;
  return body;
}

bool IsGood(int status) { return status >= 200 && status < 300; }

}  // namespace

Result<std::unique_ptr<KubeClient>> KubeClient::Open(const Options& options) {
  if (!options.server.starts_with("https://") || options.server.ends_with("/"))
    return InvalidArgumentError(options.server + " is not https://host:port");
  PBFS_RETURN_IF_ERROR(ReadTextFile(options.ca_file).status());
  PBFS_ASSIGN_OR_RETURN(auto token, TokenFile::Open(options.token_file));
  return std::unique_ptr<KubeClient>(new KubeClient(options, std::move(token)));
}

KubeClient::KubeClient(const Options& options, std::unique_ptr<TokenFile> token)
    : options_(options), token_(std::move(token)), https_({options.server, options.ca_file}) {}

Result<HttpsClient::Reply> KubeClient::Call(const Context& context, HttpsClient::Request request,
                                            const HttpsClient::OnBytes& on_bytes) {
  request.token = token_->Get();
  auto reply = https_.Call(context, request, on_bytes);
  if (reply.ok() && reply->status == 401 && token_->Refresh(request.token)) {
    request.token = token_->Get();
    reply = https_.Call(context, request, on_bytes);
  }
  if (!reply.ok()) return reply.status().Annotate("the API server " + options_.server);
  if (!IsGood(reply->status)) return StatusOf(*reply);
  return reply;
}

Result<Json> KubeClient::CallJson(const Context& context, HttpsClient::Request request, int64_t* size_bytes) {
  const Context inner = context.Within(options_.call);
  auto reply = Call(inner, std::move(request));
  if (!reply.ok()) {
    // Our own limit is the server's slowness; the caller's is the caller's.
    const bool ours = reply.status().code() == StatusCode::kDeadlineExceeded && context.Check().ok();
    return ours ? UnavailableError("the API server " + options_.server + " does not answer") : reply.status();
  }
  if (size_bytes != nullptr) *size_bytes = static_cast<int64_t>(reply->body.size());
  auto json = ParseJson(reply->body);
  if (!json.ok() || !json->is_object()) return UnavailableError("the API server's answer is no JSON object");
  return json;
}

Result<Json> KubeClient::Get(const Context& context, const std::string& object_path) {
  return CallJson(context, {.path = object_path});
}

Result<Json> KubeClient::Create(const Context& context, const std::string& collection, const Json& object,
                                const std::string& manager) {
  PBFS_ASSIGN_OR_RETURN(std::string body, DumpJson(object));
  const std::string query = manager.empty() ? "" : "?fieldManager=" + PercentEncode(manager);
  return CallJson(context, {.method = "POST", .path = collection + query, .body = std::move(body)});
}

Result<Json> KubeClient::Apply(const Context& context, const std::string& object_path, const Json& intent,
                               const std::string& manager, bool force) {
  PBFS_ASSIGN_OR_RETURN(std::string body, DumpYaml(intent));
  std::string path = object_path + "?fieldManager=" + PercentEncode(manager);
  if (force) path += "&force=true";
  return CallJson(context, {.method = "PATCH",
                            .path = std::move(path),
                            .body = std::move(body),
                            .content_type = "application/apply-patch+yaml"});
}

Result<Json> KubeClient::Replace(const Context& context, const std::string& object_path, const Json& object) {
  if (Text(Member(object, "metadata"), "resourceVersion").empty())
    return InvalidArgumentError("a replacement that names no version of " + object_path);
  PBFS_ASSIGN_OR_RETURN(std::string body, DumpJson(object));
  return CallJson(context, {.method = "PUT", .path = object_path, .body = std::move(body)});
}

Status KubeClient::Delete(const Context& context, const std::string& object_path, const DeleteOptions& options) {
  PBFS_ASSIGN_OR_RETURN(std::string body, DumpJson(BodyOf(options)));
  return CallJson(context, {.method = "DELETE", .path = object_path, .body = std::move(body)}).status();
}

Result<Json> KubeClient::Page(const Context& context, const std::string& collection, const std::string& labels,
                              int limit, const std::string& next, int64_t* size_bytes) {
  std::string path = collection + "?limit=" + std::to_string(limit);
  if (!labels.empty()) path += "&labelSelector=" + PercentEncode(labels);
  if (!next.empty()) path += "&continue=" + PercentEncode(next);
  return CallJson(context, {.path = std::move(path)}, size_bytes);
}

Result<ObjectList> KubeClient::ListOnce(const Context& context, const std::string& collection,
                                        const std::string& labels) {
  ObjectList list;
  std::string next;
  int64_t bytes = 0;
  for (int pages = 0; pages < kMaxPages && bytes <= kMaxListBytes && list.items.size() <= kMaxObjects; ++pages) {
    int64_t size = 0;
    PBFS_ASSIGN_OR_RETURN(Json page, Page(context, collection, labels, kPageSize, next, &size));
    bytes += size;
    const Json& metadata = Member(page, "metadata");
    list.version = Text(metadata, "resourceVersion");
    if (list.version.empty()) return UnavailableError("the API server's list has no version");
    for (const Json& item : Member(page, "items")) list.items.push_back(item);
    next = Text(metadata, "continue");
    if (next.empty()) return list;
  }
  return ResourceExhaustedError("the list of " + collection + " does not end: over 20000 objects or 256 MiB");
}

Result<ObjectList> KubeClient::List(const Context& context, const std::string& collection, const std::string& labels) {
  constexpr int kAttempts = 3;
  auto list = ListOnce(context, collection, labels);
  // The pages were read too slowly: what `continue` names is gone. Begin again.
  for (int i = 1; i < kAttempts && list.status().code() == StatusCode::kOutOfRange; ++i)
    list = ListOnce(context, collection, labels);
  if (list.status().code() == StatusCode::kOutOfRange) return UnavailableError(list.status().message());
  return list;
}

Status KubeClient::Probe(const Context& context, const std::string& collection) {
  return Page(context, collection, "", 1, "", nullptr).status();
}

Status KubeClient::Watch(const Context& context, const std::string& collection, const std::string& labels,
                         const std::string& version, Duration timeout,
                         const std::function<void(const WatchEvent&)>& on_event) {
  const auto wanted = std::chrono::ceil<std::chrono::seconds>(timeout);  // servers count in seconds
  std::string path = collection + "?watch=1&allowWatchBookmarks=true&resourceVersion=" + PercentEncode(version) +
                     "&timeoutSeconds=" + std::to_string(wanted.count());
  if (!labels.empty()) path += "&labelSelector=" + PercentEncode(labels);
  WatchParser parser;
  Status status;
  const auto reply = Call(context.Within(2 * wanted), {.path = std::move(path)}, [&](std::string_view bytes) {
    status = parser.Add(bytes, on_event);
    return status.ok();
  });
  PBFS_RETURN_IF_ERROR(status);
  if (reply.status().code() == StatusCode::kDeadlineExceeded && context.Check().ok())
    return UnavailableError("the API server does not end its watch: is it still there?");
  return reply.status();
}

}  // namespace pbfs::kube
