#pragma once

#include <memory>
#include <string>

#include "libs/base/result.h"

namespace spdlog {
class logger;
}

namespace pbfs {

/// A log beside that of the service: what is written stands on a line of its own, as it is. Threads: any.
class LineLog {
 public:
  /// `to`: "stdout", "stderr", "off", or the path of a file, which is made where there is none (mode 0640) and appended to: whoever
  /// rotates it copies and cuts it. Errors: FAILED_PRECONDITION the file cannot be written.
  static Result<LineLog> Open(const std::string& to);
  bool on() const { return logger_ != nullptr; }
  /// Returns when the line was handed to the system. What cannot be written is lost, and said on stderr.
  void Write(const std::string& line) const;

 private:
  std::shared_ptr<spdlog::logger> logger_;  // null: off
};

}  // namespace pbfs
