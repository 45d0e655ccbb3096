#include "services/gateway/gateway_metrics.h"

#include <algorithm>

#include "services/gateway/object_service.h"
#include "services/gateway/routes.h"

namespace pbfs::gateway {
namespace {

constexpr Duration kPatience = std::chrono::seconds(2);  // less than a scrape has

StatusCode CodeOf(int http_status) {
  if (http_status == 0) return StatusCode::kCancelled;  // the other end was gone
  if (http_status < 400) return StatusCode::kOk;
  if (http_status == 403) return StatusCode::kPermissionDenied;
  if (http_status == 404) return StatusCode::kNotFound;
  if (http_status == 412 || http_status == 409) return StatusCode::kFailedPrecondition;
  if (http_status == 501) return StatusCode::kUnimplemented;
  if (http_status == 503) return StatusCode::kUnavailable;
  return http_status < 500 ? StatusCode::kInvalidArgument : StatusCode::kInternal;
}

std::vector<std::string> AllOperationNames() {
  std::vector<std::string> names = OperationNames();
  const std::vector<std::string> more = ObjectService::OperationNames();
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

int64_t SumOf(const std::map<StoreId, int64_t>& by_store) {
  int64_t sum = 0;
  for (const auto& [store, count] : by_store) sum += count;
  return sum;
}

}  // namespace

RequestMetrics::RequestMetrics(Metrics& metrics)
    : names_(AllOperationNames()), calls_(&metrics, "pbfs_gateway", names_) {}

void RequestMetrics::Note(const Served& served) {
  const auto found = std::find(names_.begin(), names_.end(), served.operation);
  calls_.Begin();
  calls_.End(found == names_.end() ? 0 : static_cast<size_t>(found - names_.begin()), CodeOf(served.status),
             served.took);
}

GatewayMetrics::GatewayMetrics(Metrics& metrics, const HttpServer* server, Client& client)
    : http_(metrics, "pbfs_gateway_http", "Connections and requests; totals since the start", "what"),
      client_(metrics, "pbfs_client", "What the client of this process has done since the start", "what"),
      site_(metrics, "pbfs_gateway_site", "What the gateway sees of its site", "what"),
      refresher_(metrics, [this, server, &client] {
        Refresh(server == nullptr ? HttpServerStats{} : server->stats(), client);
      }) {}

void GatewayMetrics::Refresh(const HttpServerStats& server, Client& client) {
  http_.Set("connections", server.connections), http_.Set("idle_connections", server.idle);
  http_.Set("requests", server.requests), http_.Set("accepted", server.accepted_total);
  http_.Set("overloaded", server.overloaded_total), http_.Set("refused", server.refused_total);
  http_.Set("bytes_in", server.bytes_in_total), http_.Set("bytes_out", server.bytes_out_total);
  const ClientStats stats = client.Stats();
  client_.Set("plaintext_written", stats.plaintext_written), client_.Set("plaintext_read", stats.plaintext_read);
  client_.Set("fragment_bytes_sent", stats.fragment_bytes_sent);
  client_.Set("fragment_bytes_read", stats.fragment_bytes_read);
  client_.Set("commits", stats.commits), client_.Set("orders_stale", stats.orders_stale);
  client_.Set("commits_in_doubt", stats.commits_in_doubt), client_.Set("groups_given_up", stats.groups_given_up);
  client_.Set("fragments_missing", stats.fragments_missing);
  client_.Set("read_calls", stats.read_calls), client_.Set("hedges", stats.hedges);
  client_.Set("decoded_around", stats.decoded_around), client_.Set("lists_again", stats.lists_again);
  client_.Set("fragments_corrupt", SumOf(stats.corrupt)), client_.Set("fragments_not_found", SumOf(stats.missing));
  client_.Set("rehomes_done", stats.rehomes_done), client_.Set("rehomes_failed", stats.rehomes_failed);
  client_.Set("rehomes_refused", stats.rehomes_refused), client_.Set("rehome_bytes", stats.rehome_bytes);
  site_.Set("reachable", client.DescribeCluster(Context::WithTimeout(kPatience)).ok() ? 1 : 0);
}

}  // namespace pbfs::gateway
