#include "services/operator/rollout.h"

#include <algorithm>

#include "libs/kube/kube_json.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/render.h"

namespace pbfs::operators {
namespace {

// The volume that is a pod's configuration; null: it has none.
Json* ConfigSource(Json& pods) {
  for (Json& volume : pods["spec"]["volumes"])
    if (volume["name"] == "config" && volume.contains("configMap")) return &volume["configMap"];
  return nullptr;
}

const Json* FindConfig(const std::vector<Json>& objects, const std::string& name) {
  const auto found = std::find_if(objects.begin(), objects.end(), [&](const Json& object) {
    return object["kind"] == "ConfigMap" && MetaText(object, "name") == name;
  });
  return found == objects.end() ? nullptr : &*found;
}

// Members of PostgreSQL watch their configuration, so it is one for old and new.
bool IsWatched(const Json& set) { return LabelOf(set, kComponentLabel) == kPostgres.component; }

Json PlanOf(const Json& set, const std::vector<Json>& objects) {
  Json plan = {{"template", set["spec"]["template"]}};
  Json* source = ConfigSource(plan["template"]);
  if (source == nullptr) return plan;
  const Json* config = FindConfig(objects, (*source)["name"].get<std::string>());
  if (config == nullptr) return plan;
  plan["config"] = *config;
  plan["config"]["metadata"]["annotations"].erase(kSpecHash);  // of the object as it was rendered
  if (IsWatched(set)) return plan;
  std::string name = MetaText(*config, "name") + "-" + SpecHash((*config)["data"]).substr(0, 10);
  plan["config"]["metadata"]["name"] = name;
  (*source)["name"] = std::move(name);
  return plan;
}

Json ToJsonObject(const PodPlans& plans) {
  Json out = Json::object();
  for (const auto& [name, plan] : plans) out[name] = plan;
  return out;
}

PodPlans PlansFrom(const Json& json) {
  PodPlans out;
  if (!json.is_object()) return out;
  for (const auto& [name, plan] : json.items())
    if (kube::Member(plan, "template").is_object()) out[name] = plan;
  return out;
}

}  // namespace

PodPlans PlansOf(const std::vector<Json>& objects) {
  PodPlans out;
  for (const Json& object : objects)
    if (object["kind"] == "StatefulSet") out[MetaText(object, "name")] = PlanOf(object, objects);
  return out;
}

std::set<std::string> PlannedConfigs(const std::vector<Json>& objects) {
  std::set<std::string> out;
  for (const Json& object : objects) {
    if (object["kind"] != "StatefulSet") continue;
    Json pods = object["spec"]["template"];
    if (const Json* source = ConfigSource(pods)) out.insert((*source)["name"].get<std::string>());
  }
  return out;
}

std::string ImageOf(const Json& plan) {
  const Json& containers = kube::Member(kube::Member(kube::Member(plan, "template"), "spec"), "containers");
  return containers.is_array() && !containers.empty() ? kube::Text(containers[0], "image") : "";
}

Json Rollout::ToJson() const {
  return {{"spec", spec},         {"restartedAt", restarted_at},      {"madeBy", made_by},
          {"version", version},   {"running", ToJsonObject(running)}, {"next", ToJsonObject(next)},
          {"before", before},     {"migratedBy", migrated_by},        {"moved", moved},
          {"cameFrom", came_from}};
}

Rollout Rollout::FromJson(const Json& json) {
  Rollout out;
  out.spec = kube::Member(json, "spec");
  out.restarted_at = kube::Text(json, "restartedAt");
  out.made_by = kube::Text(json, "madeBy");
  out.version = kube::Text(json, "version");
  out.came_from = kube::Text(json, "cameFrom");
  out.running = PlansFrom(kube::Member(json, "running"));
  out.next = PlansFrom(kube::Member(json, "next"));
  out.migrated_by = kube::Text(json, "migratedBy");
  const Json &before = kube::Member(json, "before"), &moved = kube::Member(json, "moved");
  if (before.is_object())
    for (const auto& [name, hash] : before.items())
      if (hash.is_string()) out.before[name] = hash.get<std::string>();
  if (moved.is_array())
    for (const Json& name : moved)
      if (name.is_string()) out.moved.insert(name.get<std::string>());
  return out;
}

bool Rollout::Follow(const PodPlans& now, const PodPlans& then, bool anyway) {
  const bool asked = std::any_of(now.begin(), now.end(), [&](const auto& one) {
    const auto was = then.find(one.first);
    return was == then.end() || was->second != one.second;
  });
  for (PodPlans* plans : {&running, &next})
    std::erase_if(*plans, [&](const auto& one) { return !now.contains(one.first); });
  for (const auto& [name, plan] : now) {
    if (!running.contains(name)) running[name] = plan;
    if (!asked && !anyway) continue;
    next.erase(name);
    if (running[name] != plan) next[name] = plan;
  }
  return asked;
}

void Rollout::Move(const std::string& set) {
  const auto found = next.find(set);
  if (found == next.end()) return;
  running[set] = std::move(found->second);
  next.erase(found);
  moved.insert(set);
}

bool Rollout::ChangesImages() const {
  return std::any_of(next.begin(), next.end(), [&](const auto& one) {
    const auto now = running.find(one.first);
    return now != running.end() && ImageOf(now->second) != ImageOf(one.second);
  });
}

bool Rollout::IsWayBack() const {
  if (before.empty() || moved.empty()) return false;
  return std::all_of(running.begin(), running.end(), [&](const auto& one) {
    const auto was = before.find(one.first), to_come = next.find(one.first);
    if (was == before.end()) return true;
    return SpecHash(to_come == next.end() ? one.second : to_come->second) == was->second;
  });
}

}  // namespace pbfs::operators
