#include "services/operator/cluster_spec.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <set>

#include "libs/base/testing.h"
#include "services/operator/spec_samples.h"

namespace pbfs::operators {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> PathsOf(const Violations& violations) {
  std::set<std::string> paths;
  for (const Violation& violation : violations) {
    EXPECT_FALSE(violation.message.empty()) << violation.path;
    paths.insert(violation.path);
  }
  return {paths.begin(), paths.end()};
}

Json With(Json spec, const char* patch) {
  spec.merge_patch(Json::parse(patch));
  return spec;
}

TEST(ParseSpecTest, WhatIsLeftOutIsTheDefaultOfTheCrd) {
  const auto [spec, violations] = ParseSpec(SmallestSpec());
  EXPECT_THAT(PathsOf(violations), ElementsAre());
  EXPECT_EQ(spec.redundancy.data_shards, 1);
  EXPECT_EQ(spec.redundancy.parity_shards, 2);
  EXPECT_EQ(spec.redundancy.min_write_shards, std::nullopt);
  EXPECT_EQ(spec.gateway.replicas, 2);
  EXPECT_EQ(spec.catalog.replicas, 2);
  EXPECT_EQ(spec.garbage_collector.replicas, 1);
  EXPECT_EQ(spec.garbage_collector.grace_period_seconds, 86400);
  EXPECT_EQ(spec.repairer.replicas, 1);
  EXPECT_EQ(spec.postgres.type, "Auto");
  EXPECT_EQ(spec.fragment_store.max_unavailable, 1);
  ASSERT_EQ(spec.fragment_store.pools.size(), 1u);
  EXPECT_EQ(spec.fragment_store.pools[0].weight, 100);
  EXPECT_EQ(spec.fragment_store.pools[0].storage.size.Canonical(), "10Gi");
}

TEST(ParseSpecTest, ADefaultThatIsSpelledOutChangesNothing) {
  const char* defaults =
      R"({"gateway": {"replicas": 2, "s3": {"port": 9000, "region": "us-east-1"}, "grpc": {"port": 9001},
    "service": {"type": "ClusterIP"}}, "catalog": {"replicas": 2, "shards": 1}, "postgres": {"type": "Auto"},
    "redundancy": {"dataShards": 1, "parityShards": 2, "failureDomain": "kubernetes.io/hostname"},
    "coordination": {"mode": "KubernetesLease", "leaseDurationSeconds": 30, "renewPeriodSeconds": 10},
    "garbageCollector": {"replicas": 1, "gracePeriodSeconds": 86400, "suspended": false}, "paused": null,
    "repairer": {"replicas": 1, "suspended": false}, "logging": {"level": "info", "format": "json"},
    "tls": {"mode": "Managed"}, "networkPolicy": {"mode": "Disabled"}, "fragmentStore": {"maxUnavailable": 1}})";
  EXPECT_EQ(Render(IntentOf(With(SmallestSpec(), defaults))), Render(IntentOf(SmallestSpec())));
}

TEST(ParseSpecTest, WhatHasAnotherShapeIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"gateway": {"replicas": "2"}})", "spec.gateway.replicas"},
      {R"({"gateway": {"replicas": 501}})", "spec.gateway.replicas"},
      {R"({"gateway": {"replicas": -1}})", "spec.gateway.replicas"},
      {R"({"gateway": {"replicas": 18446744073709551615}})", "spec.gateway.replicas"},
      {R"({"gateway": {"replicas": 1.5}})", "spec.gateway.replicas"},
      {R"({"gateway": 7})", "spec.gateway"},
      {R"({"gateway": {"service": {"type": "clusterip"}}})", "spec.gateway.service.type"},
      {R"({"gateway": {"s3": {"domains": ["a", 1]}}})", "spec.gateway.s3.domains"},
      {R"({"gateway": {"config": {"requests": 1}}})", "spec.gateway.config.requests"},
      {R"({"gateway": {"resources": {"requests": {"cpu": "much"}}}})", "spec.gateway.resources.requests.cpu"},
      {R"({"gateway": {"resources": {"requests": {"cpu": true}}}})", "spec.gateway.resources.requests.cpu"},
      {R"({"gateway": {"pod": {"env": [{"value": "x"}]}}})", "spec.gateway.pod.env[0].name"},
      {R"({"gateway": {"pod": {"affinity": []}}})", "spec.gateway.pod.affinity"},
      {R"({"paused": "yes"})", "spec.paused"},
      {R"({"fragmentStore": null})", "spec.fragmentStore.pools"},
      {R"({"fragmentStore": {"pools": [{"name": "a", "replicas": 3}]}})", "spec.fragmentStore.pools[0].storage.size"},
      {R"({"fragmentStore": {"pools": [{"name": "a", "storage": {"size": "1Gi"}}]}})",
       "spec.fragmentStore.pools[0].replicas"},
      {R"({"coordination": {"mode": "Etcd", "etcd": {}}})", "spec.coordination.etcd.endpoints"},
      {R"({"postgres": {"type": "External", "external": {"dsnSecretRef": {"name": "a"}}}})",
       "spec.postgres.external.dsnSecretRef.key"},
  };
  for (const auto& [patch, path] : cases) {
    SCOPED_TRACE(patch);
    EXPECT_THAT(PathsOf(ParseSpec(With(SmallestSpec(), patch)).violations), ElementsAre(path));
  }
}

