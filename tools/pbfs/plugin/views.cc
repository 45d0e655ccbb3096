#include "tools/pbfs/plugin/views.h"

#include <algorithm>

#include <fmt/format.h>

namespace pbfs::plugin {
namespace {

using kube::Member;
using kube::Number;
using kube::Text;

using Row = std::vector<std::string>;

// The last column is as wide as it is.
std::string Table(const std::vector<Row>& rows) {
  std::vector<size_t> widths;
  for (const Row& row : rows)
    for (size_t i = 0; i + 1 < row.size(); ++i) {
      if (i == widths.size()) widths.push_back(0);
      widths[i] = std::max(widths[i], row[i].size());
    }
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i)
      line += i + 1 < row.size() ? fmt::format("{:<{}}  ", row[i], widths[i]) : row[i];
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

std::string OrDash(std::string text) { return text.empty() ? "-" : text; }

std::string NameOf(const Json& object) {
  const Json& metadata = Member(object, "metadata");
  return Text(metadata, "namespace") + "/" + Text(metadata, "name");
}

const Json& ConditionOf(const Json& object, const std::string& type) {
  static const Json none;
  const Json& conditions = Member(Member(object, "status"), "conditions");
  if (!conditions.is_array()) return none;
  for (const Json& condition : conditions)
    if (Text(condition, "type") == type) return condition;
  return none;
}

std::string OperationOf(const Json& status) {
  const Json& operation = Member(status, "operation");
  const std::string type = Text(operation, "type"), step = Text(operation, "step");
  return type.empty() ? "-" : step.empty() ? type : type + "/" + step;
}

// "Lost" and why, where the operator says so of the pod's store.
std::pair<std::string, std::string> StateOf(const Json& cluster, const std::string& pod) {
  const Json& attention = Member(Member(cluster, "status"), "attention");
  if (attention.is_array())
    for (const Json& store : attention)
      if (Text(store, "pod") == pod) return {Text(store, "state"), Text(store, "message")};
  return {"Up", ""};
}

bool IsPodReady(const Json& pod) { return Text(ConditionOf(pod, "Ready"), "status") == "True"; }

int64_t RestartsOf(const Json& pod) {
  const Json& containers = Member(Member(pod, "status"), "containerStatuses");
  int64_t restarts = 0;
  if (containers.is_array())
    for (const Json& container : containers) restarts += Number(container, "restartCount");
  return restarts;
}

void LeaveOutValues(Json& part) {
  if (part.is_object() && part.contains("env") && part["env"].is_array())
    for (Json& variable : part["env"])
      if (variable.is_object() && variable.contains("value")) variable["value"] = "(left out)";
  if (part.is_structured())
    for (Json& inner : part) LeaveOutValues(inner);
}

}  // namespace

bool IsReady(const Json& cluster) { return Text(ConditionOf(cluster, "Ready"), "status") == "True"; }

std::string ClustersView(const std::vector<Json>& clusters) {
  std::vector<Row> rows = {{"CLUSTER", "READY", "REASON", "STORES", "VERSION", "OPERATION"}};
  for (const Json& cluster : clusters) {
    const Json& status = Member(cluster, "status");
    const Json& ready = ConditionOf(cluster, "Ready");
    rows.push_back({NameOf(cluster), OrDash(Text(ready, "status")), OrDash(Text(ready, "reason")),
                    OrDash(Text(Member(status, "stores"), "summary")), OrDash(Text(status, "version")),
                    OperationOf(status)});
  }
  return Table(rows);
}

std::string ClusterView(const Json& cluster) {
  const Json& status = Member(cluster, "status");
  const Json& operation = Member(status, "operation");
  std::vector<Row> facts = {
      {"cluster", NameOf(cluster)},
      {"ready", IsReady(cluster) ? "yes" : "no: " + OrDash(Text(ConditionOf(cluster, "Ready"), "message"))},
      {"version", OrDash(Text(status, "version"))},
      {"s3", OrDash(Text(Member(status, "endpoints"), "s3"))},
      {"stores", OrDash(Text(Member(status, "stores"), "summary"))},
      {"operation", OperationOf(status)}};
  if (operation.is_object())
    facts.push_back({"", fmt::format("{} (last progress {})", OrDash(Text(operation, "message")),
                                     OrDash(Text(operation, "lastProgressTime")))});
  std::vector<Row> rows = {{"CONDITION", "STATUS", "REASON", "MESSAGE"}};
  const Json& conditions = Member(status, "conditions");
  for (const Json& condition : conditions.is_array() ? conditions : Json::array())
    rows.push_back(
        {Text(condition, "type"), Text(condition, "status"), Text(condition, "reason"), Text(condition, "message")});
  return Table(facts) + "\n" + Table(rows);
}

std::string StoresView(const Json& cluster, const std::vector<Json>& pods) {
  std::vector<Row> rows = {{"POD", "READY", "RESTARTS", "NODE", "STORE", "WHY"}};
  for (const Json& pod : pods) {
    const std::string name = Text(Member(pod, "metadata"), "name");
    const auto [state, why] = StateOf(cluster, name);
    rows.push_back({name, IsPodReady(pod) ? "yes" : "no", std::to_string(RestartsOf(pod)),
                    OrDash(Text(Member(pod, "spec"), "nodeName")), state, why});
  }
  return Table(rows);
}

Json WithoutSecrets(Json object) {
  if (object.is_object() && object.contains("metadata") && object["metadata"].is_object()) {
    Json& metadata = object["metadata"];
    metadata.erase("managedFields");
    if (metadata.contains("annotations") && metadata["annotations"].is_object())
      metadata["annotations"].erase("kubectl.kubernetes.io/last-applied-configuration");
  }
  LeaveOutValues(object);
  return object;
}

}  // namespace pbfs::plugin
