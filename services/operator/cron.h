#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "libs/base/result.h"

namespace pbfs::operators {

/// A schedule as a CronJob has it: minute, hour, day of the month, month and day of the week (0 and 7 are Sunday), each `*` or a list
/// of numbers and ranges, with steps; or @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually. In UTC. Where both days are given,
/// either will do. A value. Threads: any.
class CronSchedule {
 public:
  /// Errors: INVALID_ARGUMENT with what to write instead.
  static Result<CronSchedule> Parse(const std::string& text);

  /// The last time of the schedule before `seconds` (since 1970), which is a whole minute; none in the four years before it.
  std::optional<int64_t> Before(int64_t seconds) const;

 private:
  bool HasDay(int64_t day) const;  // since 1970
  std::optional<int> LastMinuteBefore(int minute) const;

  std::array<uint64_t, 5> fields_{};  // bit n: n is in it
  bool any_day_of_month_ = false, any_day_of_week_ = false;
};

}  // namespace pbfs::operators
