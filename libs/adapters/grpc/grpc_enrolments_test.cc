#include "libs/adapters/grpc/grpc_enrolments.h"

#include "libs/adapters/grpc/catalog_servant.h"
#include "libs/adapters/grpc/loopback.h"
#include "libs/catalog/testing/catalog_fixture.h"

namespace pbfs {
namespace {

TransportSecurity SecurityOf(const std::string& name) {
  return *TransportSecurity::MutualTls(*TestCertificates::Get().authority.Issue(name, {}));
}

class NoTokens final : public Tokens {
 public:
  Result<TokenGrant> IssueToken(const Context&, const std::string&, BucketId, uint16_t) override {
    return UnimplementedError("no tokens here");
  }
};

/// Numbers of the twin; the cluster that asked comes back as the key, twice.
class EchoEnrolments final : public Enrolments {
 public:
  explicit EchoEnrolments(StoreNumbers& numbers) : numbers_(numbers) {}
  Result<EnrolledStore> EnrolStore(const Context& context, const std::array<uint8_t, 16>& cluster) override {
    PBFS_ASSIGN_OR_RETURN(const StoreId id, numbers_.NewStoreId(context));
    Bytes key(cluster.begin(), cluster.end());
    key.insert(key.end(), cluster.begin(), cluster.end());
    return EnrolledStore{id, Key32::FromBytes(key)};
  }

 private:
  StoreNumbers& numbers_;
};

class GrpcEnrolmentsTest : public testing::Test {
 protected:
  Result<EnrolledStore> EnrolAs(const std::string& name) {
    GrpcEnrolments client(loopback_.address(), SecurityOf(name));
    return client.EnrolStore(TestContext(), cluster_);
  }

  std::array<uint8_t, 16> cluster_{1, 2, 3};
  MemoryCatalogFixture twin_;
  NoTokens tokens_;
  EchoEnrolments enrolments_{twin_.store_numbers()};
  CatalogServant servant_{twin_.ports(), tokens_, {16, 4, 64, nullptr, &enrolments_}};
  Loopback loopback_{{&servant_}};
};

TEST_F(GrpcEnrolmentsTest, AStoreGetsItsNumberAndKey) {
  ASSERT_OK_AND_ASSIGN(const EnrolledStore first, EnrolAs("store-9"));
  ASSERT_OK_AND_ASSIGN(const EnrolledStore second, EnrolAs("fragment-store"));
  EXPECT_NE(first.id, second.id);
  EXPECT_EQ(ToHex(first.key.span()), ToHex(cluster_) + ToHex(cluster_));
}

TEST_F(GrpcEnrolmentsTest, OnlyAStoreIsEnrolled) {
  for (const std::string name : {"client", "gateway", "catalog-1", "storehouse", "my-store-1"})
    EXPECT_CODE(EnrolAs(name), kPermissionDenied);
}

TEST_F(GrpcEnrolmentsTest, ACatalogThatIsAwayIsPassedOver) {
  EnrolmentPool pool({"127.0.0.1:1", loopback_.address()}, SecurityOf("store-9"), std::chrono::seconds(10));
  EXPECT_OK(pool.EnrolStore(TestContext(), cluster_));
  EnrolmentPool nobody({"127.0.0.1:1"}, SecurityOf("store-9"), std::chrono::seconds(10));
  EXPECT_CODE(nobody.EnrolStore(TestContext(), cluster_), kUnavailable);
}

TEST_F(GrpcEnrolmentsTest, ACatalogWithoutEnrolmentsSaysSo) {
  CatalogServant servant(twin_.ports(), tokens_, {16, 4, 64, nullptr});
  Loopback loopback({&servant});
  GrpcEnrolments client(loopback.address(), SecurityOf("store-9"));
  EXPECT_CODE(client.EnrolStore(TestContext(), cluster_), kUnimplemented);
}

}  // namespace
}  // namespace pbfs
