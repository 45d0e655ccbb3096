#include <algorithm>

#include "libs/catalog/memory_catalog.h"
#include "libs/catalog/rules.h"
#include "libs/format/name.h"

namespace pbfs {

Status MemoryCatalog::CheckNamesAsOf(BucketId bucket, std::optional<Hlc> as_of) const {
  const auto found = tables_.buckets.find(bucket);
  if (found == tables_.buckets.end()) return NotFoundError("no such bucket");
  const BucketInfo& info = found->second;
  return as_of ? CheckNamesRemembered(info, *as_of) : OkStatus();
}

NameEntry MemoryCatalog::EntryOf(const NameKey& key, const Binding& binding) const {
  NameEntry entry;
  entry.name = key.name;
  entry.order = binding.order;
  entry.object = binding.object;
  entry.versioning = binding.versioning;
  if (const MemoryTables::OpRow* op = tables_.FindOp(binding.record)) entry.record = op->record;
  return entry;
}

/// The register's value now, or the greatest at or below `as_of` that was not gone by then. None: never bound.
std::optional<NameEntry> MemoryCatalog::ValueOf(const NameKey& key, std::optional<Hlc> as_of) const {
  const auto current = tables_.names.find(key);
  const bool current_counts = current != tables_.names.end() && (!as_of || current->second.order.hlc <= *as_of);
  if (current_counts) return EntryOf(key, current->second);
  const auto past = tables_.past_names.find(key);
  if (!as_of || past == tables_.past_names.end()) return std::nullopt;
  for (auto row = past->second.rbegin(); row != past->second.rend(); ++row) {
    if (row->first.hlc > *as_of || row->second.dropped) continue;
    if (row->second.gone_hlc && *row->second.gone_hlc <= *as_of) continue;
    NameEntry entry = EntryOf(key, row->second.binding);
    entry.current = false;
    entry.gone_hlc = row->second.gone_hlc.value_or(0);
    return entry;
  }
  return std::nullopt;
}

Result<NameEntry> MemoryCatalog::Resolve(const Context& context, const NameQuery& query) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckName(query.name));
  MutexLock lock(mutex_);
  PBFS_RETURN_IF_ERROR(CheckNamesAsOf(query.bucket, query.as_of));
  return EntryOf(query);
}

/// What is asked for of a name, with the object's metadata.
Result<NameEntry> MemoryCatalog::EntryOf(const NameQuery& query) const {
  const NameKey key{query.bucket, query.name};
  std::optional<NameEntry> entry = query.version ? VersionOf(key, *query.version) : ValueOf(key, query.as_of);
  if (!entry || (!entry->object && !query.version)) return NoSuchName(query.version);
  if (!query.as_of) AddMeta(*entry);
  return *std::move(entry);
}

void MemoryCatalog::AddMeta(NameEntry& entry) const {
  if (!entry.object) return;
  const auto object = tables_.objects.find(*entry.object);
  if (object != tables_.objects.end()) entry.meta = object->second.meta;
}

/// The versions of a name, the newest first: the current binding and those of the past.
std::vector<NameEntry> MemoryCatalog::VersionsOf(const NameKey& key) const {
  std::vector<NameEntry> versions;
  const auto current = tables_.names.find(key);
  const bool shown =
      current != tables_.names.end() && (current->second.object || current->second.versioning != Versioning::kOff);
  if (shown) versions.push_back(EntryOf(key, current->second));
  const auto past = tables_.past_names.find(key);
  if (past == tables_.past_names.end()) return versions;
  for (auto row = past->second.rbegin(); row != past->second.rend(); ++row) {
    if (!row->second.IsVersion()) continue;
    versions.push_back(EntryOf(key, row->second.binding));
    versions.back().current = false;
  }
  return versions;
}

std::optional<NameEntry> MemoryCatalog::VersionOf(const NameKey& key, const Order& version) const {
  for (NameEntry& entry : VersionsOf(key)) {
    const bool is_null = entry.versioning != Versioning::kEnabled;
    if (version == kNullVersion ? is_null : entry.order == version) return std::move(entry);
  }
  return std::nullopt;
}

