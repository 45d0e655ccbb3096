#pragma once

#include <cstdint>

#include "libs/base/bytes.h"
#include "libs/base/sync.h"

namespace pbfs {

/// Where randomness comes from: keys and ids take it from here, so that a simulation is repeatable. Threads: any.
class Random {
 public:
  virtual ~Random() = default;
  virtual void Fill(MutableByteSpan out) = 0;
  uint64_t U64();
  /// Uniform in [0, bound), bound > 0.
  uint64_t Below(uint64_t bound);
};

/// The kernel's generator (getrandom). Never fails, never repeats; the only one that ships.
class SystemRandom final : public Random {
 public:
  void Fill(MutableByteSpan out) override;
};

/// xoshiro256** from a seed: for tests and simulation only.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed);
  void Fill(MutableByteSpan out) override;

 private:
  uint64_t Next() PBFS_REQUIRES(mutex_);
  Mutex mutex_;
  uint64_t state_[4] PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs
