#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "libs/base/result.h"

/// JSON documents of clients. Not for others.
namespace pbfs::s3 {

/// Refuses what is no JSON, is nested more than 16 deep, or names a key twice in one object: of two equal keys the parser
/// would keep one, and a condition would be lost. Errors: INVALID_ARGUMENT, with a message for the client.
Result<nlohmann::json> ParseStrictJson(std::string_view text);

}  // namespace pbfs::s3
