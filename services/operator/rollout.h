#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "services/operator/json.h"

/// What the pods of a cluster run, and what they are to run: by it changes of templates reach StatefulSets in order, and only when
/// somebody asked for them. Pure. Threads: any.
namespace pbfs::operators {

/// By the name of a StatefulSet: {"template": of its pods, "config": their ConfigMap, if they have one}. The ConfigMap's name says what
/// is in it, so that pods of an older template keep theirs.
using PodPlans = std::map<std::string, Json>;

/// Those of rendered objects.
PodPlans PlansOf(const std::vector<Json>& objects);
/// Names of the ConfigMaps of rendered objects that plans have taken over.
std::set<std::string> PlannedConfigs(const std::vector<Json>& objects);
/// Of the pods' container.
std::string ImageOf(const Json& plan);

/// Annotation of a StatefulSet: the hash of its template, whatever servers fill in.
inline constexpr const char* kTemplateHash = "pbfs.dev/template-hash";

/// Kept in the ConfigMap "demo-rollout", and written before what it says is done.
struct Rollout {
  Json spec;                    // that was followed last; null: none yet
  std::string restarted_at;     // kRestartedAt as it was then
  std::string made_by;          // the operator whose templates these are: its version and images
  std::string version;          // that all this is about
  std::string came_from;        // the one before the last upgrade
  PodPlans running;             // what each StatefulSet has now
  PodPlans next;                // what it is going to have; only where that is something else
  std::string migrated_by;      // image of the catalogs that brought the schema up to date
  StringMap before;             // while an operation is under way: hashes of `running` when it began
  std::set<std::string> moved;  // meanwhile: StatefulSets that got another plan

  Json ToJson() const;
  static Rollout FromJson(const Json& json);

  /// `now`: plans by the spec as it is; `then`: by the spec that was followed last, everything else being equal. What the difference asks for,
  /// if there is one, or `anyway`, is to come; StatefulSets that are new begin with it. Whether it was asked for.
  bool Follow(const PodPlans& now, const PodPlans& then, bool anyway);
  /// Gives a StatefulSet its next plan.
  void Move(const std::string& set);
  /// Whether images are to change.
  bool ChangesImages() const;
  /// Whether what is to come is what was there before the operation.
  bool IsWayBack() const;
};

}  // namespace pbfs::operators
