#include "libs/adapters/grpc/grpc_garbage.h"

#include "libs/adapters/grpc/garbage_pool.h"
#include "libs/adapters/grpc/garbage_servant.h"
#include "libs/adapters/grpc/loopback.h"
#include "libs/catalog/garbage_contract.h"

namespace pbfs {
namespace {

TransportSecurity SecurityOf(const std::string& name) {
  return *TransportSecurity::MutualTls(*TestCertificates::Get().authority.Issue(name, {}));
}

const TransportSecurity& CollectorSecurity() {
  static const TransportSecurity security = SecurityOf("garbage-collector-1");
  return security;
}

/// The twin's Garbage behind a server, seen by a collector over mutual TLS; its other ports directly.
class WireGarbageFixture {
 public:
  Catalog ports() { return twin_.ports(); }
  const Clock& clock() const { return twin_.clock(); }
  Garbage& garbage() { return client_; }
  void ExpireHistory(BucketId bucket, Hlc floor) { twin_.ExpireHistory(bucket, floor); }
  void RaiseFloor(Hlc floor) { twin_.RaiseFloor(floor); }
  void ExpireOpen(ObjectId object) { twin_.ExpireOpen(object); }
  void ExpireUpload(UploadId upload) { twin_.ExpireUpload(upload); }
  void AgeTombstone(EncodingId encoding) { twin_.AgeTombstone(encoding); }

 private:
  MemoryCatalogFixture twin_;
  GarbageServant servant_{twin_.garbage(), nullptr};
  Loopback loopback_{{&servant_}};
  GarbagePool client_{{loopback_.address()}, CollectorSecurity(), std::chrono::seconds(10)};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Wire, GarbageContract, WireGarbageFixture);

TEST(GrpcGarbage, OnlyACollectorMayDestroy) {
  MemoryCatalogFixture twin;
  GarbageServant servant(twin.garbage(), nullptr);
  Loopback loopback({&servant});
  GrpcGarbage other(loopback.address(), loopback.client());
  const Context context = Context::WithTimeout(std::chrono::seconds(10));
  EXPECT_CODE(other.HistoryAdvance(context), kPermissionDenied);
  EXPECT_CODE(other.HistoryExpire(context, 1), kPermissionDenied);
  EXPECT_CODE(other.Reap(context, 1), kPermissionDenied);
  EXPECT_CODE(other.DropRows(context, 1), kPermissionDenied);
  EXPECT_CODE(other.PurgeMark(context, {}, 1), kPermissionDenied);
  EXPECT_CODE(other.ListPurging(context, 1), kPermissionDenied);
  EXPECT_CODE(other.PurgeDone(context, {}), kPermissionDenied);
  EXPECT_CODE(other.SweepMark(context, {}), kPermissionDenied);
  EXPECT_CODE(other.SweepArm(context), kPermissionDenied);
  EXPECT_CODE(other.SweepConfirm(context, 1), kPermissionDenied);
  EXPECT_CODE(other.NamesExpire(context, 1), kPermissionDenied);
  EXPECT_CODE(other.DropZeros(context, {}, 1), kPermissionDenied);
  EXPECT_CODE(other.SweepForget(context, 1), kPermissionDenied);
  EXPECT_CODE(other.DaysExpire(context), kPermissionDenied);
  EXPECT_CODE(other.ReportPass(context, {"catalog", 0, 1, "", {}}), kPermissionDenied);
  EXPECT_CODE(other.TakeRequest(context), kPermissionDenied);
  EXPECT_OK(other.AskForPass(context));
  EXPECT_OK(other.GetGarbage(context));
}

TEST(GarbagePool, GoesToAnotherCatalogIfOneIsAway) {
  MemoryCatalogFixture twin;
  GarbageServant servant(twin.garbage(), nullptr);
  Loopback loopback({&servant});
  GarbageServant of_the_gone(twin.garbage(), nullptr);
  auto gone = std::make_unique<Loopback>(std::vector<GrpcServant*>{&of_the_gone});
  const std::vector<std::string> addresses = {gone->address(), loopback.address()};
  gone = nullptr;
  GarbagePool pool(addresses, CollectorSecurity(), std::chrono::seconds(10));
  EXPECT_OK(pool.SweepArm(Context::WithTimeout(std::chrono::seconds(20))));
  GarbagePool none({addresses[0]}, CollectorSecurity(), std::chrono::seconds(10));
  EXPECT_CODE(none.SweepArm(Context::WithTimeout(std::chrono::seconds(20))), kUnavailable);
}

}  // namespace
}  // namespace pbfs
