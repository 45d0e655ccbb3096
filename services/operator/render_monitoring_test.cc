#include <set>

#include "libs/base/testing.h"
#include "services/operator/monitoring_texts.h"
#include "services/operator/render.h"
#include "services/operator/render_parts.h"
#include "services/operator/spec_samples.h"

namespace pbfs::operators {
namespace {

using testing::HasSubstr;

ClusterIntent Intent(const Json& monitoring = Json::object(), const char* postgres = "Managed") {
  Json spec = SmallestSpec();
  spec["monitoring"] = monitoring;
  ClusterIntent intent = IntentOf(spec);
  intent.facts.postgres_type = postgres;
  intent.facts.prometheus_rules_served = true;
  return intent;
}

Json Get(const ClusterIntent& intent, const std::string& kind, const std::string& name) {
  for (Json& object : MonitoringObjects(intent))
    if (object["kind"] == kind && object["metadata"]["name"] == name) return std::move(object);
  return {};
}

std::set<std::string> GroupsOf(const ClusterIntent& intent) {
  std::set<std::string> names;
  const Json rule = Get(intent, "PrometheusRule", "demo");
  for (const Json& group : rule["spec"]["groups"]) names.insert(group["name"].get<std::string>());
  return names;
}

TEST(RenderMonitoringTest, EachIsMadeWhereItIsWantedAndItsKindIsServed) {
  ClusterIntent intent = Intent();
  EXPECT_EQ(MonitoringObjects(intent).size(), 2u);  // dashboards are for those who ask for them
  intent.facts.service_monitors_served = false;
  EXPECT_TRUE(Get(intent, "ServiceMonitor", "demo").is_null());
  intent.facts.prometheus_rules_served = false;
  EXPECT_TRUE(MonitoringObjects(intent).empty());
  EXPECT_TRUE(MonitoringObjects(Intent({{"serviceMonitor", "Disabled"}, {"prometheusRule", "Disabled"}})).empty());
}

TEST(RenderMonitoringTest, PatroniIsAskedOverTlsWhereItIsOurs) {
  const Json endpoints = Get(Intent(), "ServiceMonitor", "demo")["spec"]["endpoints"];
  ASSERT_EQ(endpoints.size(), 2u);
  EXPECT_EQ(endpoints[1]["tlsConfig"], Json::parse(R"({"ca": {"configMap": {"name": "demo-ca-bundle", "key": "ca.crt"}},
                            "serverName": "demo-pg-0.storage.svc"})"));
  EXPECT_EQ(Get(Intent({}, "External"), "ServiceMonitor", "demo")["spec"]["endpoints"].size(), 1u);
  ClusterIntent provided = Intent();
  provided.spec.tls.internal = InternalCertificates{"inside", ""};
  EXPECT_EQ(Get(provided, "ServiceMonitor", "demo")["spec"]["endpoints"][1]["tlsConfig"]["ca"]["secret"]["name"],
            "inside");
}

TEST(RenderMonitoringTest, AlertsAreAboutThisCluster) {
  const Json rule = Get(Intent({{"labels", {{"release", "prometheus"}}}}), "PrometheusRule", "demo");
  EXPECT_EQ(rule["metadata"]["labels"]["release"], "prometheus");
  int alerts = 0;
  for (const Json& group : rule["spec"]["groups"])
    for (const Json& alert : group["rules"]) {
      ++alerts;
      EXPECT_THAT(alert["expr"].get<std::string>(), HasSubstr(R"(namespace="storage")")) << alert;
      EXPECT_EQ(alert["labels"]["namespace"], "storage");
      EXPECT_EQ(alert["labels"]["pbfs_dev_cluster"], "demo");
    }
  EXPECT_GT(alerts, 40);
}

TEST(RenderMonitoringTest, AlertsOfWhatAClusterHasNotAreLeftOut) {
  EXPECT_TRUE(GroupsOf(Intent()).contains("pbfs-postgres"));
  EXPECT_TRUE(GroupsOf(Intent()).contains("pbfs-kubernetes"));
  EXPECT_FALSE(GroupsOf(Intent()).contains("pbfs-operator"));
  EXPECT_FALSE(GroupsOf(Intent({}, "External")).contains("pbfs-postgres"));
}

TEST(RenderMonitoringTest, DashboardsOfTwoClustersAreDifferentOnes) {
  ClusterIntent one = Intent({{"grafanaDashboards", "Enabled"}}), other = one;
  other.space = "elsewhere";
  for (const Board& board : Boards()) {
    const std::string name = "demo-dashboard-" + std::string(board.name);
    const Json first = Get(one, "ConfigMap", name), second = Get(other, "ConfigMap", name);
    ASSERT_EQ(first["data"].size(), 1u) << name;
    EXPECT_EQ(first["metadata"]["labels"]["grafana_dashboard"], "1");
    EXPECT_TRUE(first["data"].contains("pbfs-storage-demo-" + std::string(board.name) + ".json"));
    const Json json = Json::parse(first["data"].begin()->get<std::string>());
    EXPECT_NE(json["uid"], Json::parse(second["data"].begin()->get<std::string>())["uid"]);
    EXPECT_THAT(json["title"].get<std::string>(), HasSubstr(": storage/demo"));
    for (const Json& panel : json["panels"])
      for (const Json& target : panel.value("targets", Json::array()))
        EXPECT_THAT(target["expr"].get<std::string>(), HasSubstr(R"(namespace="storage",pbfs_dev_cluster="demo")"));
  }
  EXPECT_TRUE(
      Get(Intent({{"grafanaDashboards", "Enabled"}}, "External"), "ConfigMap", "demo-dashboard-postgres").is_null());
}

}  // namespace
}  // namespace pbfs::operators
