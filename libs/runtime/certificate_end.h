#pragma once

#include <cstdint>
#include <string>

#include "libs/base/result.h"

namespace pbfs {

/// When the first certificate of a PEM file ends: milliseconds since 1970.
/// Errors: FAILED_PRECONDITION naming the file, which is missing or holds none.
Result<int64_t> CertificateEnd(const std::string& path);

/// FileHash of what the file holds now; 0: it cannot be read.
uint32_t HashOfFile(const std::string& path);

}  // namespace pbfs
