#include "libs/runtime/variables.h"

#include <cstdlib>

namespace pbfs {

Variables Environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

Result<std::string> ExpandVariables(std::string_view text, const Variables& variables) {
  std::string out;
  while (!text.empty()) {
    if (text.starts_with("$$(")) {
      out += "$(";
      text.remove_prefix(3);
    } else if (text.starts_with("$(")) {
      const size_t end = text.find(')');
      if (end == std::string_view::npos) return InvalidArgumentError("has $( without ); for the characters write $$(");
      const std::string name(text.substr(2, end - 2));
      const std::optional<std::string> value = variables(name);
      if (!value) return InvalidArgumentError("names the environment variable " + name + ", which is not set");
      out += *value;
      text.remove_prefix(end + 1);
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace pbfs
