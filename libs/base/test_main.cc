// main() of every test binary. Randomised tests take their seed from PBFS_TEST_SEED and print it, so that a failure can
// be replayed: see libs/base/testing.h.
#include <gtest/gtest.h>

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
