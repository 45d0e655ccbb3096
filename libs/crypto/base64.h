#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/base/bytes.h"

namespace pbfs {

/// RFC 4648, section 4: padded, in one line.
std::string Base64(ByteSpan bytes);
/// Strict: padded, nothing around it; none for anything else.
std::optional<Bytes> FromBase64(std::string_view text);

}  // namespace pbfs
