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

}  // namespace
}  // namespace pbfs
