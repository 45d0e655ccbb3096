#pragma once

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pbfs {

/// A table as a Commit sees it: its own changes over those of earlier Commits of the batch over what was loaded. Changes of
/// a Commit become the batch's with Keep() or vanish with Discard(). Entry is constructible from Loaded. One thread.
template <typename Key, typename Loaded, typename Entry, typename Hash = std::hash<Key>>
class Layered {
 public:
  explicit Layered(const std::unordered_map<Key, Loaded, Hash>& loaded) : loaded_(loaded) {}

  /// The row, for reading and changing; null if there is none. Valid until Keep() or Discard().
  Entry* Find(const Key& key) {
    if (const auto own = commit_.find(key); own != commit_.end()) return &own->second;
    if (const auto earlier = batch_.find(key); earlier != batch_.end()) return &Put(key, earlier->second);
    if (const auto row = loaded_.find(key); row != loaded_.end()) return &Put(key, Entry(row->second));
    return nullptr;
  }
  Entry& Put(const Key& key, Entry entry) { return commit_.insert_or_assign(key, std::move(entry)).first->second; }
  Entry& FindOrPut(const Key& key, Entry entry) {
    Entry* found = Find(key);
    return found != nullptr ? *found : Put(key, std::move(entry));
  }

  void Keep() {
    for (auto& [key, entry] : commit_) batch_.insert_or_assign(key, std::move(entry));
    commit_.clear();
  }
  void Discard() { commit_.clear(); }

  /// Everything that kept Commits have touched, by key; valid as long as this.
  std::vector<std::pair<const Key, Entry>*> Kept() {
    std::vector<std::pair<const Key, Entry>*> all;
    for (auto& row : batch_) all.push_back(&row);
    std::sort(all.begin(), all.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
    return all;
  }

 private:
  const std::unordered_map<Key, Loaded, Hash>& loaded_;
  std::unordered_map<Key, Entry, Hash> batch_;
  std::unordered_map<Key, Entry, Hash> commit_;
};

}  // namespace pbfs
