#include "services/operator/cron.h"

#include <charconv>
#include <chrono>
#include <map>
#include <sstream>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace pbfs::operators {
namespace {

enum Field { kMinute, kHour, kDayOfMonth, kMonth, kDayOfWeek };
struct Bounds {
  const char* name;
  int lo, hi;
};
constexpr std::array<Bounds, 5> kBounds{
    {{"minute", 0, 59}, {"hour", 0, 23}, {"day of the month", 1, 31}, {"month", 1, 12}, {"day of the week", 0, 7}}};
constexpr int kMinutesOfDay = 24 * 60;
constexpr int kDaysBack = 4 * 366;  // 29 February

const std::map<std::string, const char*>& Names() {
  static const std::map<std::string, const char*> names = {
      {"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
      {"@monthly", "0 0 1 * *"}, {"@annually", "0 0 1 1 *"}, {"@yearly", "0 0 1 1 *"}};
  return names;
}

std::optional<int> NumberOf(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

// "*", "5", "1-5", "*/15", "10-40/10", "5/15". Nothing of anything else.
std::optional<uint64_t> SetOf(std::string_view text, const Bounds& bounds) {
  const size_t slash = text.find('/');
  const bool steps = slash != std::string_view::npos;
  const std::optional<int> step = steps ? NumberOf(text.substr(slash + 1)) : 1;
  const std::string_view range = text.substr(0, slash);
  const size_t dash = range.find('-');
  std::optional<int> lo = bounds.lo, hi = bounds.hi;
  if (range != "*") {
    lo = NumberOf(range.substr(0, dash));
    hi = dash != std::string_view::npos ? NumberOf(range.substr(dash + 1)) : steps ? std::optional(bounds.hi) : lo;
  }
  if (!step || *step < 1 || !lo || !hi || *lo < bounds.lo || *hi > bounds.hi || *lo > *hi) return std::nullopt;
  uint64_t set = 0;
  for (int n = *lo; n <= *hi; n += *step) set |= uint64_t{1} << n;
  return set;
}

std::optional<uint64_t> UnionOf(const std::string& text, const Bounds& bounds) {
  std::istringstream parts(text + ",");
  uint64_t set = 0;
  for (std::string part; std::getline(parts, part, ',');) {
    const std::optional<uint64_t> more = SetOf(part, bounds);
    if (!more) return std::nullopt;
    set |= *more;
  }
  return set;
}

}  // namespace

Result<CronSchedule> CronSchedule::Parse(const std::string& text) {
  const auto name = Names().find(text);
  std::istringstream words(name == Names().end() ? text : name->second);
  std::vector<std::string> fields;
  for (std::string word; words >> word;) fields.push_back(word);
  if (fields.size() != kBounds.size())
    return InvalidArgumentError("must have five fields, for instance \"15 3 * * *\" for every day at 3:15 UTC");
  CronSchedule schedule;
  for (size_t i = 0; i < fields.size(); ++i) {
    const std::optional<uint64_t> set = UnionOf(fields[i], kBounds[i]);
    if (!set)
      return InvalidArgumentError(fmt::format("its {} must be *, or numbers from {} to {}, ranges and steps of them",
                                              kBounds[i].name, kBounds[i].lo, kBounds[i].hi));
    schedule.fields_[i] = *set;
  }
  uint64_t& week = schedule.fields_[kDayOfWeek];
  if ((week >> 7 & 1) != 0) week |= 1;
  schedule.any_day_of_month_ = fields[kDayOfMonth].starts_with('*');
  schedule.any_day_of_week_ = fields[kDayOfWeek].starts_with('*');
  return schedule;
}

bool CronSchedule::HasDay(int64_t day) const {
  const std::chrono::sys_days date{std::chrono::days(day)};
  const std::chrono::year_month_day parts(date);
  const auto in = [&](Field field, unsigned n) { return (fields_[field] >> n & 1) != 0; };
  const bool of_month = in(kDayOfMonth, static_cast<unsigned>(parts.day()));
  const bool of_week = in(kDayOfWeek, std::chrono::weekday(date).c_encoding());
  if (!in(kMonth, static_cast<unsigned>(parts.month()))) return false;
  return any_day_of_month_ || any_day_of_week_ ? of_month && of_week : of_month || of_week;
}

std::optional<int> CronSchedule::LastMinuteBefore(int minute) const {
  for (int at = minute - 1; at >= 0; --at)
    if ((fields_[kHour] >> (at / 60) & 1) != 0 && (fields_[kMinute] >> (at % 60) & 1) != 0) return at;
  return std::nullopt;
}

std::optional<int64_t> CronSchedule::Before(int64_t seconds) const {
  const int64_t minutes = (seconds + 59) / 60;  // a time within a minute is after its beginning
  int64_t day = minutes / kMinutesOfDay;
  int end = static_cast<int>(minutes % kMinutesOfDay);
  for (int back = 0; back <= kDaysBack; ++back, --day, end = kMinutesOfDay) {
    if (!HasDay(day)) continue;
    if (const auto minute = LastMinuteBefore(end)) return (day * kMinutesOfDay + *minute) * 60;
  }
  return std::nullopt;
}

}  // namespace pbfs::operators
