#include "libs/adapters/grpc/grpc_repairs.h"

#include "libs/adapters/grpc/loopback.h"
#include "libs/adapters/grpc/repairs_pool.h"
#include "libs/adapters/grpc/repairs_servant.h"
#include "libs/catalog/repairs_contract.h"

namespace pbfs {
namespace {

const TransportSecurity& RepairerSecurity() {
  static const TransportSecurity security =
      *TransportSecurity::MutualTls(*TestCertificates::Get().authority.Issue("repairer-1", {}));
  return security;
}

/// The twin's Repairs behind a server, seen by a repairer over mutual TLS; its other ports directly.
class WireRepairsFixture {
 public:
  Catalog ports() { return twin_.ports(); }
  const Clock& clock() const { return twin_.clock(); }
  Garbage& garbage() { return twin_.garbage(); }
  Repairs& repairs() { return client_; }

 private:
  MemoryCatalogFixture twin_;
  RepairsServant servant_{twin_.repairs(), nullptr};
  Loopback loopback_{{&servant_}};
  RepairsPool client_{{loopback_.address()}, RepairerSecurity(), std::chrono::seconds(10)};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Wire, RepairsContract, WireRepairsFixture);

TEST(GrpcRepairs, OthersMaySeeAndNotTouch) {
  MemoryCatalogFixture twin;
  RepairsServant servant(twin.repairs(), nullptr);
  Loopback loopback({&servant});
  GrpcRepairs other(loopback.address(), loopback.client());
  const Context context = Context::WithTimeout(std::chrono::seconds(10));
  EXPECT_CODE(other.ListGroupChecks(context), kPermissionDenied);
  EXPECT_CODE(other.ListEncodings(context, {}, 1), kPermissionDenied);
  EXPECT_CODE(other.MarkMissing(context, {}), kPermissionDenied);
  EXPECT_CODE(other.ListDegraded(context, {}, 1), kPermissionDenied);
  EXPECT_CODE(other.ClearMissing(context, {}), kPermissionDenied);
  EXPECT_CODE(other.GroupsChecked(context, {}), kPermissionDenied);
  EXPECT_CODE(other.ReportSuspect(context, {}), kPermissionDenied);
  EXPECT_OK(other.GetRedundancy(context));
  EXPECT_OK(other.Recheck(context));
}

}  // namespace
}  // namespace pbfs
