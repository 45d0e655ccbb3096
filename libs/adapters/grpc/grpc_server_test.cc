#include "libs/adapters/grpc/grpc_server.h"

#include <sys/stat.h>

#include "libs/adapters/grpc/fragment_servant.h"
#include "libs/adapters/grpc/grpc_fragment_store.h"
#include "libs/adapters/grpc/loopback.h"
#include "libs/base/clock.h"
#include "libs/base/sync.h"
#include "libs/fragments/memory_fragment_store.h"
#include "libs/fragments/test_fragments.h"

namespace pbfs {
namespace {

class GrpcServerTest : public testing::Test {
 protected:
  /// Whether both of its connections answer before the deadline.
  static bool BecomesReachable(GrpcFragmentStore& client) {
    const Context context = TestContext();
    for (int good = 0; good < 2;) {
      if (!context.Check().ok()) return false;
      good = client.Stat(context).ok() ? good + 1 : 0;
      if (good == 0) SleepFor(std::chrono::milliseconds(10));  // a poll, bounded by the deadline
    }
    return true;
  }
  SystemClock clock_;
  MemoryFragmentStore twin_{{StoreId{3}, SiteId{1}, {}, {}}, clock_};
  FragmentServant servant_{twin_, {}};
  TestCertificates& certificates_ = TestCertificates::Get();
  TestDirectory directory_;
};

TEST_F(GrpcServerTest, APortInUseIsSaid) {
  ASSERT_OK_AND_ASSIGN(const auto first, GrpcServer::Start("127.0.0.1:0", certificates_.server, {&servant_}));
  FragmentServant other(twin_, {});
  const auto second = GrpcServer::Start("127.0.0.1:" + std::to_string(first->port()), certificates_.server, {&other});
  EXPECT_CODE(second, kUnavailable);
  EXPECT_THAT(second.status().message(), testing::HasSubstr("in use"));
  EXPECT_CODE(GrpcServer::Start("no-port", certificates_.server, {&other}), kInvalidArgument);
}

TEST_F(GrpcServerTest, ClientsOfAnotherAuthorityAreRefusedBothWays) {
  ASSERT_OK_AND_ASSIGN(auto stranger, CertificateAuthority::Create(directory_.path()));
  ASSERT_OK_AND_ASSIGN(const TlsFiles files, stranger.IssueLocal("stranger"));
  ASSERT_OK_AND_ASSIGN(const auto strange, TransportSecurity::MutualTls(files));
  // Trusts the right authority, but shows the stranger's certificate.
  TlsFiles mixed = files;
  mixed.ca = certificates_.directory.path() + "/ca.pem";
  ASSERT_OK_AND_ASSIGN(const auto intruder, TransportSecurity::MutualTls(mixed));
  Loopback loopback({&servant_});
  for (const TransportSecurity& security : {strange, intruder, TransportSecurity::Insecure()}) {
    GrpcFragmentStore client(loopback.address(), security);
    EXPECT_CODE(client.Stat(TestContext()), kUnavailable);
  }
  GrpcFragmentStore friendly(loopback.address(), loopback.client());
  EXPECT_OK(friendly.Stat(TestContext()));
}

TEST_F(GrpcServerTest, AServerMustBearTheNameItIsCalledBy) {
  ASSERT_OK_AND_ASSIGN(const TlsFiles files, certificates_.authority.Issue("elsewhere", {"elsewhere.example"}));
  ASSERT_OK_AND_ASSIGN(const auto elsewhere, TransportSecurity::MutualTls(files));
  ASSERT_OK_AND_ASSIGN(const auto server, GrpcServer::Start("127.0.0.1:0", elsewhere, {&servant_}));
  GrpcFragmentStore client("127.0.0.1:" + std::to_string(server->port()), certificates_.client);
  EXPECT_CODE(client.Stat(TestContext()), kUnavailable);
}

TEST_F(GrpcServerTest, ARestartedServerIsFoundAgain) {
  ASSERT_OK_AND_ASSIGN(auto server, GrpcServer::Start("127.0.0.1:0", certificates_.server, {&servant_}));
  const std::string address = "127.0.0.1:" + std::to_string(server->port());
  GrpcFragmentStore client(address, certificates_.client);
  ASSERT_OK(client.Stat(TestContext()));
  server.reset();
  EXPECT_CODE(client.Stat(TestContext()), kUnavailable);
  ASSERT_OK_AND_ASSIGN(server, GrpcServer::Start(address, certificates_.server, {&servant_}));
  const Context context = TestContext();
  EXPECT_TRUE(BecomesReachable(client));
}

TEST_F(GrpcServerTest, ARenewedCertificateIsTakenUp) {
  ASSERT_OK_AND_ASSIGN(auto authority, CertificateAuthority::Create(directory_.path()));
  ASSERT_OK_AND_ASSIGN(const TlsFiles server_files, authority.Issue("server", {"elsewhere.example"}));
  ASSERT_OK_AND_ASSIGN(const TlsFiles client_files, authority.Issue("client", {}));
  ASSERT_OK_AND_ASSIGN(const auto server_security, TransportSecurity::MutualTls(server_files));
  ASSERT_OK_AND_ASSIGN(const auto client_security, TransportSecurity::MutualTls(client_files));
  ASSERT_OK_AND_ASSIGN(const auto server, GrpcServer::Start("127.0.0.1:0", server_security, {&servant_}));
  GrpcFragmentStore client("127.0.0.1:" + std::to_string(server->port()), client_security);
  EXPECT_CODE(client.Stat(TestContext()), kUnavailable);
  ASSERT_OK(authority.IssueLocal("server"));
  EXPECT_TRUE(BecomesReachable(client));
}

TEST_F(GrpcServerTest, CallsBeyondTheMemoryAreRefusedWithAHint) {
  FragmentServant::Options options;
  options.memory_bytes = 3 << 20;
  FragmentServant small(twin_, options);
  Loopback loopback({&small});
  GrpcFragmentStore client(loopback.address(), loopback.client());
  SeededRandom random(TestSeed());
  const auto start = [&] {
    const FragmentKey key{NewEncodingId(clock_.NowMillis(), 1, random), 0};
    const TestFragment fragment = MakeTestFragment(key, {20'000'000}, random);  // 2.5 MB of it, of which a part is sent
    auto put = client.StartPut(TestContext(), {key, static_cast<int64_t>(fragment.bytes.size()), {}}, {});
    EXPECT_OK(put->Append(TestContext(), fragment.bytes.Slice(0, 1000)));
    return put;
  };
  const auto first = start();
  const auto second = start();
  const Context context = TestContext();  // either may arrive first
  while (!first->Ready() && !second->Ready() && context.Check().ok()) SleepFor(std::chrono::milliseconds(1));
  const Status status = (first->Ready() ? first : second)->Append(TestContext(), Buffer::FromBytes(Bytes(1, 0)));
  EXPECT_CODE(status, kResourceExhausted);
  EXPECT_EQ(status.Detail("retry-after-ms"), "50");
}

TEST(TransportSecurityTest, BadFilesAreNamed) {
  TestDirectory directory;
  ASSERT_OK_AND_ASSIGN(auto authority, CertificateAuthority::Create(directory.path()));
  ASSERT_OK_AND_ASSIGN(const TlsFiles one, authority.IssueLocal("one"));
  ASSERT_OK_AND_ASSIGN(const TlsFiles two, authority.IssueLocal("two"));
  EXPECT_CODE(TransportSecurity::MutualTls({}), kFailedPrecondition);
  EXPECT_THAT(TransportSecurity::MutualTls({one.ca, "/none", one.key}).status().message(), testing::HasSubstr("/none"));
  EXPECT_THAT(TransportSecurity::MutualTls({one.ca, one.cert, two.key}).status().message(),
              testing::HasSubstr("does not belong"));
  EXPECT_THAT(TransportSecurity::MutualTls({one.ca, one.key, one.key}).status().message(),
              testing::HasSubstr("not a PEM"));
  chmod(one.key.c_str(), 0644);
  EXPECT_THAT(TransportSecurity::MutualTls(one).status().message(), testing::HasSubstr("chmod 600"));
}

}  // namespace
}  // namespace pbfs
