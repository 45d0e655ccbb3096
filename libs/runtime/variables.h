#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/result.h"

namespace pbfs {

/// The value of a variable; nothing if it is not set.
using Variables = std::function<std::optional<std::string>(const std::string& name)>;
/// Those of the process.
Variables Environment();

/// `text` with each $(NAME) replaced by the variable, once: values are taken as they are. "$$(" stands for "$(", as in the arguments of
/// Kubernetes' containers. Pure.
/// Errors: INVALID_ARGUMENT naming the variable that is not set, or "$(" without ")".
Result<std::string> ExpandVariables(std::string_view text, const Variables& variables);

}  // namespace pbfs
