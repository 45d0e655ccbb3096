#include "libs/s3/dates.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

namespace pbfs::s3 {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> kLongDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// What four digits of a year can write: [0000-01-01, 10000-01-01).
constexpr int64_t kBeginMs = -62'167'219'200'000;
constexpr int64_t kEndMs = 253'402'300'800'000;
std::optional<int64_t> Writable(int64_t time_ms) {
  return time_ms >= kBeginMs && time_ms < kEndMs ? std::optional(time_ms) : std::nullopt;
}

struct Civil {
  int64_t year = 0;
  int64_t month = 0;  // 1-12
  int64_t day = 0;
  int64_t hour = 0;
  int64_t minute = 0;
  int64_t second = 0;
  int64_t millisecond = 0;
  unsigned weekday = 0;  // 0 is Sunday
};

Civil ToCivil(int64_t time_ms) {
  using std::chrono::floor;
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(time_ms)};
  const auto days = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(time - days);
  return {static_cast<int>(date.year()),     static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()), clock.hours().count(),
          clock.minutes().count(),           clock.seconds().count(),
          clock.subseconds().count(),        std::chrono::weekday(days).c_encoding()};
}

std::optional<int64_t> FromCivil(const Civil& civil) {
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(civil.year)),
                                         std::chrono::month(static_cast<unsigned>(civil.month)),
                                         std::chrono::day(static_cast<unsigned>(civil.day)));
  // A leap second is the second after it, as unix time has it.
  if (!date.ok() || civil.hour > 23 || civil.minute > 59 || civil.second > 60) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return Writable((((days * 24 + civil.hour) * 60 + civil.minute) * 60 + civil.second) * 1000 + civil.millisecond);
}

/// Takes a text apart from the left. Whatever does not fit makes ok() false for good.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  bool ok() const { return ok_; }
  bool Done() const { return ok_ && text_.empty(); }
  char Peek() const { return text_.empty() ? '\0' : text_.front(); }

  void Literal(std::string_view literal) {
    if (!text_.starts_with(literal)) return Fail();
    text_.remove_prefix(literal.size());
  }
  int64_t Digits(size_t count) {
    if (text_.size() < count) return Fail(), 0;
    int64_t value = 0;
    for (const char c : text_.substr(0, count)) {
      if (c < '0' || c > '9') return Fail(), 0;
      value = value * 10 + (c - '0');
    }
    text_.remove_prefix(count);
    return value;
  }
  /// The index of the word that comes next.
  template <size_t N>
  int64_t OneOf(const std::array<std::string_view, N>& words) {
    for (size_t i = 0; i < N; ++i) {
      if (!text_.starts_with(words[i])) continue;
      text_.remove_prefix(words[i].size());
      return static_cast<int64_t>(i);
    }
    return Fail(), 0;
  }
  void Skip() { text_.remove_prefix(1); }

 private:
  void Fail() {
    ok_ = false;
    text_ = {};
  }
  std::string_view text_;
  bool ok_ = true;
};

void ScanClock(Scanner& scan, Civil& civil) {
  civil.hour = scan.Digits(2);
  scan.Literal(":");
  civil.minute = scan.Digits(2);
  scan.Literal(":");
  civil.second = scan.Digits(2);
}

std::optional<int64_t> Finished(const Scanner& scan, const Civil& civil) {
  return scan.Done() ? FromCivil(civil) : std::nullopt;
}

// Sun, 06 Nov 1994 08:49:37 GMT
std::optional<int64_t> ParseFixdate(std::string_view text) {
  Scanner scan(text);
  Civil civil;
  scan.OneOf(kDays);
  scan.Literal(", ");
  civil.day = scan.Digits(2);
  scan.Literal(" ");
  civil.month = scan.OneOf(kMonths) + 1;
  scan.Literal(" ");
  civil.year = scan.Digits(4);
  scan.Literal(" ");
  ScanClock(scan, civil);
  scan.Literal(" GMT");
  return Finished(scan, civil);
}

