#include "libs/base/mutants.h"
#include "libs/catalog/decider.h"

/// Names: registers of (order, object or none). BIND, UNBIND (also a delete marker) and DROP.
namespace pbfs {

NameRegister& Decider::Register(const std::string& name) {
  return names_.FindOrPut({commit_->bucket, name}, NameRegister());
}

/// The condition of the Commit is on its first BIND or UNBIND.
CommitCode Decider::NameCondition(const Binding& current) {
  if (!name_condition_due_) return CommitCode::kOk;
  name_condition_due_ = false;
  if (IsMutant(Mutant::kNameConditionNotChecked)) return CommitCode::kOk;
  return current.object == commit_->if_name->object ? CommitCode::kOk : CommitCode::kPrecondition;
}

CommitCode Decider::NameOrder(const ParsedOp& op, NameRegister& name) {
  if (const CommitCode code = NameCondition(name.state.current); code != CommitCode::kOk) {
    newest_ = std::max(newest_, name.state.current.order.hlc);
    return code;
  }
  if (IsMutant(Mutant::kNameOrderNotChecked)) return CheckOrder(op, loaded_.site.floor);
  return CheckOrder(op, std::max(name.state.current.order.hlc, loaded_.site.floor));
}

CommitCode Decider::Bind(const ParsedOp& op) {
  NameRegister& name = Register(op.name);
  if (const CommitCode code = NameOrder(op, name); code != CommitCode::kOk) return code;
  ObjectEntry* object = LiveObject(op.object);
  if (object == nullptr) return CommitCode::kObjectGone;
  object->state.life = ObjectLife::kBound;
  object->state.bindings += 1;
  object->change.bound = object->change.renamed = true;
  object->change.bindings_delta += 1;
  if (bucket_.versioning == Versioning::kEnabled) object->state.sealed = object->change.seal = true;
  AddOp(op, op.order);
  SetName(name, op, op.object);
  return CommitCode::kOk;
}

CommitCode Decider::Unbind(const ParsedOp& op) {
  NameRegister& name = Register(op.name);
  if (const CommitCode code = NameOrder(op, name); code != CommitCode::kOk) return code;
  AddOp(op, op.order);
  SetName(name, op, std::nullopt);
  return CommitCode::kOk;
}

void Decider::SetName(NameRegister& name, const ParsedOp& op, std::optional<ObjectId> object) {
  if (name.state.current.order != Order{}) LeaveName(name, op.order.hlc);
  if (bucket_.versioning == Versioning::kSuspended) ReplaceNull(name, op.order.hlc);
  name.state.current = {op.order, object, {op.object, op.op}, bucket_.versioning};
  name.changed = true;
}

/// The current binding stops being current. Where versions are kept it stays as one, which keeps its object bound: but not the null
/// version if another replaces it, nor what was unbound before there were versions.
void Decider::LeaveName(NameRegister& name, Hlc gone) {
  const Binding& current = name.state.current;
  const bool nothing = current.versioning == Versioning::kOff && !current.object;
  const bool replaced = current.IsNull() && bucket_.versioning != Versioning::kEnabled;
  if (!nothing && !replaced) return PutPast(name, {current, false, std::nullopt});
  if (current.object) Unname(*current.object, gone);
  if (bucket_.history) PutPast(name, {current, false, gone});
}

/// Of the past bindings at most one is the null version.
void Decider::ReplaceNull(NameRegister& name, Hlc gone) {
  for (const auto& [order, past] : name.state.past) {
    if (!past.IsVersion() || !past.binding.IsNull()) continue;
    const Binding replaced = past.binding;
    if (replaced.object) Unname(*replaced.object, gone);
    if (bucket_.history) return PutPast(name, {replaced, false, gone});
    name.past_changed.insert(order);
    name.state.past.erase(replaced.order);
    return;
  }
}

void Decider::PutPast(NameRegister& name, PastBinding past) {
  const Order order = past.binding.order;
  name.state.past.insert_or_assign(order, std::move(past));
  name.past_changed.insert(order);
}

/// One binding fewer. The object's row is not locked: only the delta is sure.
void Decider::Unname(ObjectId id, Hlc gone) {
  if (IsMutant(Mutant::kUnboundObjectCounted)) return;
  ObjectEntry& object = objects_.FindOrPut(id, ObjectEntry());
  object.state.bindings -= 1;
  object.change.renamed = true;
  object.change.bindings_delta -= 1;
  object.change.gone = std::max(object.change.gone, gone);
}

/// Forgets one version for good; when it was the current one, the newest that remains becomes current.
CommitCode Decider::Drop(const ParsedOp& op) {
  if (bucket_.versioning == Versioning::kOff)
    return CommitCode::kBadOp;  // only a versioned bucket has versions; elsewhere UNBIND
  NameRegister& name = Register(op.name);
  if (const CommitCode code = CheckOrder(op, loaded_.site.floor); code != CommitCode::kOk) return code;
  const bool is_current = name.state.current.order == op.dropped && op.dropped != Order{};
  if (is_current) {
    PutPast(name, {name.state.current, false, std::nullopt});
    Promote(name);
  }
  const auto found = name.state.past.find(op.dropped);
  if (found == name.state.past.end() || (!found->second.IsVersion() && !found->second.dropped))
    return CommitCode::kSourceGone;
  AddOp(op, op.order);
  if (found->second.dropped) return CommitCode::kOk;
  PastBinding dropped = found->second;
  if (dropped.binding.object) Unname(*dropped.binding.object, op.order.hlc);
  dropped.binding.object.reset();
  dropped.dropped = true;
  dropped.gone_hlc = op.order.hlc;
  PutPast(name, std::move(dropped));
  return CommitCode::kOk;
}

/// The newest past binding but the one that was just current becomes current; none: the register is empty.
void Decider::Promote(NameRegister& name) {
  const Order leaving = name.state.current.order;
  name.state.current = {};
  name.changed = true;
  for (auto past = name.state.past.rbegin(); past != name.state.past.rend(); ++past) {
    if (!past->second.IsVersion() || past->first == leaving) continue;
    name.state.current = past->second.binding;
    name.past_changed.insert(past->first);
    name.state.past.erase(std::next(past).base());
    return;
  }
}

}  // namespace pbfs
