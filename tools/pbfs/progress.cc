#include "tools/pbfs/progress.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

constexpr Duration kInterval = std::chrono::milliseconds(100);

int TerminalWidth() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string Bar(double share, int cells) {
  const int full = static_cast<int>(share * cells);
  return fmt::format("[{}{}]", std::string(static_cast<size_t>(full), '#'),
                     std::string(static_cast<size_t>(cells - full), '-'));
}

std::string TimeLeft(int64_t done, int64_t total, Duration elapsed) {
  if (done <= 0) return "-:-- left";
  const double left = Seconds(elapsed) * static_cast<double>(total - done) / static_cast<double>(done);
  return FormatClock(std::chrono::seconds(static_cast<int64_t>(left + 0.5))) + " left";
}

}  // namespace

std::string ProgressLine(const std::string& what, int64_t done, int64_t total, Duration elapsed, int width) {
  const std::string rate = FormatRate(done, elapsed);
  if (total < 0) return fmt::format("{}  {}  {}  {}", what, FormatSize(done), rate, FormatClock(elapsed));
  const double share = total == 0 ? 1 : std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0);
  const std::string text = fmt::format("{:3.0f}%  {} / {}  {}  {}", share * 100, FormatSize(done), FormatSize(total),
                                       rate, TimeLeft(done, total, elapsed));
  const int cells = std::min(width - static_cast<int>(what.size() + text.size()) - 7, 40);
  return cells < 5 ? fmt::format("{}  {}", what, text) : fmt::format("{}  {}  {}", what, Bar(share, cells), text);
}

std::string CountLine(const std::string& what, const std::string& unit, int64_t done, Duration elapsed) {
  const double seconds = Seconds(elapsed);
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  return fmt::format("{}  {} {}  {:.0f}/s  {}", what, done, unit, rate, FormatClock(elapsed));
}

Progress::Progress(std::string what, std::string unit, bool enabled)
    : what_(std::move(what)),
      unit_(std::move(unit)),
      total_(-1),
      visible_(enabled && IsTerminal()),
      start_(MonotonicNow()),
      drawn_(start_) {}

Progress::Progress(std::string what, int64_t total, bool enabled)
    : what_(std::move(what)),
      total_(total),
      visible_(enabled && IsTerminal()),
      start_(MonotonicNow()),
      drawn_(start_) {}

Progress::~Progress() {
  if (any_) std::fputs("\n", stderr);
}

bool Progress::IsTerminal() { return isatty(STDERR_FILENO) == 1; }

void Progress::Update(int64_t done) {
  if (!visible_) return;
  const MonotonicTime now = MonotonicNow();
  if (now - drawn_ < kInterval && done != total_) return;
  drawn_ = now;
  Draw(done);
}

void Progress::Draw(int64_t done) {
  any_ = true;
  const std::string line = unit_.empty() ? ProgressLine(what_, done, total_, elapsed(), TerminalWidth())
                                         : CountLine(what_, unit_, done, elapsed());
  fmt::print(stderr, "\r{}\x1b[K", line);
  std::fflush(stderr);
}

}  // namespace pbfs::cli