TEST(ParseSpecTest, NothingThatIsNoObjectIsASpec) {
  for (const char* text : {"7", "[]", "\"spec\"", "true"})
    EXPECT_FALSE(ParseSpec(Json::parse(text)).violations.empty()) << text;
}

/// A patch of SmallestSpec(). An empty `path`: accepted.
struct RuleCase {
  const char* rule;
  const char* spec;
  const char* path;
};

void ExpectVerdict(const RuleCase& test) {
  SCOPED_TRACE(std::string(test.rule) + ": " + test.spec);
  const auto [spec, shape] = ParseSpec(With(SmallestSpec(), test.spec));
  EXPECT_THAT(PathsOf(shape), ElementsAre());
  const Violations found = CheckSpec("demo", spec, nullptr);
  if (*test.path == '\0')
    EXPECT_THAT(PathsOf(found), ElementsAre());
  else
    EXPECT_THAT(PathsOf(found), ElementsAre(test.path));
}

Json ReadTestData(const std::string& file) {
  std::ifstream in(PBFS_REPOSITORY "/operator-manifests/testdata/" + file);
  return Json::parse(in);
}

// Every rule of the CRD, with what it accepts and what it refuses; an API server judges the same in tests/kubernetes/cel_test.py.
TEST(CheckSpecTest, JudgesAsTheCelRulesDo) {
  const Json data = ReadTestData("PBFSCluster.json");
  ASSERT_EQ(data["base"], SmallestSpec());
  for (const Json& test : data["cases"]) {
    if (!test.contains("spec")) continue;  // of the status
    SCOPED_TRACE(test.dump());
    const auto read = [&](const char* field) {
      ParsedSpec parsed = ParseSpec(With(SmallestSpec(), test[field].dump().c_str()));
      EXPECT_THAT(PathsOf(parsed.violations), ElementsAre());
      return parsed.spec;
    };
    std::optional<ClusterSpec> before;
    if (test.contains("before")) before = read("before");
    const Violations found = CheckSpec(test.value("name", "demo"), read("spec"), before ? &*before : nullptr);
    const std::vector<std::string> refused =
        test.contains("refused") ? std::vector{test["refused"].get<std::string>()} : std::vector<std::string>();
    EXPECT_EQ(PathsOf(found), refused);
  }
}

TEST(ParseSpecTest, KnowsTheDefaultsThatAnApiServerFillsIn) {
  const Json defaults = ReadTestData("defaults.json");
  ASSERT_EQ(defaults["given"], SmallestSpec());
  ASSERT_NE(defaults["filled"], SmallestSpec());
  const ParsedSpec filled = ParseSpec(defaults["filled"]);
  EXPECT_THAT(PathsOf(filled.violations), ElementsAre());
  EXPECT_EQ(filled.spec, ParseSpec(SmallestSpec()).spec);
}

TEST(CheckSpecTest, SamplesCanBeFollowed) {
  const Json samples = ReadTestData("samples.json");
  int clusters = 0;
  for (const auto& [file, objects] : samples.items()) {
    for (const Json& object : objects) {
      if (object["kind"] != "PBFSCluster") continue;
      SCOPED_TRACE(file);
      ++clusters;
      const auto [spec, shape] = ParseSpec(object["spec"]);
      EXPECT_THAT(PathsOf(shape), ElementsAre());
      EXPECT_THAT(PathsOf(CheckSpec(object["metadata"]["name"], spec, nullptr)), ElementsAre());
      EXPECT_THAT(PathsOf(CheckSupported(spec)), ElementsAre());
    }
  }
  EXPECT_GE(clusters, 3);
}

