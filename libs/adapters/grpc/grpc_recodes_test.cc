#include "libs/adapters/grpc/grpc_recodes.h"

#include "libs/adapters/grpc/loopback.h"
#include "libs/adapters/grpc/recodes_pool.h"
#include "libs/adapters/grpc/recodes_servant.h"
#include "libs/catalog/recodes_contract.h"

namespace pbfs {
namespace {

TransportSecurity SecurityOf(const char* name) {
  return *TransportSecurity::MutualTls(*TestCertificates::Get().authority.Issue(name, {}));
}

/// A repairer's and a collector's port as one: each method by whom it is for.
class BothRoles final : public Recodes {
 public:
  explicit BothRoles(const std::string& address)
      : repairer_({address}, SecurityOf("repairer-1"), std::chrono::seconds(10)),
        collector_({address}, SecurityOf("garbage-collector-1"), std::chrono::seconds(10)) {}
  Result<std::vector<Recoding>> ListRecodings(const Context& c) override { return repairer_.ListRecodings(c); }
  Result<OtherwisePage> ListOtherwise(const Context& c, BucketId bucket, BucketPosition after, int32_t limit) override {
    return repairer_.ListOtherwise(c, bucket, after, limit);
  }
  Status SetEncoding(const Context& c, const EncodingChange& change) override {
    return repairer_.SetEncoding(c, change);
  }
  Status NoteLeft(const Context& c, BucketId bucket, int64_t changed_ms, BodyCount left) override {
    return repairer_.NoteLeft(c, bucket, changed_ms, left);
  }
  Result<std::vector<RetiredEncoding>> ListRetired(const Context& c, Duration grace, int32_t limit) override {
    return collector_.ListRetired(c, grace, limit);
  }
  Status RetiredDone(const Context& c, std::span<const EncodingId> encodings) override {
    return collector_.RetiredDone(c, encodings);
  }

 private:
  RecodesPool repairer_, collector_;
};

/// The twin's Recodes behind a server, seen over mutual TLS; its other ports directly.
class WireRecodesFixture {
 public:
  Catalog ports() { return twin_.ports(); }
  const Clock& clock() const { return twin_.clock(); }
  Garbage& garbage() { return twin_.garbage(); }
  Repairs& repairs() { return twin_.repairs(); }
  Recodes& recodes() { return client_; }

 private:
  MemoryCatalogFixture twin_;
  RecodesServant servant_{twin_.recodes(), nullptr};
  Loopback loopback_{{&servant_}};
  BothRoles client_{loopback_.address()};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Wire, RecodesContract, WireRecodesFixture);

TEST(GrpcRecodes, OthersMaySeeAndNotTouch) {
  MemoryCatalogFixture twin;
  RecodesServant servant(twin.recodes(), nullptr);
  Loopback loopback({&servant});
  const Context context = Context::WithTimeout(std::chrono::seconds(10));
  EncodingChange change;
  change.encoding = {EncodingId{}, 1, 1, 1};
  for (const char* name : {"client-1", "garbage-collector-1"}) {
    GrpcRecodes other(loopback.address(), SecurityOf(name));
    EXPECT_OK(other.ListRecodings(context));
    EXPECT_CODE(other.ListOtherwise(context, {}, {}, 1), kPermissionDenied);
    EXPECT_CODE(other.SetEncoding(context, change), kPermissionDenied);
    EXPECT_CODE(other.NoteLeft(context, {}, 0, {}), kPermissionDenied);
  }
  for (const char* name : {"client-1", "repairer-1"}) {
    GrpcRecodes other(loopback.address(), SecurityOf(name));
    EXPECT_CODE(other.ListRetired(context, {}, 1), kPermissionDenied);
    EXPECT_CODE(other.RetiredDone(context, {}), kPermissionDenied);
  }
}

}  // namespace
}  // namespace pbfs
