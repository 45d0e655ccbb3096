#include "libs/adapters/grpc/grpc_fragment_stores.h"

#include <atomic>
#include <vector>

#include "libs/base/testing.h"

namespace pbfs {
namespace {

class FakeGroups final : public Groups {
 public:
  Result<ClusterMap> WatchMap(const Context&, int64_t newer_than) override {
    EXPECT_EQ(newer_than, -1);
    ++asked;
    if (!status.ok()) return status;
    return map;
  }
  Status PutStore(const Context&, const StoreInfo&) override { return OkStatus(); }
  ClusterMap map;
  Status status;
  std::atomic<int> asked{0};
};

TEST(GrpcFragmentStores, AsksOnceAndKeepsConnections) {
  FakeGroups groups;
  groups.map.stores = {{StoreId{1}, "127.0.0.1:1", "a"}, {StoreId{2}, "127.0.0.1:2", "b"}};
  GrpcFragmentStores stores(groups, TransportSecurity::Insecure());
  ASSERT_OK_AND_ASSIGN(const auto first, stores.Find(StoreId{1}));
  ASSERT_OK_AND_ASSIGN(const auto second, stores.Find(StoreId{2}));
  EXPECT_NE(first, second);
  EXPECT_EQ(*stores.Find(StoreId{1}), first);
  EXPECT_EQ(groups.asked, 1);
}

TEST(GrpcFragmentStores, AsksAgainForAnUnknownStore) {
  FakeGroups groups;
  groups.map.stores = {{StoreId{1}, "127.0.0.1:1", "a"}};
  GrpcFragmentStores stores(groups, TransportSecurity::Insecure());
  ASSERT_OK(stores.Find(StoreId{1}));
  EXPECT_CODE(stores.Find(StoreId{3}), kUnavailable);
  groups.map.stores.push_back({StoreId{3}, "127.0.0.1:3", "c"});
  EXPECT_OK(stores.Find(StoreId{3}));
}

TEST(GrpcFragmentStores, AStoreThatIsKnownNeedsNoCatalog) {
  FakeGroups groups;
  groups.map.stores = {{StoreId{1}, "127.0.0.1:1", "a"}};
  GrpcFragmentStores stores(groups, TransportSecurity::Insecure());
  ASSERT_OK(stores.Find(StoreId{1}));
  groups.status = UnavailableError("all catalogs are away");
  EXPECT_OK(stores.Find(StoreId{1}));
  EXPECT_CODE(stores.Find(StoreId{2}), kUnavailable);
}

TEST(GrpcFragmentStores, ConcurrentFirstCallersAllSucceed) {
  FakeGroups groups;
  groups.map.stores = {{StoreId{1}, "127.0.0.1:1", "a"}};
  groups.asked = -1000;  // how often does not matter here
  GrpcFragmentStores stores(groups, TransportSecurity::Insecure());
  std::vector<Thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back("find", [&] { EXPECT_OK(stores.Find(StoreId{1})); });
}

}  // namespace
}  // namespace pbfs
