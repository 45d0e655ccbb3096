#include "libs/catalog/faulty_catalog.h"

#include <algorithm>

namespace pbfs {

void FaultyCatalog::SetFaults(CatalogFaults faults) {
  MutexLock lock(mutex_);
  faults_ = faults;
}

void FaultyCatalog::LoseNextReply() {
  MutexLock lock(mutex_);
  lose_next_ = true;
}

void FaultyCatalog::RefuseNext(int count) {
  MutexLock lock(mutex_);
  refuse_next_ = count;
}

FaultyCatalog::Fate FaultyCatalog::Draw() {
  const auto drawn = static_cast<int>(random_.Below(1000)), drawn_late = static_cast<int>(random_.Below(1000));
  MutexLock lock(mutex_);
  Fate fate;
  fate.refuse = refuse_next_ > 0 || drawn < faults_.refuse;
  fate.lose_reply = lose_next_ || (drawn >= faults_.refuse && drawn < faults_.refuse + faults_.lose_reply);
  if (drawn_late < faults_.late) fate.delay = faults_.delay;
  if (refuse_next_ > 0) --refuse_next_;
  if (!fate.refuse) lose_next_ = false;
  return fate;
}

/// The call goes through in full; what may be lost, late or refused is what the caller learns of it.
template <typename Call>
auto FaultyCatalog::Around(const Context& context, const Call& call) -> decltype(call()) {
  const Fate fate = Draw();
  if (fate.refuse) return UnavailableError("injected: the catalog cannot be reached");
  auto answer = call();
  if (fate.delay > Duration{}) SleepUntil(std::min(MonotonicNow() + fate.delay, context.deadline()));
  if (fate.lose_reply) return UnavailableError("injected: the reply was lost; the outcome is unknown");
  PBFS_RETURN_IF_ERROR(context.Check());
  return answer;
}

Result<CommitReply> FaultyCatalog::Commit(const Context& context, const CommitRequest& request) {
  return Around(context, [&] { return inner_.commits.Commit(context, request); });
}
Result<ListReply> FaultyCatalog::List(const Context& context, const ListRequest& request) {
  return Around(context, [&] { return inner_.lists.List(context, request); });
}
Result<ObjectInfo> FaultyCatalog::Stat(const Context& context, BucketId bucket, ObjectId object) {
  return Around(context, [&] { return inner_.lists.Stat(context, bucket, object); });
}
Result<std::vector<OpEntry>> FaultyCatalog::History(const Context& context, const HistoryRequest& request) {
  return Around(context, [&] { return inner_.lists.History(context, request); });
}
Result<NameEntry> FaultyCatalog::Resolve(const Context& context, const NameQuery& query) {
  return Around(context, [&] { return inner_.names.Resolve(context, query); });
}
Result<ListNamesReply> FaultyCatalog::ListNames(const Context& context, const ListNamesRequest& request) {
  return Around(context, [&] { return inner_.names.ListNames(context, request); });
}
Result<std::vector<NameEntry>> FaultyCatalog::NameHistory(const Context& context, BucketId bucket,
                                                          const std::string& name) {
  return Around(context, [&] { return inner_.names.NameHistory(context, bucket, name); });
}
Status FaultyCatalog::CreateBucket(const Context& context, const BucketInfo& bucket) {
  return Around(context, [&] { return inner_.buckets.CreateBucket(context, bucket); });
}
Result<BucketInfo> FaultyCatalog::FindBucket(const Context& context, const std::string& name) {
  return Around(context, [&] { return inner_.buckets.FindBucket(context, name); });
}
Result<std::vector<BucketInfo>> FaultyCatalog::ListBuckets(const Context& context) {
  return Around(context, [&] { return inner_.buckets.ListBuckets(context); });
}
Status FaultyCatalog::SetKeyring(const Context& context, BucketId bucket, int64_t expected_version,
                                 const Buffer& keyring) {
  return Around(context, [&] { return inner_.buckets.SetKeyring(context, bucket, expected_version, keyring); });
}
Status FaultyCatalog::DeleteBucket(const Context& context, BucketId bucket) {
  return Around(context, [&] { return inner_.buckets.DeleteBucket(context, bucket); });
}
Result<ClusterMap> FaultyCatalog::WatchMap(const Context& context, int64_t newer_than) {
  return Around(context, [&] { return inner_.groups.WatchMap(context, newer_than); });
}
Status FaultyCatalog::PutStore(const Context& context, const StoreInfo& store) {
  return Around(context, [&] { return inner_.groups.PutStore(context, store); });
}
Result<std::vector<JournalEntry>> FaultyCatalog::ReadJournal(const Context& context, JournalPosition after,
                                                             int32_t limit) {
  return Around(context, [&] { return inner_.journal.ReadJournal(context, after, limit); });
}
Result<Hlc> FaultyCatalog::AdvanceFloor(const Context& context) {
  return Around(context, [&] { return inner_.journal.AdvanceFloor(context); });
}

}  // namespace pbfs
