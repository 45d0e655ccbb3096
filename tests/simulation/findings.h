#pragma once

#include <string>
#include <utility>
#include <vector>

namespace pbfs::simulation {

/// What a run found wrong, in the order in which it was noticed. One thread runs at a time in a simulation, so no lock.
class Findings {
 public:
  void Add(std::string what) {
    if (all_.size() < kMost) all_.push_back(std::move(what));
  }
  void AddIf(bool wrong, const char* what) {
    if (wrong) Add(what);
  }
  const std::vector<std::string>& all() const { return all_; }

 private:
  static constexpr size_t kMost = 20;  // the first ones tell
  std::vector<std::string> all_;
};

}  // namespace pbfs::simulation
