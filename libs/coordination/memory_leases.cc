#include "libs/coordination/memory_leases.h"

#include <algorithm>

namespace pbfs {

Status MemoryLeases::Check(const Context& context) {
  PBFS_RETURN_IF_ERROR(context.Check());
  Expire();
  return available_ ? OkStatus() : UnavailableError("the coordinator is down");
}

void MemoryLeases::Changed(const std::string& key) {
  last_change_[key] = ++revision_;
  changed_.NotifyAll();
}

void MemoryLeases::Expire() {
  const MonotonicTime now = MonotonicNow();
  for (auto it = held_.begin(); it != held_.end();) {
    if (it->second.expires > now) {
      ++it;
      continue;
    }
    Changed(it->first);
    it = held_.erase(it);
  }
}

MemoryLeases::Held* MemoryLeases::Find(const LeaseInfo& lease) {
  const auto found = held_.find(lease.key);
  return found != held_.end() && found->second.info.holder == lease.holder ? &found->second : nullptr;
}

Status MemoryLeases::Acquire(const Context& context, const LeaseInfo& lease, Duration ttl) {
  MutexLock lock(mutex_);
  PBFS_RETURN_IF_ERROR(Check(context));
  const auto found = held_.find(lease.key);
  if (found != held_.end() && found->second.info.holder != lease.holder) {
    return AlreadyExistsError("lease " + lease.key + " is held by " + found->second.info.holder)
        .WithDetail("holder", found->second.info.holder);
  }
  held_[lease.key] = {lease, MonotonicNow() + ttl, revision_};
  Changed(lease.key);
  return OkStatus();
}

Status MemoryLeases::Renew(const Context& context, const LeaseInfo& lease, Duration ttl) {
  MutexLock lock(mutex_);
  PBFS_RETURN_IF_ERROR(Check(context));
  Held* held = Find(lease);
  if (held == nullptr) return AbortedError("lease " + lease.key + " is lost; acquire it again");
  held->expires = MonotonicNow() + ttl;
  if (held->info.value != lease.value) {
    held->info.value = lease.value;
    Changed(lease.key);
  }
  return OkStatus();
}

Status MemoryLeases::Release(const Context& context, const LeaseInfo& lease) {
  MutexLock lock(mutex_);
  PBFS_RETURN_IF_ERROR(Check(context));
  if (Find(lease) == nullptr) return OkStatus();
  held_.erase(lease.key);
  Changed(lease.key);
  return OkStatus();
}

Result<std::vector<LeaseInfo>> MemoryLeases::List(const Context& context, const std::string& prefix) {
  MutexLock lock(mutex_);
  PBFS_RETURN_IF_ERROR(Check(context));
  std::vector<LeaseInfo> leases;
  for (auto it = held_.lower_bound(prefix); it != held_.end() && it->first.starts_with(prefix); ++it) {
    leases.push_back(it->second.info);
  }
  return leases;
}

int64_t MemoryLeases::RevisionOf(const std::string& prefix) {
  int64_t newest = 1;
  for (auto it = last_change_.lower_bound(prefix); it != last_change_.end() && it->first.starts_with(prefix); ++it) {
    newest = std::max(newest, it->second);
  }
  return newest;
}

MonotonicTime MemoryLeases::NextExpiry(const std::string& prefix) {
  MonotonicTime next = MonotonicTime::max();
  for (auto it = held_.lower_bound(prefix); it != held_.end() && it->first.starts_with(prefix); ++it) {
    next = std::min(next, it->second.expires);
  }
  return next;
}

Result<int64_t> MemoryLeases::AwaitChange(const Context& context, const std::string& prefix, int64_t revision) {
  MutexLock lock(mutex_);
  for (;;) {
    PBFS_RETURN_IF_ERROR(Check(context));
    const int64_t newest = RevisionOf(prefix);
    if (newest > revision) return newest;
    changed_.WaitUntil(mutex_, std::min(context.deadline(), NextExpiry(prefix)));
  }
}

void MemoryLeases::SetAvailable(bool available) {
  MutexLock lock(mutex_);
  available_ = available;
  changed_.NotifyAll();
}

}  // namespace pbfs
