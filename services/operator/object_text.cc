#include "services/operator/object_text.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "libs/crypto/base64.h"

namespace pbfs::operators {

using kube::Member;
using kube::Text;

std::string MetaText(const Json& object, const char* field) { return Text(Member(object, "metadata"), field); }
int64_t GenerationOf(const Json& object) { return kube::Number(Member(object, "metadata"), "generation"); }
bool IsBeingDeleted(const Json& object) { return !MetaText(object, "deletionTimestamp").empty(); }
std::string LabelOf(const Json& object, const char* label) {
  return Text(Member(Member(object, "metadata"), "labels"), label);
}
std::string AnnotationOf(const Json& object, const char* annotation) {
  return Text(Member(Member(object, "metadata"), "annotations"), annotation);
}

bool HasCondition(const Json& object, const char* type) {
  const Json& conditions = kube::Member(kube::Member(object, "status"), "conditions");
  return conditions.is_array() && std::any_of(conditions.begin(), conditions.end(), [&](const Json& condition) {
           return kube::Text(condition, "type") == type && kube::Text(condition, "status") == "True";
         });
}

std::string Shortened(const std::string& text, size_t most) {
  if (text.size() <= most) return text;
  size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

std::string SelectionOf(const Json& labels) {
  std::string out;
  for (const auto& [key, value] : labels.items())
    out += fmt::format("{}{}={}", out.empty() ? "" : ",", key, value.get<std::string>());
  return out;
}

const kube::Kind* KindOf(const Json& object) {
  const std::string version = Text(object, "apiVersion"), name = Text(object, "kind");
  const auto found = std::find_if(kube::kinds::kAll.begin(), kube::kinds::kAll.end(), [&](const kube::Kind& kind) {
    return kind.name == name && kind.ApiVersion() == version;
  });
  return found == kube::kinds::kAll.end() ? nullptr : &*found;
}

bool Covers(const Json& live, const Json& intent) {
  if (intent.is_object()) {
    if (live.is_null()) return intent.empty();  // what is empty need not be there
    if (!live.is_object()) return false;
    return std::all_of(intent.items().begin(), intent.items().end(),
                       [&](const auto& member) { return Covers(Member(live, member.key().c_str()), member.value()); });
  }
  if (!intent.is_array()) return live == intent;
  if (live.is_null()) return intent.empty();
  return live.is_array() && std::equal(live.begin(), live.end(), intent.begin(), intent.end(), Covers);
}

std::string TimeText(int64_t now_micros) {
  const auto seconds = static_cast<std::time_t>(now_micros / 1'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

namespace {

// Of "Z" or "+01:30", how far ahead of UTC clocks are there.
std::optional<int64_t> SecondsOfZone(const char* zone) {
  if (std::string_view(zone) == "Z" || std::string_view(zone) == "z") return 0;
  int hours = 0, minutes = 0, end = 0;
  if (std::sscanf(zone + 1, "%2d:%2d%n", &hours, &minutes, &end) != 2 || zone[1 + end] != '\0') return std::nullopt;
  if (*zone != '+' && *zone != '-') return std::nullopt;
  return (*zone == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

}  // namespace

int64_t SecondsOfTime(const std::string& text) {
  std::tm parts{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return 0;
  if (*rest == '.') rest += 1 + std::strspn(rest + 1, "0123456789");
  const std::optional<int64_t> ahead = *rest == '\0' ? std::nullopt : SecondsOfZone(rest);
  return ahead ? static_cast<int64_t>(timegm(&parts)) - *ahead : 0;
}

StringMap SecretValues(const Json& secret) {
  StringMap values;
  const Json& data = Member(secret, "data");
  if (!data.is_object()) return values;
  for (const auto& [key, value] : data.items()) {
    const std::optional<Bytes> bytes = value.is_string() ? FromBase64(value.get<std::string>()) : std::nullopt;
    if (bytes) values[key] = std::string(bytes->begin(), bytes->end());
  }
  return values;
}

Json EncodeSecretValues(const StringMap& values) {
  Json data = Json::object();
  for (const auto& [key, value] : values) data[key] = Base64(AsBytes(value));
  return data;
}

}  // namespace pbfs::operators
