#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "libs/base/result.h"
#include "libs/base/scheduler.h"

/// Sizes, rates and times as people write and read them.
namespace pbfs::cli {

/// "4096", "4Ki", "4KiB", "1.5G", "10MB": K, M, G, T and Ki, Mi, Gi, Ti all are powers of 1024, as in dd and truncate;
/// kB, MB, GB, TB are powers of 1000. Errors: INVALID_ARGUMENT, also for negative or beyond int64.
Result<int64_t> ParseSize(std::string_view text);
/// "0-99" or "100-" or "-50" (the last 50 bytes): first and last byte, both included, as HTTP and curl have them; or
/// "4Ki+1M": a start and a length. `size` is the object's; the result is [begin, end) within it.
/// Errors: INVALID_ARGUMENT; OUT_OF_RANGE a begin beyond the size.
Result<std::pair<int64_t, int64_t>> ParseRange(std::string_view text, int64_t size);
/// "90s", "15m", "2h", "7d", "500ms", or seconds. Errors: INVALID_ARGUMENT.
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);
/// "2026-01-31T12:00:00Z" (or with a blank, or only the day; UTC), "@1790000000" (seconds since 1970) or "15m" (ago):
/// milliseconds since 1970. Errors: INVALID_ARGUMENT.
Result<int64_t> ParseTime(std::string_view text, int64_t now_ms);

/// "0 B", "1023 B", "1.0 KiB", "12.5 MiB".
std::string FormatSize(int64_t bytes);
/// "12.5 MiB/s"; "- B/s" for no time.
std::string FormatRate(int64_t bytes, Duration time);
/// "0:07", "12:34", "1:02:03".
std::string FormatClock(Duration time);
/// "350 us", "1.25 ms", "3.1 s".
std::string FormatLatency(Duration time);
/// "2026-01-31T12:00:00.123Z".
std::string FormatTime(int64_t unix_ms);
double Seconds(Duration time);

}  // namespace pbfs::cli
