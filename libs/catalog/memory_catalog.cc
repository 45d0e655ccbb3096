#include "libs/catalog/memory_catalog.h"

namespace pbfs {

MemoryCatalog::MemoryCatalog(const Clock& clock, Options options)
    : clock_(clock), options_(std::move(options)), tables_(options_.site), batcher_(*this, options_.batcher) {
  map_.site = options_.site;
  map_.fence_epoch = options_.fence_epoch;
  map_.default_k = options_.default_k;
  map_.default_m = options_.default_m;
}

Result<ParseRules> MemoryCatalog::RulesOf(BucketId bucket) const {
  MutexLock lock(mutex_);
  const auto found = tables_.buckets.find(bucket);
  if (found == tables_.buckets.end()) return NotFoundError("no such bucket");
  return RulesFor(found->second.settings);
}

ParseRules MemoryCatalog::RulesFor(const BucketSettings& settings) const {
  return {settings, options_.default_k, options_.default_m, options_.verify_receipt};
}

Result<CommitReply> MemoryCatalog::Commit(const Context& context, const CommitRequest& request) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_ASSIGN_OR_RETURN(const ParseRules rules, RulesOf(request.bucket));
  PBFS_ASSIGN_OR_RETURN(ParsedCommit commit, ParseCommit(request, rules));
  if (commit.refused != CommitCode::kOk) return CommitReply{commit.refused, 0, clock_.NowMillis(), 0, 0};
  if (commit.IsRehome()) return Rehome(commit);
  return batcher_.Commit(context, std::move(commit));
}

std::vector<CommitTransactor::Answer> MemoryCatalog::Run(std::span<const ParsedCommit* const> batch, bool) {
  const BatchPlan plan = PlanBatch(batch);
  MutexLock lock(mutex_);
  const int64_t now_ms = clock_.NowMillis();
  const Decision decision = Decide(tables_.Load(plan, now_ms), batch);
  tables_.Apply(decision.changes, now_ms);
  return {decision.replies.begin(), decision.replies.end()};
}

Result<CommitReply> MemoryCatalog::Rehome(const ParsedCommit& commit) {
  const ParsedCommit* const batch[] = {&commit};
  const BatchPlan plan = PlanBatch(batch);
  MutexLock lock(mutex_);
  const int64_t now_ms = clock_.NowMillis();
  RehomeDecision decision = DecideRehome(tables_.Load(plan, now_ms), commit);
  if (decision.reply.code != CommitCode::kOk) return decision.reply;
  tables_.Apply(decision.changes, now_ms);
  const SourceVerdicts verdicts = tables_.RemoveSources(commit, decision, now_ms);
  decision.reply.removed = static_cast<int32_t>(verdicts.removed.size());
  decision.reply.kept = verdicts.kept;
  return decision.reply;
}

}  // namespace pbfs
