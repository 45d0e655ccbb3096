#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The ways S3 writes a time. Inside, a time is unix milliseconds, UTC; years 0000-9999 exist. Parsing is strict about what
/// it takes and gives none for anything else.
namespace pbfs::s3 {

/// "Fri, 02 Jan 2026 03:04:05 GMT"; the milliseconds are cut off.
std::string HttpDate(int64_t time_ms);
/// That, and the two old forms that RFC 9110 5.6.7 wants understood.
std::optional<int64_t> ParseHttpDate(std::string_view text);

/// "2026-01-02T03:04:05.678Z".
std::string IsoDate(int64_t time_ms);
/// That, with any number of digits in the fraction or none, with an offset (+01:00) in place of Z, or only a date.
std::optional<int64_t> ParseIsoDate(std::string_view text);

/// "20260102T030405Z".
std::string AmzDate(int64_t time_ms);
std::optional<int64_t> ParseAmzDate(std::string_view text);

}  // namespace pbfs::s3
