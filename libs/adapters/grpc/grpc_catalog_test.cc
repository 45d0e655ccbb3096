#include "libs/adapters/grpc/grpc_catalog.h"

#include "libs/adapters/grpc/catalog_servant.h"
#include "libs/adapters/grpc/loopback.h"
#include "libs/catalog/testing/all_contracts.h"

namespace pbfs {
namespace {

/// Says who asked for what.
class EchoTokens final : public Tokens {
 public:
  Result<TokenGrant> IssueToken(const Context&, const std::string& subject, BucketId bucket, uint16_t verbs) override {
    const std::string text = subject + " " + bucket.ToString() + " " + std::to_string(verbs);
    return TokenGrant{Buffer::CopyOf(AsBytes(text)), 2000, 1000};
  }
};

/// The twin behind a server, seen through a client, by mutual TLS over the loopback interface.
class WireCatalogFixture {
 public:
  Catalog ports() { return client_.ports(); }
  const Clock& clock() const { return twin_.clock(); }
  void ExpireHistory(BucketId bucket, Hlc floor) { twin_.ExpireHistory(bucket, floor); }
  GrpcCatalog& client() { return client_; }
  GrpcServer& server() { return loopback_.server(); }

 private:
  MemoryCatalogFixture twin_;
  EchoTokens tokens_;
  CatalogServant servant_{twin_.ports(), tokens_, {16, 4, 64, nullptr}};
  Loopback loopback_{{&servant_}};
  GrpcCatalog client_{loopback_.address(), loopback_.client()};
};

PBFS_CATALOG_CONTRACTS(Wire, WireCatalogFixture);

TEST(GrpcCatalogTest, TokensAreForTheBearerOfTheCertificate) {
  WireCatalogFixture fixture;
  SeededRandom random(TestSeed());
  const BucketId bucket = BucketId::NewRandom(random);
  ASSERT_OK_AND_ASSIGN(const TokenGrant grant, fixture.client().IssueToken(TestContext(), "somebody else", bucket, 3));
  EXPECT_EQ(AsText(grant.token), "client " + bucket.ToString() + " 3");
  EXPECT_EQ(grant.not_after_ms, 2000);
  EXPECT_EQ(grant.now_ms, 1000);
}

TEST(GrpcCatalogTest, AStoppingServerEndsMapStreamsInTime) {
  WireCatalogFixture fixture;
  ASSERT_OK_AND_ASSIGN(const ClusterMap map, fixture.client().WatchMap(TestContext(), -1));
  Status ended;
  Thread watcher("watch", [&] { ended = fixture.client().WatchMap(TestContext(), map.version).status(); });
  fixture.server().Stop(std::chrono::seconds(30));
  watcher.Join();
  EXPECT_CODE(ended, kUnavailable);
}

}  // namespace
}  // namespace pbfs
