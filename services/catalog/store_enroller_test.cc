#include "services/catalog/store_enroller.h"

#include "libs/base/testing.h"
#include "libs/catalog/memory_catalog.h"
#include "libs/format/keys.h"

namespace pbfs::catalog {
namespace {

TEST(StoreEnrollerTest, EachStoreGetsANumberAndTheKeyThatReceiptsOfThatNumberAreVerifiedWith) {
  SystemClock clock;
  MemoryCatalog catalog(clock);
  SeededRandom random(TestSeed());
  Bytes secret(32);
  random.Fill(secret);
  const Key32 site_secret = Key32::FromBytes(secret);
  StoreEnroller enroller(catalog, site_secret, SiteId{3});
  ASSERT_OK_AND_ASSIGN(const EnrolledStore first, enroller.EnrolStore(TestContext(), {}));
  ASSERT_OK_AND_ASSIGN(const EnrolledStore second, enroller.EnrolStore(TestContext(), {}));
  EXPECT_NE(first.id, second.id);
  EXPECT_EQ(ToHex(first.key.span()), ToHex(StoreKey(site_secret, SiteId{3}, first.id).span()));
  EXPECT_EQ(ToHex(second.key.span()), ToHex(StoreKey(site_secret, SiteId{3}, second.id).span()));
}

}  // namespace
}  // namespace pbfs::catalog
