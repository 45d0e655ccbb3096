#pragma once

#include <cstdint>

#include "libs/model/limits.h"

namespace pbfs {

/// How many shards a body has, and how many of them are needed.
struct Scheme {
  uint8_t k = 1;
  uint8_t n = 1;
  friend bool operator==(const Scheme&, const Scheme&) = default;
};

/// What a bucket of k+m wants for a body of so many bytes that is not inline: below 4 KiB a data shard it is replicated, 1+m (format,
/// section 5.1). Whoever writes a body and whoever encodes it anew agree by this; list_otherwise.sql says the same.
inline Scheme SchemeFor(uint8_t k, uint8_t m, int64_t length) {
  const uint8_t shards = length < int64_t{k} * kMaxInlineBody ? uint8_t{1} : k;
  return {shards, static_cast<uint8_t>(shards + m)};
}

}  // namespace pbfs
