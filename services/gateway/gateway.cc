#include "services/gateway/gateway.h"

#include <algorithm>

#include "services/gateway/object_facts.h"
#include "services/gateway/routes.h"
#include "services/gateway/versions.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;

// Details that begin so are fields of the answer, not elements of its document.
constexpr std::string_view kFieldDetail = "http-";

// Of fields that decide what is done there may be one: we and a proxy might believe different ones.
Status CheckHead(const HttpRequest& request) {
  for (const char* once :
       {"Host", "Content-Length", "x-amz-content-sha256", "x-amz-date", "Content-MD5", "Range", "Content-Range"}) {
    if (request.fields.Count(once) > 1)
      return Error(Code::kInvalidArgument, std::string("The header ") + once + " stands there more than once");
  }
  return OkStatus();
}

}  // namespace

Gateway::Gateway(GatewayOptions options, const Dependencies& dependencies)
    : options_(std::move(options)),
      to_(dependencies),
      buckets_(to_.client),
      access_(buckets_, to_.documents, to_.clock),
      tokens_(to_.documents, to_.clock, to_.random),
      executor_("gateway", 16, 1024),
      bodies_(options_.body_bytes),
      site_{to_.client, buckets_, to_.documents, to_.keys, access_, tokens_, to_.clock, executor_, bodies_, options_} {}

std::string Gateway::NewRequestId() {
  uint8_t bytes[8];
  to_.random.Fill(bytes);
  std::string id = ToHex(bytes);
  std::transform(id.begin(), id.end(), id.begin(), [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
  return id;
}

void Gateway::Handle(const Context& context, HttpExchange& exchange) {
  const MonotonicTime began = MonotonicNow();
  Call call(context, exchange, NewRequestId());
  Served served;
  served.began_ms = to_.clock.NowMillis();
  const Status done = Serve(call);
  if (!done.ok()) Fail(call, done, served);
  served.path = call.request().path();
  served.status = call.status();
  served.received_bytes = exchange.BodyLength().value_or(0);
  served.sent_bytes = call.sent_bytes();
  Report(call, std::move(served), began);
}

void Gateway::Report(const Call& call, Served served, MonotonicTime began) {
  if (!to_.observer) return;
  served.request_id = call.request_id();
  served.operation = call.operation;
  served.method = call.http_method();
  served.bucket = call.bucket(), served.key = call.key();
  served.access_key = call.caller.access_key, served.user = call.caller.user;
  served.peer = call.request().peer;
  served.took = MonotonicNow() - began;
  to_.observer(served);
}

Status Gateway::Serve(Call& call) {
  PBFS_RETURN_IF_ERROR(CheckHead(call.request()));
  PBFS_ASSIGN_OR_RETURN(call.target, s3::ParseTarget(call.request(), options_.domains));
  PBFS_ASSIGN_OR_RETURN(const Route route, FindRoute(call));
  call.operation = route.name;
  if (call.fields().Has("Origin")) PBFS_RETURN_IF_ERROR(PrepareCors(call));
  if (call.http_method() == "OPTIONS" || route.operation == PostObject) return route.operation(site_, call);
  PBFS_RETURN_IF_ERROR(Authenticate(call));
  return Perform(call, route.action, [&]() -> Status {
    PBFS_RETURN_IF_ERROR(CheckNoCustomerKeys(call.fields()));
    PBFS_RETURN_IF_ERROR(access_.CheckAcl(call, call.fields()));
    return route.operation(site_, call);
  });
}

Status Gateway::Perform(Call& call, const std::string& action, const std::function<Status()>& deed) {
  if (action.starts_with(kOwnersOnly)) {
    PBFS_RETURN_IF_ERROR(Access::CheckOwner(call, action.substr(1)));
  } else if (!action.empty()) {
    PBFS_RETURN_IF_ERROR(access_.Check(call, ActionOf(call, action)));
  }
  return Hide(call, deed());
}

// Whoever may not list a bucket is not told which keys it lacks.
Status Gateway::Hide(Call& call, const Status& failed) {
  if (!s3::IsError(failed, Code::kNoSuchKey)) return failed;
  const bool may_list = access_.Check(call, "s3:ListBucket", {call.bucket(), "", ""}).ok();
  return may_list ? failed : Error(Code::kAccessDenied);
}

// What a browser has to be told, also of a request that fails; a preflight is answered by its operation.
Status Gateway::PrepareCors(Call& call) {
  if (call.bucket().empty() || call.http_method() == "OPTIONS") return OkStatus();
  const Result<Bucket> bucket = buckets_.Find(call.context(), call.bucket());
  if (!bucket.ok()) return OkStatus();  // the operation says so
  PBFS_ASSIGN_OR_RETURN(const auto rules, access_.RulesOf(call.context(), *bucket));
  call.cors = s3::CorsFields(rules->cors, call.request());
  return OkStatus();
}

Status Gateway::Authenticate(Call& call) {
  PBFS_ASSIGN_OR_RETURN(const auto authorization, s3::ReadAuthorization(call.request(), call.query()));
  if (!authorization.has_value()) {
    PBFS_ASSIGN_OR_RETURN(call.payload, s3::ReadPayload(call.fields()));
    return OkStatus();
  }
  const std::string& id = authorization->credential.access_key;
  PBFS_ASSIGN_OR_RETURN(const AccessKey key, FindSigner(to_.keys, call.context(), id));
  PBFS_ASSIGN_OR_RETURN(const s3::Verified verified,
                        s3::VerifySignature(call.request(), call.query(), *authorization, key.secret, options_.region,
                                            to_.clock.NowMillis()));
  call.caller = {key.id, key.user, key.policy};
  call.payload = verified.payload;
  if (verified.payload.IsSignedInChunks()) call.chain = verified.chain;
  return OkStatus();
}

void Gateway::Fail(Call& call, const Status& failed, Served& served) {
  s3::Failure failure = s3::ToFailure(failed);
  served.error = failure.code;
  if (failure.http_status >= 500) served.detail = failed.ToString();
  if (call.begun()) return;  // the server breaks the connection, since the answer is short
  HttpFields fields;
  std::erase_if(failure.extra, [&](const auto& extra) {
    const bool field = extra.first.starts_with(kFieldDetail);
    if (field) fields.Set(extra.first.substr(kFieldDetail.size()), extra.second);
    return field;
  });
  if (failure.http_status == 503) fields.Set("Retry-After", "1");
  const std::string document = s3::ErrorDocument(failure, call.request().path(), call.request_id(), call.request_id());
  (void)call.SendXml(document, std::move(fields), failure.http_status);  // nobody is left to be told
}

std::pair<HttpResponse, std::string> Gateway::Overloaded() const {
  const s3::Failure failure = s3::ToFailure(Error(Code::kSlowDown));
  std::string document = s3::ErrorDocument(failure, "", "", "");
  HttpResponse response{503, {{"Content-Type", "application/xml"}, {"Retry-After", "1"}}, std::nullopt};
  response.length = static_cast<int64_t>(document.size());
  return {std::move(response), std::move(document)};
}

}  // namespace pbfs::gateway
