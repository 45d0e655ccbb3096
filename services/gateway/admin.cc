#include "services/gateway/admin.h"

namespace pbfs::gateway {
namespace {

constexpr Duration kPatience = std::chrono::seconds(2);

void Answer(const Context& context, HttpExchange& exchange, int status, std::string_view text) {
  const bool head = exchange.request().method == "HEAD";
  const HttpResponse response{status, {{"Content-Type", "text/plain"}}, static_cast<int64_t>(text.size())};
  // Nobody is left to be told if this fails.
  if (exchange.Begin(context, response).ok() && !head) (void)exchange.Write(context, AsBytes(text));
}

}  // namespace

void Admin::Handle(const Context& context, HttpExchange& exchange) {
  const HttpRequest& request = exchange.request();
  if (request.method != "GET" && request.method != "HEAD") return Answer(context, exchange, 405, "GET only\n");
  if (request.path() == "/healthz") return Answer(context, exchange, 200, "ok\n");
  if (request.path() != "/readyz") return Answer(context, exchange, 404, "there are /healthz and /readyz\n");
  const Status reached = client_.DescribeCluster(context.Within(kPatience)).status();
  if (reached.ok()) return Answer(context, exchange, 200, "ok\n");
  Answer(context, exchange, 503, "the site cannot be reached: " + reached.message() + "\n");
}

std::pair<HttpResponse, std::string> Admin::Overloaded() const {
  return {{503, {{"Content-Type", "text/plain"}}, 5}, "busy\n"};
}

}  // namespace pbfs::gateway
