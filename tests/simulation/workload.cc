#include "tests/simulation/workload.h"

#include <algorithm>

#include <fmt/format.h>

namespace pbfs::simulation {
namespace {

constexpr int64_t kSpace = 40000;
constexpr Duration kQuiet = std::chrono::minutes(2);  // of a call that nothing disturbs

CallOutcome OutcomeOf(const Status& status) {
  if (status.ok()) return CallOutcome::kDone;
  return status.Detail("pbfs-outcome") == "in-doubt" ? CallOutcome::kInDoubt : CallOutcome::kRefused;
}
bool IsConditionFailure(const Status& status) {
  return status.Detail("pbfs-code") == CommitCodeName(CommitCode::kPrecondition);
}

Bytes DrawBytes(Random& random, size_t size) {
  Bytes bytes(size);
  random.Fill(bytes);
  return bytes;
}

ModelOp DrawOp(Random& random) {
  ModelOp op;
  op.lo = static_cast<int64_t>(random.Below(kSpace));
  const uint64_t kind = random.Below(10);
  if (kind == 0) {
    op.kind = OpKind::kTrunc;
    op.hi = op.lo;
    return op;
  }
  op.hi = op.lo + 1 + static_cast<int64_t>(random.Below(random.Below(2) == 0 ? 200 : 30000));
  if (kind == 1) {
    op.kind = OpKind::kZero;
    return op;
  }
  op.bytes = DrawBytes(random, static_cast<size_t>(op.hi - op.lo));
  return op;
}

Result<Written> Perform(Bucket& bucket, const Context& context, ObjectId object, const ModelOp& op,
                        const WriteOptions& options) {
  if (op.kind == OpKind::kTrunc) return bucket.Truncate(context, object, op.lo, options);
  if (op.kind == OpKind::kZero) return bucket.Zero(context, object, op.lo, op.hi, options);
  return bucket.Write(context, object, op.lo, ByteSpan(op.bytes), options);
}

Result<Order> OrderOf(const Result<Written>& written) {
  if (!written.ok()) return written.status();
  return written->order;
}

}  // namespace

void Workload::SetMain(const Written& put, int64_t wid) {
  Track(put.object, "x", {}, put.order);
  NameAttempt attempt{.binds = true, .object = put.object, .wid = wid, .outcome = CallOutcome::kDone};
  attempt.order = put.order;
  attempt.invoked = attempt.returned = MonotonicNow();
  names_["x"].attempts.push_back(attempt);
}

void Workload::Step(ClientMachine& machine, Bucket& bucket) {
  switch (machine.random.Below(24)) {
    case 0:
    case 1: return Put(machine, bucket, DrawName(machine.random));
    case 2: return Unbind(machine, bucket, DrawName(machine.random));
    case 3: return Clone(machine, bucket, *objects_.front());
    case 4: return Publish(machine, bucket);
    case 5:
    case 6: return Find(machine, bucket, machine.random.Below(4) == 0 ? "x" : DrawName(machine.random));
    case 7:
    case 8: return Merge(machine, bucket, PickObject(machine.random));
    case 9:
    case 10: return LookBack(machine, bucket);
    case 11:
    case 12:
    case 13:
    case 14:
    case 15: return Look(machine, bucket, PickObject(machine.random));
    case 16: return Rotate(machine, bucket);
    case 17: return PutInParts(machine, bucket, DrawName(machine.random));
    default: return Patch(machine, bucket, PickObject(machine.random), DrawOp(machine.random));
  }
}

TrackedObject& Workload::PickObject(Random& random) {
  return random.Below(3) > 0 ? *objects_.front() : *objects_[random.Below(objects_.size())];
}

// ---- content -------------------------------------------------------------------------------------------------------------------

void Workload::PatchMain(ClientMachine& machine, Bucket& bucket) {
  Patch(machine, bucket, *objects_.front(), DrawOp(machine.random));
}

void Workload::PatchNearby(ClientMachine& machine, Bucket& bucket) {
  ModelOp op;
  op.lo = static_cast<int64_t>(machine.random.Below(800));
  op.hi = op.lo + 1 + static_cast<int64_t>(machine.random.Below(200));
  op.bytes = DrawBytes(machine.random, static_cast<size_t>(op.hi - op.lo));
  Patch(machine, bucket, *objects_.front(), std::move(op));
}

void Workload::Patch(ClientMachine& machine, Bucket& bucket, TrackedObject& object, ModelOp op) {
  const Context context = machine.PatienceOfACall();
  Attempt attempt;
  attempt.op = std::move(op);
  if (machine.random.Below(4) == 0) {
    const auto stat = bucket.Stat(context, object.id);
    if (stat.ok()) attempt.if_opset = stat->opset;
  }
  attempt.wid = machine.client().Wid();
  attempt.invoked = MonotonicNow();
  const Result<Written> written = Perform(bucket, context, object.id, attempt.op, {attempt.if_opset});
  attempt.returned = MonotonicNow();
  attempt.outcome = OutcomeOf(written.status());
  attempt.condition_failed = IsConditionFailure(written.status());
  if (written.ok()) attempt.order = written->order;
  Count(attempt.outcome);
  if (written.ok() && object.sealed) site_.findings.Add("a sealed object took a write");
  if (written.ok() && object.gone && *object.gone < attempt.invoked)
    site_.findings.Add("an object without a name took a write");
  CheckError("a write", written.status(), object.released, false);
  object.log.attempts.push_back(std::move(attempt));
}

void Workload::Append(ClientMachine& machine, Bucket& bucket) {
  TrackedObject& object = *objects_.front();
  Attempt attempt;
  attempt.op.bytes = DrawBytes(machine.random, 5000 + machine.random.Below(3000));
  attempt.op.hi = static_cast<int64_t>(attempt.op.bytes.size());
  attempt.anywhere = true;
  attempt.wid = machine.client().Wid();
  attempt.invoked = MonotonicNow();
  const auto written = bucket.Append(machine.PatienceOfACall(), object.id, attempt.op.bytes);
  attempt.returned = MonotonicNow();
  attempt.outcome = OutcomeOf(written.status());
  if (written.ok()) attempt.order = written->order;
  if (written.ok()) attempt.op.lo = written->lo, attempt.op.hi = written->hi;
  Count(attempt.outcome);
  object.log.attempts.push_back(std::move(attempt));
}

void Workload::Look(ClientMachine& machine, Bucket& bucket, TrackedObject& object) {
  const auto lo = static_cast<int64_t>(machine.random.Below(kSpace));
  LookAt(machine, bucket, object, lo, 1 + machine.random.Below(20000));
}

void Workload::LookAtMain(ClientMachine& machine, Bucket& bucket) {
  LookAt(machine, bucket, *objects_.front(), 0, kSpace * 2);
}

void Workload::LookAt(ClientMachine& machine, Bucket& bucket, TrackedObject& object, int64_t lo, size_t wanted) {
  Observation seen;
  seen.lo = lo;
  seen.wanted = wanted;
  seen.bytes.resize(wanted);
  const int64_t lies = machine.lies_told();
  seen.invoked = MonotonicNow();
  const auto got = bucket.Read(machine.PatienceOfACall(), object.id, seen.lo, seen.bytes);
  seen.returned = MonotonicNow();
  CheckError("a read", got.status(), object.released, machine.lies_told() != lies);
  if (!got.ok()) return;
  seen.bytes.resize(static_cast<size_t>(*got));
  object.log.observations.push_back(std::move(seen));
}

// As of an op that was acknowledged: all below it is settled (I2), and the past reaches back further than a simulated day.
void Workload::LookBack(ClientMachine& machine, Bucket& bucket) {
  TrackedObject& object = *objects_.front();
  std::vector<const Attempt*> settled;
  const int64_t oldest_ms = site_.catalog_clock.NowMillis() - 600'000;
  for (const Attempt& attempt : object.log.attempts) {
    const bool young = HlcMillis(attempt.order.hlc) > oldest_ms;
    if (attempt.outcome == CallOutcome::kDone && young) settled.push_back(&attempt);
  }
  if (!keeps_history_ || machine.patient() || settled.empty()) return Look(machine, bucket, object);
  Observation seen;
  seen.as_of = settled[machine.random.Below(settled.size())]->order.hlc;
  seen.wanted = kSpace * 2;
  seen.bytes.resize(seen.wanted);
  const int64_t lies = machine.lies_told();
  const auto got = bucket.Read(machine.PatienceOfACall(), object.id, 0, seen.bytes, {seen.as_of});
  CheckError("a read of the past", got.status(), false, machine.lies_told() != lies);
  if (!got.ok()) return;
  seen.bytes.resize(static_cast<size_t>(*got));
  object.log.observations.push_back(std::move(seen));
}

void Workload::Merge(ClientMachine& machine, Bucket& bucket, TrackedObject& object) {
  RehomePolicy policy;
  policy.always_rewrite = true;
  (void)bucket.Rehome(machine.PatienceOfACall(), object.id, policy);  // whatever comes of it, no byte may change
}

std::optional<Bytes> Workload::ReadAll(ClientMachine& machine, Bucket& bucket, ObjectId object) {
  MemorySink sink;
  const int64_t lies = machine.lies_told();
  const auto got = bucket.Read(machine.PatienceOfACall(), object, 0, kSpace * 4, sink);
  CheckError("a read of all", got.status(), true, machine.lies_told() != lies);
  if (!got.ok()) return std::nullopt;
  return sink.Take();
}

// Everybody else has to find out by themselves.
void Workload::Rotate(ClientMachine& machine, Bucket& bucket) {
  RotationOptions options;
  options.fresh_key = machine.random.Below(2) == 0;
  options.page = 10;
  const auto done = bucket.RotateKey(machine.PatienceOfACall(), options);
  CheckError("a rotation", done.status(), false, false);
  if (done.ok() && done->unreadable > 0) site_.findings.Add("a rotation finds a body that no key opens");
}

// ---- names -------------------------------------------------------------------------------------------------------------------

std::string Workload::DrawName(Random& random) { return "y" + std::to_string(random.Below(4)); }

TrackedObject& Workload::Track(ObjectId id, const std::string& name, Bytes base, Order order) {
  objects_.push_back(std::make_unique<TrackedObject>());
  TrackedObject& object = *objects_.back();
  object.id = id;
  object.name = name;
  object.log.base = std::move(base);
  object.log.base_order = order;
  if (name.empty()) return object;
  object.released = unsettled_[name] > 0;
  for (const NameAttempt& attempt : names_[name].attempts) {  // what others did before its maker heard of it
    if (attempt.outcome != CallOutcome::kDone || attempt.order <= order) continue;
    object.released = true;
    object.gone = MonotonicNow();
  }
  return object;
}

void Workload::ReleaseObjectsOf(const std::string& name) {
  for (const auto& object : objects_) object->released |= object->name == name;
}

NameAttempt Workload::BeginNameOp(ClientMachine& machine, const std::string& name, bool binds) {
  ReleaseObjectsOf(name);
  NameAttempt attempt;
  attempt.binds = binds;
  attempt.wid = machine.client().Wid();
  attempt.invoked = MonotonicNow();
  ++unsettled_[name];
  return attempt;
}

void Workload::EndNameOp(const std::string& name, NameAttempt attempt, const Result<Order>& outcome) {
  attempt.returned = MonotonicNow();
  attempt.outcome = OutcomeOf(outcome.status());
  if (outcome.ok()) attempt.order = *outcome;
  Count(attempt.outcome);
  names_[name].attempts.push_back(attempt);
  if (attempt.outcome != CallOutcome::kInDoubt) --unsettled_[name];
  if (!outcome.ok()) return;
  for (const auto& object : objects_) {
    if (object->name == name && object->log.base_order < *outcome && !object->gone) object->gone = MonotonicNow();
  }
}

void Workload::Put(ClientMachine& machine, Bucket& bucket, const std::string& name) {
  const Bytes bytes = DrawBytes(machine.random, 1 + machine.random.Below(20000));
  PutOptions options;
  options.if_none_match = machine.random.Below(3) == 0;
  if (!options.if_none_match && machine.random.Below(3) == 0) {
    const auto bound = bucket.Find(machine.PatienceOfACall(), name);
    if (bound.ok()) options.if_bound_to = *bound;
  }
  NameAttempt attempt = BeginNameOp(machine, name, true);
  attempt.if_none_match = options.if_none_match;
  attempt.if_bound_to = options.if_bound_to;
  const auto written = bucket.Put(machine.PatienceOfACall(), name, ByteSpan(bytes), options);
  if (written.ok()) attempt.object = written->object;
  EndNameOp(name, attempt, OrderOf(written));
  CheckError("a put", written.status(), false, false);
  if (written.ok()) Track(written->object, name, bytes, written->order);
}

void Workload::Unbind(ClientMachine& machine, Bucket& bucket, const std::string& name) {
  const NameAttempt attempt = BeginNameOp(machine, name, false);
  const int64_t lies = machine.lies_told();
  const Result<Unbound> gone = bucket.Unbind(machine.PatienceOfACall(), name);
  EndNameOp(name, attempt, gone.ok() ? Result<Order>(gone->order) : gone.status());
  CheckError("an unbind", gone.status(), true, machine.lies_told() != lies);
}

// What the clone has is what the source had at some time meanwhile. Nobody else knows the clone before it is tracked.
void Workload::Clone(ClientMachine& machine, Bucket& bucket, TrackedObject& source) {
  const std::string name = DrawName(machine.random);
  const int64_t lies = machine.lies_told();
  NameAttempt attempt = BeginNameOp(machine, name, true);
  const auto written = bucket.Clone(machine.PatienceOfACall(), source.id, name);
  if (written.ok()) attempt.object = written->object;
  EndNameOp(name, attempt, OrderOf(written));
  CheckError("a clone", written.status(), source.released, machine.lies_told() != lies);
  if (!written.ok()) return;
  Observation copied;
  copied.wanted = kSpace * 4;
  copied.invoked = attempt.invoked, copied.returned = MonotonicNow();
  std::optional<Bytes> bytes = ReadAll(machine, bucket, written->object);
  if (!bytes) return;
  copied.bytes = *bytes;
  if (!source.sealed || copied.bytes == source.log.base) {
    source.log.observations.push_back(std::move(copied));
  } else {
    site_.findings.Add("the clone of a sealed object has other bytes");
  }
  Track(written->object, name, *std::move(bytes), written->order);
}

// An object without a name is made, sealed, and cloned by reference. It goes when its day is over and no clone has it any more.
void Workload::Publish(ClientMachine& machine, Bucket& bucket) {
  const Bytes bytes = DrawBytes(machine.random, 1 + machine.random.Below(15000));
  MemorySource source(bytes);
  const Context context = machine.PatienceOfACall();
  const auto made = bucket.Create(context, source);
  CheckError("a create", made.status(), false, false);
  if (!made.ok()) return;
  const auto sealed = bucket.Seal(context, made->object);
  CheckError("a seal of a young object", sealed.status(), machine.patient(), false);
  if (!sealed.ok()) return;
  TrackedObject& object = Track(made->object, "", bytes, made->order);
  object.sealed = true;
  object.released = machine.patient();
  Clone(machine, bucket, object);
  object.released = true;  // its day will be over
}

// One part is sent twice: the second time counts. Most uploads are completed, some aborted, and some left to the collector.
void Workload::PutInParts(ClientMachine& machine, Bucket& bucket, const std::string& name) {
  const Context context = machine.PatienceOfACall();
  const auto upload = bucket.CreateUpload(context, name);
  CheckError("the begin of an upload", upload.status(), false, false);
  if (!upload.ok()) return;
  Bytes bytes;
  std::vector<UploadedPart> parts;
  const auto count = static_cast<int32_t>(1 + machine.random.Below(3));
  for (int32_t number = 0; number <= count; ++number) {
    const Bytes content = DrawBytes(machine.random, 1 + machine.random.Below(9000));
    MemorySource source(content);
    const auto part = bucket.UploadPart(context, *upload, std::max(number, 1), source);
    CheckError("a part", part.status(), machine.patient(), false);
    if (!part.ok()) return;
    if (number == 0) continue;
    parts.push_back(*part);
    bytes.insert(bytes.end(), content.begin(), content.end());
  }
  if (machine.random.Below(4) == 0) {
    const Status aborted = machine.random.Below(2) == 0 ? bucket.AbortUpload(context, *upload) : OkStatus();
    return CheckError("an abort", aborted, false, false);
  }
  NameAttempt attempt = BeginNameOp(machine, name, true);
  const auto written = bucket.CompleteUpload(context, *upload, parts);
  if (written.ok()) attempt.object = written->object;
  EndNameOp(name, attempt, OrderOf(written));
  CheckError("the end of an upload", written.status(), machine.patient(), false);
  if (written.ok()) Track(written->object, name, bytes, written->order);
}

void Workload::Find(ClientMachine& machine, Bucket& bucket, const std::string& name) {
  const int64_t lies = machine.lies_told();
  NameObservation seen;
  seen.invoked = MonotonicNow();
  const auto stat = bucket.Stat(machine.PatienceOfACall(), name);
  seen.returned = MonotonicNow();
  const bool free = stat.status().code() == StatusCode::kNotFound;
  CheckError("a look for a name", stat.status(), true, machine.lies_told() != lies);
  if (stat.ok()) seen.object = stat->object, seen.order = stat->bound;
  if (stat.ok() || (free && name == "x")) names_[name].observations.push_back(seen);
}

void Workload::UnbindAll(Bucket& bucket) {
  for (const auto& [name, log] : names_) {
    if (name == "x") continue;
    ReleaseObjectsOf(name);
    const auto order = bucket.Unbind(Context::WithTimeout(kQuiet), name);
    const bool free = order.ok() || order.status().code() == StatusCode::kNotFound;
    if (!free) site_.findings.Add("at the end a name cannot be unbound: " + order.status().ToString());
  }
  AbortUploads(bucket);
}

// Those whose client died, or gave up: they would last for days.
void Workload::AbortUploads(Bucket& bucket) {
  const auto page = bucket.ListUploads(Context::WithTimeout(kQuiet));
  if (!page.ok()) return site_.findings.Add("at the end uploads cannot be listed: " + page.status().ToString());
  for (const UploadStat& upload : page->uploads) {
    const Status aborted = bucket.AbortUpload(Context::WithTimeout(kQuiet), upload.upload);
    if (!aborted.ok()) site_.findings.Add("at the end an upload cannot be aborted: " + aborted.ToString());
  }
}

// ---- checks ------------------------------------------------------------------------------------------------------------------

void Workload::CheckError(const char* what, const Status& status, bool may_be_gone, bool lied_to) {
  switch (status.code()) {
    case StatusCode::kNotFound:
      if (may_be_gone) return;
      break;
    case StatusCode::kDataLoss:
      if (lied_to && status.Detail("pbfs-code").has_value()) return;
      break;
    case StatusCode::kInvalidArgument:
    case StatusCode::kOutOfRange:
    case StatusCode::kAlreadyExists:
    case StatusCode::kInternal: break;
    default: return;
  }
  site_.findings.Add(fmt::format("{} fails: {}", what, status.ToString()));
}

void Workload::CheckObject(Bucket& bucket, TrackedObject& object) {
  const Context context = Context::WithTimeout(kQuiet);
  MemorySink sink;
  const auto got = bucket.Read(context, object.id, 0, kSpace * 8, sink);
  const bool gone = object.released && got.status().code() == StatusCode::kNotFound;
  if (gone) return;
  if (!got.ok()) return site_.findings.Add("at the end a read fails: " + got.status().ToString());
  const auto history = bucket.History(context, object.id, INT64_MAX, 10000);
  if (!history.ok()) return site_.findings.Add("at the end there is no history: " + history.status().ToString());
  const std::string wrong = CheckHistory(*history, object.log, sink.Take());
  if (!wrong.empty()) site_.findings.Add(fmt::format("object {}: {}", object.name, wrong));
}

void Workload::Check(Bucket& bucket) {
  for (const auto& object : objects_) CheckObject(bucket, *object);
  for (const auto& [name, log] : names_) {
    const std::string wrong = CheckName(name, log);
    if (!wrong.empty()) site_.findings.Add(wrong);
  }
}

}  // namespace pbfs::simulation
