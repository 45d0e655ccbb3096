#include "libs/runtime/logging.h"

#include <ctime>
#include <memory>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace pbfs {
namespace {

thread_local std::string current_trace;

class JsonLines final : public spdlog::formatter {
 public:
  explicit JsonLines(std::string service) : service_(std::move(service)) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    const auto since = message.time.time_since_epoch();
    const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
    const std::tm utc = fmt::gmtime(static_cast<std::time_t>(millis / 1000));
    const auto level = spdlog::level::to_string_view(message.level);
    fmt::format_to(std::back_inserter(line), R"({{"ts":"{:%Y-%m-%dT%H:%M:%S}.{:03}Z","level":"{}","service":"{}")", utc,
                   millis % 1000, std::string_view(level.data(), level.size()), service_);
    if (!current_trace.empty()) {
      fmt::format_to(std::back_inserter(line), R"(,"trace":"{}")", JsonEscape(current_trace));
    }
    const std::string text(message.payload.data(), message.payload.size());
    fmt::format_to(std::back_inserter(line), ",\"msg\":\"{}\"}}\n", JsonEscape(text));
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonLines>(service_); }

 private:
  const std::string service_;
};

}  // namespace

void StartLogging(const std::string& service, const std::string& level) {
  auto logger = std::make_shared<spdlog::logger>(service, std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(std::make_unique<JsonLines>(JsonEscape(service)));
  logger->set_level(level.empty() ? spdlog::level::info : spdlog::level::from_str(level));
  spdlog::set_default_logger(std::move(logger));
}

TraceScope::TraceScope(const std::string& trace_id) : outer_(std::exchange(current_trace, trace_id)) {}
TraceScope::~TraceScope() { current_trace = std::move(outer_); }

std::string JsonEscape(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace pbfs
