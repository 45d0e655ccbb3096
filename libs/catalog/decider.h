#pragma once

#include <set>
#include <unordered_set>

#include "libs/catalog/decide.h"
#include "libs/catalog/layered.h"
#include "libs/catalog/opset.h"

/// Inside of Decide(): one batch at work. Not for others.
namespace pbfs {

/// An object as the batch sees it, and what is to change. `known` is false for one that was not loaded: an unbinding
/// changes the count of an object that nobody locked.
struct ObjectEntry {
  explicit ObjectEntry(const ObjectState& loaded) : state(loaded), known(!loaded.inserted) {}
  ObjectEntry() = default;
  ObjectState state;
  ObjectChange change;
  bool known = false;
};
struct HeadEntry {
  explicit HeadEntry(const HeadState& loaded) : max_hlc(loaded.max_hlc) {}
  HeadEntry() = default;
  Hlc max_hlc = 0;
  bool changed = false;
  Opset opset_xor{};
};
struct NameRegister {
  explicit NameRegister(const NameState& loaded) : state(loaded) {}
  NameRegister() = default;
  NameState state;
  bool changed = false;
  std::set<Order> past_changed;
};

class Decider {
 public:
  explicit Decider(const LoadedState& state);

  CommitReply Commit(const ParsedCommit& commit);
  RowChanges TakeChanges();

  /// Parts that a rehome shares: whether the op was there before, and its new bodies.
  CommitCode Replay(const ParsedCommit& commit);
  CommitCode AddBodies(const ParsedCommit& commit);
  void AddOp(const ParsedOp& op, std::optional<Order> order);
  /// Ends one Commit: its changes count for the batch, or are forgotten.
  void Keep();
  void Discard();
  RowChanges& draft() { return draft_; }

 private:
  CommitCode Try(const ParsedCommit& commit);
  CommitCode One(const ParsedOp& op);
  CommitCode Content(const ParsedOp& op);
  CommitCode Bind(const ParsedOp& op);
  CommitCode Unbind(const ParsedOp& op);
  CommitCode Drop(const ParsedOp& op);
  CommitCode Seal(const ParsedOp& op);
  CommitCode Meta(const ParsedOp& op);

  CommitCode ContentCondition();
  CommitCode MetaCondition();
  CommitCode CompleteUpload();
  CommitCode NameCondition(const Binding& current);
  CommitCode CheckOrder(const ParsedOp& op, Hlc newest);
  CommitCode Sources(const ParsedOp& op, ObjectEntry& object);
  CommitCode NameOrder(const ParsedOp& op, NameRegister& name);
  Hlc NewestOf(const ParsedOp& op, const ObjectEntry& object);
  ObjectEntry* LiveObject(ObjectId id);
  bool TakesNoWrites(const ObjectState& object) const;
  bool BodyIsLive(BodyId id);
  void Place(const ParsedOp& op, ObjectEntry& object);
  void RaiseHeads(const ParsedOp& op, ObjectEntry& object);
  uint64_t Missing(const ParsedBody& body) const;

  NameRegister& Register(const std::string& name);
  void SetName(NameRegister& name, const ParsedOp& op, std::optional<ObjectId> object);
  void LeaveName(NameRegister& name, Hlc gone);
  void ReplaceNull(NameRegister& name, Hlc gone);
  void Promote(NameRegister& name);
  void Unname(ObjectId object, Hlc gone);
  void PutPast(NameRegister& name, PastBinding past);

  template <typename T>
  static void Append(std::vector<T>& to, std::vector<T>& from);

  const LoadedState& loaded_;
  Layered<ObjectId, ObjectState, ObjectEntry> objects_;
  Layered<ObjectRegion, HeadState, HeadEntry, KeyHash> heads_;
  Layered<NameKey, NameState, NameRegister, KeyHash> names_;
  Layered<BodyId, BodyState, BodyState> bodies_;
  Layered<EncodingId, EncodingState, EncodingState> encodings_;
  Layered<ObjectOp, std::array<uint8_t, 32>, std::array<uint8_t, 32>, KeyHash> ops_;
  Layered<ObjectOrder, bool, bool, KeyHash> orders_;
  Layered<UploadId, NameKey, NameKey> open_uploads_;  // a completed one is to become nothing

  RowChanges changes_;  // of accepted Commits
  RowChanges draft_;    // of the Commit at hand
  int16_t part_ = 0;    // its number
  // Of the Commit at hand:
  const ParsedCommit* commit_ = nullptr;
  BucketState bucket_;
  std::unordered_set<BodyId> uploads_;
  bool name_condition_due_ = false;
  Hlc newest_ = 0;  // newest order of what it touched
};

}  // namespace pbfs
