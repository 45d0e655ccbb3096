#pragma once

#include <string>

#include "libs/kube/kube_json.h"

namespace pbfs::kube {

/// The text of `value` as both JSON and YAML, for bodies that an API server parses as YAML whatever they are. YAML takes
/// no `\/` and no surrogate pairs, so text is UTF-8 as it is; but what YAML calls no text (controls beyond ASCII's, byte
/// order marks) or a line break (U+0085, U+2028, U+2029) is escaped as \uXXXX. Source: YAML 1.2, 5.1, 5.4.
/// Errors: INVALID_ARGUMENT a string in it is not UTF-8.
Result<std::string> DumpYaml(const Json& value);

}  // namespace pbfs::kube
