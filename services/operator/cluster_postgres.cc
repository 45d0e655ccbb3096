#include <sstream>

#include <fmt/format.h>

#include "services/operator/cluster_pass.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/render_patroni.h"

/// What Patroni says of the members of a managed PostgreSQL.
namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

// Of those that `standbys` ("a,b") names, one that Patroni would promote: with its failsafe mode nobody is whom the primary does not know yet.
bool HasSuccessor(const std::string& standbys, const Json& known) {
  std::istringstream names(standbys);
  for (std::string name; std::getline(names, name, ',');)
    if (known.contains(name)) return true;
  return false;
}

}  // namespace

// Why PostgreSQL is none to begin with, or to rely on, although members are ready; empty if nothing is. A member is ready as soon as it runs; a write
// waits until one is a synchronous standby, and a failover until the primary knows it (ADR 0013).
std::string ClusterPass::PatroniTrouble(int shard) {
  const std::string name = PostgresName(name_, shard);
  bool known_all = true;  // what cannot be read is no trouble of PostgreSQL's
  const auto endpoints = [&](const std::string& of) {
    const Result<Json> found = world_.kube.Get(context_, {kinds::kEndpoints, space_, of});
    known_all = known_all && (found.ok() || found.status().code() == StatusCode::kNotFound);
    return found.value_or(Json::object());
  };
  const Json leader = endpoints(name), sync = endpoints(name + "-sync");
  if (!known_all) return "";
  if (AnnotationOf(leader, "leader").empty()) return ", and none of them is the primary";
  if (ManagedOf(intent_).synchronous_standbys == 0) return "";
  const Json known = kube::ParseJson(AnnotationOf(leader, "failsafe")).value_or(Json::object());
  if (HasSuccessor(AnnotationOf(sync, "sync_standby"), known)) return "";
  return fmt::format(", and {} has no synchronous standby yet: writes wait for one", AnnotationOf(leader, "leader"));
}

}  // namespace pbfs::operators
