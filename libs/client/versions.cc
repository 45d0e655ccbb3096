// Bucket's operations on versions of names.
#include "libs/client/committer.h"
#include "libs/client/listing.h"
#include "libs/client/metadata.h"
#include "libs/format/name.h"

namespace pbfs {
namespace {

NamedVersion VersionOf(const NameEntry& entry, VerifiedEntry verified) {
  NamedVersion version{entry.name, entry.object, entry.order};
  version.is_null = entry.versioning != Versioning::kEnabled;
  version.current = entry.current;
  version.metadata = std::move(verified.metadata);
  version.meta = verified.meta;
  version.content = entry.content;
  return version;
}

// What `plan` has already, then the DROP.
Result<Order> CommitDrop(const Context& context, ClientCore& core, const OpenedBucket& bucket, const std::string& name,
                         const Order& version, CommitPlan plan) {
  PlannedOp drop{NewRecord(core, OpKind::kDrop, {}), {}};
  drop.record.name = name;
  drop.record.dropped = version;
  plan.ops.push_back(std::move(drop));
  const Result<Committed> done = CommitOps(context.Within(core.options.timeout), core, bucket, plan);
  if (done.ok()) return done->orders.back();
  const bool none = done.status().Detail("pbfs-code") == CommitCodeName(CommitCode::kSourceGone);
  return none ? NotFoundError(bucket.info.settings.name + "/" + name + ": no such version") : done.status();
}

}  // namespace

Result<Versioning> Bucket::FindVersioning(const Context& context) {
  const Context step = context.Within(core_->options.timeout);
  // No keyring is so new: then the primary answers.
  PBFS_ASSIGN_OR_RETURN(const BucketInfo now, RetryRead(step, [&] {
                          return core_->to.catalog.buckets.FindBucket(step, info().settings.name, INT64_MAX);
                        }));
  if (now.id != state_->id()) return NotFoundError("bucket " + info().settings.name + ": it is gone");
  state_->Learn(now.settings.versioning);
  return now.settings.versioning;
}

Status Bucket::SetVersioning(const Context& context, Versioning versioning) {
  const Context step = context.Within(core_->options.timeout);
  const auto set = RetryRead(step, [&]() -> Result<bool> {  // harmless to repeat
    PBFS_RETURN_IF_ERROR(core_->to.catalog.buckets.SetVersioning(step, state_->id(), versioning));
    return true;
  });
  if (set.ok()) state_->Learn(versioning);
  return set.status();
}

Result<VersionPage> Bucket::ListVersions(const Context& context, const std::string& prefix,
                                         const VersionListOptions& options) {
  const Context step = context.Within(core_->options.timeout);
  const ListVersionsRequest request{
      state_->id(), prefix, options.after, options.after_version, options.limit, options.delimiter, options.newest};
  PBFS_ASSIGN_OR_RETURN(ListVersionsReply reply,
                        RetryRead(step, [&] { return core_->to.catalog.names.ListVersions(step, request); }));
  VersionPage page;
  page.more = reply.more && !(reply.versions.empty() && reply.prefixes.empty());
  page.prefixes = std::move(reply.prefixes);
  for (const NameEntry& entry : reply.versions) {
    PBFS_ASSIGN_OR_RETURN(VerifiedEntry verified, VerifyEntry(context, *core_, *state_, entry));
    page.versions.push_back(VersionOf(entry, std::move(verified)));
  }
  return page;
}

Result<NamedVersion> Bucket::FindVersion(const Context& context, const std::string& name, const Order& version) {
  PBFS_RETURN_IF_ERROR(CheckName(name));
  const Context step = context.Within(core_->options.timeout);
  NameQuery query{state_->id(), name, {}, 0, true, version};
  PBFS_ASSIGN_OR_RETURN(const NameEntry entry,
                        RetryRead(step, [&] { return core_->to.catalog.names.Resolve(step, query); }));
  if (!IsVersion(entry, name, version)) return BadRecord("the catalog answered for another version");
  PBFS_ASSIGN_OR_RETURN(VerifiedEntry verified, VerifyEntry(context, *core_, *state_, entry));
  return VersionOf(entry, std::move(verified));
}

Result<Order> Bucket::DropVersion(const Context& context, const std::string& name, const Order& version) {
  PBFS_RETURN_IF_ERROR(CheckName(name));
  if (versioning() == Versioning::kOff) return FailedPreconditionError("the bucket keeps no versions: unbind the name");
  return CommitDrop(context, *core_, *state_, name, version, {});
}

// As a META that changes nothing and a DROP: whoever has seen the metadata as they were can no longer change them.
Result<Order> Bucket::DropVersion(const Context& context, const NamedVersion& seen) {
  if (!seen.object.has_value()) return DropVersion(context, seen.name, seen.order);
  PBFS_ASSIGN_OR_RETURN(Bytes encoded, EncodeMetadata(seen.metadata));
  CommitPlan plan;
  plan.ops.push_back({NewRecord(*core_, OpKind::kMeta, *seen.object), std::move(encoded)});
  plan.if_meta = seen.meta;
  return CommitDrop(context, *core_, *state_, seen.name, seen.order, std::move(plan));
}

}  // namespace pbfs
