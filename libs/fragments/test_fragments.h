#pragma once

#include "libs/base/buffer.h"
#include "libs/base/random.h"
#include "libs/format/geometry.h"
#include "libs/fragments/fragment_store.h"

/// Well-formed fragments of random content, for tests of stores: they check form, not meaning.
namespace pbfs {

struct TestFragment {
  FragmentKey key;
  Buffer bytes;
  uint32_t sum = 0;
};

/// Geometry of the test fragments of a suite, small by default: 3 stripes, blocks of 528, 528 and 240 bytes.
struct TestFragmentSpec {
  int64_t length = 10'000;  // of the plaintext that it would be a shard of
  uint8_t k = 8;
  bool leaves = false;  // integrity sha256
  uint8_t seg_log2 = 12;

  Geometry geometry() const { return {k, kMaxShards, seg_log2, leaves, length}; }
};

TestFragment MakeTestFragment(const FragmentKey& key, const TestFragmentSpec& spec, Random& random);

}  // namespace pbfs
