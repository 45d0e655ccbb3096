#pragma once

#include "libs/catalog/buckets_contract.h"
#include "libs/catalog/commits_contract.h"
#include "libs/catalog/groups_contract.h"
#include "libs/catalog/journal_contract.h"
#include "libs/catalog/lists_contract.h"
#include "libs/catalog/names_contract.h"
#include "libs/catalog/uploads_contract.h"
#include "libs/catalog/versions_contract.h"

/// The contract suites of all seven ports, in a namespace pbfs, over one implementation (catalog_fixture.h says what a Fixture is).
#define PBFS_CATALOG_CONTRACTS(Name, Fixture)                      \
  INSTANTIATE_TYPED_TEST_SUITE_P(Name, CommitsContract, Fixture);  \
  INSTANTIATE_TYPED_TEST_SUITE_P(Name, ListsContract, Fixture);    \
  INSTANTIATE_TYPED_TEST_SUITE_P(Name, NamesContract, Fixture);    \
  INSTANTIATE_TYPED_TEST_SUITE_P(Name, VersionsContract, Fixture); \
  INSTANTIATE_TYPED_TEST_SUITE_P(Name, UploadsContract, Fixture);  \
  INSTANTIATE_TYPED_TEST_SUITE_P(Name, BucketsContract, Fixture);  \
  INSTANTIATE_TYPED_TEST_SUITE_P(Name, GroupsContract, Fixture);   \
  INSTANTIATE_TYPED_TEST_SUITE_P(Name, JournalContract, Fixture)
