#pragma once

#include <string>
#include <string_view>

#include "libs/base/status.h"
#include "libs/kube/kube_api.h"

namespace pbfs::kube {

/// The lines of a watch, from bytes that come in any pieces. Threads: one.
class WatchParser {
 public:
  /// `max_line`: a longer line is an error; no object that a server keeps is longer than about 1.5 MiB.
  explicit WatchParser(size_t max_line = 4 << 20) : max_line_(max_line) {}

  /// Adds bytes and calls `on_event(WatchEvent)` for every line that is whole. Stops at an error, for good:
  /// OUT_OF_RANGE the version is too old (410), list again; UNAVAILABLE the server says another error, or makes no
  /// sense.
  template <typename OnEvent>
  Status Add(std::string_view bytes, const OnEvent& on_event) {
    while (status_.ok() && TakeLine(bytes)) {
      if (line_.find_first_not_of(" \t\r") != std::string::npos) {
        const auto event = ParseLine(line_);
        status_ = event.status();
        if (event.ok()) on_event(*event);
      }
      line_.clear();
    }
    return status_;
  }

  static Result<WatchEvent> ParseLine(std::string_view line);

 private:
  /// Moves bytes to line_, up to a line feed. Is the line whole?
  bool TakeLine(std::string_view& bytes);

  const size_t max_line_;
  std::string line_;
  Status status_;
};

}  // namespace pbfs::kube
