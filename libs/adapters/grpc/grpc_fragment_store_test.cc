#include "libs/adapters/grpc/grpc_fragment_store.h"

#include "libs/adapters/grpc/fragment_servant.h"
#include "libs/adapters/grpc/loopback.h"
#include "libs/fragments/fragment_store_contract.h"
#include "libs/fragments/memory_fragment_store.h"

namespace pbfs {
namespace {

/// The twin behind a server, seen through a client, by mutual TLS over the loopback interface.
template <bool kTokens>
class WireFixture {
 public:
  FragmentStore& store() { return client_; }
  ManualClock& clock() { return clock_; }

 private:
  ManualClock clock_{kTestNowMs * 1000};
  MemoryFragmentStore twin_{kTokens ? TestIdentity() : StoreIdentity{StoreId{3}, SiteId{1}, {}, {}}, clock_};
  FragmentServant servant_{twin_, {}};
  Loopback loopback_{{&servant_}};
  GrpcFragmentStore client_{loopback_.address(), loopback_.client()};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Wire, FragmentStoreContract, WireFixture<false>);
INSTANTIATE_TYPED_TEST_SUITE_P(Wire, FragmentStoreTokenContract, WireFixture<true>);

TEST(GrpcFragmentStore, ListsOnlyCorruptFragmentsIfAsked) {
  ManualClock clock{kTestNowMs * 1000};
  MemoryFragmentStore twin({StoreId{3}, SiteId{1}, {}, {}}, clock);
  FragmentServant servant(twin, {});
  Loopback loopback({&servant});
  GrpcFragmentStore client(loopback.address(), loopback.client());
  SeededRandom random(TestSeed());
  std::vector<FragmentKey> keys;
  for (uint8_t shard = 0; shard < 2; ++shard) {
    const TestFragment fragment = MakeTestFragment({NewEncodingId(kTestNowMs, 1, random), shard}, {}, random);
    const auto size = static_cast<int64_t>(fragment.bytes.size());
    const auto writer = client.StartPut(TestContext(), {fragment.key, size, {}}, {});
    ASSERT_OK(writer->Append(TestContext(), fragment.bytes));
    ASSERT_OK(writer->Finish(TestContext()));
    keys.push_back(fragment.key);
  }
  ASSERT_TRUE(twin.Damage(keys[1], 200));
  ASSERT_OK(client.StartRead(TestContext(), {{{keys[1], 128, 660}}, {}}, {})->Wait(TestContext()));
  ListFragmentsRequest request;
  request.only_corrupt = true;
  ASSERT_OK_AND_ASSIGN(const ListFragmentsReply listed, client.List(TestContext(), request));
  ASSERT_EQ(listed.fragments.size(), 1u);
  EXPECT_EQ(listed.fragments[0].key, keys[1]);
}

}  // namespace
}  // namespace pbfs
