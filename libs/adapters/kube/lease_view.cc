#include "libs/adapters/kube/lease_view.h"

#include <algorithm>
#include <set>

namespace pbfs::kube {
namespace {

/// How long a silence counts as contact.
Duration Share(const LeaseRecord& record) { return record.duration / 3; }

}  // namespace

/// An answer came: counts the time since the one before.
void LeaseView::Credit() {
  const MonotonicTime now = MonotonicNow();
  const Duration gap = lost_.ok() ? now - last_contact_ : Duration{};
  for (auto& [key, entry] : entries_) entry.watched += std::min(gap, Share(entry.record));
  last_contact_ = now;
  lost_ = OkStatus();
}

void LeaseView::Put(const LeaseRecord& record) {
  Entry& entry = entries_[record.info.key];
  if (entry.record.renewal != record.renewal) entry.watched = {};
  if (entry.record.info != record.info) entry.revision = ++revision_;
  entry.record = record;
}

/// Says who is live after what was seen.
void LeaseView::Settle() {
  for (auto& [key, entry] : entries_) {
    const bool live = !entry.record.info.holder.empty() && entry.watched < entry.record.duration;
    if (live != entry.live) entry.revision = ++revision_;
    entry.live = live;
  }
  changed_.NotifyAll();
}

std::vector<LeaseInfo> LeaseView::SawAll(const std::string& prefix, const std::vector<LeaseRecord>& records) {
  MutexLock lock(mutex_);
  Credit();
  std::set<std::string> seen;
  for (const LeaseRecord& record : records) {
    if (!record.info.key.starts_with(prefix)) continue;
    Put(record);
    seen.insert(record.info.key);
  }
  for (auto it = entries_.lower_bound(prefix); it != entries_.end() && it->first.starts_with(prefix);) {
    const bool gone = !seen.contains(it->first);
    if (gone) deleted_ = ++revision_;
    it = gone ? entries_.erase(it) : std::next(it);
  }
  Settle();
  std::vector<LeaseInfo> live;
  for (const std::string& key : seen)
    if (entries_[key].live) live.push_back(entries_[key].record.info);
  return live;
}

void LeaseView::Saw(const LeaseRecord& record) {
  MutexLock lock(mutex_);
  Credit();
  Put(record);
  Settle();
}

void LeaseView::SawDeleted(const std::string& key) {
  MutexLock lock(mutex_);
  Credit();
  if (entries_.erase(key) > 0) deleted_ = ++revision_;
  Settle();
}

void LeaseView::SawContact() {
  MutexLock lock(mutex_);
  Credit();
  Settle();
}

void LeaseView::LostContact(const Status& status) {
  MutexLock lock(mutex_);
  lost_ = status;
  changed_.NotifyAll();
}

bool LeaseView::IsLive(const std::string& key) const {
  MutexLock lock(mutex_);
  const auto found = entries_.find(key);
  return found != entries_.end() && found->second.live;
}

int64_t LeaseView::RevisionOf(const std::string& prefix) const {
  int64_t newest = deleted_;
  for (auto it = entries_.lower_bound(prefix); it != entries_.end() && it->first.starts_with(prefix); ++it) {
    newest = std::max(newest, it->second.revision);
  }
  return newest;
}

int64_t LeaseView::Revision(const std::string& prefix) const {
  MutexLock lock(mutex_);
  return RevisionOf(prefix);
}

/// When the silence is so long that it counts no further, or that a lease would expire if it was none.
MonotonicTime LeaseView::QuietAt(const std::string& prefix) const {
  MonotonicTime at = MonotonicTime::max();
  for (auto it = entries_.lower_bound(prefix); it != entries_.end() && it->first.starts_with(prefix); ++it) {
    const Entry& entry = it->second;
    if (!entry.live) continue;
    at = std::min(at, last_contact_ + std::min(Share(entry.record), entry.record.duration - entry.watched));
  }
  return at;
}

Result<LeaseView::Wake> LeaseView::Await(const Context& context, const std::string& prefix, int64_t revision) {
  MutexLock lock(mutex_);
  for (;;) {
    PBFS_RETURN_IF_ERROR(context.Check());
    if (RevisionOf(prefix) > revision) return Wake::kChanged;
    PBFS_RETURN_IF_ERROR(lost_);
    const MonotonicTime quiet = QuietAt(prefix);
    if (MonotonicNow() >= quiet) return Wake::kQuiet;
    changed_.WaitUntil(mutex_, std::min(context.deadline(), quiet));
  }
}

}  // namespace pbfs::kube
