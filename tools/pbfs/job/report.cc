#include "tools/pbfs/job/report.h"

#include <fmt/format.h>

#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

std::string Line(const std::string& what, const std::string& value) {
  return fmt::format("  {:<42} {}\n", what, value);
}

/// What writing the whole object again for each patch would have moved.
int64_t RewriteBytes(const JobReport& report) {
  return report.object_size / report.k * (report.k + report.m) * report.patches;
}

std::string Times(int64_t more, int64_t less) {
  return less > 0 ? fmt::format("{:.0f} times", static_cast<double>(more) / static_cast<double>(less)) : "-";
}

std::string PerPatchedByte(const JobReport& report, int64_t bytes) {
  if (report.patch_bytes == 0) return FormatSize(bytes);
  return fmt::format("{} ({:.2f} per patched byte)", FormatSize(bytes),
                     static_cast<double>(bytes) / static_cast<double>(report.patch_bytes));
}

}  // namespace

std::string FormatReport(const JobReport& report) {
  const int64_t disk_grown = report.disk_after - report.disk_before;
  std::string out = fmt::format("\nMain job: {} ({}+{}), seed {}\n", report.object, report.k, report.m, report.seed);
  out += Line("object", FormatSize(report.object_size));
  out += Line("put",
              fmt::format("{:.1f} s, {}", Seconds(report.put_time), FormatRate(report.object_size, report.put_time)));
  out += Line("patches by four writers", fmt::format("{} in {:.1f} s ({} answered only at a second try)",
                                                     report.patches, Seconds(report.patch_time), report.retried));
  out += Line("read back whole",
              fmt::format("{:.1f} s, {}", Seconds(report.read_time), FormatRate(report.object_size, report.read_time)));
  out += Line("killed with SIGKILL meanwhile",
              report.killed.empty() ? "nothing" : fmt::format("{}", fmt::join(report.killed, ", ")));
  out += Line("bytes patched",
              fmt::format("{} ({} of the object)", FormatSize(report.patch_bytes), FormatSize(report.covered_bytes)));
  out += Line("fragment bytes sent for the patches", PerPatchedByte(report, report.patches_sent));
  out += Line("written to the stores' disks for them", PerPatchedByte(report, disk_grown));
  out +=
      Line("rewriting the object for each patch", fmt::format("{} sent: {} as much", FormatSize(RewriteBytes(report)),
                                                              Times(RewriteBytes(report), report.patches_sent)));
  out += Line("on the stores' disks in all",
              fmt::format("{} (before the patches {})", FormatSize(report.disk_after), FormatSize(report.disk_before)));
  out += Line("sha256 of the object", report.sha256_object);
  out += Line("sha256 of the local reference", report.sha256_reference);
  out += "\n" + report.map;
  if (report.same()) return out + "\nSAME: every byte reads back.\n";
  return out + fmt::format("\nDIFFERENT from byte {} on.\n", report.first_difference);
}

nlohmann::ordered_json ReportJson(const JobReport& report) {
  return {{"same", report.same()},
          {"object", report.object},
          {"seed", report.seed},
          {"k", report.k},
          {"m", report.m},
          {"object_bytes", report.object_size},
          {"patches", report.patches},
          {"patched_bytes", report.patch_bytes},
          {"covered_bytes", report.covered_bytes},
          {"put_sent_bytes", report.put_sent},
          {"patches_sent_bytes", report.patches_sent},
          {"disk_before_bytes", report.disk_before},
          {"disk_after_bytes", report.disk_after},
          {"rewrite_bytes", RewriteBytes(report)},
          {"retried", report.retried},
          {"killed", report.killed},
          {"put_seconds", Seconds(report.put_time)},
          {"patch_seconds", Seconds(report.patch_time)},
          {"read_seconds", Seconds(report.read_time)},
          {"sha256_object", report.sha256_object},
          {"sha256_reference", report.sha256_reference},
          {"first_difference", report.first_difference}};
}

}  // namespace pbfs::cli
