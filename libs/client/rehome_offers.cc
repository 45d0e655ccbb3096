#include "libs/client/rehome_offers.h"

#include <algorithm>

namespace pbfs {
namespace {

constexpr Duration kPatience = std::chrono::minutes(10);

}  // namespace

RehomeOffers::RehomeOffers(const RehomeOfferOptions& options, Random& random, ClientCounters& counters, Rehome rehome)
    : options_(options),
      random_(random),
      counters_(counters),
      rehome_(std::move(rehome)),
      patches_(options.policy, kRemembered) {}

RehomeOffers::~RehomeOffers() {
  context_.Cancel();
  std::vector<Thread> threads;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    threads.swap(threads_);
  }
  changed_.NotifyAll();
  for (Thread& thread : threads) thread.Join();
}

void RehomeOffers::NoteOp(const OpenedBucket& bucket, const OpRecord& record) {
  if (!options_.enabled || (record.kind != OpKind::kWrite && record.kind != OpKind::kRehome)) return;
  for (const int64_t region : patches_.Add(record)) Offer(bucket, record.object, region);
}

void RehomeOffers::Offer(const OpenedBucket& bucket, const ObjectId& object, int64_t region) {
  if (!options_.enabled || !bucket.CheckMayWrite().ok()) return;
  const Key key{object, region};
  const MonotonicTime now = MonotonicNow(), due = now + DrawDelay();
  MutexLock lock(mutex_);
  const auto known = quiet_until_.find(key);
  if (stopping_ || (known != quiet_until_.end() && now < known->second)) return;
  if (queue_.size() >= static_cast<size_t>(options_.queued) || !MakeRoom()) {
    ++counters_.rehomes_refused;
    return;
  }
  quiet_until_[key] = MonotonicTime::max();
  queue_.emplace(due, Waiting{bucket.shared_from_this(), key});
  ++counters_.rehomes_offered;
  while (threads_.size() < static_cast<size_t>(options_.concurrent))
    threads_.emplace_back("pbfs-rehome", [this] { Run(); });
  changed_.NotifyAll();
}

bool RehomeOffers::MakeRoom() {
  if (quiet_until_.size() < kRemembered) return true;
  const MonotonicTime now = MonotonicNow();
  std::erase_if(quiet_until_, [now](const auto& known) { return known.second <= now; });
  return quiet_until_.size() < kRemembered;
}

Duration RehomeOffers::DrawDelay() {
  const int64_t delay = options_.delay.count();
  return Duration(delay / 2 + (delay > 0 ? static_cast<int64_t>(random_.Below(static_cast<uint64_t>(delay))) : 0));
}

std::optional<RehomeOffers::Waiting> RehomeOffers::AwaitNext() {
  MutexLock lock(mutex_);
  for (;;) {
    if (stopping_) return std::nullopt;
    if (queue_.empty()) {
      changed_.Wait(mutex_);
    } else if (const MonotonicTime due = queue_.begin()->first; MonotonicNow() < due) {
      changed_.WaitUntil(mutex_, due);
    } else {
      return std::move(queue_.extract(queue_.begin()).mapped());
    }
  }
}

void RehomeOffers::Run() {
  while (const std::optional<Waiting> next = AwaitNext()) {
    const auto& [object, region] = next->key;
    Finish(next->key, rehome_(context_.Within(kPatience), *next->bucket, object, region));
  }
}

void RehomeOffers::Finish(const Key& key, const Result<RehomeReport>& done) {
  const bool merged = done.ok() && done->merged > 0;
  if (merged)
    ++counters_.rehomes_done;
  else
    ++(done.ok() ? counters_.rehomes_idle : counters_.rehomes_failed);
  MutexLock lock(mutex_);
  quiet_until_[key] = MonotonicNow() + (merged ? options_.interval : options_.idle_interval);
}

}  // namespace pbfs
