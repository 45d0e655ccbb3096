#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "libs/base/result.h"

/// JSON that arrives from an API server: looked at without trusting its shape. No function throws.
namespace pbfs::kube {

using Json = nlohmann::json;

/// Errors: INVALID_ARGUMENT it is no JSON, or nested deeper than 64 (a value so deep would overflow the stack of who
/// writes it again).
Result<Json> ParseJson(std::string_view text);
/// The text of `value`. Errors: INVALID_ARGUMENT a string in it is not UTF-8.
Result<std::string> DumpJson(const Json& value);

/// The member `name` of `value`; null where `value` is no object or has none.
const Json& Member(const Json& value, const char* name);
/// The same, as text or a number; `fallback` where it is none.
std::string Text(const Json& value, const char* name, const std::string& fallback = "");
int64_t Number(const Json& value, const char* name, int64_t fallback = 0);

}  // namespace pbfs::kube
