#include <filesystem>
#include <fstream>
#include <sstream>

#include <prometheus/metric_family.h>
#include <sys/stat.h>

#include "libs/adapters/grpc/loopback.h"
#include "libs/base/clock.h"
#include "libs/base/testing.h"
#include "libs/runtime/certificate_end.h"
#include "libs/runtime/line_log.h"
#include "libs/runtime/logging.h"
#include "libs/runtime/process_metrics.h"
#include "libs/runtime/program.h"
#include "libs/runtime/secret_file.h"
#include "libs/runtime/settings.h"

namespace pbfs {
namespace {

class RuntimeTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    const std::string path = directory_.path() + "/" + name;
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }
  static std::string Read(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  /// A complete configuration of a store, with `more` fields.
  std::string StoreConfig(const std::string& more = "") {
    return Write("store.json",
                 R"({"listen":"127.0.0.1:0","tls":{"ca":"a","cert":"b","key":"c"},"storeId":7,"siteId":1,)"
                 R"("clusterId":"0198c4a2-0000-7000-8000-000000000001","dataDirectory":"/d","domain":"x",)"
                 R"("storeKeyFile":"k","tokenKeyFile":"t")" +
                     more + "}");
  }
  TestDirectory directory_;
};

TEST_F(RuntimeTest, SettingsHaveTheirDefaults) {
  ASSERT_OK_AND_ASSIGN(const auto settings, LoadFragmentStoreSettings(StoreConfig()));
  EXPECT_EQ(settings.store, StoreId{7});
  EXPECT_EQ(settings.tls, (TlsFiles{"a", "b", "c"}));
  EXPECT_EQ(settings.leases.etcd.prefix, "/pbfs/");
  EXPECT_EQ(settings.weight, 1);
  EXPECT_EQ(settings.volume_bytes, 1 << 30);
  EXPECT_EQ(settings.drain, std::chrono::seconds(10));
}

TEST_F(RuntimeTest, AStoreHasANumberAndAKeyOrCatalogsThatGiveThem) {
  const auto load = [&](const std::string& who) {
    return LoadFragmentStoreSettings(
        Write("s.json",
              R"({"listen":"a:1","tls":{"ca":"a","cert":"b","key":"c"},"siteId":1,"dataDirectory":"/d","domain":"x",)"
              R"("clusterId":"0198c4a2-0000-7000-8000-000000000001","tokenKeyFile":"t")" +
                  who + "}"));
  };
  ASSERT_OK_AND_ASSIGN(const auto enrolled, load(R"(,"catalogs":["a:1","b:1"])"));
  EXPECT_EQ(enrolled.store, StoreId{0});
  EXPECT_EQ(enrolled.catalogs, (std::vector<std::string>{"a:1", "b:1"}));
  for (const auto& [who, field] : std::vector<std::pair<std::string, std::string>>{
           {"", "store_id"},
           {R"(,"storeId":7)", "store_key_file"},
           {R"(,"storeKeyFile":"k")", "store_id"},
           {R"(,"catalogs":["a:1"],"storeId":7)", "store_id"},
           {R"(,"catalogs":["a:1"],"storeKeyFile":"k")", "store_key_file"},
           {R"(,"catalogs":["a:1"],"storeId":7,"storeKeyFile":"k")", "store_id"}}) {
    const auto refused = load(who);
    EXPECT_CODE(refused, kInvalidArgument);
    EXPECT_THAT(refused.status().message(), testing::HasSubstr(field));
  }
}

TEST_F(RuntimeTest, AStoreTakesItsPlaceFromItsEnvironment) {
  ASSERT_EQ(setenv("PBFS_TEST_POD", "demo-0", 1), 0);
  const auto load = [&](const std::string& place) {
    return LoadFragmentStoreSettings(Write(
        "s.json", R"x({"listen":"a:1","tls":{"ca":"a","cert":"b","key":"c"},"siteId":1,"dataDirectory":"$(HOME)",)x"
                  R"x("clusterId":"0198c4a2-0000-7000-8000-000000000001","tokenKeyFile":"t","catalogs":["$(x)"])x" +
                      place + "}"));
  };
  const std::string pod = R"x(,"address":"$(PBFS_TEST_POD).fs:9100","domain":"at $(PBFS_TEST_POD)")x";
  ASSERT_OK_AND_ASSIGN(auto settings, load(pod));
  EXPECT_EQ(settings.address, "demo-0.fs:9100");
  EXPECT_EQ(settings.domain, "at demo-0");
  EXPECT_EQ(settings.data_directory, "$(HOME)") << "only where a pod needs it";
  EXPECT_EQ(settings.catalogs[0], "$(x)");
  Write("demo-0", " zone-a\n");
  Write("empty", "\n");
  const std::string in = R"(,"domainFile":")" + directory_.path() + "/";
  ASSERT_OK_AND_ASSIGN(settings, load(in + "$(PBFS_TEST_POD)\""));
  EXPECT_EQ(settings.domain, "zone-a");
  EXPECT_CODE(load(in + "empty\""), kFailedPrecondition);
  EXPECT_CODE(load(in + "missing\""), kFailedPrecondition);
  const std::string unset = R"x(":"/$(PBFS_TEST_UNSET)")x";
  for (const auto& [place, what] : std::vector<std::pair<std::string, std::string>>{
           {"", "domain is missing"},
           {",\"domain" + unset, "domain names the environment variable PBFS_TEST_UNSET"},
           {R"(,"domain":"x","address)" + unset, "address names the environment variable"},
           {",\"domainFile" + unset, "domain_file names the environment variable"},
           {in + R"(demo-0","domain":"x")", "exclude each other"}}) {
    const auto refused = load(place);
    EXPECT_CODE(refused, kInvalidArgument);
    EXPECT_THAT(refused.status().message(), testing::HasSubstr(what));
  }
}

