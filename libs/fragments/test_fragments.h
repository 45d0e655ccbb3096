#pragma once

#include "libs/base/buffer.h"
#include "libs/base/random.h"
#include "libs/fragments/fragment_store.h"

/// Well-formed fragments of random content, for tests of stores: they check form, not meaning.
namespace pbfs {

struct TestFragment {
  FragmentKey key;
  Buffer bytes;
  uint32_t sum = 0;
};

/// Size and kind of a test fragment: `stripes` blocks of `block` bytes (a multiple of 16), the last of `last_block`.
struct TestFragmentSpec {
  uint32_t stripes = 3;
  uint32_t block = 512;
  uint32_t last_block = 256;
  bool leaves = false;  // integrity sha256: 32 bytes a stripe in the trailer
};

TestFragment MakeTestFragment(const FragmentKey& key, const TestFragmentSpec& spec, Random& random);

}  // namespace pbfs
