#include "services/operator/query_scope.h"

#include <fstream>
#include <regex>
#include <sstream>

#include "libs/base/testing.h"
#include "services/operator/monitoring_texts.h"

namespace pbfs::operators {
namespace {

constexpr const char* kOwn = R"(namespace="storage",pbfs_dev_cluster="demo")";

std::string Scoped(const std::string& query) { return ScopeQuery(query, {"storage", "demo"}); }

// `$` in `wanted` stands for the cluster's labels.
void ExpectScoped(const std::string& query, const std::string& wanted) {
  EXPECT_EQ(Scoped(query), std::regex_replace(wanted, std::regex("\\$"), kOwn)) << query;
}

TEST(QueryScopeTest, EachMetricOfAClusterIsNarrowed) {
  ExpectScoped("pbfs_x", "pbfs_x{$}");
  ExpectScoped("pbfs_x{}", "pbfs_x{$}");
  ExpectScoped(R"(max(pbfs_stores{state="up"}) > 0)", R"(max(pbfs_stores{$,state="up"}) > 0)");
  ExpectScoped("up == 0 and on (instance) process_open_fds", "up{$} == 0 and on (instance) process_open_fds{$}");
  ExpectScoped("rate(pbfs_x_total[5m]) / patroni_primary", "rate(pbfs_x_total{$}[5m]) / patroni_primary{$}");
  ExpectScoped("absent(pbfs_x)or pbfs_y", "absent(pbfs_x{$})or pbfs_y{$}");
  ExpectScoped("label_values(pbfs_x, method)", "label_values(pbfs_x{$}, method)");
}

TEST(QueryScopeTest, WhatIsNoMetricOfAClusterStays) {
  for (const char* query : {"time() - 5", "prometheus", "sum by (pbfs_dev_cluster) (other)", R"(other{a="pbfs_x"})",
                            R"(other{a="\"pbfs_x"})", "other{upper=~'pbfs_x'}", "vector(1e9)", "other offset 5m", ""})
    EXPECT_EQ(Scoped(query), query);
  ExpectScoped(R"(max by (namespace, pbfs_dev_cluster) (pbfs_x{pbfs_dev_cluster=~"a"}))",
               R"(max by (namespace, pbfs_dev_cluster) (pbfs_x{$,pbfs_dev_cluster=~"a"}))");
}

TEST(QueryScopeTest, VolumesAreKnownByTheNamesOfClaims) {
  EXPECT_EQ(Scoped(R"(kubelet_volume_stats_available_bytes{persistentvolumeclaim=~"x"} < 5)"),
            R"(kubelet_volume_stats_available_bytes{namespace="storage",persistentvolumeclaim=~"data-demo-.+",)"
            R"(persistentvolumeclaim=~"x"} < 5)");
}

TEST(QueryScopeTest, WhatIsNotWholeIsNoTrouble) {
  EXPECT_EQ(Scoped("other{a=\"b"), "other{a=\"b");
  EXPECT_EQ(Scoped("\"\\"), "\"\\");
  ExpectScoped("pbfs_x{", "pbfs_x{$");
}

TEST(GroupsOfAlertsTest, AlertsAreReadAsTheyAreWritten) {
  EXPECT_EQ(GroupsOfAlerts(R"(# A comment.
groups:
  - name: one

    rules:
      - alert: First
        # Why.
        expr: a{b="c"} > 1
        for: 2m
        labels: {severity: warning}
        annotations:
          summary: "{{ $value }} \"x\""
          runbook: docs/first.md
  - name: two
    rules:
      - alert: Second
        expr: b
)"),
            Json::parse(R"([{"name": "one", "rules": [{"alert": "First", "expr": "a{b=\"c\"} > 1", "for": "2m",
              "labels": {"severity": "warning"}, "annotations": {"summary": "{{ $value }} \"x\"", "runbook": "docs/first.md"}}]},
              {"name": "two", "rules": [{"alert": "Second", "expr": "b"}]}])"));
}

TEST(GroupsOfAlertsTest, AllThatAreDeployedAreThere) {
  std::ifstream file(PBFS_REPOSITORY "/deploy/prometheus/alerts.yaml");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(AlertsText(), text.str());
  const std::string all = text.str();
  const std::regex alert("- alert: ");
  size_t rules = 0;
  for (const Json& group : GroupsOfAlerts(AlertsText()))
    for (const Json& rule : group["rules"]) {
      ++rules;
      for (const char* field : {"expr", "labels", "annotations"}) EXPECT_TRUE(rule.contains(field)) << rule;
      EXPECT_EQ(rule["annotations"].size(), 2u) << rule;
    }
  EXPECT_EQ(rules, static_cast<size_t>(std::distance(std::sregex_iterator(all.begin(), all.end(), alert), {})));
}

}  // namespace
}  // namespace pbfs::operators
