#include "services/operator/cluster_numbers.h"

#include "libs/base/testing.h"
#include "libs/kube/kube_json.h"

namespace pbfs::operators {
namespace {

using Type = kube::WatchEvent::Type;
using Labels = std::map<std::string, std::string>;

Json Cluster(const std::string& name, const Json& status) {
  return {{"metadata", {{"namespace", "storage"}, {"name", name}}}, {"status", status}};
}
Json WithReady(const char* status, const char* reason) {
  return {{"conditions", Json::array({{{"type", "Ready"}, {"status", status}, {"reason", reason}}})}};
}
Labels Of(const std::string& name, Labels more = {}) {
  more["namespace"] = "storage", more["pbfs_dev_cluster"] = name;
  return more;
}

TEST(ClusterNumbersTest, AStatusIsShownInNumbers) {
  ClusterBook book;
  Json status = WithReady("False", "StoreLost");
  status["conditions"].push_back({{"type", "Available"}, {"status", "True"}, {"reason", "Serving"}});
  status["stores"] = {{"total", 4}, {"ready", 2}, {"draining", 1}, {"lost", 1}, {"summary", "2/4"}};
  status["operation"] = {{"type", "ScaleDown"}, {"lastProgressTime", "1970-01-01T00:01:40Z"}};
  status["tls"] = {{"nearestExpiryTime", "1970-01-02T00:00:00Z"}};
  book.OnList({Cluster("demo", status)});
  const ClusterNumbers numbers = book.Numbers();
  EXPECT_EQ(numbers.conditions,
            (ClusterNumbers::Rows{{Of("demo", {{"type", "Ready"}, {"reason", "StoreLost"}}), 0},
                                  {Of("demo", {{"type", "Available"}, {"reason", "Serving"}}), 1}}));
  EXPECT_EQ(numbers.stores, (ClusterNumbers::Rows{{Of("demo", {{"state", "total"}}), 4},
                                                  {Of("demo", {{"state", "ready"}}), 2},
                                                  {Of("demo", {{"state", "draining"}}), 1},
                                                  {Of("demo", {{"state", "lost"}}), 1}}));
  EXPECT_EQ(numbers.operations, (ClusterNumbers::Rows{{Of("demo", {{"operation", "ScaleDown"}}), 100}}));
  EXPECT_EQ(numbers.certificates, (ClusterNumbers::Rows{{Of("demo"), 86400}}));
}

TEST(ClusterNumbersTest, WhatIsOverOrGoneIsShownNoMore) {
  ClusterBook book;
  book.OnList({Cluster("a", WithReady("True", "AllHealthy")), Cluster("b", WithReady("True", "AllHealthy"))});
  book.OnEvent({Type::kModified, Cluster("a", WithReady("False", "Progressing")), "2"});
  book.OnEvent({Type::kAdded, Cluster("c", Json()), "3"});
  EXPECT_EQ(book.Numbers().conditions,
            (ClusterNumbers::Rows{{Of("a", {{"type", "Ready"}, {"reason", "Progressing"}}), 0},
                                  {Of("b", {{"type", "Ready"}, {"reason", "AllHealthy"}}), 1}}));
  book.OnEvent({Type::kDeleted, Cluster("a", Json()), "4"});
  EXPECT_EQ(book.Numbers().conditions.size(), 1);
  book.OnList({});
  EXPECT_TRUE(book.Numbers().conditions.empty());
}

TEST(ClusterNumbersTest, AStatusOfAnotherShapeIsNoTrouble) {
  ClusterBook book;
  Json many = {{"conditions", Json::array()}};
  for (int i = 0; i < 100; ++i) many["conditions"].push_back({{"type", "T" + std::to_string(i)}, {"status", "True"}});
  book.OnList({Cluster("many", many),
               Cluster("odd", {{"conditions", 5}, {"stores", "x"}, {"operation", Json::array()}}),
               Cluster("odder", {{"conditions", Json::array({5, Json()})}, {"tls", {{"nearestExpiryTime", "soon"}}}})});
  const ClusterNumbers numbers = book.Numbers();
  EXPECT_EQ(numbers.conditions.size(), 32 + 1);
  EXPECT_TRUE(numbers.stores.empty());
  EXPECT_EQ(numbers.certificates.at(Of("odder")), 0);  // it is alarming, and that is right: nobody knows when
}

}  // namespace
}  // namespace pbfs::operators
