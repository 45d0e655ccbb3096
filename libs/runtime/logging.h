#pragma once

#include <string>

namespace pbfs {

/// Sends everything that is logged through spdlog's free functions to stderr, one JSON object a line:
///   {"ts":"2026-01-31T12:00:00.000Z","level":"info","service":"pbfs-catalog","trace":"...","msg":"..."}
/// `level`: debug, info, warning or error. Never log keys, tokens or payload. Call once, early in main().
void StartLogging(const std::string& service, const std::string& level);

/// While it lives, log lines of this thread carry `trace_id` (empty: none). Made where a call enters the process.
class TraceScope {
 public:
  explicit TraceScope(const std::string& trace_id);
  ~TraceScope();
  TraceScope(const TraceScope&) = delete;
  TraceScope& operator=(const TraceScope&) = delete;

 private:
  std::string outer_;
};

/// `text` with quotes, backslashes and control characters escaped for use inside a JSON string.
std::string JsonEscape(const std::string& text);

}  // namespace pbfs
