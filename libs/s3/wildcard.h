#pragma once

#include <string_view>

namespace pbfs::s3 {

/// `pattern` matches all of `text`; * is any run of bytes; ? is any one byte if `question_mark`.
bool WildcardMatch(std::string_view pattern, std::string_view text, bool question_mark = true);

}  // namespace pbfs::s3
