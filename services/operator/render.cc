#include "services/operator/render.h"

#include <utility>

#include "services/operator/render_backup.h"
#include "services/operator/render_cloudnativepg.h"
#include "services/operator/render_object.h"
#include "services/operator/render_parts.h"
#include "services/operator/render_postgres.h"

namespace pbfs::operators {
namespace {

// Of the Secrets and ConfigMaps that a volume, or a source of a projected one, is made of.
void AddNames(const Json& source, std::set<std::string>& names) {
  if (source.contains("secret")) names.insert(source["secret"].value("secretName", source["secret"].value("name", "")));
  if (source.contains("configMap")) names.insert(source["configMap"].value("name", ""));
  if (!source.contains("projected")) return;
  for (const Json& part : source["projected"]["sources"]) AddNames(part, names);
}

}  // namespace

std::vector<Json> Render(const ClusterIntent& intent) {
  std::vector<Json> out;
  for (const auto render : {Accounts, Services, PostgresObjects, CloudNativePgObjects, BackupObjects, Workloads,
                            Policies, MonitoringObjects})
    for (Json& object : render(intent)) out.push_back(WithHash(std::move(object)));
  return out;
}

std::set<std::string> MountedFromElsewhere(const ClusterIntent& intent) {
  std::set<std::string> names;
  std::vector<Json> workloads = Workloads(intent);
  for (Json& object : PostgresObjects(intent)) workloads.push_back(std::move(object));
  for (const Json& object : workloads)
    if (object["kind"] == "StatefulSet")
      for (const Json& volume : object["spec"]["template"]["spec"]["volumes"]) AddNames(volume, names);
  for (const Json& object : workloads)
    if (object["kind"] == "ConfigMap") names.erase(object["metadata"]["name"].get<std::string>());
  return names;
}

}  // namespace pbfs::operators
