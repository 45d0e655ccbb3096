#include "services/operator/cluster_spec.h"

#include <algorithm>
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

/// Patches of SmallestSpec(). An empty `path`: accepted. An empty `before`: the object is new.
struct RuleCase {
  const char* rule;
  const char* before;
  const char* spec;
  const char* path;
};

void ExpectVerdict(const RuleCase& test) {
  SCOPED_TRACE(std::string(test.rule) + ": " + test.before + " -> " + test.spec);
  const auto [spec, shape] = ParseSpec(With(SmallestSpec(), test.spec));
  EXPECT_THAT(PathsOf(shape), ElementsAre());
  Violations found;
  if (*test.before != '\0') {
    const ClusterSpec before = ParseSpec(With(SmallestSpec(), test.before)).spec;
    EXPECT_THAT(PathsOf(CheckSpec("demo", before, nullptr)), ElementsAre());
    found = CheckSpec("demo", spec, &before);
  } else {
    found = CheckSpec("demo", spec, nullptr);
  }
  if (*test.path == '\0')
    EXPECT_THAT(PathsOf(found), ElementsAre());
  else
    EXPECT_THAT(PathsOf(found), ElementsAre(test.path));
}

// Every rule of the CRD, with what it accepts and what it refuses.
TEST(CheckSpecTest, JudgesAsTheCelRulesDo) {
  const RuleCase cases[] = {
      {"version with image", "", R"({"image": "x", "version": "1.2.3"})", ""},
      {"version with image", "", R"({"image": "x"})", "spec.version"},
      {"stores", "", R"({"redundancy": {"dataShards": 1, "parityShards": 2}})", ""},
      {"stores", "", R"({"redundancy": {"dataShards": 2, "parityShards": 2}})", "spec.fragmentStore.pools"},
      {"stores", "", R"({"fragmentStore": {"pools": [{"name": "a", "replicas": 0, "storage": {"size": "1Gi"}}]}})", ""},
      {"stores", "", R"({"fragmentStore": {"pools": [{"name": "a", "replicas": 1, "storage": {"size": "1Gi"}},
        {"name": "b", "replicas": 2, "storage": {"size": "1Gi"}}]}})",
       ""},
      {"tls disabled", "", R"({"tls": {"mode": "Disabled"}})", ""},
      {"tls disabled", "", R"({"tls": {"mode": "Disabled"}, "gateway": {"service": {"type": "NodePort"}}})",
       "spec.tls.mode"},
      {"tenancy", "", R"({"tenancy": {"allowedNamespaces": "All"}})", ""},
      {"tenancy", "", R"({"tenancy": {"allowedNamespaces": "Selector", "selector": {}}})", ""},
      {"tenancy", "", R"({"tenancy": {"allowedNamespaces": "Selector"}})", "spec.tenancy.selector"},
      {"tenancy", "", R"({"tenancy": {"selector": {}}})", "spec.tenancy.selector"},
      {"write shards", "", R"({"redundancy": {"minWriteShards": 1}})", ""},
      {"write shards", "", R"({"redundancy": {"minWriteShards": 3}})", ""},
      {"write shards", "", R"({"redundancy": {"minWriteShards": 4}})", "spec.redundancy.minWriteShards"},
      {"write shards", "", R"({"redundancy": {"dataShards": 2, "parityShards": 1, "minWriteShards": 1}})",
       "spec.redundancy.minWriteShards"},
      {"lease", "", R"({"coordination": {"leaseDurationSeconds": 30, "renewPeriodSeconds": 10}})", ""},
      {"lease", "", R"({"coordination": {"leaseDurationSeconds": 29}})", "spec.coordination.leaseDurationSeconds"},
      {"etcd", "", R"({"coordination": {"mode": "Etcd", "etcd": {"endpoints": ["a:1"]}}})", ""},
      {"etcd", "", R"({"coordination": {"mode": "Etcd"}})", "spec.coordination.etcd"},
      {"etcd", "", R"({"coordination": {"etcd": {"endpoints": ["a:1"]}}})", "spec.coordination.etcd"},
      {"mode", "{}", R"({"coordination": {"mode": "KubernetesLease"}})", ""},
      {"mode", "{}", R"({"coordination": {"mode": "Etcd", "etcd": {"endpoints": ["a:1"]}}})", "spec.coordination.mode"},
      {"pool removed", R"({"fragmentStore": {"pools": [{"name": "a", "replicas": 0, "storage": {"size": "1Gi"}},
        {"name": "main", "replicas": 3, "storage": {"size": "10Gi"}}]}})",
       "{}", ""},
      {"pool removed", R"({"fragmentStore": {"pools": [{"name": "a", "replicas": 1, "storage": {"size": "1Gi"}},
        {"name": "main", "replicas": 3, "storage": {"size": "10Gi"}}]}})",
       "{}", "spec.fragmentStore.pools[a]"},
      {"class added", "{}", R"({"fragmentStore": {"pools": [{"name": "main", "replicas": 3,
        "storage": {"size": "10Gi", "storageClassName": "x"}}]}})",
       "spec.fragmentStore.pools[main].storage.storageClassName"},
      {"class removed", R"({"fragmentStore": {"pools": [{"name": "main", "replicas": 3,
        "storage": {"size": "10Gi", "storageClassName": "x"}}]}})",
       "{}", "spec.fragmentStore.pools[main].storage.storageClassName"},
      {"class changed", R"({"fragmentStore": {"pools": [{"name": "main", "replicas": 3,
        "storage": {"size": "10Gi", "storageClassName": "x"}}]}})",
       R"({"fragmentStore": {"pools": [{"name": "main", "replicas": 3, "storage": {"size": "10Gi", "storageClassName": "y"}}]}})",
       "spec.fragmentStore.pools[main].storage.storageClassName"},
      {"class kept", R"({"fragmentStore": {"pools": [{"name": "main", "replicas": 3,
        "storage": {"size": "10Gi", "storageClassName": "x"}}]}})",
       R"({"fragmentStore": {"pools": [{"name": "main", "replicas": 5, "storage": {"size": "10Gi", "storageClassName": "x"}}]}})",
       ""},
      {"volumes", "{}", R"({"fragmentStore": {"pools": [{"name": "main", "replicas": 3,
        "storage": {"size": "10Gi", "volumesPerStore": 2}}]}})",
       "spec.fragmentStore.pools[main].storage.volumesPerStore"},
      {"size grows", "{}",
       R"({"fragmentStore": {"pools": [{"name": "main", "replicas": 3, "storage": {"size": "11Gi"}}]}})", ""},
      {"size kept", "{}",
       R"({"fragmentStore": {"pools": [{"name": "main", "replicas": 3, "storage": {"size": "10240Mi"}}]}})", ""},
      {"size shrinks", "{}",
       R"({"fragmentStore": {"pools": [{"name": "main", "replicas": 3, "storage": {"size": "10G"}}]}})",
       "spec.fragmentStore.pools[main].storage.size"},
      {"shards", R"({"catalog": {"shards": 2}})", R"({"catalog": {"shards": 3}})", ""},
      {"shards", R"({"catalog": {"shards": 2}})", R"({"catalog": {"shards": 1}})", "spec.catalog.shards"},
      {"external", "", R"({"postgres": {"type": "External", "external": {"dsnSecretRef": {"name": "a", "key": "b"}}}})",
       ""},
      {"external", "", R"({"postgres": {"type": "External"}})", "spec.postgres.external"},
      {"external", "", R"({"postgres": {"type": "Managed", "external": {"dsnSecretRef": {"name": "a", "key": "b"}}}})",
       "spec.postgres.external"},
      {"managed", "", R"({"postgres": {"type": "Auto", "managed": {}}})", ""},
      {"managed", "", R"({"postgres": {"type": "Managed", "managed": {}}})", ""},
      {"managed", "", R"({"postgres": {"type": "CloudNativePG", "managed": {}}})", "spec.postgres.managed"},
      {"cnpg", "", R"({"postgres": {"type": "Auto", "cloudNativePG": {}}})", ""},
      {"cnpg", "", R"({"postgres": {"type": "CloudNativePG", "cloudNativePG": {}}})", ""},
      {"cnpg", "", R"({"postgres": {"type": "Managed", "cloudNativePG": {}}})", "spec.postgres.cloudNativePG"},
      {"type", "{}", R"({"postgres": {"type": "Managed"}})", ""},
      {"type", R"({"postgres": {"type": "Managed"}})", R"({"postgres": {"type": "CloudNativePG"}})",
       "spec.postgres.type"},
      {"type", R"({"postgres": {"type": "Managed"}})", "{}", "spec.postgres.type"},
      {"standbys", "", R"({"postgres": {"managed": {"instances": 2, "synchronousStandbys": 1}}})", ""},
      {"standbys", "", R"({"postgres": {"managed": {"instances": 1}}})", "spec.postgres.managed.synchronousStandbys"},
      {"replicas", "", R"({"postgres": {"cloudNativePG": {"instances": 2, "synchronousReplicas": 1}}})", ""},
      {"replicas", "", R"({"postgres": {"cloudNativePG": {"instances": 1}}})",
       "spec.postgres.cloudNativePG.synchronousReplicas"},
      {"issuer", "", R"({"tls": {"mode": "CertManager", "issuerRef": {"name": "i"}}})", ""},
      {"issuer", "", R"({"tls": {"mode": "CertManager"}})", "spec.tls.issuerRef"},
      {"issuer", "", R"({"tls": {"issuerRef": {"name": "i"}}})", "spec.tls.issuerRef"},
      {"internal", "", R"({"tls": {"mode": "Provided", "internal": {"certificateSecretRef": {"name": "c"}}}})", ""},
      {"internal", "", R"({"tls": {"mode": "Provided"}})", "spec.tls.internal.certificateSecretRef"},
      {"internal", "", R"({"tls": {"mode": "Provided", "internal": {"caSecretRef": {"name": "c"}}}})",
       "spec.tls.internal.certificateSecretRef"},
      {"internal", "", R"({"tls": {"internal": {"certificateSecretRef": {"name": "c"}}}})", "spec.tls.internal"},
      {"renewal", "", R"({"tls": {"certificateDurationSeconds": 7200, "renewBeforeSeconds": 3600}})", ""},
      {"renewal", "", R"({"tls": {"certificateDurationSeconds": 7199, "renewBeforeSeconds": 3600}})",
       "spec.tls.renewBeforeSeconds"},
      {"renewal", "", R"({"tls": {"renewBeforeSeconds": 9223372036854775807}})", "spec.tls.renewBeforeSeconds"},
      {"authority", R"({"tls": {"caGeneration": 2}})", R"({"tls": {"caGeneration": 3}})", ""},
      {"authority", R"({"tls": {"caGeneration": 2}})", "{}", "spec.tls.caGeneration"},
  };
  for (const RuleCase& test : cases) ExpectVerdict(test);
}

