#include "services/operator/work_queue.h"

#include <algorithm>

namespace pbfs::operators {

void WorkQueue::Add(const std::string& key) {
  MutexLock lock(mutex_);
  Entry& entry = entries_[key];
  entry.due = std::min(entry.due, std::max(MonotonicNow(), entry.not_before));
  changed_.NotifyAll();
}

std::optional<std::string> WorkQueue::FindDue(MonotonicTime now) {
  auto first = entries_.end();
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry)
    if (!entry->second.taken && entry->second.due <= now &&
        (first == entries_.end() || entry->second.due < first->second.due))
      first = entry;
  if (first == entries_.end()) return std::nullopt;
  first->second.taken = true;
  first->second.due = MonotonicTime::max();
  return first->first;
}

MonotonicTime WorkQueue::FirstDue() const {
  MonotonicTime first = MonotonicTime::max();
  for (const auto& [key, entry] : entries_)
    if (!entry.taken) first = std::min(first, entry.due);
  return first;
}

std::optional<std::string> WorkQueue::Take() {
  MutexLock lock(mutex_);
  while (!stopped_) {
    if (auto due = FindDue(MonotonicNow())) return due;
    changed_.WaitUntil(mutex_, FirstDue());
  }
  return std::nullopt;
}

void WorkQueue::Done(const std::string& key, std::optional<Duration> again) {
  MutexLock lock(mutex_);
  Entry& entry = entries_[key];
  const MonotonicTime now = MonotonicNow();
  entry.taken = false;
  entry.failures = 0;
  entry.not_before = now + options_.rest;
  if (entry.due != MonotonicTime::max()) entry.due = std::max(entry.due, entry.not_before);  // added meanwhile
  if (again) entry.due = std::min(entry.due, now + std::max(*again, options_.rest));
  // Whoever rests is remembered for as long as that.
  std::erase_if(entries_, [&](const auto& known) {
    const Entry& idle = known.second;
    return !idle.taken && idle.due == MonotonicTime::max() && idle.not_before <= now;
  });
  changed_.NotifyAll();
}

void WorkQueue::Failed(const std::string& key) {
  MutexLock lock(mutex_);
  Entry& entry = entries_[key];
  const int64_t most =
      std::min<int64_t>(options_.back_off_max.count(), options_.back_off_min.count() << std::min(entry.failures, 20));
  ++entry.failures;
  entry.taken = false;
  entry.not_before =
      MonotonicNow() + Duration(most / 2 + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(most / 2 + 1))));
  entry.due = entry.not_before;
  changed_.NotifyAll();
}

void WorkQueue::Stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  changed_.NotifyAll();
}

int64_t WorkQueue::depth() const {
  MutexLock lock(mutex_);
  const MonotonicTime now = MonotonicNow();
  return std::count_if(entries_.begin(), entries_.end(),
                       [&](const auto& entry) { return !entry.second.taken && entry.second.due <= now; });
}

}  // namespace pbfs::operators
