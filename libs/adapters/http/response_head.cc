#include "libs/adapters/http/response_head.h"

#include <array>
#include <boost/beast/http/status.hpp>
#include <ctime>

#include <fmt/format.h>

#include "libs/http/exchange.h"

namespace pbfs {
namespace {

constexpr std::array kOurs = {"Content-Length", "Transfer-Encoding", "Connection", "Date"};

bool IsOurs(std::string_view name) {
  for (const char* ours : kOurs) {
    if (EqualsIgnoreCase(name, ours)) return true;
  }
  return false;
}

void AppendClean(std::string& head, std::string_view text) {
  for (const char c : text) head += (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f ? ' ' : c;
}

std::string_view Reason(int status) {
  const auto reason =
      boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(static_cast<unsigned>(status)));
  return {reason.data(), reason.size()};
}

}  // namespace

ResponseFraming::Body ChooseFraming(const HttpResponse& response, std::string_view method, bool http_1_0) {
  using Body = ResponseFraming::Body;
  if (response.status == 204 || response.status == 304) return Body::kNone;
  if (response.length) return Body::kLength;
  if (!HasBody(method, response.status)) return Body::kUnknown;
  return http_1_0 ? Body::kUntilClose : Body::kChunked;
}

std::string ResponseHead(const HttpResponse& response, const ResponseFraming& framing, int64_t now_seconds) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, Reason(response.status));
  for (const auto& [name, value] : response.fields) {
    if (IsOurs(name)) continue;
    AppendClean(head, name);
    head += ": ";
    AppendClean(head, value);
    head += "\r\n";
  }
  if (framing.body == ResponseFraming::Body::kLength) head += fmt::format("Content-Length: {}\r\n", *response.length);
  if (framing.body == ResponseFraming::Body::kChunked) head += "Transfer-Encoding: chunked\r\n";
  if (framing.close) {
    head += "Connection: close\r\n";
  } else if (framing.http_1_0) {
    head += "Connection: keep-alive\r\n";
  }
  head += fmt::format("Date: {}\r\n\r\n", HttpDate(now_seconds));
  return head;
}

std::string HttpDate(int64_t unix_seconds) {
  constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const time_t seconds = unix_seconds;
  tm t{};
  gmtime_r(&seconds, &t);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[static_cast<size_t>(t.tm_wday)], t.tm_mday,
                     kMonths[static_cast<size_t>(t.tm_mon)], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

}  // namespace pbfs
