#pragma once

#include <functional>
#include <map>
#include <string>

#include "libs/kube/memory_kube.h"
#include "services/operator/json.h"

namespace pbfs::operators {

/// The controller of StatefulSets, for tests in which pods come and go: `Parallel`, RollingUpdate with a partition, OnDelete, revisions, and
/// nothing of volumes. A round is one step of it: pods that are too many go, missing ones come, one is replaced; what came in an earlier
/// round becomes ready. After kubernetes/pkg/controller/statefulset/stateful_set_control.go. Threads: one.
class FakeSets {
 public:
  explicit FakeSets(kube::MemoryKube& others) : others_(others) {}

  void Run();

  /// Pods of which templates never become ready.
  std::function<bool(const Json& pod_template)> is_bad = [](const Json&) { return false; };

 private:
  struct Set;
  void RunSet(const Json& set);
  void End(Set& set, int ordinal);
  void EndSurplus(Set& set);
  void MakeMissing(Set& set);
  void MakeReady(Set& set);
  void Replace(Set& set);
  void Report(Set& set);
  std::string RevisionOf(const Json& pod_template);

  kube::MemoryKube& others_;
  std::map<std::string, Json> revisions_;  // templates
};

/// Whether the pod's condition Ready is true.
bool IsPodReady(const Json& pod);

}  // namespace pbfs::operators
