#include "services/operator/service_settings.h"

#include <algorithm>
#include <array>

namespace pbfs::operators {
namespace {

constexpr std::array<Setting, 7> kGatewaySettings{{{"accessLog", "stdout|stderr|off"},
                                                   {"adminPage", "on|off"},
                                                   {"client.memoryBytes", ""},
                                                   {"client.threads", ""},
                                                   {"client.timeoutMs", ""},
                                                   {"etag", "md5|opaque"},
                                                   {"requests", ""}}};
constexpr std::array<Setting, 5> kCatalogSettings{{{"downAfterMs", ""},
                                                   {"limits.commitThreads", ""},
                                                   {"limits.readConnections", ""},
                                                   {"limits.readThreads", ""},
                                                   {"limits.writeConnections", ""}}};
constexpr std::array<Setting, 5> kStoreSettings{{{"capacityBytes", ""},
                                                 {"limits.requestMemoryBytes", ""},
                                                 {"limits.scrubBytesPerSecond", ""},
                                                 {"limits.threads", ""},
                                                 {"limits.volumeBytes", ""}}};
constexpr std::array<Setting, 2> kCollectorSettings{{{"intervalMs", ""}, {"sweepIntervalMs", ""}}};
constexpr std::array<Setting, 4> kRepairerSettings{
    {{"checkIntervalMs", ""}, {"intervalMs", ""}, {"oldCopiesMs", ""}, {"threads", ""}}};

bool IsNumber(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.size() <= 18 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::span<const Setting> SettingsOf(const Part& part) {
  if (part == kGateway) return kGatewaySettings;
  if (part == kCatalog) return kCatalogSettings;
  if (part == kFragmentStore) return kStoreSettings;
  if (part == kGarbageCollector) return kCollectorSettings;
  return kRepairerSettings;
}

const Setting* FindSetting(const Part& part, std::string_view path) {
  for (const Setting& setting : SettingsOf(part))
    if (setting.path == path) return &setting;
  return nullptr;
}

bool IsValueOf(const Setting& setting, std::string_view value) {
  if (setting.words.empty()) return IsNumber(value);
  for (std::string_view words = setting.words;;) {
    const size_t end = words.find('|');
    if (words.substr(0, end) == value) return true;
    if (end == std::string_view::npos) return false;
    words.remove_prefix(end + 1);
  }
}

void PutSettings(const StringMap& config, Json& into) {
  for (const auto& [path, value] : config) {
    const size_t dot = path.find('.');
    // A number of a message may be written as text.
    (dot == std::string::npos ? into[path] : into[path.substr(0, dot)][path.substr(dot + 1)]) = value;
  }
}

}  // namespace pbfs::operators
