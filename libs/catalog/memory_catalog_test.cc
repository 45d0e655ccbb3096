#include "libs/catalog/buckets_contract.h"
#include "libs/catalog/commits_contract.h"
#include "libs/catalog/lists_contract.h"
#include "libs/catalog/names_contract.h"

namespace pbfs {

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, CommitsContract, MemoryCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, ListsContract, MemoryCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, NamesContract, MemoryCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, BucketsContract, MemoryCatalogFixture);

}  // namespace pbfs
