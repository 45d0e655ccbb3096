#pragma once

#include <cstdint>
#include <string>

namespace pbfs {

/// The first 32 bits of the SHA-256 of a file's contents: enough to tell its versions apart, and exact in a metric.
uint32_t FileHash(const std::string& text);

}  // namespace pbfs
