#include "libs/adapters/postgres/commit_transactor.h"

#include <algorithm>

#include "libs/adapters/postgres/apply_changes.h"
#include "libs/adapters/postgres/embedded_sql.h"
#include "libs/adapters/postgres/extent_rows.h"
#include "libs/adapters/postgres/lock_and_load.h"

namespace pbfs::postgres {
namespace {

constexpr int kDeadlockAttempts = 5;

bool IsDeadlock(const Status& status) { return status.Detail("sqlstate") == "40P01"; }

// Did PostgreSQL refuse a statement, which may be the fault of one Commit? Else it is nobody's.
bool MayBeOneCommits(const Status& status) {
  return status.Detail("sqlstate").has_value() && !IsRetryable(status) &&
         status.code() != StatusCode::kResourceExhausted && !OutcomeUnknown(status);
}

bool AnyRefusal(const std::vector<CommitReply>& replies) {
  return std::any_of(replies.begin(), replies.end(),
                     [](const CommitReply& reply) { return reply.code != CommitCode::kOk; });
}

bool AnyReplay(const std::vector<CommitReply>& replies) {
  return std::any_of(replies.begin(), replies.end(),
                     [](const CommitReply& reply) { return reply.code == CommitCode::kReplay; });
}

}  // namespace

std::vector<CommitTransactor::Answer> PostgresTransactor::Run(Batch batch, bool wait_for_locks) {
  std::vector<Answer> answers(batch.size());
  const Status failed = RunAgainAfterDeadlock(batch, wait_for_locks, answers);
  if (failed.ok()) return answers;
  if (batch.size() == 1 || !MayBeOneCommits(failed)) {
    std::fill(answers.begin(), answers.end(), Answer(failed));
    return answers;
  }
  const size_t half = batch.size() / 2;
  answers = Run(batch.first(half), wait_for_locks);
  std::vector<Answer> second = Run(batch.subspan(half), wait_for_locks);
  std::move(second.begin(), second.end(), std::back_inserter(answers));
  return answers;
}

Status PostgresTransactor::RunAgainAfterDeadlock(Batch batch, bool wait_for_locks, std::vector<Answer>& answers) {
  Status last;
  bool look = false;
  for (int attempt = 0; attempt < kDeadlockAttempts; ++attempt) {
    last = RunOnce(batch, wait_for_locks, look, answers);
    const bool taken = last.code() == StatusCode::kAlreadyExists && !look;
    look = look || taken;
    if (!taken && !IsDeadlock(last)) return last;
  }
  return UnavailableError("five deadlocks in a row; nothing happened, send it again");
}

// Nearly always every id and order of a batch is new. So it is decided as if they were, and the schema's unique indexes say
// if that was wrong: then it runs again with a `look` at what is there. A refusal may come from not knowing (a replay looks
// stale), so it is decided again after a look.
Status PostgresTransactor::RunOnce(Batch batch, bool wait_for_locks, bool look, std::vector<Answer>& answers) {
  const Context context = Context::WithTimeout(patience_);
  PBFS_ASSIGN_OR_RETURN(const SessionPool::Lease connection, primary_.Take(context));
  connection->Queue(kBegin);
  const LockMode mode = wait_for_locks ? LockMode::kWait : LockMode::kTry;
  const BatchPlan plan = PlanBatch(batch);
  PBFS_ASSIGN_OR_RETURN(LockedBatch locked, LockAndLoad(*connection, context, plan, caches_, mode));

  std::vector<const ParsedCommit*> ready;
  std::vector<size_t> places;
  for (size_t i = 0; i < batch.size(); ++i) {
    if (!locked.missed.None() && locked.missed.Touch(PlanBatch(batch.subspan(i, 1)))) continue;
    ready.push_back(batch[i]);
    places.push_back(i);
  }
  if (ready.empty()) return OkStatus();  // the lease rolls back
  if (look) PBFS_RETURN_IF_ERROR(LoadTaken(*connection, context, plan, locked.state));
  Decision decision = Decide(locked.state, ready);
  if (!look && AnyRefusal(decision.replies)) {
    PBFS_RETURN_IF_ERROR(LoadTaken(*connection, context, plan, locked.state));
    decision = Decide(locked.state, ready);
  }
  const bool nothing = IsEmpty(decision.changes);
  // Refusals alone: rolling back takes the rows away that were made to be locked. They rest on nothing of this batch, and
  // what they rest on was visible, so it is durable.
  if (!nothing || AnyReplay(decision.replies)) {
    if (nothing) connection->Queue(kEmitMessage);
    QueueChanges(*connection, decision.changes, locked, caches_.buckets);
    PBFS_RETURN_IF_ERROR(connection->Commit(context));
  }
  for (size_t i = 0; i < places.size(); ++i) answers[places[i]] = Answer(std::move(decision.replies[i]));
  return OkStatus();
}

// ---- REHOME -----------------------------------------------------------------------------------------------------------------

constexpr size_t kSourcesPerPage = 256;

// What a rehome locks and loads with the object. The head of its region is only read (LoadNewest).
BatchPlan PlanRehome(const ParsedCommit& commit) {
  const ParsedCommit* const one[] = {&commit};
  BatchPlan plan = PlanBatch(one);
  plan.heads.clear();
  return plan;
}

ObjectRegion RegionOfRehome(const ParsedCommit& commit) {
  const ParsedOp& op = commit.ops[0];
  return {op.object, RegionOf(op.sources[0].lo)};
}

void QueueLoadNewest(Connection& connection, const ObjectRegion& region) {
  connection.Queue(kLoadNewest, Params().Uuid(region.object).Int4(static_cast<int32_t>(region.region)));
}

// Adds the newest orders of the rehome's region and of all regions to what was loaded.
Status LoadNewest(Connection& connection, const Context& context, const ObjectRegion& region, LoadedState& state) {
  QueueLoadNewest(connection, region);
  PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
  state.heads[region] = {results[0].Int8(0, 0)};
  const auto object = state.objects.find(region.object);
  if (object != state.objects.end()) object->second.heads_max = results[0].Int8(0, 1);
  return OkStatus();
}

Result<CommitReply> Rehomes::Rehome(const Context& context, const ParsedCommit& commit) {
  CommitReply reply;
  PBFS_RETURN_IF_ERROR(StoreRuns(context, commit, reply));
  if (reply.code != CommitCode::kOk && reply.code != CommitCode::kReplay) return reply;
  const std::span<const RehomeSource> sources(commit.ops[0].sources);
  for (size_t at = 0; at < sources.size(); at += kSourcesPerPage)
    PBFS_RETURN_IF_ERROR(
        RemovePage(context, commit, sources.subspan(at, std::min(kSourcesPerPage, sources.size() - at)), reply));
  return reply;
}

Status Rehomes::StoreRuns(const Context& context, const ParsedCommit& commit, CommitReply& reply) {
  const BatchPlan plan = PlanRehome(commit);
  return Transact(primary_, context, [&](Connection& connection) -> Status {
    PBFS_ASSIGN_OR_RETURN(LockedBatch locked, LockAndLoad(connection, context, plan, caches_, LockMode::kWait));
    PBFS_RETURN_IF_ERROR(LoadNewest(connection, context, RegionOfRehome(commit), locked.state));
    PBFS_RETURN_IF_ERROR(LoadTaken(connection, context, plan, locked.state));
    const RehomeDecision decision = DecideRehome(locked.state, commit);
    reply = decision.reply;
    if (reply.code == CommitCode::kReplay) connection.Queue(kEmitMessage);
    QueueChanges(connection, decision.changes, locked, caches_.buckets);
    return OkStatus();
  });
}

Status Rehomes::RemovePage(const Context& context, const ParsedCommit& commit, std::span<const RehomeSource> page,
                           CommitReply& reply) {
  const ParsedOp& op = commit.ops[0];
  const ObjectRegion region = RegionOfRehome(commit);
  int64_t lo = INT64_MAX, hi = 0;
  for (const RehomeSource& source : page) lo = std::min(lo, source.lo), hi = std::max(hi, source.hi);
  SourceVerdicts verdicts;
  const Status done = Transact(primary_, context, [&](Connection& connection) -> Status {
    connection.Queue(kLockRehomes, Params().Uuid(op.object).Int4(static_cast<int32_t>(region.region)));
    PBFS_ASSIGN_OR_RETURN(const LockedBatch locked,
                          LockAndLoad(connection, context, PlanRehome(commit), caches_, LockMode::kWait));
    connection.Queue(kLoadExtents, Params().Uuid(op.object).Int8(lo).Int8(hi));
    QueueLoadNewest(connection, region);  // after the extents: no order may be missing of what covers a source
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    std::vector<Extent> overlapping;
    for (int row = 0; row < results[0].size(); ++row) overlapping.push_back(ExtentOfRow(results[0], row));
    verdicts = JudgeSources(overlapping, page, op.op);
    const auto bucket = locked.state.buckets.find(commit.bucket);
    const auto object = locked.state.objects.find(op.object);
    if (bucket == locked.state.buckets.end() || object == locked.state.objects.end()) return OkStatus();
    // I26: `gone` is no smaller than the order of anything that covers this page's sources.
    const Hlc gone = std::max(object->second.span_hlc, results[1].Int8(0, 0));
    QueueRemoval(connection, op.object, verdicts.removed, bucket->second.history, gone,
                 std::max(gone, results[1].Int8(0, 1)));
    return OkStatus();
  });
  PBFS_RETURN_IF_ERROR(done);
  reply.removed += static_cast<int32_t>(verdicts.removed.size());
  reply.kept += verdicts.kept;
  return OkStatus();
}

}  // namespace pbfs::postgres