Result<ListVersionsReply> MemoryCatalog::ListVersions(const Context& context, const ListVersionsRequest& request) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckListVersions(request));
  MutexLock lock(mutex_);
  PBFS_RETURN_IF_ERROR(CheckNamesAsOf(request.bucket, std::nullopt));
  ListVersionsReply reply;
  const auto full = [&] {
    reply.more = reply.versions.size() + reply.prefixes.size() == static_cast<size_t>(request.limit);
    return reply.more;
  };
  const bool goes_on = request.after_version.has_value() && request.after >= request.prefix;
  std::string from = goes_on || request.after.empty() ? request.after : request.after + '\0';
  from = std::max(from, request.prefix);
  for (auto row = tables_.names.lower_bound({request.bucket, from});
       row != tables_.names.end() && row->first.bucket == request.bucket;) {
    const std::string name = row->first.name;
    if (!name.starts_with(request.prefix)) break;
    std::vector<NameEntry> versions = VersionsOf(row->first);
    const std::optional<std::string> common = CommonPrefix(name, request.prefix, request.delimiter);
    row =
        common && !versions.empty() ? tables_.names.lower_bound({request.bucket, EndOfNames(*common)}) : std::next(row);
    if (versions.empty() || common == request.after) continue;
    if (common) {
      if (full()) return reply;
      reply.prefixes.push_back(*common);
      continue;
    }
    for (NameEntry& version : versions) {
      if (goes_on && name == request.after && version.order >= *request.after_version) continue;
      if (full()) return reply;
      if (version.object) version.content = ContentOf(request.bucket, *version.object);
      AddMeta(version);
      reply.versions.push_back(std::move(version));
    }
  }
  return reply;
}

/// The first name at or behind `from` that has a value as of then. None: there is no more in this bucket.
std::optional<NameEntry> MemoryCatalog::NextBound(const NameKey& from, std::optional<Hlc> as_of) const {
  // As of an earlier order a name may live on in its past only (dropped since); both tables are walked in step.
  auto now = tables_.names.lower_bound(from);
  auto past = tables_.past_names.lower_bound(from);
  for (;;) {
    const bool has_now = now != tables_.names.end(), has_past = as_of && past != tables_.past_names.end();
    if (!has_now && !has_past) return std::nullopt;
    const NameKey key = !has_past ? now->first : !has_now ? past->first : std::min(now->first, past->first);
    if (key.bucket != from.bucket) return std::nullopt;
    if (has_now && now->first == key) ++now;
    if (has_past && past->first == key) ++past;
    std::optional<NameEntry> entry = ValueOf(key, as_of);
    if (entry && entry->object) return entry;
  }
}

std::optional<NamedContent> MemoryCatalog::ContentOf(BucketId bucket, ObjectId id) const {
  const MemoryTables::Object* object = tables_.FindObject(bucket, id);
  if (object == nullptr) return std::nullopt;
  return NamedContent{MemoryTables::SizeOfObject(*object), MemoryTables::OpsetOf(*object),
                      MemoryTables::NewestOf(*object)};
}

Result<ListNamesReply> MemoryCatalog::ListNames(const Context& context, const ListNamesRequest& request) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckListNames(request));
  MutexLock lock(mutex_);
  PBFS_RETURN_IF_ERROR(CheckNamesAsOf(request.bucket, request.as_of));
  ListNamesReply reply;
  const std::string behind = request.after.empty() ? request.after : request.after + '\0';
  NameKey from{request.bucket, std::max(request.prefix, behind)};
  while (std::optional<NameEntry> entry = NextBound(from, request.as_of)) {
    if (!entry->name.starts_with(request.prefix)) break;
    const std::optional<std::string> common = CommonPrefix(entry->name, request.prefix, request.delimiter);
    from.name = common ? EndOfNames(*common) : entry->name + '\0';
    if (common == request.after) continue;
    if (reply.names.size() + reply.prefixes.size() == static_cast<size_t>(request.limit)) {
      reply.more = true;
      break;
    }
    if (common) {
      reply.prefixes.push_back(*common);
      continue;
    }
    if (request.with_content) {
      entry->content = ContentOf(request.bucket, *entry->object);
      if (!request.as_of) AddMeta(*entry);
    }
    reply.names.push_back(*std::move(entry));
  }
  return reply;
}

Result<std::vector<NameEntry>> MemoryCatalog::NameHistory(const Context& context, const NameHistoryRequest& request) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckName(request.name));
  MutexLock lock(mutex_);
  PBFS_RETURN_IF_ERROR(CheckNamesAsOf(request.bucket, std::nullopt));
  const NameKey key{request.bucket, request.name};
  std::vector<NameEntry> entries;
  if (std::optional<NameEntry> current = ValueOf(key, std::nullopt)) entries.push_back(*std::move(current));
  const auto past = tables_.past_names.find(key);
  if (past == tables_.past_names.end()) return entries;
  for (auto row = past->second.rbegin(); row != past->second.rend(); ++row) {
    if (row->second.dropped) continue;
    entries.push_back(EntryOf(key, row->second.binding));
    entries.back().current = false;
    entries.back().gone_hlc = row->second.gone_hlc.value_or(0);
  }
  return entries;
}

}  // namespace pbfs
