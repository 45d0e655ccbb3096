#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/history_check.h"
#include "tests/simulation/machines.h"
#include "tests/simulation/names_check.h"

namespace pbfs::simulation {

/// An object that clients know, and what they did to it.
struct TrackedObject {
  ObjectId id;
  std::string name;  // empty: it never had one
  ObjectLog log;
  bool sealed = false;
  bool released = false;              // somebody may take its name away, or did
  std::optional<MonotonicTime> gone;  // when it was known to have no name any more
};

/// What clients of one bucket do, and the record of it: they patch, cut, append to, rehome and read objects, one of them most of all; put,
/// clone, publish, find and unbind others. Whatever cannot be right by itself is a finding at once; what takes the whole history is checked
/// by Check().
class Workload {
 public:
  Workload(Site& site, bool keeps_history) : site_(site), keeps_history_(keeps_history) {}

  /// The main object, empty, bound to "x".
  void SetMain(const Written& put, int64_t wid);
  const TrackedObject& main() const { return *objects_.front(); }
  /// One thing that a client does.
  void Step(ClientMachine& machine, Bucket& bucket);
  /// What scenes (scenes.h) are made of.
  void PatchMain(ClientMachine& machine, Bucket& bucket);
  void PatchNearby(ClientMachine& machine, Bucket& bucket);  // a few bytes of the first thousand of the main object
  void MergeMain(ClientMachine& machine, Bucket& bucket) { Merge(machine, bucket, *objects_.front()); }
  void LookAtMain(ClientMachine& machine, Bucket& bucket);  // at all of it
  void Put(ClientMachine& machine, Bucket& bucket, const std::string& name);
  void Find(ClientMachine& machine, Bucket& bucket, const std::string& name);
  static std::string DrawName(Random& random);
  /// Bytes at the end of the main object: for a machine that may be suspended amid it.
  void Append(ClientMachine& machine, Bucket& bucket);
  /// Reads the main object as of one of the ops of the last ten minutes, where the bucket keeps history.
  void LookBack(ClientMachine& machine, Bucket& bucket);
  /// All but the main object lose their names.
  void UnbindAll(Bucket& bucket);
  /// Reads everything that still has its name, and holds it against what was done. Nobody is at work meanwhile.
  void Check(Bucket& bucket);
  void CheckMain(Bucket& bucket) { CheckObject(bucket, *objects_.front()); }

  int done = 0, in_doubt = 0;

 private:
  TrackedObject& PickObject(Random& random);
  void Patch(ClientMachine& machine, Bucket& bucket, TrackedObject& object, ModelOp op);
  void Look(ClientMachine& machine, Bucket& bucket, TrackedObject& object);
  void LookAt(ClientMachine& machine, Bucket& bucket, TrackedObject& object, int64_t lo, size_t wanted);
  void Merge(ClientMachine& machine, Bucket& bucket, TrackedObject& object);
  void Rotate(ClientMachine& machine, Bucket& bucket);
  void Unbind(ClientMachine& machine, Bucket& bucket, const std::string& name);
  void Clone(ClientMachine& machine, Bucket& bucket, TrackedObject& source);
  void Publish(ClientMachine& machine, Bucket& bucket);
  void PutInParts(ClientMachine& machine, Bucket& bucket, const std::string& name);

  NameAttempt BeginNameOp(ClientMachine& machine, const std::string& name, bool binds);
  void EndNameOp(const std::string& name, NameAttempt attempt, const Result<Order>& outcome);
  TrackedObject& Track(ObjectId id, const std::string& name, Bytes base, Order order);
  void ReleaseObjectsOf(const std::string& name);
  std::optional<Bytes> ReadAll(ClientMachine& machine, Bucket& bucket, ObjectId object);
  /// A finding if a call may not end like this: on a healthy object, an honest link.
  void AbortUploads(Bucket& bucket);
  void CheckError(const char* what, const Status& status, bool may_be_gone, bool lied_to);
  void CheckObject(Bucket& bucket, TrackedObject& object);
  void Count(CallOutcome outcome) { ++(outcome == CallOutcome::kDone ? done : in_doubt); }

  Site& site_;
  const bool keeps_history_;
  std::vector<std::unique_ptr<TrackedObject>> objects_;
  std::map<std::string, NameLog> names_;
  std::map<std::string, int> unsettled_;  // name ops that have begun, and those of unknown outcome
};

}  // namespace pbfs::simulation
