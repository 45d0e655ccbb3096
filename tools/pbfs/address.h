#pragma once

#include <string>
#include <string_view>

#include "libs/base/result.h"

namespace pbfs::cli {

/// "bucket/name": the bucket is what comes before the first slash, the name all the rest, in which slashes, ".." and "//"
/// are ordinary characters.
struct Address {
  std::string bucket;
  std::string name;
  std::string ToString() const { return bucket + "/" + name; }
};

/// An object. Errors: INVALID_ARGUMENT without bucket or name, name over 1024 bytes, not UTF-8, or with NUL.
Result<Address> ParseAddress(std::string_view text);
/// "bucket", "bucket/" or "bucket/prefix".
Result<Address> ParsePrefix(std::string_view text);

}  // namespace pbfs::cli
