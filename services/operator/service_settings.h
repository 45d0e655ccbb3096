#pragma once

#include <span>
#include <string_view>

#include "services/operator/json.h"
#include "services/operator/names.h"

namespace pbfs::operators {

/// A field of a service's configuration (proto/pbfs/config/v1) that users may set through `config`. What is not here follows from
/// the rest of the spec, or is nothing that a cluster can choose.
struct Setting {
  std::string_view path;   // "limits.threads"
  std::string_view words;  // what it may be, "on|off"; empty: a whole number
};
std::span<const Setting> SettingsOf(const Part& part);

/// Null where there is none of this path.
const Setting* FindSetting(const Part& part, std::string_view path);
bool IsValueOf(const Setting& setting, std::string_view value);

/// Puts `config`, whose paths are settings, into a service's configuration.
void PutSettings(const StringMap& config, Json& into);

}  // namespace pbfs::operators