// Sunday, 06-Nov-94 08:49:37 GMT; two digits of a year are 1970-2069, so that the answer does not depend on today.
std::optional<int64_t> ParseRfc850(std::string_view text) {
  Scanner scan(text);
  Civil civil;
  scan.OneOf(kLongDays);
  scan.Literal(", ");
  civil.day = scan.Digits(2);
  scan.Literal("-");
  civil.month = scan.OneOf(kMonths) + 1;
  scan.Literal("-");
  const int64_t year = scan.Digits(2);
  civil.year = year < 70 ? 2000 + year : 1900 + year;
  scan.Literal(" ");
  ScanClock(scan, civil);
  scan.Literal(" GMT");
  return Finished(scan, civil);
}

// Sun Nov  6 08:49:37 1994
std::optional<int64_t> ParseAsctime(std::string_view text) {
  Scanner scan(text);
  Civil civil;
  scan.OneOf(kDays);
  scan.Literal(" ");
  civil.month = scan.OneOf(kMonths) + 1;
  scan.Literal(" ");
  const bool one_digit = scan.Peek() == ' ';
  if (one_digit) scan.Skip();
  civil.day = scan.Digits(one_digit ? 1 : 2);
  scan.Literal(" ");
  ScanClock(scan, civil);
  scan.Literal(" ");
  civil.year = scan.Digits(4);
  return Finished(scan, civil);
}

int64_t ScanMilliseconds(Scanner& scan) {
  scan.Literal(".");
  int64_t value = 0;
  int64_t unit = 100;
  if (scan.Peek() < '0' || scan.Peek() > '9') scan.Digits(1);  // at least one
  while (scan.Peek() >= '0' && scan.Peek() <= '9') {
    value += (scan.Peek() - '0') * unit;
    unit /= 10;
    scan.Skip();
  }
  return value;
}

// Z, +01:00 or -01:00: how far the written time is ahead of UTC.
int64_t ScanOffsetMs(Scanner& scan) {
  if (scan.Peek() == 'Z') {
    scan.Skip();
    return 0;
  }
  const int64_t sign = scan.Peek() == '-' ? -1 : 1;
  scan.Literal(sign < 0 ? "-" : "+");
  const int64_t hours = scan.Digits(2);
  scan.Literal(":");
  return sign * (hours * 60 + scan.Digits(2)) * 60'000;
}

}  // namespace

std::string HttpDate(int64_t time_ms) {
  const Civil c = ToCivil(time_ms);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[c.weekday], c.day,
                     kMonths[static_cast<size_t>(c.month - 1)], c.year, c.hour, c.minute, c.second);
}

std::optional<int64_t> ParseHttpDate(std::string_view text) {
  if (const auto time = ParseFixdate(text)) return time;
  if (const auto time = ParseRfc850(text)) return time;
  return ParseAsctime(text);
}

std::string IsoDate(int64_t time_ms) {
  const Civil c = ToCivil(time_ms);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", c.year, c.month, c.day, c.hour, c.minute, c.second,
                     c.millisecond);
}

std::optional<int64_t> ParseIsoDate(std::string_view text) {
  Scanner scan(text);
  Civil civil;
  civil.year = scan.Digits(4);
  scan.Literal("-");
  civil.month = scan.Digits(2);
  scan.Literal("-");
  civil.day = scan.Digits(2);
  if (scan.Done()) return FromCivil(civil);
  scan.Literal("T");
  ScanClock(scan, civil);
  if (scan.Peek() == '.') civil.millisecond = ScanMilliseconds(scan);
  const int64_t offset_ms = ScanOffsetMs(scan);
  const auto time = Finished(scan, civil);
  return time ? Writable(*time - offset_ms) : std::nullopt;
}

std::string AmzDate(int64_t time_ms) {
  const Civil c = ToCivil(time_ms);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

std::optional<int64_t> ParseAmzDate(std::string_view text) {
  Scanner scan(text);
  Civil civil;
  civil.year = scan.Digits(4);
  civil.month = scan.Digits(2);
  civil.day = scan.Digits(2);
  scan.Literal("T");
  civil.hour = scan.Digits(2);
  civil.minute = scan.Digits(2);
  civil.second = scan.Digits(2);
  scan.Literal("Z");
  return Finished(scan, civil);
}

}  // namespace pbfs::s3
