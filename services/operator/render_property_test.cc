// What holds for the objects of every cluster, whatever is in its spec.
#include <algorithm>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "libs/base/testing.h"
#include "services/operator/names.h"
#include "services/operator/render.h"
#include "services/operator/spec_samples.h"

namespace pbfs::operators {
namespace {

// Whether all of `part` is in `whole`.
bool Within(const Json& part, const Json& whole) {
  return std::all_of(part.items().begin(), part.items().end(),
                     [&](const auto& item) { return whole.contains(item.key()) && whole[item.key()] == item.value(); });
}

std::string NameOf(const Json& object) { return object["metadata"]["name"]; }
const Json& PodOf(const Json& set) { return set["spec"]["template"]["spec"]; }
const Json& PodLabels(const Json& set) { return set["spec"]["template"]["metadata"]["labels"]; }

std::vector<Json> OfKind(const std::vector<Json>& objects, const std::string& kind) {
  std::vector<Json> out;
  std::copy_if(objects.begin(), objects.end(), std::back_inserter(out),
               [&](const Json& one) { return one["kind"] == kind; });
  return out;
}

// A Service of PostgreSQL whose Endpoints Patroni writes; it selects no pods.
bool IsPatronis(const Json& object) {
  return object["kind"] == "Service" && object["metadata"]["labels"][kComponentLabel] == kPostgres.component &&
         !object["spec"].contains("selector");
}

std::vector<Json> SelectedBy(const std::vector<Json>& objects, const Json& selector) {
  std::vector<Json> sets = OfKind(objects, "StatefulSet");
  std::erase_if(sets, [&](const Json& set) { return !Within(selector, PodLabels(set)); });
  return sets;
}

void ExpectSelectorsMeet(const std::vector<Json>& objects) {
  for (const Json& set : OfKind(objects, "StatefulSet")) {
    const Json& selector = set["spec"]["selector"]["matchLabels"];
    EXPECT_EQ(SelectedBy(objects, selector).size(), 1u) << NameOf(set);
    const std::set<std::string> allowed{kClusterLabel, kComponentLabel, kPoolLabel, kShardLabel};
    for (const auto& [key, value] : selector.items()) EXPECT_TRUE(allowed.contains(key)) << key;
    for (const Json& spread : PodOf(set).value("topologySpreadConstraints", Json::array()))
      EXPECT_TRUE(Within(spread["labelSelector"]["matchLabels"], PodLabels(set)));
  }
  for (const char* kind : {"Service", "PodDisruptionBudget", "NetworkPolicy"}) {
    for (const Json& object : OfKind(objects, kind)) {
      const Json& spec = object["spec"];
      if (IsPatronis(object)) continue;
      const Json& of = kind == std::string("Service")         ? spec["selector"]
                       : kind == std::string("NetworkPolicy") ? spec["podSelector"]["matchLabels"]
                                                              : spec["selector"]["matchLabels"];
      EXPECT_FALSE(SelectedBy(objects, of).empty()) << kind << " " << NameOf(object);
    }
  }
}

std::set<std::string> PortsOfPod(const Json& set) {
  std::set<std::string> names;
  for (const Json& port : PodOf(set)["containers"][0]["ports"]) names.insert(port["name"].get<std::string>());
  return names;
}

void ExpectPortsExist(const std::vector<Json>& objects) {
  for (const Json& service : OfKind(objects, "Service")) {
    std::set<int> numbers;
    if (IsPatronis(service)) continue;
    for (const Json& port : service["spec"]["ports"]) {
      EXPECT_EQ(port["protocol"], "TCP");
      EXPECT_TRUE(numbers.insert(port["port"].get<int>()).second) << NameOf(service);
      for (const Json& set : SelectedBy(objects, service["spec"]["selector"]))
        EXPECT_TRUE(PortsOfPod(set).contains(port["targetPort"].get<std::string>())) << NameOf(service);
    }
  }
  for (const Json& set : OfKind(objects, "StatefulSet")) {
    const Json& container = PodOf(set)["containers"][0];
    for (const Json& port : container["ports"]) EXPECT_EQ(port["protocol"], "TCP");
    for (const char* probe : {"startupProbe", "readinessProbe", "livenessProbe"}) {
      const Json& asks =
          container[probe].contains("httpGet") ? container[probe]["httpGet"] : container[probe]["tcpSocket"];
      EXPECT_TRUE(PortsOfPod(set).contains(asks["port"].get<std::string>())) << NameOf(set) << " " << probe;
    }
    const auto services = OfKind(objects, "Service");
    EXPECT_TRUE(std::any_of(services.begin(), services.end(), [&](const Json& service) {
      return NameOf(service) == set["spec"]["serviceName"] && service["spec"].value("clusterIP", "") == "None";
    })) << NameOf(set);
  }
}

void AddMounted(const Json& source, std::set<std::string>& names) {
  if (source.contains("secret")) {
    const Json& secret = source["secret"];
    names.insert((secret.contains("secretName") ? secret["secretName"] : secret["name"]).get<std::string>());
  }
  if (source.contains("configMap")) names.insert(source["configMap"]["name"].get<std::string>());
  if (source.contains("projected"))
    for (const Json& part : source["projected"]["sources"]) AddMounted(part, names);
}

// The list in services/operator/README.md.
std::set<std::string> MadeElsewhere(const ClusterIntent& intent) {
  const ClusterSpec& spec = intent.spec;
  std::set<std::string> names{"demo-keyring",     "demo-gateway-keys", "demo-s3-tls", "demo-ca-bundle",
                              "kube-root-ca.crt", "demo-domains",      "demo-pg-0",   "demo-pg-0-app",
                              "demo-pg-0-ca",     "demo-pg-tls",       "users-own"};
  for (const Part& part : kParts) names.insert(fmt::format("demo-{}-tls", part.short_name));
  if (spec.tls.internal) names.merge(std::set{spec.tls.internal->certificate_secret, spec.tls.internal->ca_secret});
  if (spec.postgres.external)
    names.merge(std::set{spec.postgres.external->dsn.name, spec.postgres.external->ca_secret});
  if (spec.coordination.etcd) names.insert(spec.coordination.etcd->tls_secret);
  names.insert(spec.tls.s3_certificate_secret);
  return names;
}

void ExpectVolumesExist(const ClusterIntent& intent, const std::vector<Json>& objects) {
  std::set<std::string> made, mounted, elsewhere = MadeElsewhere(intent);
  for (const Json& config_map : OfKind(objects, "ConfigMap")) made.insert(NameOf(config_map));
  for (const Json& set : OfKind(objects, "StatefulSet")) {
    std::set<std::string> volumes;
    for (const Json& volume : PodOf(set)["volumes"]) {
      AddMounted(volume, mounted);
      EXPECT_TRUE(volumes.insert(volume["name"].get<std::string>()).second) << volume["name"];
    }
    for (const Json& claim : set["spec"].value("volumeClaimTemplates", Json::array())) volumes.insert(NameOf(claim));
    for (const Json& mount : PodOf(set)["containers"][0]["volumeMounts"]) {
      const std::string name = mount["name"];
      EXPECT_EQ(volumes.erase(name), 1u) << name;
      EXPECT_FALSE(mount.contains("subPath")) << name;
      const bool own = std::find(kOwnVolumes.begin(), kOwnVolumes.end(), name) != kOwnVolumes.end();
      EXPECT_TRUE(own || name == "extra") << name;
    }
    EXPECT_TRUE(volumes.empty()) << *volumes.begin() << " is not mounted";
  }
  for (const std::string& name : made) EXPECT_EQ(mounted.erase(name), 1u) << name << " is made and not mounted";
  EXPECT_EQ(mounted, MountedFromElsewhere(intent));
  for (const std::string& name : mounted) EXPECT_TRUE(elsewhere.contains(name)) << name;
}

void ExpectNamesAreGood(const std::vector<Json>& objects) {
  std::set<std::pair<std::string, std::string>> names;
  for (const Json& object : objects) {
    const std::string name = NameOf(object);
    EXPECT_TRUE(IsDnsLabel(name)) << name;
    EXPECT_TRUE(names.emplace(object["kind"], name).second) << object["kind"] << " " << name << " is there twice";
    EXPECT_EQ(object["metadata"]["namespace"], "storage");
    EXPECT_EQ(object["metadata"]["labels"][kClusterLabel], object["metadata"]["labels"]["app.kubernetes.io/instance"]);
    for (const auto& [key, value] : object["metadata"]["labels"].items())
      EXPECT_LE(value.get<std::string>().size(), 63u) << key;
    if (object["kind"] == "StatefulSet") {
      EXPECT_LE(name.size(), kMaxStatefulSetName);
    }
  }
}

// kubernetes.io/docs/concepts/security/pod-security-standards, "Restricted".
void ExpectRestricted(const Json& pod) {
  const Json& security = pod["securityContext"];
  EXPECT_EQ(security["runAsNonRoot"], true);
  EXPECT_GT(security["runAsUser"].get<int>(), 0);
  EXPECT_EQ(security["seccompProfile"]["type"], "RuntimeDefault");
  for (const char* banned : {"hostNetwork", "hostPID", "hostIPC", "initContainers"}) EXPECT_FALSE(pod.contains(banned));
  for (const Json& container : pod["containers"]) {
    const Json& own = container["securityContext"];
    EXPECT_EQ(own["allowPrivilegeEscalation"], false);
    EXPECT_EQ(own["readOnlyRootFilesystem"], true);
    EXPECT_EQ(own["capabilities"]["drop"], Json::array({"ALL"}));
    EXPECT_FALSE(own.contains("privileged"));
    for (const Json& port : container["ports"]) EXPECT_FALSE(port.contains("hostPort"));
  }
  for (const Json& volume : pod["volumes"]) EXPECT_FALSE(volume.contains("hostPath"));
  EXPECT_EQ(pod["automountServiceAccountToken"], false);
  EXPECT_EQ(pod["enableServiceLinks"], false);
}

void ExpectPodsEndInTime(const Json& pod) {
  const int64_t grace = pod["terminationGracePeriodSeconds"];
  const Json& container = pod["containers"][0];
  const int64_t wait =
      container.contains("lifecycle") ? container["lifecycle"]["preStop"]["sleep"]["seconds"].get<int64_t>() : 0;
  EXPECT_LT(wait, grace);
}

void ExpectWorkloadsAreGood(const std::vector<Json>& objects) {
  std::set<std::string> accounts;
  for (const Json& account : OfKind(objects, "ServiceAccount")) accounts.insert(NameOf(account));
  for (const Json& set : OfKind(objects, "StatefulSet")) {
    SCOPED_TRACE(NameOf(set));
    EXPECT_TRUE(set["spec"].contains("replicas"));
    EXPECT_EQ(set["spec"]["podManagementPolicy"], "Parallel");
    EXPECT_TRUE(accounts.contains(PodOf(set)["serviceAccountName"].get<std::string>()));
    ExpectRestricted(PodOf(set));
    ExpectPodsEndInTime(PodOf(set));
  }
}

// What holds data outlives the cluster's object; all else goes with it.
void ExpectOwnersAreRight(const ClusterIntent& intent, const std::vector<Json>& objects) {
  for (const Json& object : objects) {
    const Json& component = object["metadata"]["labels"][kComponentLabel];
    const bool data =
        object["kind"] == "StatefulSet" && (component == kFragmentStore.component || component == kPostgres.component);
    const bool retained = data || IsPatronis(object) || object["kind"] == "Cluster";
    EXPECT_EQ(object["metadata"].contains("ownerReferences"), !retained) << NameOf(object);
    if (!retained) {
      EXPECT_EQ(object["metadata"]["ownerReferences"][0]["uid"], intent.uid);
    }
    EXPECT_EQ(object.value("spec", Json::object()).contains("volumeClaimTemplates"), data) << NameOf(object);
  }
}

void ExpectAmountsAreCanonical(const Json& value) {
  if (value.is_array())
    for (const Json& one : value) ExpectAmountsAreCanonical(one);
  if (!value.is_object()) return;
  for (const auto& [key, member] : value.items()) {
    if (key != "requests" && key != "limits") {
      ExpectAmountsAreCanonical(member);
      continue;
    }
    for (const Json& amount : member) {
      ASSERT_OK_AND_ASSIGN(const Quantity quantity, Quantity::Parse(amount.get<std::string>()));
      EXPECT_EQ(quantity.Canonical(), amount);
    }
  }
}

// An empty member that a server drops, or fills in, would differ at each look.
void ExpectNothingIsNull(const Json& value, const std::string& path) {
  EXPECT_FALSE(value.is_null()) << path;
  if (value.is_structured())
    for (const auto& [key, member] : value.items()) ExpectNothingIsNull(member, path + "/" + key);
}

Json WithoutHash(Json object) {
  object["metadata"]["annotations"].erase(kSpecHash);
  if (object["metadata"]["annotations"].empty()) object["metadata"].erase("annotations");
  return object;
}

TEST(RenderPropertyTest, WhatIsRenderedForAnySpecFitsTogether) {
  SeededRandom random(TestSeed());
  SCOPED_TRACE(TestSeed());
  for (int i = 0; i < TestScaled(200); ++i) {
    const Json spec = RandomSpec(random);
    SCOPED_TRACE(spec.dump());
    const ClusterIntent intent = IntentOf(spec);
    ASSERT_TRUE(ParseSpec(spec).violations.empty());
    ASSERT_TRUE(CheckSpec(intent.name, intent.spec, nullptr).empty());
    ASSERT_TRUE(CheckSupported(intent.spec).empty());
    const std::vector<Json> objects = Render(intent);
    ExpectSelectorsMeet(objects);
    ExpectPortsExist(objects);
    ExpectVolumesExist(intent, objects);
    ExpectNamesAreGood(objects);
    ExpectWorkloadsAreGood(objects);
    ExpectOwnersAreRight(intent, objects);
    for (const Json& object : objects) ExpectAmountsAreCanonical(object), ExpectNothingIsNull(object, "");
    ASSERT_FALSE(testing::Test::HasFailure());
  }
}

TEST(RenderPropertyTest, TheLongestNamesAreWithinTheirBounds) {
  ClusterIntent intent = IntentOf(SmallestSpec());
  intent.name = std::string(kMaxClusterName, 'a');
  intent.spec.fragment_store.pools[0].name = std::string(12, 'p');
  intent.spec.catalog.shards = 256;
  ASSERT_TRUE(CheckSpec(intent.name, intent.spec, nullptr).empty());
  ExpectNamesAreGood(Render(intent));
}

TEST(RenderPropertyTest, HashesAreEqualExactlyWhereObjectsAre) {
  SeededRandom random(TestSeed());
  SCOPED_TRACE(TestSeed());
  std::map<std::string, Json> seen;
  for (int i = 0; i < TestScaled(100); ++i) {
    const Json spec = RandomSpec(random);
    EXPECT_EQ(Render(IntentOf(spec)), Render(IntentOf(Json::parse(spec.dump()))));
    for (const Json& object : Render(IntentOf(spec))) {
      const std::string hash = object["metadata"]["annotations"][kSpecHash];
      EXPECT_EQ(hash, SpecHash(WithoutHash(object)));
      EXPECT_EQ(seen.try_emplace(hash, object).first->second, object);
    }
  }
  std::set<std::string> contents;
  for (const auto& [hash, object] : seen) EXPECT_TRUE(contents.insert(WithoutHash(object).dump()).second);
}

}  // namespace
}  // namespace pbfs::operators
