#include "tools/pbfs/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <ctime>

#include <fmt/format.h>

namespace pbfs::cli {
namespace {

Status BadSize(std::string_view text) {
  return InvalidArgumentError(fmt::format("'{}' is not a size; write bytes, or 64Ki, 1.5M, 2GiB, 10MB", text));
}

Status BadRange(std::string_view text) {
  return InvalidArgumentError(
      fmt::format("'{}' is not a range; write FIRST-LAST, FIRST-, -COUNT or START+LENGTH", text));
}

/// The unit's factor; 0 if there is no such unit.
double UnitFactor(std::string_view unit) {
  static constexpr std::string_view kPrefixes = "KMGT";
  if (unit.empty() || unit == "B") return 1;
  const char letter = unit[0] == 'k' ? 'K' : unit[0];
  const size_t power = kPrefixes.find(letter);
  const std::string_view rest = unit.substr(1);
  if (power == std::string_view::npos || (!rest.empty() && rest != "i" && rest != "iB" && rest != "B")) return 0;
  return std::pow(rest == "B" ? 1000.0 : 1024.0, static_cast<double>(power) + 1);
}

/// A decimal number at the front of `text`, which moves past it. Never "inf" or "nan": only digits and a point.
bool TakeNumber(std::string_view& text, double& number) {
  const size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto [stop, error] = std::from_chars(text.data(), text.data() + end, number, std::chars_format::fixed);
  if (error != std::errc() || stop != text.data() + end) return false;
  text.remove_prefix(end);
  return true;
}

Result<int64_t> ParseInteger(std::string_view text) {
  int64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || value < 0) return BadSize(text);
  return value;
}

Result<std::pair<int64_t, int64_t>> Clamp(std::string_view text, int64_t begin, int64_t end, int64_t size) {
  if (begin > size || (begin == size && size > 0))
    return OutOfRangeError(fmt::format("range '{}' begins beyond the object, which has {} bytes", text, size));
  return std::pair{begin, std::min(end, size)};
}

}  // namespace

Result<int64_t> ParseSize(std::string_view text) {
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos) return ParseInteger(text);
  std::string_view rest = text;
  double number = 0;
  if (!TakeNumber(rest, number)) return BadSize(text);
  const double factor = UnitFactor(rest);
  const double bytes = number * factor;
  if (factor == 0 || bytes >= 9.2e18) return BadSize(text);
  return static_cast<int64_t>(std::llround(bytes));
}

Result<std::pair<int64_t, int64_t>> ParseRange(std::string_view text, int64_t size) {
  if (const size_t plus = text.find('+'); plus != std::string_view::npos) {
    PBFS_ASSIGN_OR_RETURN(const int64_t begin, ParseSize(text.substr(0, plus)));
    PBFS_ASSIGN_OR_RETURN(const int64_t length, ParseSize(text.substr(plus + 1)));
    if (length > INT64_MAX - begin) return BadRange(text);
    return Clamp(text, begin, begin + length, size);
  }
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos || text.size() == 1) return BadRange(text);
  const std::string_view first = text.substr(0, dash), last = text.substr(dash + 1);
  if (first.empty()) {
    PBFS_ASSIGN_OR_RETURN(const int64_t count, ParseSize(last));
    return std::pair{std::max<int64_t>(0, size - count), size};
  }
  PBFS_ASSIGN_OR_RETURN(const int64_t begin, ParseSize(first));
  if (last.empty()) return Clamp(text, begin, size, size);
  PBFS_ASSIGN_OR_RETURN(const int64_t end, ParseSize(last));
  if (end < begin || end == INT64_MAX) return BadRange(text);
  return Clamp(text, begin, end + 1, size);
}

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, double>, 6> kUnits = {
      {{"ms", 1}, {"s", 1e3}, {"", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}}};
  std::string_view rest = text;
  double number = 0;
  if (TakeNumber(rest, number))
    for (const auto& [unit, factor] : kUnits)
      if (rest == unit && number * factor < 1e15) return std::chrono::milliseconds(std::llround(number * factor));
  return InvalidArgumentError(fmt::format("'{}' is not a duration; write 500ms, 90s, 15m, 2h or 7d", text));
}

Result<int64_t> ParseTime(std::string_view text, int64_t now_ms) {
  if (text.starts_with('@')) {
    PBFS_ASSIGN_OR_RETURN(const int64_t seconds, ParseInteger(text.substr(1)));
    if (seconds < INT64_MAX / 1000) return seconds * 1000;
  }
  if (const auto ago = ParseDuration(text); ago.ok()) return now_ms - ago->count();
  for (const char* format : {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"}) {
    std::tm parts{};
    const std::string copy(text);
    const char* stop = strptime(copy.c_str(), format, &parts);
    if (stop != nullptr && *stop == '\0') return int64_t{timegm(&parts)} * 1000;
  }
  return InvalidArgumentError(
      fmt::format("'{}' is not a time; write 2026-01-31T12:00:00Z, @SECONDS since 1970, or 15m (that long ago)", text));
}

std::string FormatSize(int64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  int power = 0;
  for (; value >= 1023.95 && power < 6; ++power) value /= 1024;
  return fmt::format("{:.1f} {}iB", value, " KMGTPE"[power]);
}

std::string FormatRate(int64_t bytes, Duration time) {
  if (time <= Duration::zero()) return "- B/s";
  return FormatSize(static_cast<int64_t>(static_cast<double>(bytes) / Seconds(time))) + "/s";
}

std::string FormatClock(Duration time) {
  const int64_t total = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  const int64_t hours = total / 3600, minutes = total / 60 % 60, seconds = total % 60;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, seconds) : fmt::format("{}:{:02}", minutes, seconds);
}

std::string FormatLatency(Duration time) {
  const double seconds = Seconds(time);
  if (seconds < 1e-3) return fmt::format("{:.0f} us", seconds * 1e6);
  if (seconds < 1) return fmt::format("{:.2f} ms", seconds * 1e3);
  return fmt::format("{:.1f} s", seconds);
}

std::string FormatTime(int64_t unix_ms) {
  const std::time_t seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, unix_ms % 1000);
}

double Seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace pbfs::cli
