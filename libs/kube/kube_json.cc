#include "libs/kube/kube_json.h"

namespace pbfs::kube {
namespace {

constexpr int kMaxDepth = 64;

}  // namespace

Result<Json> ParseJson(std::string_view text) {
  bool too_deep = false;
  const auto watch_depth = [&too_deep](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > kMaxDepth;
    return !too_deep;
  };
  Json value = Json::parse(text.begin(), text.end(), watch_depth, false);
  if (too_deep) return InvalidArgumentError("JSON that is nested too deeply");
  if (value.is_discarded()) return InvalidArgumentError("no JSON");
  return value;
}

Result<std::string> DumpJson(const Json& value) {
  try {
    return value.dump();
  } catch (const Json::exception&) {  // the only one that dump() throws: text that is not UTF-8
    return InvalidArgumentError("text that is not UTF-8");
  }
}

const Json& Member(const Json& value, const char* name) {
  static const Json kNone;
  const auto found = value.is_object() ? value.find(name) : value.end();
  return found == value.end() ? kNone : *found;
}

std::string Text(const Json& value, const char* name, const std::string& fallback) {
  const Json& member = Member(value, name);
  return member.is_string() ? member.get<std::string>() : fallback;
}

int64_t Number(const Json& value, const char* name, int64_t fallback) {
  const Json& member = Member(value, name);
  return member.is_number_integer() ? member.get<int64_t>() : fallback;
}

}  // namespace pbfs::kube