TEST_F(RuntimeTest, AGatewayServesByTlsOnlyWithACertificate) {
  const std::string client =
      R"("client":{"catalogs":["a:1"],"tls":{"ca":"a","cert":"b","key":"c"},"keysDirectory":"d","adminPublicKey":")" +
      std::string(64, '0') + "\"}";
  const auto load = [&](const std::string& more) {
    return LoadGatewaySettings(Write("gateway.json", "{" + client + more + "}"));
  };
  ASSERT_OK_AND_ASSIGN(const GatewaySettings settings,
                       load(R"(,"grpc":"127.0.0.1:0","certificate":"e","certificateKey":"f")"));
  EXPECT_EQ(settings.grpc, "127.0.0.1:0");
  EXPECT_EQ(settings.http + settings.https, "");
  for (const auto& [more, field] :
       std::vector<std::pair<std::string, std::string>>{{"", "https"},
                                                        {R"(,"grpc":"a:1")", "certificate"},
                                                        {R"(,"https":"a:1","certificate":"e")", "certificate_key"}}) {
    const auto refused = load(more);
    EXPECT_CODE(refused, kInvalidArgument);
    EXPECT_THAT(refused.status().message(), testing::HasSubstr(field));
  }
}

TEST_F(RuntimeTest, AGatewaySaysHowItsBucketsAreCodedOrNothing) {
  const auto load = [&](const std::string& more) {
    return LoadGatewaySettings(
        Write("g.json", R"({"client":{"catalogs":["a:1"],"tls":{"ca":"a","cert":"b","key":"c"},"keysDirectory":"d",)"
                        R"("identityFile":"i"},"http":"a:1")" +
                            more + "}"));
  };
  ASSERT_OK_AND_ASSIGN(const GatewaySettings none, load(""));
  EXPECT_EQ(none.scheme.k + none.scheme.m + none.scheme.w, 0);
  EXPECT_EQ(none.client.identity_file, "i");
  ASSERT_OK_AND_ASSIGN(const GatewaySettings some, load(R"(,"scheme":{"dataShards":4,"parityShards":2})"));
  EXPECT_EQ(some.scheme.k, 4);
  EXPECT_EQ(some.scheme.m, 2);
  EXPECT_EQ(some.scheme.w, 0);
  for (const auto& [scheme, field] : std::vector<std::pair<std::string, std::string>>{
           {R"({})", "scheme.data_shards"},
           {R"({"dataShards":33,"parityShards":1})", "scheme.data_shards"},
           {R"({"dataShards":1})", "scheme.parity_shards"},
           {R"({"dataShards":32,"parityShards":17})", "scheme.parity_shards"},
           {R"({"dataShards":2,"parityShards":1,"minWriteShards":1})", "scheme.min_write_shards"},
           {R"({"dataShards":2,"parityShards":1,"minWriteShards":4})", "scheme.min_write_shards"}}) {
    const auto refused = load(R"(,"scheme":)" + scheme);
    EXPECT_CODE(refused, kInvalidArgument);
    EXPECT_THAT(refused.status().message(), testing::HasSubstr(field));
  }
}