TEST(CheckSpecTest, KnowsWhatCelCannotSay) {
  const RuleCase cases[] = {
      {"renewal", R"({"tls": {"renewBeforeSeconds": 9223372036854775807}})", "spec.tls.renewBeforeSeconds"},
      {"release", R"({"version": "latest"})", "spec.version"},
      {"release", R"({"version": "1.2.0-rc.1"})", ""},
      {"pool names", R"({"fragmentStore": {"pools": [{"name": "a", "replicas": 3, "storage": {"size": "1Gi"}},
        {"name": "a", "replicas": 3, "storage": {"size": "1Gi"}}]}})",
       "spec.fragmentStore.pools[a].name"},
      {"pool names", R"({"fragmentStore": {"pools": [{"name": "a-", "replicas": 3, "storage": {"size": "1Gi"}}]}})",
       "spec.fragmentStore.pools[a-].name"},
      {"size", R"({"fragmentStore": {"pools": [{"name": "a", "replicas": 3, "storage": {"size": "0"}}]}})",
       "spec.fragmentStore.pools[a].storage.size"},
      {"size", R"({"fragmentStore": {"pools": [{"name": "a", "replicas": 3, "storage": {"size": "0.5"}}]}})",
       "spec.fragmentStore.pools[a].storage.size"},
      {"disruptions", R"({"fragmentStore": {"maxUnavailable": 2}})", ""},
      {"disruptions", R"({"fragmentStore": {"maxUnavailable": 3}})", "spec.fragmentStore.maxUnavailable"},
      {"ports", R"({"gateway": {"s3": {"port": 9001}}})", "spec.gateway.grpc.port"},
      {"balancer", R"({"gateway": {"service": {"loadBalancerClass": "x"}}})", "spec.gateway.service.loadBalancerClass"},
      {"balancer", R"({"gateway": {"service": {"loadBalancerSourceRanges": ["10.0.0.0/8"]}}})",
       "spec.gateway.service.loadBalancerSourceRanges"},
      {"traffic", R"({"gateway": {"service": {"externalTrafficPolicy": "Local"}}})",
       "spec.gateway.service.externalTrafficPolicy"},
      {"traffic", R"({"gateway": {"service": {"type": "NodePort", "externalTrafficPolicy": "Local"}}})", ""},
      {"dsn", R"({"catalog": {"shards": 2}, "postgres": {"type": "External", "external": {
        "dsnSecretRef": {"name": "a", "key": "b"}, "shardDSNSecretRefs": [{"shard": 1, "name": "c", "key": "d"}]}}})",
       ""},
      {"dsn", R"({"catalog": {"shards": 2}, "postgres": {"type": "External", "external": {
        "dsnSecretRef": {"name": "a", "key": "b"}}}})",
       "spec.postgres.external.shardDSNSecretRefs"},
      {"dsn", R"({"postgres": {"type": "External", "external": {"dsnSecretRef": {"name": "a", "key": "b"},
        "shardDSNSecretRefs": [{"shard": 1, "name": "c", "key": "d"}]}}})",
       "spec.postgres.external.shardDSNSecretRefs"},
      {"labels", R"({"gateway": {"pod": {"labels": {"app.kubernetes.io/component": "x"}}}})",
       "spec.gateway.pod.labels"},
      {"labels", R"({"podMetadata": {"labels": {"pbfs.dev/cluster": "x"}}})", "spec.podMetadata.labels"},
      {"env", R"({"catalog": {"pod": {"env": [{"name": "POD_NAME"}]}}})", "spec.catalog.pod.env"},
      {"volumes", R"({"catalog": {"pod": {"extraVolumes": [{"name": "x", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "x", "mountPath": "/x"}]}}})",
       ""},
      {"volumes", R"({"catalog": {"pod": {"extraVolumes": [{"name": "x", "hostPath": {"path": "/"}}]}}})",
       "spec.catalog.pod.extraVolumes"},
      {"volumes", R"({"catalog": {"pod": {"extraVolumes": [{"name": "keys", "emptyDir": {}}]}}})",
       "spec.catalog.pod.extraVolumes"},
      {"mounts", R"({"catalog": {"pod": {"extraVolumeMounts": [{"name": "keys", "mountPath": "/x"}]}}})",
       "spec.catalog.pod.extraVolumeMounts"},
      {"mounts", R"({"catalog": {"pod": {"extraVolumes": [{"name": "x", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "x", "mountPath": "/etc"}]}}})",
       "spec.catalog.pod.extraVolumeMounts"},
      {"mounts", R"({"catalog": {"pod": {"extraVolumes": [{"name": "x", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "x", "mountPath": "/etc/pbfs/keys"}]}}})",
       "spec.catalog.pod.extraVolumeMounts"},
      {"resources", R"({"repairer": {"resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "1000m"}}}})", ""},
      {"resources", R"({"repairer": {"resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "999m"}}}})",
       "spec.repairer.resources"},
      {"resources", R"({"repairer": {"resources": {"limits": {"cpu": "-1"}}}})", "spec.repairer.resources"},
      {"config", R"({"gateway": {"config": {"requests": "512", "etag": "opaque"}}})", ""},
      {"config", R"({"gateway": {"config": {"requests": "many"}}})", "spec.gateway.config"},
      {"config", R"({"gateway": {"config": {"etag": "sha256"}}})", "spec.gateway.config"},
      {"config", R"({"gateway": {"config": {"https": "0.0.0.0:1"}}})", "spec.gateway.config"},
      {"bandwidth", R"({"repairer": {"bandwidthLimit": 0}})", "spec.repairer.bandwidthLimit"},
      {"parameters", R"({"postgres": {"managed": {"parameters": {"shared_buffers": "1GB", "archive_mode": "on"}}}})",
       ""},
      {"parameters", R"({"postgres": {"managed": {"parameters": {"Fsync": "off"}}}})",
       "spec.postgres.managed.parameters"},
      {"parameters", R"({"postgres": {"managed": {"parameters": {"ssl_ciphers": "NULL"}}}})",
       "spec.postgres.managed.parameters"},
      {"members", R"({"postgres": {"managed": {"pod": {"env": [{"name": "PATRONI_NAME"}]}}}})",
       "spec.postgres.managed.pod.env"},
      {"members", R"({"postgres": {"managed": {"resources": {"limits": {"cpu": "-1"}}}}})",
       "spec.postgres.managed.resources"},
  };
  for (const RuleCase& test : cases) ExpectVerdict(test);
}

