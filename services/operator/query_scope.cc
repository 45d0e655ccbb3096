#include "services/operator/query_scope.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "libs/base/check.h"

namespace pbfs::operators {
namespace {

constexpr std::string_view kClusterLabelName = "pbfs_dev_cluster";
constexpr std::string_view kOfKubelet = "kubelet_volume_stats_";
constexpr std::array<std::string_view, 3> kOurs{"pbfs_", "process_", "patroni_"};

bool BeginsName(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':'; }
bool IsOfName(char c) { return BeginsName(c) || (c >= '0' && c <= '9'); }

size_t EndOfText(std::string_view query, size_t begin) {
  size_t at = begin + 1;
  while (at < query.size() && query[at] != query[begin]) at += query[at] == '\\' ? 2 : 1;
  return std::min(at + 1, query.size());
}

size_t EndOfName(std::string_view query, size_t begin) {
  size_t at = begin;
  while (at < query.size() && IsOfName(query[at])) ++at;
  return at;
}

/// Empty where the name is none of a metric of a cluster.
std::string MatchersOf(std::string_view name, const QueryScope& scope) {
  if (name.starts_with(kOfKubelet))
    return fmt::format(R"(namespace="{}",persistentvolumeclaim=~"data-{}-.+")", scope.space, scope.cluster);
  bool ours = name == "up";
  for (const std::string_view prefix : kOurs) ours = ours || name.starts_with(prefix);
  if (!ours || name == kClusterLabelName) return "";
  return fmt::format(R"(namespace="{}",{}="{}")", scope.space, kClusterLabelName, scope.cluster);
}

/// Of a line "<key>: <value>"; false if it is another.
bool Take(std::string_view line, std::string_view key, std::string_view& value) {
  if (!line.starts_with(key)) return false;
  value = line.substr(key.size());
  return true;
}

void ReadLine(std::string_view line, Json& groups) {
  std::string_view value;
  if (line.empty() || line.find_first_not_of(' ') == line.npos || line[line.find_first_not_of(' ')] == '#') return;
  if (line == "groups:" || line == "    rules:" || line == "        annotations:") return;
  if (Take(line, "  - name: ", value)) {
    groups.push_back({{"name", value}, {"rules", Json::array()}});
    return;
  }
  PBFS_CHECK(!groups.empty(), line);
  Json& rules = groups.back()["rules"];
  if (Take(line, "      - alert: ", value)) {
    rules.push_back({{"alert", value}});
    return;
  }
  PBFS_CHECK(!rules.empty(), line);
  if (Take(line, "        expr: ", value) || Take(line, "        for: ", value))
    rules.back()[line.find("expr") == 8 ? "expr" : "for"] = value;
  else if (Take(line, "        labels: {severity: ", value))
    rules.back()["labels"]["severity"] = value.substr(0, value.find('}'));
  else if (Take(line, "          summary: ", value))
    rules.back()["annotations"]["summary"] = Json::parse(value);
  else if (Take(line, "          runbook: ", value))
    rules.back()["annotations"]["runbook"] = value;
  else
    PBFS_CHECK(false, line);
}

}  // namespace

std::string ScopeQuery(std::string_view query, const QueryScope& scope) {
  std::string out;
  for (size_t at = 0; at < query.size();) {
    const bool text = query[at] == '"' || query[at] == '\'', name = BeginsName(query[at]);
    const size_t end = text ? EndOfText(query, at) : name ? EndOfName(query, at) : at + 1;
    const std::string_view token = query.substr(at, end - at);
    out += token;
    at = end;
    const std::string matchers = name ? MatchersOf(token, scope) : "";
    if (matchers.empty()) continue;
    if (at == query.size() || query[at] != '{') {
      out += "{" + matchers + "}";
      continue;
    }
    ++at;
    out += "{" + matchers + (at < query.size() && query[at] != '}' ? "," : "");
  }
  return out;
}

Json GroupsOfAlerts(std::string_view text) {
  Json groups = Json::array();
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    ReadLine(text.substr(at, end - at), groups);
    at = end + 1;
  }
  return groups;
}

}  // namespace pbfs::operators