TEST_F(RuntimeTest, KubernetesHasTheDefaultsOfAPod) {
  ASSERT_OK_AND_ASSIGN(const auto settings,
                       LoadFragmentStoreSettings(StoreConfig(R"(,"kubernetes":{"cluster":"demo"})")));
  const KubernetesSettings& kubernetes = settings.leases.kubernetes;
  EXPECT_EQ(kubernetes.cluster, "demo");
  EXPECT_EQ(kubernetes.space, "");
  EXPECT_EQ(kubernetes.server, "https://kubernetes.default.svc");
  EXPECT_EQ(kubernetes.ca_file, "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt");
  EXPECT_EQ(kubernetes.token_file, "/var/run/secrets/kubernetes.io/serviceaccount/token");
  EXPECT_TRUE(settings.leases.etcd.endpoints.empty());
}

TEST_F(RuntimeTest, CollectorsHaveTheirDefaults) {
  const std::string tls = R"("tls":{"ca":"a","cert":"b","key":"c"})";
  ASSERT_OK_AND_ASSIGN(const auto settings,
                       LoadGarbageCollectorSettings(Write("g.json", R"({"catalogs":["a:1"],)" + tls + "}")));
  EXPECT_EQ(settings.interval, std::chrono::minutes(1));
  EXPECT_EQ(settings.grace, std::chrono::minutes(30));
  EXPECT_EQ(settings.sweep_interval, std::chrono::hours(7 * 24));
  EXPECT_EQ(settings.brake, 0.001);
  for (const auto& [more, field] :
       std::vector<std::pair<std::string, std::string>>{{"", "catalogs"},
                                                        {R"("catalogs":["a:1"],"graceMs":-1,)", "grace_ms"},
                                                        {R"("catalogs":["a:1"],"brake":2,)", "brake"}}) {
    const auto refused = LoadGarbageCollectorSettings(Write("bad.json", "{" + more + tls + "}"));
    EXPECT_CODE(refused, kInvalidArgument);
    EXPECT_THAT(refused.status().message(), testing::HasSubstr(field));
  }
}

TEST_F(RuntimeTest, RepairersHaveTheirDefaults) {
  const std::string tls = R"("tls":{"ca":"a","cert":"b","key":"c"})";
  ASSERT_OK_AND_ASSIGN(auto settings, LoadRepairerSettings(Write("r.json", R"({"catalogs":["a:1"],)" + tls + "}")));
  EXPECT_EQ(settings.interval, std::chrono::seconds(10));
  EXPECT_EQ(settings.check_interval, std::chrono::hours(7 * 24));
  EXPECT_EQ(settings.old_copies, std::chrono::minutes(30));
  EXPECT_EQ(settings.bytes_per_second, 100'000'000);
  EXPECT_EQ(settings.threads, 8);
  ASSERT_OK_AND_ASSIGN(
      settings, LoadRepairerSettings(Write("r.json", R"({"catalogs":["a:1"],"bytesPerSecond":-1,)" + tls + "}")));
  EXPECT_EQ(settings.bytes_per_second, 0);
  for (const auto& [more, field] : std::vector<std::pair<std::string, std::string>>{
           {"", "catalogs"},
           {R"("catalogs":["a:1"],"bytesPerSecond":-2,)", "bytes_per_second"},
           {R"("catalogs":["a:1"],"threads":257,)", "threads"},
           {R"("catalogs":["a:1"],"oldCopiesMs":-1,)", "old_copies_ms"},
           {R"("catalogs":["a:1"],"checkIntervalMs":-1,)", "check_interval_ms"}}) {
    const auto refused = LoadRepairerSettings(Write("bad.json", "{" + more + tls + "}"));
    EXPECT_CODE(refused, kInvalidArgument);
    EXPECT_THAT(refused.status().message(), testing::HasSubstr(field));
  }
}

TEST_F(RuntimeTest, CatalogsFindPatronisKeysInTheirEtcd) {
  const std::string common =
      R"({"tls":{"ca":"a","cert":"b","key":"c"},"listen":"h:1","siteId":1,"primaryDsnFile":"p","siteSecretFile":"s",)"
      R"("tokenKeyFile":"t")";
  const std::string etcd = R"(,"etcd":{"endpoints":["e:1"]})";
  const auto load = [&](const std::string& more) { return LoadCatalogSettings(Write("c.json", common + more + "}")); };
  ASSERT_OK_AND_ASSIGN(const auto none, load(etcd));
  EXPECT_EQ(none.patroni_keys, "");
  ASSERT_OK_AND_ASSIGN(const auto by_default, load(etcd + R"(,"patroni":{"scope":"x"})"));
  EXPECT_EQ(by_default.patroni_keys, "/service/x/");
  ASSERT_OK_AND_ASSIGN(const auto named, load(etcd + R"(,"patroni":{"namespace":"/patroni/","scope":"x"})"));
  EXPECT_EQ(named.patroni_keys, "/patroni/x/");
  EXPECT_THAT(load(etcd + R"(,"patroni":{})").status().message(), testing::HasSubstr("patroni.scope"));
  EXPECT_THAT(load(R"(,"patroni":{"scope":"x"})").status().message(), testing::HasSubstr("etcd.endpoints"));
}

