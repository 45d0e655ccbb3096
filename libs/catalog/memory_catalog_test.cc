#include "libs/catalog/failures_contract.h"
#include "libs/catalog/garbage_contract.h"
#include "libs/catalog/history_property.h"
#include "libs/catalog/recodes_contract.h"
#include "libs/catalog/repairs_contract.h"
#include "libs/catalog/store_numbers_contract.h"
#include "libs/catalog/testing/all_contracts.h"

namespace pbfs {

PBFS_CATALOG_CONTRACTS(Memory, MemoryCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreNumbersContract, MemoryCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, GarbageContract, MemoryCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, FailureMatrixContract, MemoryCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, RepairsContract, MemoryCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, RecodesContract, MemoryCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, HistoryProperty, MemoryCatalogFixture);

}  // namespace pbfs
