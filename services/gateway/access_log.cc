#include "services/gateway/access_log.h"

#include <nlohmann/json.hpp>

#include "libs/s3/dates.h"

namespace pbfs::gateway {

std::string AccessLine(const Served& served) {
  nlohmann::ordered_json line = {
      {"ts", s3::IsoDate(served.began_ms)},
      {"request_id", served.request_id},
      {"operation", served.operation},
      {"method", served.method},
      {"path", served.path},
      {"bucket", served.bucket},
      {"key", served.key},
      {"status", served.status},
      {"peer", served.peer},
      {"user", served.user},
      {"access_key", served.access_key},
      {"received_bytes", served.received_bytes},
      {"sent_bytes", served.sent_bytes},
      {"microseconds", std::chrono::duration_cast<std::chrono::microseconds>(served.took).count()}};
  if (!served.error.empty()) line["error"] = served.error;
  if (!served.detail.empty()) line["detail"] = served.detail;
  // A path is whatever was sent: what is no UTF-8 is replaced, the rest escaped, so that a line is always one.
  return line.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace pbfs::gateway