TEST_F(RuntimeTest, AnUnknownFieldIsRefusedByName) {
  const auto settings = LoadFragmentStoreSettings(StoreConfig(R"(,"limits":{"thread":3})"));
  EXPECT_CODE(settings, kInvalidArgument);
  EXPECT_THAT(settings.status().message(), testing::HasSubstr("thread"));
  EXPECT_THAT(settings.status().message(), testing::HasSubstr("store.json"));
}

TEST_F(RuntimeTest, BadValuesAreRefusedByName) {
  for (const auto& [more, field] : std::vector<std::pair<std::string, std::string>>{
           {R"(,"log":{"level":"loud"})", "log.level"},
           {R"(,"capacityBytes":-1)", "capacity_bytes"},
           {R"(,"limits":{"threads":-1})", "limits.threads"},
           {R"(,"limits":{"drainMs":51111111111111})", "limits.drain_ms"},
           {R"(,"etcd":{"tls":{"ca":"a"}})", "etcd.tls.cert"},
           {R"(,"kubernetes":{})", "kubernetes.cluster"},
           {R"(,"kubernetes":{"cluster":"d","token":"t"})", "token"},
           {R"(,"kubernetes":{"cluster":"d","server":"http://a"})", "kubernetes.server"},
           {R"(,"etcd":{},"kubernetes":{"cluster":"d"})", "etcd"}}) {
    const auto settings = LoadFragmentStoreSettings(StoreConfig(more));
    EXPECT_CODE(settings, kInvalidArgument);
    EXPECT_THAT(settings.status().message(), testing::HasSubstr(field));
  }
  EXPECT_THAT(LoadCatalogSettings(Write("c.json", "{}")).status().message(), testing::HasSubstr("tls.ca is missing"));
  EXPECT_CODE(LoadClientSettings(Write("c.json", "{")), kInvalidArgument);
  EXPECT_CODE(LoadClientSettings(directory_.path() + "/none.json"), kFailedPrecondition);
}

TEST_F(RuntimeTest, SecretFilesMustBeClosedToOthers) {
  EXPECT_EQ(*ReadSecretText(Write("dsn", "host=x\n")), "host=x");
  const auto open = ReadSecretText(Write("open", "secret", 0644));
  EXPECT_CODE(open, kFailedPrecondition);
  EXPECT_THAT(open.status().message(),
              testing::AllOf(testing::HasSubstr("chmod 600"), testing::Not(testing::HasSubstr("secret"))));
}

TEST_F(RuntimeTest, KeysAreRawOrHexadecimal) {
  EXPECT_EQ(*ReadKey(Write("raw", "abcd"), 4), ToBytes(AsBytes("abcd")));
  EXPECT_EQ(*ReadKey(Write("hex", "61626364\n"), 4), ToBytes(AsBytes("abcd")));
  EXPECT_CODE(ReadKey(Write("short", "616263"), 4), kFailedPrecondition);
  EXPECT_CODE(ReadKey(directory_.path() + "/none", 4), kFailedPrecondition);
  EXPECT_EQ(*ReadPublicKey(Write("public", "abcd", 0644), 4), ToBytes(AsBytes("abcd")));
}

TEST_F(RuntimeTest, ACertificateSaysWhenItEnds) {
  ASSERT_OK_AND_ASSIGN(CertificateAuthority authority, CertificateAuthority::Create(directory_.path()));
  ASSERT_OK_AND_ASSIGN(const TlsFiles files, authority.Issue("somebody", {}));
  ASSERT_OK_AND_ASSIGN(const int64_t end_ms, CertificateEnd(files.cert));
  EXPECT_GT(end_ms, SystemClock().NowMillis());
  EXPECT_CODE(CertificateEnd(directory_.path() + "/none.pem"), kFailedPrecondition);
  EXPECT_CODE(CertificateEnd(files.key), kFailedPrecondition);
  EXPECT_NE(HashOfFile(files.cert), HashOfFile(files.key));
  EXPECT_EQ(HashOfFile(directory_.path() + "/none.pem"), 0u);
}

TEST_F(RuntimeTest, ExitCodesTellConfigurationFromTheWorld) {
  const auto run = [&](std::vector<const char*> arguments, const Status& status) {
    arguments.insert(arguments.begin(), "program");
    return RunProgram(
        static_cast<int>(arguments.size()), const_cast<char**>(arguments.data()), "program", {"serve", "migrate"},
        [&](const ProgramArguments& got) { return got.command == "migrate" ? AbortedError("migrate") : status; });
  };
  EXPECT_EQ(run({"--config", "x"}, OkStatus()), 0);
  EXPECT_EQ(run({"--version"}, OkStatus()), 0);
  EXPECT_EQ(run({}, OkStatus()), 2);
  EXPECT_EQ(run({"--config", "x", "--what"}, OkStatus()), 2);
  EXPECT_EQ(run({"--config", "x"}, InvalidArgumentError("bad")), 2);
  EXPECT_EQ(run({"--config", "x"}, UnavailableError("in use")), 3);
  EXPECT_EQ(run({"migrate", "--config", "x"}, OkStatus()), 1);
}

TEST_F(RuntimeTest, GatewaysSayWhereRequestsAreLogged) {
  const auto load = [&](const std::string& more) {
    return LoadGatewaySettings(
        Write("gateway.json", R"({"http":"h:1","client":{"catalogs":["a:1"],"tls":{"ca":"a","cert":"b","key":"c"},)"
                              R"("keysDirectory":"/k","adminPublicKey":"00"})" +
                                  more + "}"));
  };
  ASSERT_OK_AND_ASSIGN(const GatewaySettings settings, load(""));
  EXPECT_EQ(settings.access_log, "stdout");
  for (const std::string to : {"stdout", "stderr", "off", "/var/log/pbfs/access.log"})
    EXPECT_EQ(load(R"(,"accessLog":")" + to + R"(")")->access_log, to);
  EXPECT_THAT(load(R"(,"accessLog":"of")").status().message(), testing::HasSubstr("access_log"));
  EXPECT_THAT(load(R"(,"domains":["s3.example:9000"])").status().message(), testing::HasSubstr("domains"));
}

TEST_F(RuntimeTest, LinesAreAppendedToAFileAsTheyAre) {
  const std::string path = Write("access.log", "before\n", 0600);
  {
    ASSERT_OK_AND_ASSIGN(const LineLog log, LineLog::Open(path));
    EXPECT_TRUE(log.on());
    log.Write("{} %v");
    EXPECT_EQ(Read(path), "before\n{} %v\n") << "at once";
    std::filesystem::resize_file(path, 0);  // as whoever rotates it does
    log.Write("after");
    EXPECT_EQ(Read(path), "after\n");
  }
  ASSERT_OK(LineLog::Open(directory_.path() + "/new.log"));
  struct stat made {};
  ASSERT_EQ(stat((directory_.path() + "/new.log").c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 0137, 0) << "closed to others";
  const auto none = LineLog::Open(directory_.path() + "/none/access.log");
  EXPECT_CODE(none, kFailedPrecondition);
  EXPECT_THAT(none.status().message(), testing::HasSubstr("none/access.log"));
}

TEST(LineLogTest, OffWritesNothing) {
  ASSERT_OK_AND_ASSIGN(const LineLog log, LineLog::Open("off"));
  EXPECT_FALSE(log.on());
  log.Write("nowhere");
}

TEST(ProcessMetricsTest, AProcessShowsWhatItUses) {
  std::map<std::string, double> shown;
  for (const prometheus::MetricFamily& family : ProcessMetrics().Collect()) {
    ASSERT_EQ(family.metric.size(), 1u);
    shown[family.name] =
        family.type == prometheus::MetricType::Counter ? family.metric[0].counter.value : family.metric[0].gauge.value;
  }
  EXPECT_GT(shown["process_cpu_seconds_total"], 0);
  EXPECT_GT(shown["process_resident_memory_bytes"], 1 << 20);
  EXPECT_GE(shown["process_open_fds"], 3);
  EXPECT_GE(shown["process_max_fds"], shown["process_open_fds"]);
  EXPECT_NEAR(shown["process_start_time_seconds"], static_cast<double>(SystemClock().NowMillis()) / 1000, 60);
}

TEST(LoggingTest, JsonIsEscaped) { EXPECT_EQ(JsonEscape("a\"b\\c\n\x01"), "a\\\"b\\\\c\\n\\u0001"); }

}  // namespace
}  // namespace pbfs