TEST(CheckSpecTest, NamesLeaveRoomForWhatIsMadeOfThem) {
  const ClusterSpec spec = ParseSpec(SmallestSpec()).spec;
  for (const std::string name : {"a", "demo", "demo-2", "a23456789012345678901234567890"})
    EXPECT_THAT(PathsOf(CheckSpec(name, spec, nullptr)), ElementsAre()) << name;
  for (const std::string name : {"", "a.b", "1demo", "Demo", "demo-", "a234567890123456789012345678901"})
    EXPECT_THAT(PathsOf(CheckSpec(name, spec, nullptr)), ElementsAre("metadata.name")) << name;
}

TEST(CheckSpecTest, SaysAllThatIsWrongAndWhatToDo) {
  const ClusterSpec spec =
      ParseSpec(With(SmallestSpec(), R"({"redundancy": {"dataShards": 4}, "postgres": {"type": "External"}})")).spec;
  const Violations found = CheckSpec("demo", spec, nullptr);
  ASSERT_THAT(PathsOf(found), ElementsAre("spec.fragmentStore.pools", "spec.postgres.external"));
  EXPECT_THAT(found[0].message, HasSubstr("make it at least 6"));
}

TEST(CheckSupportedTest, WhatTheServicesCannotDoIsRefused) {
  EXPECT_THAT(PathsOf(CheckSupported(ParseSpec(SmallestSpec()).spec)), ElementsAre());
  const std::pair<const char*, const char*> cases[] = {
      {R"({"catalog": {"shards": 2}})", "spec.catalog.shards"},
      {R"({"redundancy": {"dataShards": 1, "parityShards": 0}})", "spec.redundancy.parityShards"},
      {R"({"logging": {"format": "text"}})", "spec.logging.format"},
      {R"({"coordination": {"leaseDurationSeconds": 60}})", "spec.coordination"},
      {R"({"garbageCollector": {"gracePeriodSeconds": 40000000}})", "spec.garbageCollector.gracePeriodSeconds"},
      {R"({"fragmentStore": {"pools": [{"name": "a", "replicas": 3, "weight": 0, "storage": {"size": "1Gi"}}]}})",
       "spec.fragmentStore.pools[a].weight"},
      {R"({"fragmentStore": {"pools": [{"name": "a", "replicas": 3, "storage": {"size": "1Gi", "volumesPerStore": 2}}]}})",
       "spec.fragmentStore.pools[a].storage.volumesPerStore"},
  };
  for (const auto& [patch, path] : cases) {
    SCOPED_TRACE(patch);
    EXPECT_THAT(PathsOf(CheckSupported(ParseSpec(With(SmallestSpec(), patch)).spec)), ElementsAre(path));
  }
}

TEST(DomainsNeededTest, NoDomainMayHoldMoreThanCanBeLost) {
  const auto needed = [](int k, int m) { return DomainsNeeded({.data_shards = k, .parity_shards = m}); };
  EXPECT_EQ(needed(1, 2), 2);
  EXPECT_EQ(needed(4, 2), 3);
  EXPECT_EQ(needed(4, 1), 5);
  EXPECT_EQ(needed(3, 0), 3);
}

}  // namespace
}  // namespace pbfs::operators
