#pragma once

#include <functional>

#include "libs/client/committer.h"
#include "libs/client/listing.h"

namespace pbfs {

/// Bytes of an object that a new one is to begin with.
struct CloneSource {
  ObjectId from;
  int64_t lo = 0;
  std::optional<int64_t> hi = {};  // none: to its end
  std::optional<Hlc> as_of = {};
  std::optional<Opset> if_opset = {};  // only if the source's content is this; not with as_of
};

/// A new object with those bytes from 0 on, without moving one: a reference if the source is sealed, else its visible rows.
/// Errors: NOT_FOUND; OUT_OF_RANGE bytes that the source does not have; ABORTED it changes too fast, or is not what if_opset says; those
/// of a Commit.
Result<Written> CloneRange(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                           const CloneSource& source, const LastOp& last, std::optional<NameCondition> condition);

/// An empty CLONE of a new object.
CommitPlan PlanClone(ClientCore& core, const ObjectId& object);
/// Adds bytes [lo, hi) of a sealed object to a CLONE, at `at`: an extent for each region there, or one if they are longer than that.
void AddReference(OpRecord& clone, const ObjectId& from, int64_t lo, int64_t hi, int64_t at);

/// An object that another one has whole.
struct WholeObject {
  ObjectId object;
  int64_t size = 0;
  std::optional<Opset> unsealed = {};  // of one that is not sealed: the state that is meant
};
/// Has `commit` commit a new object that has others end to end: by reference, or where those are not sealed or would nest too deep by the rows of
/// their visible extents. `commit` gets a plan, without an op if there is not a byte, and may be called once for each form.
/// Errors: those of `commit` and ListVerified; ABORTED one that is not sealed is in another state by now.
Status CommitWhole(const Context& context, ClientCore& core, const OpenedBucket& bucket, const ObjectId& object,
                   const std::vector<WholeObject>& parts, const std::function<Status(CommitPlan)>& commit);

/// Collects visible extents into CLONE ops of bounded size, each a Commit of its own.
class RowCloner {
 public:
  RowCloner(ClientCore& core, const ObjectId& object) : core_(core), object_(object) {}
  /// What `listing` shows, `shift` bytes further on.
  void Add(const Listing& listing, int64_t shift);
  std::vector<CommitPlan>& plans() { return plans_; }

 private:
  OpRecord& Room();
  uint32_t IndexOf(OpRecord& record, const ListedBody& body);
  uint32_t IndexOf(OpRecord& record, const ObjectId& object);

  ClientCore& core_;
  const ObjectId object_;
  std::vector<CommitPlan> plans_;
  std::map<BodyId, uint32_t> bodies_;
  std::map<ObjectId, uint32_t> objects_;
};

}  // namespace pbfs
