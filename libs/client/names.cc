// Bucket's operations on names: find, list, bind, unbind, rename, history.
#include <algorithm>

#include <fmt/format.h>

#include "libs/base/mutants.h"
#include "libs/client/committer.h"
#include "libs/client/keyrings.h"
#include "libs/client/listing.h"
#include "libs/client/metadata.h"
#include "libs/format/name.h"

namespace pbfs {
namespace {

Status BadName(const NameEntry& entry, const char* what) {
  return DataLossError(fmt::format("BAD_RECORD: name {}: {}", entry.name, what)).WithDetail("pbfs-code", "BAD_RECORD");
}

// What a record says of its object: nothing, or metadata.
Result<ObjectMetadata> OpenOf(const OpenedKeyring& keyring, const NameEntry& entry, const OpRecord& record) {
  if (record.metadata.empty()) return ObjectMetadata{};
  PBFS_ASSIGN_OR_RETURN(const BucketKeys* keys, keyring.KeysOf(record.key_epoch));
  const Result<Bytes> opened = OpenMetadata(*keys, record.object, record.order, record.metadata);
  if (!opened.ok()) return BadName(entry, "metadata that do not open");
  return DecodeMetadata(*opened);
}

// The entry's metadata after its records have proven that a key holder bound this name to this object, and said them of it.
Result<VerifiedEntry> VerifyWith(const OpenedKeyring& keyring, const NameEntry& entry) {
  PBFS_ASSIGN_OR_RETURN(const OpRecord record, VerifyRecord(keyring, entry.record));
  const OpKind kind = entry.object.has_value() ? OpKind::kBind : OpKind::kUnbind;
  if (record.kind != kind || record.name != entry.name || record.order != entry.order)
    return BadName(entry, "another op's record");
  if (entry.object.has_value() && record.object != *entry.object) return BadName(entry, "bound to another object");
  VerifiedEntry verified;
  if (!entry.meta.empty()) {
    PBFS_ASSIGN_OR_RETURN(const OpRecord meta, VerifyRecord(keyring, entry.meta));
    if (meta.kind != OpKind::kMeta || meta.object != entry.object) return BadName(entry, "metadata of another object");
    verified.meta = meta.order;
    if (meta.order > record.order) {
      PBFS_ASSIGN_OR_RETURN(verified.metadata, OpenOf(keyring, entry, meta));
      return verified;
    }
  }
  PBFS_ASSIGN_OR_RETURN(verified.metadata, OpenOf(keyring, entry, record));
  return verified;
}

// A name of a versioned bucket shows an older value again when others drop its newest: then what this client did to it is no measure.
bool MayGoBack(ClientCore& core, const OpenedBucket& bucket, const std::string& name) {
  const bool kept = bucket.versioning() != Versioning::kOff;
  if (kept) core.acknowledged.ForgetName(bucket.id(), name);
  return kept;
}

Result<NameEntry> Resolve(const Context& context, ClientCore& core, const OpenedBucket& bucket, const std::string& name,
                          const ReadOptions& options) {
  PBFS_RETURN_IF_ERROR(CheckName(name));
  const Context step = context.Within(core.options.timeout);
  NameQuery query{bucket.id(), name, options.as_of, 0};
  if (!options.as_of) query.min_hlc = core.acknowledged.NewestOfName(bucket.id(), name);
  Result<NameEntry> entry = RetryRead(step, [&] { return core.to.catalog.names.Resolve(step, query); });
  if (!entry.ok()) return entry.status().Annotate(bucket.info.settings.name + "/" + name);
  if (entry->name != name) return DataLossError("BAD_RECORD: the catalog answered for another name");
  if (entry->order.hlc < query.min_hlc && !IsMutant(Mutant::kStaleNameAccepted)) {
    if (!MayGoBack(core, bucket, name))
      return StaleOrRollback("the catalog shows an older binding than it had acknowledged to this client");
  }
  core.Observe(entry->order.hlc, 0);
  return entry;
}

// What does not reach this client's own newest op on the name is the past.
Result<std::vector<NameEntry>> FreshNameHistory(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                                                const std::string& name) {
  const Hlc seen = core.acknowledged.NewestOfName(bucket.id(), name);
  return RetryRead(context, [&]() -> Result<std::vector<NameEntry>> {
    PBFS_ASSIGN_OR_RETURN(auto entries, core.to.catalog.names.NameHistory(context, {bucket.id(), name, seen}));
    Hlc newest = 0;
    for (const NameEntry& entry : entries) newest = std::max(newest, entry.order.hlc);
    if (newest < seen && !MayGoBack(core, bucket, name))
      return UnavailableError("name " + name + ": the catalog is behind what it had acknowledged");
    return entries;
  });
}

// A standby that is behind may leave out a name that this client has bound, or show one that it has unbound. What others did is not
// remembered, so then the newest state decides.
Result<ListNamesReply> FreshNames(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                                  ListNamesRequest request) {
  const int64_t asked = core.acknowledged.Moment();
  for (;;) {
    Result<ListNamesReply> reply =
        RetryRead(context, [&] { return core.to.catalog.names.ListNames(context, request); });
    if (request.as_of || !reply.ok()) return reply;
    if (core.acknowledged.ShowsNames(request, *reply, asked, request.newest)) return reply;
    if (request.newest && bucket.versioning() != Versioning::kOff) return reply;  // as MayGoBack
    if (request.newest) break;
    request.newest = true;
  }
  return StaleOrRollback("the catalog lists an older binding than it had acknowledged to this client");
}

Result<Order> CommitNames(const Context& context, ClientCore& core, const OpenedBucket& bucket, CommitPlan plan) {
  PBFS_ASSIGN_OR_RETURN(const Committed done, CommitOps(context.Within(core.options.timeout), core, bucket, plan));
  return done.orders.back();
}

PlannedOp NameOp(ClientCore& core, OpKind kind, const ObjectId& object, const std::string& name, Bytes metadata = {}) {
  PlannedOp op{NewRecord(core, kind, object), std::move(metadata)};
  op.record.name = name;
  return op;
}

}  // namespace

Result<VerifiedEntry> VerifyEntry(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                                  const NameEntry& entry) {
  return WithNewestKeys(context, core, bucket,
                        [&](const OpenedKeyring& keyring) { return VerifyWith(keyring, entry); });
}

void SetNamed(const NameEntry& entry, VerifiedEntry verified, ObjectStat& stat) {
  stat.bound = entry.order;
  stat.versioning = entry.versioning;
  stat.metadata = std::move(verified.metadata);
  stat.meta = verified.meta;
}

bool IsVersion(const NameEntry& entry, const std::string& name, const Order& version) {
  return entry.name == name && (version == kNullVersion || entry.order == version);
}

Result<ObjectId> Bucket::Find(const Context& context, const std::string& name, const ReadOptions& options) {
  PBFS_ASSIGN_OR_RETURN(const NameEntry entry, Resolve(context, *core_, *state_, name, options));
  PBFS_RETURN_IF_ERROR(VerifyEntry(context, *core_, *state_, entry).status());
  if (!entry.object.has_value()) return NotFoundError(info().settings.name + "/" + name + ": no such object");
  return *entry.object;
}

Result<ObjectStat> Bucket::Stat(const Context& context, const std::string& name, const ReadOptions& options) {
  PBFS_ASSIGN_OR_RETURN(const NameEntry entry, Resolve(context, *core_, *state_, name, options));
  PBFS_ASSIGN_OR_RETURN(VerifiedEntry verified, VerifyEntry(context, *core_, *state_, entry));
  if (!entry.object.has_value()) return NotFoundError(info().settings.name + "/" + name + ": no such object");
  PBFS_ASSIGN_OR_RETURN(ObjectStat stat, Stat(context, *entry.object));
  SetNamed(entry, std::move(verified), stat);
  return stat;
}

Result<ObjectStat> Bucket::Stat(const Context& context, ObjectId object) {
  const Context step = context.Within(core_->options.timeout);
  const StatRequest request{state_->id(), object, core_->acknowledged.NewestOfObject(object)};
  PBFS_ASSIGN_OR_RETURN(const ObjectInfo info,
                        RetryRead(step, [&] { return core_->to.catalog.lists.Stat(step, request); }));
  core_->Observe(info.max_hlc, 0);
  ObjectStat stat;
  stat.object = object;
  stat.size = info.size;
  stat.opset = info.opset;
  stat.sealed = info.sealed;
  stat.extents = info.extents;
  stat.newest = info.max_hlc;
  return stat;
}

Result<NamePage> Bucket::ListNames(const Context& context, const std::string& prefix, const ListOptions& options) {
  const Context step = context.Within(core_->options.timeout);
  ListNamesRequest request{state_->id(), prefix, options.after, options.limit, options.as_of, options.newest};
  request.delimiter = options.delimiter;
  request.with_content = options.with_content;
  PBFS_ASSIGN_OR_RETURN(ListNamesReply reply, FreshNames(step, *core_, *state_, request));
  NamePage page;
  page.last = reply.Last();
  page.more = reply.more && page.last > options.after;
  page.prefixes = std::move(reply.prefixes);
  for (const NameEntry& entry : reply.names) {
    PBFS_ASSIGN_OR_RETURN(VerifiedEntry verified, VerifyEntry(context, *core_, *state_, entry));
    if (entry.object.has_value())
      page.names.push_back({entry.name, *entry.object, entry.order, std::move(verified.metadata), entry.content});
  }
  return page;
}

Result<Order> Bucket::Bind(const Context& context, const std::string& name, ObjectId object,
                           const PutOptions& options) {
  PBFS_RETURN_IF_ERROR(CheckName(name));
  PBFS_ASSIGN_OR_RETURN(Bytes metadata, EncodeMetadata(options.metadata));
  CommitPlan plan;
  plan.ops.push_back(NameOp(*core_, OpKind::kBind, object, name, std::move(metadata)));
  plan.if_name = ConditionOf(options);
  return CommitNames(context, *core_, *state_, std::move(plan));
}

Result<Unbound> Bucket::Unbind(const Context& context, const std::string& name, std::optional<ObjectId> only) {
  PBFS_RETURN_IF_ERROR(CheckName(name));
  ObjectId object = only.value_or(ObjectId{});
  if (!only.has_value() && versioning() == Versioning::kOff) {
    PBFS_ASSIGN_OR_RETURN(object, Find(context, name));
  }
  CommitPlan plan;
  if (only.has_value()) plan.if_name = NameCondition{*only};
  plan.ops.push_back(NameOp(*core_, OpKind::kUnbind, object, name));
  PBFS_ASSIGN_OR_RETURN(const Committed done, CommitOps(context.Within(core_->options.timeout), *core_, *state_, plan));
  return Unbound{done.orders.back(), done.versioning};
}

Result<Order> Bucket::SetMetadata(const Context& context, ObjectId object, const ObjectMetadata& metadata,
                                  const Order& seen) {
  PBFS_ASSIGN_OR_RETURN(Bytes encoded, EncodeMetadata(metadata));
  CommitPlan plan;
  plan.ops.push_back({NewRecord(*core_, OpKind::kMeta, object), std::move(encoded)});
  plan.if_meta = seen;
  return CommitNames(context, *core_, *state_, std::move(plan));
}

Result<Order> Bucket::Rename(const Context& context, const std::string& from, const std::string& to,
                             bool if_none_match) {
  PBFS_RETURN_IF_ERROR(CheckName(to));
  if (from == to) return InvalidArgumentError("rename: both names are the same");
  PBFS_ASSIGN_OR_RETURN(const NameEntry entry, Resolve(context, *core_, *state_, from, {}));
  PBFS_ASSIGN_OR_RETURN(const VerifiedEntry verified, VerifyEntry(context, *core_, *state_, entry));
  if (!entry.object.has_value()) return NotFoundError(info().settings.name + "/" + from + ": no such object");
  PBFS_ASSIGN_OR_RETURN(Bytes encoded, EncodeMetadata(verified.metadata));
  CommitPlan plan;
  // The condition of a Commit is that of its first name op: with if_none_match the new name comes first.
  plan.ops.push_back(NameOp(*core_, OpKind::kUnbind, *entry.object, from));
  plan.ops.insert(if_none_match ? plan.ops.begin() : plan.ops.end(),
                  NameOp(*core_, OpKind::kBind, *entry.object, to, std::move(encoded)));
  plan.if_name = if_none_match ? NameCondition{} : NameCondition{*entry.object};
  return CommitNames(context, *core_, *state_, std::move(plan));
}

Result<std::vector<NameHistoryEntry>> Bucket::NameHistory(const Context& context, const std::string& name) {
  PBFS_RETURN_IF_ERROR(CheckName(name));
  const Context step = context.Within(core_->options.timeout);
  PBFS_ASSIGN_OR_RETURN(const auto entries, FreshNameHistory(step, *core_, *state_, name));
  std::vector<NameHistoryEntry> history;
  for (const NameEntry& entry : entries) {
    PBFS_RETURN_IF_ERROR(VerifyEntry(context, *core_, *state_, entry).status());
    history.push_back({entry.object, entry.order, entry.current});
  }
  return history;
}

Result<ObjectId> Bucket::Restore(const Context& context, const std::string& name) {
  PBFS_ASSIGN_OR_RETURN(const auto history, NameHistory(context, name));
  for (const NameHistoryEntry& entry : history) {
    if (!entry.object.has_value()) continue;
    if (entry.current) return *entry.object;
    PBFS_RETURN_IF_ERROR(Bind(context, name, *entry.object, {.if_none_match = true}).status());
    return *entry.object;
  }
  return NotFoundError(info().settings.name + "/" + name + ": nothing to restore; its history has expired");
}

}  // namespace pbfs
