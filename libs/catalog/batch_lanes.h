#pragma once

#include <algorithm>
#include <cstddef>

namespace pbfs {

/// The batches of a group commit that are in flight: whether what waits is worth another one, and how much of it. A batch
/// costs much whatever its size. So beside others one begins only when as many wait as a batch in flight has: else the first
/// caller to come back would go alone while those who were answered with it are still on their way. And beside others it
/// takes its lane's share only: else one lane would go with everything, and then stand still while another goes with one.
/// Threads: one at a time.
class BatchLanes {
 public:
  BatchLanes(size_t lanes, size_t max_batch) : lanes_(lanes), max_batch_(max_batch) {}

  bool AreFull() const { return active_ >= lanes_; }
  bool MayBegin(size_t waiting) const {
    if (waiting == 0 || AreFull()) return false;
    return active_ == 0 || waiting >= std::min(in_flight_ / active_, max_batch_);
  }
  /// How many of those who wait the next batch takes at most.
  size_t Share(size_t waiting) const {
    return std::min(active_ == 0 ? waiting : (waiting + in_flight_ + lanes_ - 1) / lanes_, max_batch_);
  }
  void Begin(size_t batch) { ++active_, in_flight_ += batch; }
  void End(size_t batch) { --active_, in_flight_ -= batch; }

 private:
  const size_t lanes_, max_batch_;
  size_t active_ = 0;
  size_t in_flight_ = 0;  // of all batches together
};

}  // namespace pbfs
