#include "libs/adapters/kube/dialing_probe.h"

#include <fstream>
#include <sstream>

#include "libs/adapters/grpc/fragment_servant.h"
#include "libs/adapters/grpc/grpc_server.h"
#include "libs/adapters/grpc/loopback.h"
#include "libs/base/clock.h"
#include "libs/base/testing.h"
#include "libs/crypto/certificates.h"
#include "libs/fragments/memory_fragment_store.h"
#include "libs/runtime/metrics.h"

namespace pbfs::kube {
namespace {

std::string TextOf(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}
Context Soon() { return Context::WithTimeout(std::chrono::seconds(10)); }

// A server that wants a certificate of its clients shows its own all the same.
TEST(DialingProbeTest, ItSeesWhatAServerShowsThatItDoesNotTrust) {
  const TlsFiles files = *TestCertificates::Get().authority.IssueLocal("probed");
  SystemClock clock;
  MemoryFragmentStore store{{StoreId{3}, SiteId{1}, {}, {}}, clock};
  FragmentServant servant{store, {}};
  const auto server = *GrpcServer::Start("127.0.0.1:0", *TransportSecurity::MutualTls(files), {&servant});
  DialingProbe probe;
  ASSERT_OK_AND_ASSIGN(const std::string served, probe.Served(Soon(), "127.0.0.1:" + std::to_string(server->port())));
  EXPECT_EQ(served, ReadCertificate(TextOf(files.cert))->fingerprint);
}

TEST(DialingProbeTest, ItReadsTheHashOfAFileFromTheMetrics) {
  Metrics metrics;
  Gauges hashes(metrics, "pbfs_certificate_file_hash", "", "file");
  hashes.Set("/etc/pbfs/tls/ca.crt", 4'294'967'291u);
  hashes.Set("/etc/pbfs/tls/tls.crt", 7);
  ASSERT_OK_AND_ASSIGN(const int port, metrics.Expose("127.0.0.1:0"));
  const std::string address = "127.0.0.1:" + std::to_string(port);
  DialingProbe probe;
  EXPECT_EQ(*probe.HashOfFile(Soon(), address, "/etc/pbfs/tls/ca.crt"), 4'294'967'291u);
  EXPECT_EQ(*probe.HashOfFile(Soon(), address, "/etc/pbfs/tls/tls.crt"), 7u);
  EXPECT_CODE(probe.HashOfFile(Soon(), address, "/etc/pbfs/tls/tls.key"), kNotFound);
}

TEST(DialingProbeTest, NobodyThereIsUnavailable) {
  DialingProbe probe;
  EXPECT_CODE(probe.Served(Soon(), "127.0.0.1:1"), kUnavailable);
  EXPECT_CODE(probe.HashOfFile(Soon(), "127.0.0.1:1", "x"), kUnavailable);
}

}  // namespace
}  // namespace pbfs::kube
