#include "services/gateway/admin.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libs/s3/errors.h"
#include "services/gateway/page_files.h"

namespace pbfs::gateway {
namespace {

constexpr Duration kPatience = std::chrono::seconds(2);
constexpr Duration kPagePatience = std::chrono::seconds(15);
constexpr std::string_view kApi = "/api/", kFiles = "/ui/", kS3 = "/s3";

// Code from this origin only, no HTML made of strings (trusted types), in no frame of others.
constexpr const char* kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
// What an object holds is anybody's: it is stored, never shown as a page, and runs as nothing.
constexpr const char* kObjectPolicy = "default-src 'none'; sandbox; frame-ancestors 'none'";

// What every answer to a browser has besides.
void AddGuards(const char* policy, HttpFields& fields) {
  fields.Set("Content-Security-Policy", policy);
  fields.Set("X-Content-Type-Options", "nosniff");
  fields.Set("X-Frame-Options", "DENY");
  fields.Set("Referrer-Policy", "no-referrer");
  fields.Set("Cross-Origin-Resource-Policy", "same-origin");
}

void Answer(const Context& context, HttpExchange& exchange, int status, HttpFields fields, std::string_view body) {
  AddGuards(kPagePolicy, fields);
  const HttpResponse response{status, std::move(fields), static_cast<int64_t>(body.size())};
  // Nobody is left to be told if this fails.
  const bool begun = exchange.Begin(context, response).ok();
  if (begun && !body.empty() && HasBody(exchange.request().method, status))
    (void)exchange.Write(context, AsBytes(body));
}

void AnswerText(const Context& context, HttpExchange& exchange, int status, std::string_view text) {
  Answer(context, exchange, status, {{"Content-Type", "text/plain"}}, text);
}

void AnswerJson(const Context& context, HttpExchange& exchange, int status, const std::string& document) {
  Answer(context, exchange, status, {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}, document);
}

void AnswerFile(const Context& context, HttpExchange& exchange, const PageFile& file) {
  const std::string etag(file.etag);
  // Asked again each time: pages of two versions of a gateway never mix.
  const bool known = exchange.request().fields.Get("If-None-Match") == etag;
  const HttpFields fields{{"Content-Type", std::string(file.type)}, {"Cache-Control", "no-cache"}, {"ETag", etag}};
  Answer(context, exchange, known ? 304 : 200, fields, known ? std::string_view{} : file.text);
}

// The text of a Host without its port.
std::string_view WithoutPort(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool IsAddress(std::string_view host) {
  if (host.starts_with('[')) return host.ends_with(']');
  return !host.empty() && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

// Whether a browser says that another site's page is behind the request.
bool IsForeign(const HttpRequest& request) {
  const std::string_view site = request.fields.Get("Sec-Fetch-Site");
  return !site.empty() && site != "same-origin" && site != "none";
}

/// An exchange with S3 below /s3: the request without that, the answer with what keeps a browser from showing it.
class ObjectExchange final : public HttpExchange {
 public:
  explicit ObjectExchange(HttpExchange& outer) : outer_(outer), request_(outer.request()) {
    request_.target = request_.target.substr(kS3.size());
  }
  const HttpRequest& request() const override { return request_; }
  std::optional<int64_t> BodyLength() const override { return outer_.BodyLength(); }
  Result<size_t> Read(const Context& context, MutableByteSpan out) override { return outer_.Read(context, out); }
  Status Begin(const Context& context, const HttpResponse& response) override {
    HttpResponse guarded = response;
    AddGuards(kObjectPolicy, guarded.fields);
    guarded.fields.Set("Content-Disposition", "attachment");
    guarded.fields.Set("Cache-Control", "no-store");
    // An object of type text/javascript would be code of this origin. HEAD, which has no body, tells the type.
    if (request_.method != "HEAD") guarded.fields.Set("Content-Type", "application/octet-stream");
    return outer_.Begin(context, guarded);
  }
  Status Write(const Context& context, ByteSpan bytes) override { return outer_.Write(context, bytes); }
  void Abort() override { outer_.Abort(); }

 private:
  HttpExchange& outer_;
  HttpRequest request_;
};

/// One of a limited number of places, while it lives.
class Place {
 public:
  Place(std::atomic<int>& taken, int limit) : taken_(taken), got_(++taken <= limit) {}
  ~Place() { --taken_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool got() const { return got_; }

 private:
  std::atomic<int>& taken_;
  const bool got_;
};

}  // namespace

void Admin::Handle(const Context& context, HttpExchange& exchange) {
  const HttpRequest& request = exchange.request();
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (request.path() == "/healthz" && reads) return AnswerText(context, exchange, 200, "ok\n");
  if (request.path() == "/readyz" && reads) {
    const Status reached = client_.DescribeCluster(context.Within(kPatience)).status();
    if (reached.ok()) return AnswerText(context, exchange, 200, "ok\n");
    return AnswerText(context, exchange, 503, "the site cannot be reached: " + reached.message() + "\n");
  }
  if (!options_.page)
    return AnswerText(context, exchange, reads ? 404 : 405, "there are GET of /healthz and /readyz\n");
  const Place place(page_requests_, kPageRequests);
  if (!place.got()) return AnswerText(context, exchange, 503, "busy\n");
  ServePage(context, exchange);
}

void Admin::ServePage(const Context& context, HttpExchange& exchange) {
  const HttpRequest& request = exchange.request();
  const std::string_view path = request.path();
  // A page of somebody's whose name suddenly means this machine (DNS rebinding) would pass for ours.
  if (!IsKnownHost(request.fields.Get("Host"))) {
    return AnswerText(
        context, exchange, 421,
        "This page is served at localhost, at IP addresses, and at the adminNames of the gateway's configuration.\n");
  }
  const bool is_s3 = path.starts_with("/s3/"), is_api = path.starts_with(kApi);
  if ((is_s3 || is_api) && IsForeign(request)) return AnswerText(context, exchange, 403, "not from other sites\n");
  if (is_s3) {
    ObjectExchange inner(exchange);
    return s3_.Handle(context, inner);
  }
  if (request.method != "GET" && request.method != "HEAD") return AnswerText(context, exchange, 405, "GET only\n");
  if (is_api) return ServeApi(context, exchange);
  const PageFile* file = path == "/"                ? FindPageFile("index.html")
                         : path.starts_with(kFiles) ? FindPageFile(path.substr(kFiles.size()))
                                                    : nullptr;
  if (file != nullptr) return AnswerFile(context, exchange, *file);
  AnswerText(context, exchange, 404, "there are the page at /, /healthz and /readyz\n");
}

void Admin::ServeApi(const Context& context, HttpExchange& exchange) {
  const HttpRequest& request = exchange.request();
  const std::string_view what = request.path().substr(kApi.size());
  const Result<std::string> document = api_.Get(context.Within(kPagePatience), what, request.query());
  if (document.ok()) return AnswerJson(context, exchange, 200, *document);
  const s3::Failure failure = s3::ToFailure(document.status());
  AnswerJson(context, exchange, failure.http_status,
             nlohmann::json{{"code", failure.code}, {"message", failure.message}}.dump());
}

bool Admin::IsKnownHost(std::string_view host) const {
  const std::string name = LowerCase(WithoutPort(host));
  return IsAddress(name) || name == "localhost" ||
         std::find(options_.names.begin(), options_.names.end(), name) != options_.names.end();
}

std::pair<HttpResponse, std::string> Admin::Overloaded() const {
  return {{503, {{"Content-Type", "text/plain"}}, 5}, "busy\n"};
}

}  // namespace pbfs::gateway