TEST(CheckSpecTest, KnowsWhatCelCannotSay) {
  const RuleCase cases[] = {
      {"release", "", R"({"version": "latest"})", "spec.version"},
      {"release", "", R"({"version": "1.2.0-rc.1"})", ""},
      {"pool names", "", R"({"fragmentStore": {"pools": [{"name": "a", "replicas": 3, "storage": {"size": "1Gi"}},
        {"name": "a", "replicas": 3, "storage": {"size": "1Gi"}}]}})",
       "spec.fragmentStore.pools[a].name"},
      {"pool names", "", R"({"fragmentStore": {"pools": [{"name": "a-", "replicas": 3, "storage": {"size": "1Gi"}}]}})",
       "spec.fragmentStore.pools[a-].name"},
      {"size", "", R"({"fragmentStore": {"pools": [{"name": "a", "replicas": 3, "storage": {"size": "0"}}]}})",
       "spec.fragmentStore.pools[a].storage.size"},
      {"size", "", R"({"fragmentStore": {"pools": [{"name": "a", "replicas": 3, "storage": {"size": "0.5"}}]}})",
       "spec.fragmentStore.pools[a].storage.size"},
      {"disruptions", "", R"({"fragmentStore": {"maxUnavailable": 2}})", ""},
      {"disruptions", "", R"({"fragmentStore": {"maxUnavailable": 3}})", "spec.fragmentStore.maxUnavailable"},
      {"ports", "", R"({"gateway": {"s3": {"port": 9001}}})", "spec.gateway.grpc.port"},
      {"balancer", "", R"({"gateway": {"service": {"loadBalancerClass": "x"}}})",
       "spec.gateway.service.loadBalancerClass"},
      {"balancer", "", R"({"gateway": {"service": {"loadBalancerSourceRanges": ["10.0.0.0/8"]}}})",
       "spec.gateway.service.loadBalancerSourceRanges"},
      {"traffic", "", R"({"gateway": {"service": {"externalTrafficPolicy": "Local"}}})",
       "spec.gateway.service.externalTrafficPolicy"},
      {"traffic", "", R"({"gateway": {"service": {"type": "NodePort", "externalTrafficPolicy": "Local"}}})", ""},
      {"dsn", "", R"({"catalog": {"shards": 2}, "postgres": {"type": "External", "external": {
        "dsnSecretRef": {"name": "a", "key": "b"}, "shardDSNSecretRefs": [{"shard": 1, "name": "c", "key": "d"}]}}})",
       ""},
      {"dsn", "", R"({"catalog": {"shards": 2}, "postgres": {"type": "External", "external": {
        "dsnSecretRef": {"name": "a", "key": "b"}}}})",
       "spec.postgres.external.shardDSNSecretRefs"},
      {"dsn", "", R"({"postgres": {"type": "External", "external": {"dsnSecretRef": {"name": "a", "key": "b"},
        "shardDSNSecretRefs": [{"shard": 1, "name": "c", "key": "d"}]}}})",
       "spec.postgres.external.shardDSNSecretRefs"},
      {"labels", "", R"({"gateway": {"pod": {"labels": {"app.kubernetes.io/component": "x"}}}})",
       "spec.gateway.pod.labels"},
      {"labels", "", R"({"podMetadata": {"labels": {"pbfs.dev/cluster": "x"}}})", "spec.podMetadata.labels"},
      {"env", "", R"({"catalog": {"pod": {"env": [{"name": "POD_NAME"}]}}})", "spec.catalog.pod.env"},
      {"volumes", "", R"({"catalog": {"pod": {"extraVolumes": [{"name": "x", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "x", "mountPath": "/x"}]}}})",
       ""},
      {"volumes", "", R"({"catalog": {"pod": {"extraVolumes": [{"name": "x", "hostPath": {"path": "/"}}]}}})",
       "spec.catalog.pod.extraVolumes"},
      {"volumes", "", R"({"catalog": {"pod": {"extraVolumes": [{"name": "keys", "emptyDir": {}}]}}})",
       "spec.catalog.pod.extraVolumes"},
      {"mounts", "", R"({"catalog": {"pod": {"extraVolumeMounts": [{"name": "keys", "mountPath": "/x"}]}}})",
       "spec.catalog.pod.extraVolumeMounts"},
      {"mounts", "", R"({"catalog": {"pod": {"extraVolumes": [{"name": "x", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "x", "mountPath": "/etc"}]}}})",
       "spec.catalog.pod.extraVolumeMounts"},
      {"mounts", "", R"({"catalog": {"pod": {"extraVolumes": [{"name": "x", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "x", "mountPath": "/etc/pbfs/keys"}]}}})",
       "spec.catalog.pod.extraVolumeMounts"},
      {"resources", "", R"({"repairer": {"resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "1000m"}}}})", ""},
      {"resources", "", R"({"repairer": {"resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "999m"}}}})",
       "spec.repairer.resources"},
      {"resources", "", R"({"repairer": {"resources": {"limits": {"cpu": "-1"}}}})", "spec.repairer.resources"},
      {"config", "", R"({"gateway": {"config": {"requests": "512", "etag": "opaque"}}})", ""},
      {"config", "", R"({"gateway": {"config": {"requests": "many"}}})", "spec.gateway.config"},
      {"config", "", R"({"gateway": {"config": {"etag": "sha256"}}})", "spec.gateway.config"},
      {"config", "", R"({"gateway": {"config": {"https": "0.0.0.0:1"}}})", "spec.gateway.config"},
      {"bandwidth", "", R"({"repairer": {"bandwidthLimit": 0}})", "spec.repairer.bandwidthLimit"},
      {"parameters", "",
       R"({"postgres": {"managed": {"parameters": {"shared_buffers": "1GB", "archive_mode": "on"}}}})", ""},
      {"parameters", "", R"({"postgres": {"managed": {"parameters": {"Fsync": "off"}}}})",
       "spec.postgres.managed.parameters"},
      {"parameters", "", R"({"postgres": {"managed": {"parameters": {"ssl_ciphers": "NULL"}}}})",
       "spec.postgres.managed.parameters"},
      {"members", "", R"({"postgres": {"managed": {"pod": {"env": [{"name": "PATRONI_NAME"}]}}}})",
       "spec.postgres.managed.pod.env"},
      {"members", "", R"({"postgres": {"managed": {"resources": {"limits": {"cpu": "-1"}}}}})",
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
