#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

/// Small readers of text that several files of this folder need. Not for others.
namespace pbfs::s3 {

/// Without blanks and tabs around it.
std::string_view Trim(std::string_view text);

/// The pieces between separators, at least one; empty pieces count.
std::vector<std::string_view> Split(std::string_view text, char separator);

/// A decimal number without sign; none for anything else, or more than 18 digits.
std::optional<int64_t> ParseNumber(std::string_view text);

/// `pattern` matches all of `text`; * is any run of bytes; ? is any one byte if `question_mark`.
bool WildcardMatch(std::string_view pattern, std::string_view text, bool question_mark = true);

}  // namespace pbfs::s3
