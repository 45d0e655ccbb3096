#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "libs/base/scheduler.h"

namespace pbfs::cli {

/// What the main job found out. Sizes in bytes.
struct JobReport {
  std::string object;
  uint64_t seed = 0;
  int k = 0, m = 0;
  int64_t object_size = 0;
  int64_t patches = 0;
  int64_t patch_bytes = 0;    // sum of the patches' sizes
  int64_t covered_bytes = 0;  // bytes of the object that changed at all
  int64_t put_sent = 0;       // fragment bytes that the client handed to stores for the put,
  int64_t patches_sent = 0;   // and for the patches
  int64_t disk_before = 0;    // of all fragment stores, before the patches
  int64_t disk_after = 0;
  std::vector<std::string> killed;
  int64_t retried = 0;  // patches whose first answer was an error
  Duration put_time{}, patch_time{}, read_time{};
  std::string sha256_object, sha256_reference;
  int64_t first_difference = -1;  // offset; -1: none
  std::string map;

  bool same() const { return first_difference < 0 && sha256_object == sha256_reference; }
};

/// A page for people.
std::string FormatReport(const JobReport& report);
nlohmann::ordered_json ReportJson(const JobReport& report);

}  // namespace pbfs::cli
