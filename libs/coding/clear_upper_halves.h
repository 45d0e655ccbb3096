#pragma once

namespace pbfs {

/// ISA-L 2.30 returns from its AVX code without clearing the upper halves of the vector registers, and SSE code that runs
/// next is then two to four times slower. Call this after each call into ISA-L. Compiled code need not be AVX code for it.
inline void ClearUpperHalves() {
  static const bool has_avx = __builtin_cpu_supports("avx");
  if (has_avx) asm volatile("vzeroupper" ::: "memory");
}

}  // namespace pbfs
