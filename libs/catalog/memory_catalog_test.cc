#include "libs/catalog/buckets_contract.h"
#include "libs/catalog/commits_contract.h"
#include "libs/catalog/groups_contract.h"
#include "libs/catalog/history_property.h"
#include "libs/catalog/journal_contract.h"
#include "libs/catalog/lists_contract.h"
#include "libs/catalog/names_contract.h"

namespace pbfs {

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, CommitsContract, MemoryCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, ListsContract, MemoryCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, NamesContract, MemoryCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, BucketsContract, MemoryCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, GroupsContract, MemoryCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, JournalContract, MemoryCatalogFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, HistoryProperty, MemoryCatalogFixture);

}  // namespace pbfs
