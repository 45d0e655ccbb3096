#include "libs/base/random.h"

#include <algorithm>
#include <bit>
#include <cerrno>

#include <sys/random.h>

namespace pbfs {

uint64_t Random::U64() {
  uint8_t raw[8];
  Fill(raw);
  return LoadLe<uint64_t>(raw);
}

uint64_t Random::Below(uint64_t bound) {
  PBFS_CHECK(bound > 0);
  const uint64_t limit = UINT64_MAX - UINT64_MAX % bound;  // values from here on would favour small results
  uint64_t value = U64();
  while (value >= limit) value = U64();
  return value % bound;
}

void SystemRandom::Fill(MutableByteSpan out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0) {
      PBFS_CHECK(errno == EINTR, "getrandom failed: no randomness, no keys");
      continue;
    }
    out = out.subspan(static_cast<size_t>(got));
  }
}

// SplitMix64 spreads the seed over the state, as the authors of xoshiro advise (prng.di.unimi.it).
SeededRandom::SeededRandom(uint64_t seed) {
  for (uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15u;
    uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    word = z ^ (z >> 31);
  }
}

uint64_t SeededRandom::Next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

void SeededRandom::Fill(MutableByteSpan out) {
  MutexLock lock(mutex_);
  while (!out.empty()) {
    uint8_t raw[8];
    StoreLe(raw, Next());
    const size_t count = std::min(out.size(), sizeof raw);
    std::copy_n(raw, count, out.data());
    out = out.subspan(count);
  }
}

}  // namespace pbfs
