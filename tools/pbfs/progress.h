#pragma once

#include <cstdint>
#include <string>

#include "libs/base/scheduler.h"

namespace pbfs::cli {

/// One line of progress: "put  [######----]  60%  1.2 GiB / 2.0 GiB  350.0 MiB/s  0:02 left". `total` < 0: not known, then
/// without bar, share and remaining time. `width`: columns of the terminal.
std::string ProgressLine(const std::string& what, int64_t done, int64_t total, Duration elapsed, int width);

/// The same of things that are counted, how many is not known: "rotate-key  12000 bodies  8000/s  0:02".
std::string CountLine(const std::string& what, const std::string& unit, int64_t done, Duration elapsed);

/// Draws a line as above on stderr while it is a terminal, at most ten times a second; nothing at all if it is not.
/// Threads: one.
class Progress {
 public:
  /// `enabled` false: silent (--quiet, --json).
  Progress(std::string what, int64_t total, bool enabled);
  /// Of things called `unit`, so many as there are.
  Progress(std::string what, std::string unit, bool enabled);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// `done` bytes or things so far, in all.
  void Update(int64_t done);
  Duration elapsed() const { return MonotonicNow() - start_; }
  /// Whether stderr is one: else it would show nothing.
  static bool IsTerminal();

 private:
  void Draw(int64_t done);

  const std::string what_, unit_;  // no unit: bytes
  const int64_t total_;
  const bool visible_;
  const MonotonicTime start_;
  MonotonicTime drawn_;
  bool any_ = false;
};

}  // namespace pbfs::cli
