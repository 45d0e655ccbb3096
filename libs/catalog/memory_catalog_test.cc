#include "libs/catalog/commits_contract.h"

namespace pbfs {

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, CommitsContract, MemoryCatalogFixture);

}  // namespace pbfs
